"""`web`: the dashboard over a folder in which nothing runs, read-only."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.app.web.folder import Shown

_TEXT = "show a backtest's result or a stopped daemon's folder in the browser"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "web",
        help=_TEXT,
        description=f"{_TEXT}, read-only, on this machine alone. A running daemon serves its own dashboard: "
        "set web.enabled in its configuration.",
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="the folder (default: that of --dir)"
    )
    parser.add_argument(
        "--data",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="the bars of the backtest, for its charts (found by themselves in DIR, beside it and here)",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, metavar="PORT", help="to listen on (default: 8000; 0: a free one)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Raises ConfigError for a folder that holds neither."""
    from whalebot.app.web.room import check_extra

    check_extra()
    if args.folder is not None:
        from whalebot.app.paths import find_paths

        args.paths = find_paths(str(args.folder), args.config)
    _serve(shown_of(args), args)
    return CLEAN


def shown_of(args: argparse.Namespace) -> Shown:
    """Return what the folder of `--dir` holds. Raises ConfigError where it is neither, or a daemon runs."""
    from whalebot.app.web.folder import backtest_shown, folder_shown, is_result

    folder: Path = args.paths.dir
    if is_result(folder):
        return backtest_shown(folder, args.masker, args.data)
    if args.data:
        raise ConfigError(f"--data: {folder} is not the result of a backtest")
    if not args.paths.history.exists() and not args.paths.state.is_dir():
        raise ConfigError(f"{folder}: neither the result of a backtest (--out) nor a daemon's folder")
    _refuse_running(args)
    from whalebot.app.setup import read_setup

    return folder_shown(read_setup(args))


def _refuse_running(args: argparse.Namespace) -> None:
    """Beside a running daemon old files would be shown as the present."""
    from whalebot.adapters.control.client import NoDaemon
    from whalebot.app.remote_control import ask_daemon

    try:
        ask_daemon(args, "status")
    except NoDaemon:
        return
    raise ConfigError(
        f"{args.paths.dir}: a daemon runs here and shows itself; where it does not, start it with"
        " run --web, or with web.enabled in its configuration"
    )


def _serve(shown: Shown, args: argparse.Namespace) -> None:
    import secrets

    from whalebot.adapters.web.application import make_application
    from whalebot.adapters.web.gate import GateRules
    from whalebot.adapters.web.server import WebServer, bind
    from whalebot.app.web.folder import desk_of

    listener = bind("127.0.0.1", args.port)
    rules = GateRules(secrets.token_urlsafe(), is_read_only=True)
    server = WebServer(lambda: make_application(desk_of(shown), rules, args.masker.mask), listener)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    print(
        f"http://127.0.0.1:{server.address[1]}/ shows {shown.facts.folder}, read-only; Ctrl-C ends it",
        flush=True,
    )
    try:
        while not ended.wait(0.5) and server.thread.is_alive():
            pass
    finally:
        server.stop()
    if server.failure:
        raise ConfigError(f"the web server has ended: {server.failure}")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a port from 0 to 65535")
    return int(text)
