"""`pause`: no new entries until `resume`; positions go on being managed."""

from __future__ import annotations

import argparse
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE

_LIMIT_S = 5.0


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Stop new entries of the running daemon until resume. Stops and exits of open positions go on."
    subparsers.add_parser("pause", help="stop new entries of the running daemon", description=text)


def run(args: argparse.Namespace) -> int:
    """Order it and wait until the daemon says that it is so."""
    from whalebot.app.remote_control import order

    if order(args, "pause", lambda view: bool(view["manual_pause"]), _LIMIT_S):
        print("paused: no new entries until resume; positions go on being managed")
        return CLEAN
    print(f"ordered, but the daemon has not paused within {_LIMIT_S:g} s; ask again with status")
    return DIFFERENCE
