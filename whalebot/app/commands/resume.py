"""`resume`: allow entries again after `pause` or `panic`."""

from __future__ import annotations

import argparse
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE

_LIMIT_S = 5.0


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Allow entries again after pause or panic. A pause by a guardrail lasts as long as it lasts."
    subparsers.add_parser("resume", help="allow entries again", description=text)


def run(args: argparse.Namespace) -> int:
    """Order it and wait until the daemon says that it is so."""
    from whalebot.app.remote_control import order

    if order(args, "resume", lambda view: not view["manual_pause"], _LIMIT_S):
        print("resumed: entries are made again where nothing else forbids them; see status")
        return CLEAN
    print(f"ordered, but the daemon has not resumed within {_LIMIT_S:g} s; ask again with status")
    return DIFFERENCE
