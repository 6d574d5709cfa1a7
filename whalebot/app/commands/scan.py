"""`scan`: watch many symbols, say which deserve a look; it never places, changes or cancels an order."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN, CONFIGURATION
from whalebot.domain.errors import TransportError

if TYPE_CHECKING:
    from whalebot.app.scanning.arguments import ScanArguments
    from whalebot.app.scanning.config import ScanConfig
    from whalebot.scanner.options import ScannerOptions

_TEXT = "watch many symbols and say which of them deserve a look; never an order"
_REMEDY: Final = (
    "check this machine's network, and the addresses in the table exchange of the configuration; "
    "without a network: whalebot scan --demo"
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    from whalebot.app.scanning.options import add_scan_options

    add_scan_options(subparsers.add_parser("scan", help=_TEXT, description=_TEXT))


def run(parsed: argparse.Namespace) -> int:
    """Run the scan, one of its tools, or a check of its configuration.

    Raises ConfigError, and TransportError with a remedy where the venue gave no usable answer.
    """
    from whalebot.app.config.environment import read_environment
    from whalebot.app.scanning.arguments import scan_arguments
    from whalebot.app.scanning.config import read_scan_config
    from whalebot.app.scanning.options import with_command_line

    args = scan_arguments(parsed)
    environment = read_environment(args.paths.env)
    args.masker.add(*environment.secrets())
    writes = not (args.check_config or args.fix_config)
    if writes:
        args.paths.make_folder()
    config = read_scan_config(args.paths.config, environment, writes)
    args.masker.add(*config.secrets)
    if args.fix_config:
        return _fix(args, config)
    _tell(args, config)
    if args.check_config:
        return CONFIGURATION if config.findings else CLEAN
    if args.strict and config.findings:
        return CONFIGURATION
    try:
        return _work(args, config, with_command_line(config.options, args))
    except TransportError as error:
        raise TransportError(f"{error}\n{_REMEDY}") from error
    except KeyboardInterrupt:
        print("stopped by user", file=sys.stderr)
        return CLEAN


def _work(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    from whalebot.app.scanning.options import TOOLS

    if args.words and args.words[0] in TOOLS:
        from whalebot.app.scanning.tools import run_tool

        return run_tool(args, config, options)
    if args.test_alert:
        from whalebot.app.scanning.alerts import send_sample

        return send_sample(args, config, options)
    from whalebot.app.scanning.run import output_lock

    with output_lock(args, options):
        return _scan(args, config, options)


def _scan(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    if args.replay is not None:
        from whalebot.app.scanning.replay import run_replay

        return run_replay(args, Path(args.replay), options)
    if args.once:
        from whalebot.app.scanning.once import run_once

        return run_once(args, config, options)
    from whalebot.app.scanning.live import run_live

    return run_live(args, config, options)


def _tell(args: ScanArguments, config: ScanConfig) -> None:
    stream = sys.stdout if args.check_config else sys.stderr
    for finding in config.findings:
        print(args.masker.mask(finding), file=stream)
    if args.check_config or args.verbose:
        for note in config.notes:
            print(args.masker.mask(f"note: {note}"), file=stream)
    else:
        for note in config.notes:
            if "not there" in note:
                print(args.masker.mask(note), file=stream)
    if args.verbose:
        for name in config.missing:
            print(f"{name}: not in the file; the default holds", file=stream)
    if args.check_config and not config.findings:
        print(f"{args.paths.config}: nothing to correct")


def _fix(args: ScanArguments, config: ScanConfig) -> int:
    from whalebot.adapters.storage.filesystem import FileSystem
    from whalebot.app.config.reading import read_file
    from whalebot.app.scanning.config import fixed_text

    path = args.paths.config
    text = read_file(path)
    for finding in config.findings:
        print(args.masker.mask(finding))
    if text is None or config.corrected is None or not config.findings:
        print(f"{path}: nothing to correct")
        return CLEAN
    files = FileSystem()
    files.write_replacing(path.with_name(path.name + ".bak"), files.read_file(path))
    files.write_replacing(path, fixed_text(text, config.corrected, config.is_flat).encode())
    print(f"{path}: corrected; the old file is {path.name}.bak")
    return CLEAN
