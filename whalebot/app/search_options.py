"""Options that searches share, and what they come to."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.extras import install
from whalebot.app.options import count, moment_ms, positive, seed
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.app.backtest import Job as Run
    from whalebot.app.config.document import Config
    from whalebot.app.search_setup import ConfiguredSettings
    from whalebot.research.optimise.bench import Bench
    from whalebot.research.optimise.optimisation import Way
    from whalebot.research.optimise.search import Plan

_SAMPLERS: Final = ("tpe", "cmaes", "random", "grid")
_PRUNERS: Final = ("none", "median", "halving")
_TRIALS: Final = 300
_MIN_TRADES: Final = 30


@dataclass(frozen=True, slots=True)
class Job:
    """A search that is ready to begin."""

    bench: Bench
    plan: Plan
    way: Way
    storage: str | None
    study: str
    identity: dict[str, Any]
    settings: ConfiguredSettings
    warm_up_bars: int
    needed_bars: int


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `optimize` and `walkforward` both take."""
    add = parser.add_argument
    add("--space", type=Path, metavar="FILE", help="TOML file of parameters and constraints")
    add(
        "--data",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="OHLCV files, or SYMBOL=FILE (default: what whalebot data keeps below --dir)",
    )
    add("--symbols", metavar="A,B", help="take only those symbols")
    add("--funding", nargs="+", action="extend", metavar="FILE", help="settled funding rates, or SYMBOL=FILE")
    add("--mark", nargs="+", action="extend", metavar="FILE", help="bars of the mark price, or SYMBOL=FILE")
    add("--tick", type=positive, metavar="SIZE", help="tick size of files of unknown symbols")
    add("--step", type=positive, metavar="SIZE", help="quantity step of such files")
    add(
        "--from",
        dest="from_ms",
        type=moment_ms,
        metavar="TIME",
        help="trade from here on; earlier bars warm up",
    )
    add("--to", dest="to_ms", type=moment_ms, metavar="TIME", help="read no bar after this time")
    add(
        "--interval",
        nargs=1,
        type=_interval,
        metavar="NAME",
        help="interval of decisions (default: the configured one)",
    )
    parser.set_defaults(each=False)
    add("--strategy", default="scoring", metavar="NAME", help="scoring, ema_cross or your own module:Class")
    add(
        "--objective",
        default="sharpe_drawdown",
        metavar="NAME[,NAME]",
        help="net_pnl, sharpe, sortino, calmar, sqn, profit_factor, loss or sharpe_drawdown (default)",
    )
    add("--trials", type=count, default=_TRIALS, metavar="N", help=f"trials of the study ({_TRIALS})")
    add(
        "--min-trades",
        type=count,
        default=_MIN_TRADES,
        metavar="N",
        help=f"fewer count as worst ({_MIN_TRADES})",
    )
    add("--jobs", type=count, metavar="J", help="trials at a time (default: one for each processor)")
    add("--sampler", choices=_SAMPLERS, default="tpe", help="how values are chosen (default: tpe)")
    add("--pruner", choices=_PRUNERS, default="none", help="give trials up early (default: none)")
    add("--seed", type=seed, default=0, metavar="S", help="seed of all chance (default: 0)")
    add("--engine", choices=("local", "ray"), default="local", help="processes here, or a Ray cluster")
    add("--address", metavar="HOST:PORT|auto", help="the Ray cluster (default: a local one)")
    add_study_options(parser)
    add("--out", type=Path, metavar="DIR", help="write results there as JSON, CSV and HTML")
    add("--json", action="store_true", help="print JSON instead of text")


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Declare where a study lies."""
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="SQLAlchemy URL, FILE.journal, or memory (default: studies.db in --dir)",
    )
    parser.add_argument("--study", metavar="NAME", help="name of the study (default: made from the search)")


def storage_url(args: argparse.Namespace) -> str | None:
    """Return where studies are kept, None: nowhere, as `--storage memory` says.

    Raises ConfigError where the folder of `--dir` is not there.
    """
    if args.storage == "memory":
        return None
    if args.storage:
        return str(args.storage)
    if not args.paths.dir.is_dir():
        raise ConfigError(f"--dir {args.paths.dir}: there is no such folder")
    return f"sqlite:///{args.paths.dir / 'studies.db'}"


def need_optuna() -> None:
    """Raise ConfigError naming the remedy where Optuna is not installed."""
    if find_spec("optuna") is None:
        raise ConfigError(f"searches need Optuna; {install('research')}")


def _interval(text: str) -> str:
    from whalebot.domain.intervals import INTERVALS

    if text not in INTERVALS:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are {', '.join(INTERVALS)}")
    return text


def read_job(args: argparse.Namespace) -> Job:
    """Return the search that a command line asks for. Raises ConfigError."""
    from whalebot.app.search_setup import (
        TABLE,
        check_playable,
        check_space,
        configured_settings,
        constrained_values,
        identity_of,
        read_dataset,
        study_name,
    )
    from whalebot.decisions.analysis.history import bars_needed
    from whalebot.research.optimise.bench import Bench
    from whalebot.research.optimise.objectives import parse_objectives
    from whalebot.research.optimise.optimisation import Way
    from whalebot.research.optimise.search import Plan
    from whalebot.research.optimise.space import read_space
    from whalebot.research.strategy import make_strategy

    if args.space is None:
        raise ConfigError("--space FILE is needed: a TOML file of parameters")
    objectives, storage = parse_objectives(args.objective), storage_url(args)
    config, run = _configured(args)
    settings = configured_settings(config, args.seed)
    space = read_space(args.space)
    check_space(space, settings)
    engine = settings({}).engine
    make_strategy(args.strategy, engine)
    data = read_dataset(run.sources, run.interval, args)
    identity = identity_of(settings, space, data, args, objectives)
    fixed = constrained_values(space, settings)
    bench = Bench(data, args.strategy, settings)
    needed = bars_needed(engine.interval, engine.scoring, engine.indicators)
    check_playable(bench, needed)
    return Job(
        bench=bench,
        plan=Plan(space, objectives, args.trials, fixed, args.min_trades),
        way=Way(args.sampler, args.pruner, args.seed, _jobs(args), args.engine, args.address),
        storage=storage,
        study=args.study or study_name(identity),
        identity={
            **identity,
            "files": [f"{s.symbol}={s.bars.absolute()}" for s in run.sources],
            TABLE: settings.table,
        },
        settings=settings,
        warm_up_bars=engine.history_bars,
        needed_bars=needed,
    )


def _configured(args: argparse.Namespace) -> tuple[Config, Run]:
    """Return the configuration with the command line above it, and the files to read."""
    from whalebot.app.backtest import jobs_of
    from whalebot.app.setup import read_setup

    overrides: dict[tuple[str | int, ...], Any] = {("mode",): "replay", ("demo", "data"): []}
    if args.interval is not None:
        overrides[("interval",)] = args.interval[0]
    config = read_setup(args, overrides).config
    [run] = jobs_of(args, config)
    config = config.model_copy(update={"symbols": tuple(source.symbol for source in run.sources)})
    return config, run


def progress_line(trials: int) -> Callable[[int, float], None]:
    """Return what shows how far a search is, on standard error, at most a few times a second."""
    state = {"best": float("-inf"), "next": 0.0}

    def show(done: int, score: float) -> None:
        state["best"] = max(state["best"], score)
        if time.monotonic() >= state["next"] or done >= trials:
            state["next"] = time.monotonic() + 0.25
            print(f"\r{done}/{trials} trials, best so far {state['best']:.6g}  ", end="", file=sys.stderr)
            if done >= trials:
                print(file=sys.stderr)

    return show


def _jobs(args: argparse.Namespace) -> int:
    return int(args.jobs or os.cpu_count() or 1)
