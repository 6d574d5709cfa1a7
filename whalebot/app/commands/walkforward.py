"""`walkforward`: searches on the past, trades what follows, again and again through the history."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.options import count
from whalebot.app.search_options import add_search_options, need_optuna

if TYPE_CHECKING:
    from whalebot.research.optimise.walkforward import WalkForward

_TEXT = "search on the past, trade what follows, again and again"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "walkforward",
        help=_TEXT,
        description=f"{_TEXT}. The equity outside the searched spans, stitched together, is the result.",
    )
    add_search_options(parser)
    parser.add_argument("--train", type=count, default=180, metavar="DAYS", help="days searched on (180)")
    parser.add_argument("--test", type=count, default=30, metavar="DAYS", help="days traded after them (30)")
    parser.add_argument("--move", type=count, metavar="DAYS", help="days between folds (default: as --test)")
    parser.add_argument("--anchored", action="store_true", help="let every training span begin at the start")


def run(args: argparse.Namespace) -> int:
    """Walk forward. Exit code 1 where not all guards pass."""
    need_optuna()
    from whalebot.app.search_options import read_job
    from whalebot.app.search_output import write_walk_forward
    from whalebot.domain.intervals import DAY_MS, interval_ms
    from whalebot.research.optimise.storage import open_storage
    from whalebot.research.optimise.walkforward import Spans, walk_forward

    job = read_job(args)
    move = args.move or args.test
    bar_ms = interval_ms(job.bench.dataset.interval)
    back = job.warm_up_bars * bar_ms, job.needed_bars * bar_ms
    spans = Spans(args.train * DAY_MS, args.test * DAY_MS, move * DAY_MS, *back, args.anchored)
    storage = open_storage(job.storage)

    def tell(number: int, of: int) -> None:
        if not args.quiet:
            print(f"fold {number} of {of}", file=sys.stderr)

    found = walk_forward(job.bench, job.plan, job.way, storage, job.study, job.identity, spans, tell)
    lines = _lines(found)
    print(json.dumps(found.as_dict(), indent=2) if args.json else "\n".join(lines))
    if args.out is not None:
        for path in write_walk_forward(found, lines, args.out):
            print(f"written: {path}", file=sys.stderr)
    return CLEAN if found.honesty.is_believable else DIFFERENCE


def _lines(found: WalkForward) -> list[str]:
    from whalebot.domain.intervals import DAY_MS, iso_utc
    from whalebot.research.optimise.wording import honesty_lines

    lines = [f"{len(found.folds)} folds, purge {found.purge_ms / DAY_MS:.1f} days"]
    for number, result in enumerate(found.folds, start=1):
        best = result.found.best
        chosen = "nothing scored, nothing traded"
        if best is not None:
            chosen = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in best.values.items())
        test = f"{iso_utc(result.fold.test_from_ms)[:10]} to {iso_utc(result.fold.test_until_ms)[:10]}"
        trades = 0 if result.figures is None else result.figures.trades
        lines.append(f"  {number:>3}  {test}  {result.total:+.2%}  {trades} trades  {chosen}")
    lines += [
        f"out of sample {found.equity[-1] - 1:+.2%} in {len(found.returns)} days",
        f"efficiency {_number(found.efficiency)} (daily return out of sample / in sample)",
        f"profitable folds {found.profitable:.0%}",
        "stability of parameters (1: all folds chose alike)",
    ]
    lines += [f"  {key} {_number(value)}" for key, value in found.stability().items()]
    return [*lines, "how far to believe it:", *honesty_lines(found.honesty)]


def _number(value: float) -> str:
    return "not known" if value != value else f"{value:.2f}"
