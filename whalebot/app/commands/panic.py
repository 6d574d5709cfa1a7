"""`panic`: cancel all orders, close all positions, no entries until `resume`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.domain.errors import ConfigError

_LIMIT_S = 15.0
_WORD = "panic"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Cancel all orders and close all positions of the running daemon at market, after a confirmation."
    parser = subparsers.add_parser("panic", help="close everything at once", description=text)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Ask the owner, order it, and wait until nothing is open."""
    from whalebot.app.remote_control import ask_daemon, order
    from whalebot.app.status_text import open_positions

    view = ask_daemon(args, "status").get("view")
    names = open_positions(view) if view is not None else []
    print(f"open now: {', '.join(names) or 'nothing'}")
    if not args.yes and not _is_confirmed():
        print("nothing was done")
        return CLEAN
    if order(args, "panic", lambda seen: seen["manual_pause"] and not open_positions(seen), _LIMIT_S):
        print("everything is closed; no entries until resume")
        return CLEAN
    left = ", ".join(open_positions(ask_daemon(args, "status").get("view") or {"symbols": []}))
    print(f"ordered, but not all is closed after {_LIMIT_S:g} s ({left or 'no answer yet'}); see status")
    return DIFFERENCE


def _is_confirmed() -> bool:
    """Ask on the terminal. Raises ConfigError where nobody can answer."""
    if not sys.stdin.isatty():
        raise ConfigError("panic asks before it closes everything; without a terminal give --yes")
    return input(f'type "{_WORD}" to close everything at market: ').strip().lower() == _WORD
