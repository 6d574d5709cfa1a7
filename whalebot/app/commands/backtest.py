"""`backtest`: trades recorded history by the daemon's own code and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN
from whalebot.app.options import moment_ms, positive, seed

if TYPE_CHECKING:
    from whalebot.app.backtest import Job, Terms
    from whalebot.app.setup import Setup
    from whalebot.research.report.backtest_text import Run

_BAR = 40
_INTERVALS = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = (
        "Trade recorded bars with the daemon's own engine and the exchange it is tested against, and say what"
        " came of it. Decisions fill at the next bar's open; costs and limits are those of the configuration."
    )
    parser = subparsers.add_parser("backtest", help="trade recorded history", description=text)
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="OHLCV files, or SYMBOL=FILE (default: what whalebot data keeps below --dir)",
    )
    add("--symbols", metavar="A,B", help="take only those symbols")
    add("--each", action="store_true", help="one run a file (and interval), shown as one table")
    add(
        "--interval",
        nargs="+",
        choices=_INTERVALS,
        metavar="I",
        help=f"intervals of decisions: {', '.join(_INTERVALS)} (default: the configured one)",
    )
    add(
        "--from", dest="from_ms", type=moment_ms, metavar="DATE", help="trade from here; before it is warm-up"
    )
    add("--to", dest="to_ms", type=moment_ms, metavar="DATE", help="leave out bars from here on")
    add("--tier", choices=("event", "column"), default="event", help="daemon's engine, or one compiled pass")
    add("--strategy", default="scoring", metavar="NAME|module:Class", help="scoring, ema_cross or your own")
    add("--funding", nargs="+", action="extend", metavar="FILE", help="settled funding rates, or SYMBOL=FILE")
    add("--mark", nargs="+", action="extend", metavar="FILE", help="bars of the mark price, or SYMBOL=FILE")
    add("--fee-taker", type=_percent, metavar="PERCENT", help="taker fee above the configured one")
    add("--fee-maker", type=_percent, metavar="PERCENT", help="maker fee above the configured one")
    add("--slippage", type=_percent, metavar="PERCENT", help="slippage of a fill above the configured one")
    add("--balance", type=positive, metavar="USDT", help="starting balance above the configured one")
    add("--tick", type=positive, metavar="SIZE", help="tick size of symbols that the table does not know")
    add("--step", type=positive, metavar="SIZE", help="quantity step of such symbols")
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of whatever is random; bars have nothing random",
    )
    add("--out", type=Path, metavar="DIR", help="write report.html, picture, trades, equity, manifest")
    add("--format", choices=("text", "json", "markdown"), default="text", help="what is printed")


def run(args: argparse.Namespace) -> int:
    """Run every job, write the files, print what came of them. Raises ConfigError."""
    from whalebot.app.backtest import Terms, jobs_of, read_config

    setup = read_config(args)
    terms = Terms(args.tier, args.strategy, args.from_ms, args.to_ms, args.tick, args.step, args.seed)
    jobs = jobs_of(args, setup.config)
    if args.out is not None:
        from whalebot.research.report.backtest_files import check_folder

        check_folder(args.out)
    if args.each:
        _print_each([_run_one(job, setup, terms, args) for job in jobs], args.format)
    else:
        _run_alone(jobs[0], setup, terms, args)
    sys.stdout.flush()
    return CLEAN


def _run_alone(job: Job, setup: Setup, terms: Terms, args: argparse.Namespace) -> None:
    from whalebot.app.backtest import config_values, run_job
    from whalebot.research.report.backtest_figures import summary_of

    with _Progress(job.name, args.quiet) as progress:
        result, dataset = run_job(job, setup, terms, progress.at)
    summary = summary_of(result)
    # Before anything is printed: whoever reads may close the pipe early.
    if args.out is not None:
        from whalebot.research.report.backtest_files import write_backtest

        for path in write_backtest(args.out, result, summary, dataset, config_values(setup)):
            print(f"written: {path}", file=sys.stderr)
    if args.format == "json":
        import json

        from whalebot.research.report.backtest_files import summary_json

        print(json.dumps(summary_json(result, summary), indent=2, ensure_ascii=False))
    elif not args.quiet:
        from rich.console import Console

        from whalebot.research.report.backtest_text import print_backtest

        print_backtest(result, summary, Console(highlight=False))


def _run_one(job: Job, setup: Setup, terms: Terms, args: argparse.Namespace) -> Run:
    from whalebot.app.backtest import config_values, run_job
    from whalebot.domain.errors import ConfigError
    from whalebot.research.report.backtest_figures import summary_of
    from whalebot.research.report.backtest_text import Run

    try:
        with _Progress(f"{job.name} {job.interval}", args.quiet) as progress:
            result, dataset = run_job(job, setup, terms, progress.at)
    except ConfigError as error:
        print(f"{job.name}, interval {job.interval}: {error}", file=sys.stderr)
        return Run(job.name, job.interval, None, None, "refused")
    summary = summary_of(result)
    if args.out is not None:
        from whalebot.research.report.backtest_files import write_backtest

        folder = args.out / f"{job.name}-{job.interval}"
        write_backtest(folder, result, summary, dataset, config_values(setup))
    return Run(job.name, job.interval, result, summary)


def _print_each(runs: Sequence[Run], how: str) -> None:
    from whalebot.research.report.backtest_text import HEADINGS, print_runs, row_of

    if how == "text":
        from rich.console import Console

        print_runs(runs, Console(highlight=False, width=max(170, Console().width)))
        return
    rows = [row_of(run) for run in runs]
    if how == "json":
        import json

        print(
            json.dumps([dict(zip(HEADINGS, row, strict=True)) for row in rows], indent=2, ensure_ascii=False)
        )
        return
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---|" + "---:|" * (len(HEADINGS) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


class _Progress:
    """A bar on standard error, on a terminal only."""

    def __init__(self, name: str, quiet: bool) -> None:
        self._name = name
        self._shown = sys.stderr.isatty() and not quiet
        self._said = ""
        self.at: Callable[[float], None] | None = self._show if self._shown else None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._said:
            print("\r" + " " * len(self._said), end="\r", file=sys.stderr, flush=True)

    def _show(self, done: float) -> None:
        full = int(min(max(done, 0.0), 1.0) * _BAR)
        said = f"{self._name} [{'#' * full}{' ' * (_BAR - full)}] {done:4.0%}"
        if said != self._said:
            self._said = said
            print(f"\r{said}", end="", file=sys.stderr, flush=True)


def _percent(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write percent, as 0.055") from None
