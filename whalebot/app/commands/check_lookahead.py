"""`check-lookahead`: does the strategy know the future?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.honesty_setup import add_check_options, to_check
from whalebot.app.options import seed

if TYPE_CHECKING:
    from whalebot.research.honesty.lookahead import Lookahead

_TEXT = "decide random bars again without the future and compare"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "check-lookahead", help=_TEXT, description=f"{_TEXT}. Exit code 1 where a decision knew the future."
    )
    add_check_options(parser)
    parser.add_argument("--bars", type=_count, default=30, metavar="N", help="bars to look at (default: 30)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="which bars are drawn (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Check every symbol; return 1 where anything leaks. Raises ConfigError."""
    from whalebot.research.honesty.lookahead import check_lookahead

    leaks = 0
    for _, strategy, data in to_check(args):
        found = check_lookahead(strategy, data, args.bars, args.seed)
        leaks += len(found.leaks)
        _tell(data.symbol, strategy.name, found)
    return DIFFERENCE if leaks else CLEAN


def _tell(symbol: str, name: str, found: Lookahead) -> None:
    from whalebot.domain.intervals import iso_utc

    asked = f"{found.asked} bars decided again, {found.entering} of them ask for an entry"
    if not found.leaks:
        print(f"{symbol} {name}: {asked}: all the same without the future")
        return
    print(f"{symbol} {name}: {asked}: {len({leak.close_ms for leak in found.leaks})} knew the future")
    for column in dict.fromkeys(leak.column for leak in found.leaks):
        of_it = [leak for leak in found.leaks if leak.column == column]
        first = of_it[0]
        print(
            f"  {column}: {len(of_it)} times, first at the close of {iso_utc(first.close_ms)}: "
            f"{first.whole:g} with the bars after it, {first.cut:g} without"
        )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from 2 to 100000")
    return int(text)
