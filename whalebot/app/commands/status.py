"""`status`: how the running daemon is."""

from __future__ import annotations

import argparse
import json
import shutil
from functools import partial
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.probes import PROBES, probe


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = (
        "Ask the running daemon for health, streams, positions and last signals. Where none runs, tell what"
        " the last one left open, and end with exit code 2."
    )
    parser = subparsers.add_parser("status", help="ask the running daemon how it is", description=text)
    parser.add_argument("--json", action="store_true", help="print the daemon's answer as it is")
    parser.add_argument(
        "--check",
        choices=PROBES,
        help="say only whether the main loop goes round, or the account was compared with the venue;"
        " exit code 1 where it does not",
    )


def run(args: argparse.Namespace) -> int:
    """Ask and print."""
    from whalebot.adapters.control.client import NoDaemon
    from whalebot.app.remote_control import NotListening, ask_daemon
    from whalebot.app.status_text import status_lines

    if args.check is not None:
        is_so, why = probe(args.check, partial(ask_daemon, args, "status"))
        print(why)
        return CLEAN if is_so else DIFFERENCE
    try:
        answer = ask_daemon(args, "status")
    except (NoDaemon, NotListening):
        if not args.json:
            _tell_what_is_left(args)
        raise
    if args.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        columns = min(max(shutil.get_terminal_size().columns, 60), 100)
        for line in status_lines(answer, width=columns):
            print(line)
    return CLEAN


def _tell_what_is_left(args: argparse.Namespace) -> None:
    from whalebot.app.left_behind import left_behind

    for line in left_behind(args.paths.state):
        print(line)
