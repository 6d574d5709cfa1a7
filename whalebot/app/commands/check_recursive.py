"""`check-recursive`: how much each value still moves with a longer warm-up."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN
from whalebot.app.honesty_setup import add_check_options, to_check

if TYPE_CHECKING:
    from whalebot.research.honesty.recursion import Recursion

_TEXT = "show how much each indicator still moves with a longer warm-up"
_STILL: Final = 1e-9


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "check-recursive",
        help=_TEXT,
        description=f"{_TEXT}: percent of the value with the longest history. A value that moves on says "
        "nothing wrong; it needs more bars before it before live and backtest agree on it.",
    )
    add_check_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print a table for each symbol. Raises ConfigError."""
    from whalebot.research.honesty.recursion import check_recursive

    for settings, strategy, data in to_check(args):
        print(f"{data.symbol}, interval {data.decisions.interval}, live takes {settings.history_bars} bars")
        print("\n".join(_lines(check_recursive(strategy, data, settings))))
    return CLEAN


def _lines(found: Recursion) -> Iterator[str]:
    yield f"{'bars before':<28}" + "".join(f"{length:>11}" for length in found.lengths)
    still = []
    for name, moves in found.moves.items():
        if all(move is not None and move <= _STILL for move in moves):
            still.append(name)
        else:
            yield f"{name:<28}" + "".join(f"{_cell(move):>11}" for move in moves)
    yield f"the same at every length: {', '.join(still) or 'none'}"
    yield f"percent of the value with {found.reference} bars before; -: no value yet"


def _cell(move: float | None) -> str:
    if move is None:
        return "-"
    return "0" if move <= _STILL else f"{move:.2g} %"
