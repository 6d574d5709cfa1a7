"""The command line: finds the command, runs it, turns every error into a message and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import io
import os
import stat
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final, NoReturn

from whalebot import __version__
from whalebot.app.exits import BUG, CLEAN, exit_code, explanation
from whalebot.app.options import add_common_options

COMMANDS: Final = {
    "run": "trade (the default command)",
    "config": "check, show or describe the configuration",
    "score": "score recorded history, bar by bar, into a table",
    "backtest": "trade recorded history and show what came of it",
    "optimize": "search parameters on recorded history, show and apply what was found",
    "walkforward": "search on the past, trade what follows, again and again",
    "report": "show what the trades brought",
    "export": "write trades, fills, scores or the audit trail as a table",
    "web": "show a backtest's result or a stopped daemon's folder in the browser",
    "tax": "count a year's results for a tax return",
    "status": "ask the running daemon how it is",
    "doctor": "check everything before money moves",
    "pause": "stop new entries of the running daemon",
    "resume": "allow entries again",
    "panic": "cancel all orders and close all positions of the running daemon",
    "install-service": "write a systemd unit for this program and folder",
    "audit": "verify or show the trail of orders, commands and changes",
    "replay": "feed a recording to a fresh engine and compare every decision",
    "compare": "hold the trades that were made against those of a simulation",
    "data": "fetch, list, verify and convert market history",
    "check-lookahead": "decide random bars again without the future and compare",
    "check-recursive": "show how much each indicator still moves with a longer warm-up",
    "scan": "watch many symbols and say which of them deserve a look",
    "exchange": "run the local Bybit-compatible exchange on its own",
    "chaos": "prove that nothing is lost or doubled, under faults and kills",
}
"""Name -> one line. Each has a module in `commands` with add_parser(subparsers) and run(args) -> int."""

_VALUED: Final = ("--dir", "--config")
_FLAGS: Final = ("-q", "--quiet", "-v", "-vv", "-vvv", "--verbose")


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit code. Imports only what the command needs."""
    _write_what_fits()
    arguments = _with_command(argv)
    name = arguments[0] if arguments and arguments[0] in COMMANDS else None
    module = _module(name) if name is not None else None
    args = _parse(arguments, module)
    if module is None:
        raise AssertionError("argparse ends the program where no command was named")
    return _run(module, args)


def _write_what_fits() -> None:
    """Let `?` stand for what an output that is not Unicode has no sign for: no command ends over it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def command_of(argv: Sequence[str]) -> str:
    """Return the first word that stands where a command stands; "run" where there is none."""
    return _with_command(argv)[0]


def _with_command(argv: Sequence[str]) -> list[str]:
    """Put the command first: `--dir X status` is `status --dir X`, and no command means `run`."""
    at = 0
    while at < len(argv):
        token = argv[at]
        if token in _VALUED:
            at += 2
        elif token in _FLAGS or token.startswith(tuple(f"{name}=" for name in _VALUED)):
            at += 1
        else:
            break
    if at >= len(argv):
        return ["run", *argv]
    if argv[at].startswith("-"):
        return list(argv) if argv[at] in ("-h", "--help", "--version") else ["run", *argv]
    return [*argv[at:], *argv[:at]]


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"whalebot.app.commands.{name.replace('-', '_')}")


def _parse(arguments: list[str], module: ModuleType | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="whalebot",
        description="A trading daemon for Bybit v5 USDT perpetuals. Without a command it runs in mode demo,"
        " on a market of its own, without keys and without a network.",
        epilog="whalebot COMMAND --help tells more of one command.",
    )
    parser.add_argument("--version", action="version", version=f"whalebot {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if module is not None and arguments[0] == name:
            module.add_parser(commands)
            add_common_options(commands.choices[name])
        else:
            commands.add_parser(name, help=summary)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        near = difflib.get_close_matches(arguments[0], COMMANDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        parser.error(f"unknown command {arguments[0]!r}{hint} (commands: {', '.join(COMMANDS)})")
    defaults = argparse.Namespace(dir=None, config=None, quiet=False, verbose=0)
    found, unknown = parser.parse_known_args(arguments, defaults)
    if unknown:
        _refuse(unknown, commands.choices[arguments[0]])
    return found


def _refuse(unknown: list[str], command: argparse.ArgumentParser) -> NoReturn:
    """Name what the command does not know, and the nearest that it does; ends with exit code 2."""
    name = unknown[0].partition("=")[0]
    near = difflib.get_close_matches(name, command._option_string_actions, n=1)
    hint = f"; did you mean {near[0]}?" if near and name.startswith("-") else ""
    command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _run(module: ModuleType, args: argparse.Namespace) -> int:
    from whalebot.adapters.logs.masking import SecretMasker

    args.masker = SecretMasker()
    try:
        from whalebot.app.paths import find_paths

        args.paths = find_paths(args.dir, args.config)
        return _flushed(int(module.run(args)))
    except BrokenPipeError:
        _drop_output()
        return CLEAN
    except SystemExit as e:
        # Rich turns a closed pipe into an exit of its own, code 1.
        if isinstance(e.__context__, BrokenPipeError):
            return CLEAN
        raise
    except (Exception, KeyboardInterrupt) as e:  # noqa: BLE001  root of the main thread: every error becomes an exit code
        return _explain(e, args)


def _flushed(code: int) -> int:
    try:
        print(end="", flush=True)
    except BrokenPipeError:
        _drop_output()
    except OSError as e:
        # What cannot be written, the interpreter tries again and tells at its end. Of a terminal that
        # is gone there is nothing to tell, and a daemon that ended in order must not end with another code.
        if e.errno == errno.EIO and stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode):
            _drop_output()
    return code


def _drop_output() -> None:
    """Whoever read our output has seen enough; the interpreter must not complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: BaseException, args: argparse.Namespace) -> int:
    code = exit_code(error)
    # The code counts also where the disk that standard error goes to is full: a service manager acts on it.
    with contextlib.suppress(OSError):
        _tell(error, code, args)
    return code


def _tell(error: BaseException, code: int, args: argparse.Namespace) -> None:
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return
    if code == BUG:
        from whalebot.app.bug_report import report_bug

        report_bug(error, args)
        return
    print(args.masker.mask(f"whalebot: {explanation(error)}"), file=sys.stderr)
    if args.verbose:
        from whalebot.app.bug_report import traceback_text

        print(args.masker.mask(traceback_text(error)), file=sys.stderr)
