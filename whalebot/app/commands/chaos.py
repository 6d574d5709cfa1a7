"""`chaos`: the whole daemon under random faults and kills, and a judge of what it left behind."""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
from pathlib import Path
from typing import Any, Final

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.options import count, positive, seed
from whalebot.app.private_file import write_private

_DAYS: Final = 2
_SPEED: Final = 10_800
_ALL: Final = 20
_WARM_BARS: Final = 1000
_FUNDING_MS: Final = 8 * 3_600_000
# What `run` against a venue and `exchange` import; a module that is missing here only costs time.
PRELOADED: Final = (
    "whalebot.app.commands.run",
    "whalebot.app.commands.exchange",
    "whalebot.app.paths",
    "whalebot.app.setup",
    "whalebot.app.daemon",
    "whalebot.app.remote",
    "whalebot.engine.engine",
    "whalebot.adapters.bybit.rest_account",
    "whalebot.adapters.bybit.rest_orders",
    "whalebot.adapters.exchange.main",
    "whalebot.adapters.exchange.market.synthetic",
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = (
        "Run the daemon against the local exchange, both as processes, while connections break, requests"
        " fail, disks fill up and processes are killed; then compare what the daemon wrote with the"
        " exchange's own log. No real order is placed. Exit code 1 when something was lost, doubled or left"
        " unprotected."
    )
    parser = subparsers.add_parser("chaos", help="prove that nothing is lost or doubled", description=text)
    add = parser.add_argument
    add("--seeds", type=count, metavar="N", help=f"number of runs (default: {_ALL}, or 1 with --seed)")
    add("--seed", type=seed, metavar="S", help="the first seed (default: 1)")
    add("--days", type=positive, default=_DAYS, metavar="D", help=f"market days of a run (default: {_DAYS})")
    add("--jobs", type=count, metavar="J", help="runs at a time (default: two for each processor)")
    add("--speed", type=positive, default=_SPEED, metavar="N", help=f"market time per real time ({_SPEED})")
    add("--out", type=Path, metavar="DIR", help="where files of runs with findings are kept")
    add("--data", metavar="FILE", help="OHLCV file, or SYMBOL=FILE, instead of generated markets")


def run(args: argparse.Namespace) -> int:
    """Run the seeds, print a table; 1 when there are findings."""
    # However it is told to end, the processes it started must end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    first = 1 if args.seed is None else args.seed
    number = args.seeds or (_ALL if args.seed is None else 1)
    folder = args.out or Path(tempfile.mkdtemp(prefix="whalebot-chaos-"))
    with tempfile.TemporaryDirectory(prefix="whalebot-chaos-") as made:
        return _run(args, folder.resolve(), *_market(args.data, Path(made)), range(first, first + number))


def _run(args: argparse.Namespace, folder: Path, market: Any, symbols: tuple[str, ...], seeds: range) -> int:
    from whalebot.research.chaos.lines import HEAD, finding_lines, row, summary, wasteful
    from whalebot.research.chaos.runner import Campaign, run_campaign

    campaign = Campaign(
        seeds=seeds,
        days=float(args.days),
        speed=float(args.speed),
        jobs=args.jobs or min(len(seeds), 2 * (os.cpu_count() or 1)),
        folder=folder,
        market=market,
        symbols=symbols,
        preloaded=PRELOADED,
    )
    print(HEAD, flush=True)
    outcomes: list[Any] = []
    try:
        for outcome in run_campaign(campaign):
            outcomes.append(outcome)
            if not args.quiet or outcome.findings:
                print(row(outcome), flush=True)
            for line in finding_lines(outcome, _again(outcome.schedule.seed, args)):
                print(line, flush=True)
    finally:
        # Also of a campaign that was told to end early.
        waste = list(wasteful(outcomes))
        for line in (*waste, *summary(outcomes)):
            print(line, flush=True)
    return DIFFERENCE if waste or any(outcome.findings for outcome in outcomes) else CLEAN


def _again(number: int, args: argparse.Namespace) -> str:
    parts = [f"python -m whalebot chaos --seed {number} --days {args.days}"]
    if args.speed != _SPEED:
        parts.append(f"--speed {args.speed}")
    if args.data is not None:
        parts.append(f"--data {args.data}")
    return " ".join(parts)


def _market(data: str | None, made: Path) -> tuple[Any, tuple[str, ...]]:
    """Return what a schedule is played on, as options of the exchange, and the symbols of a file.

    `made` takes what is made up for a file: rates of funding.
    """
    if data is None:
        return (
            lambda schedule: {
                "market": "gbm-regimes",
                "seed": schedule.seed,
                "symbols": ",".join(schedule.symbols),
                "wait-for-client": True,
            }
        ), ()
    from whalebot.adapters.feeds.ohlcv import read_bars
    from whalebot.app.data_files import parse_data_files
    from whalebot.domain.intervals import DAY_MS

    [file] = parse_data_files([data], Path.cwd(), "--data")
    opens = read_bars(file.symbol, file.path).open_ms

    rates = _make_funding(made / f"{file.symbol}-funding.csv", int(opens[0]), int(opens[-1]))

    def played(schedule: Any) -> dict[str, Any]:
        bar_ms = int(opens[1] - opens[0])
        last = max(0, len(opens) - 1 - int(schedule.days * 1.5 * DAY_MS / bar_ms))
        at = min(_WARM_BARS, last) + int(schedule.start_share * max(0, last - _WARM_BARS))
        options = {"data": f"{file.symbol}={file.path}", "from": int(opens[at])}
        return {**options, "funding": f"{file.symbol}={rates}"}

    return played, (file.symbol,)


def _make_funding(path: Path, first_ms: int, last_ms: int) -> Path:
    """Write a rate of either sign for every settlement between two times."""
    draw = random.Random(f"whalebot chaos funding {first_ms}")
    times = range(first_ms - first_ms % _FUNDING_MS, last_ms + _FUNDING_MS, _FUNDING_MS)
    rows = [f"{at_ms},{draw.randint(-3_000, 3_000) / 1e6:.6f}" for at_ms in times]
    write_private(path, "\n".join(("timestamp,fundingRate", *rows)) + "\n")
    return path
