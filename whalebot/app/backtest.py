"""From a command line to a backtest: configuration, files, strategy and tier."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from whalebot.adapters.feeds.ohlcv import split_name
from whalebot.app.config.convert import to_decimal
from whalebot.app.config.document import Config
from whalebot.app.engine_setup import engine_settings
from whalebot.app.setup import Setup, read_setup
from whalebot.app.store_sources import sources_of
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings, FeedSettings
from whalebot.research.dataset import Dataset
from whalebot.research.reading import Source, read_symbol
from whalebot.research.result import BacktestResult
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import make_strategy


@dataclass(frozen=True, slots=True)
class Job:
    """One run: its name for people, what it reads, on which interval."""

    name: str
    sources: tuple[Source, ...]
    interval: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the command line says besides files. Times ms UTC."""

    tier: str
    strategy: str
    from_ms: int | None
    to_ms: int | None
    tick: Decimal | None
    step: Decimal | None
    seed: int


def read_config(args: argparse.Namespace) -> Setup:
    """Return the configuration with the costs of the command line above it. Raises ConfigError."""
    overrides: dict[tuple[str | int, ...], Any] = {("mode",): "replay", ("demo", "data"): []}
    for key, value in (
        ("trading_fee_percent", args.fee_taker),
        ("maker_fee_percent", args.fee_maker),
        ("slippage_percent", args.slippage),
        ("account_balance", args.balance),
    ):
        if value is not None:
            overrides["trade_management", key] = float(value)
    return read_setup(args, overrides)


def jobs_of(args: argparse.Namespace, config: Config) -> list[Job]:
    """Return the runs a command line asks for: one over all files, or one a file and interval.

    Raises ConfigError for a file that is not there, or two of one symbol in one run.
    """
    funding, marks = _by_symbol(args.funding or (), "--funding"), _by_symbol(args.mark or (), "--mark")
    chosen = {name.strip().upper() for name in (args.symbols or "").split(",") if name.strip()}
    sources = [] if args.data else sources_of(args.paths.data, chosen, args.interval or [config.interval])
    for text in args.data or ():
        symbol, path = split_name(text)
        if not chosen or symbol in chosen:
            sources.append(Source(symbol, path, funding.get(symbol), marks.get(symbol)))
    missing = chosen - {source.symbol for source in sources}
    if missing or not sources:
        raise ConfigError(f"--symbols: no file of {', '.join(sorted(missing)) or 'any symbol'} in --data")
    intervals = args.interval or [config.interval]
    if args.each:
        return [Job(_short(s.bars), (s,), interval) for s in sources for interval in intervals]
    names = [source.symbol for source in sources]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ConfigError(f"--data: several files of {', '.join(doubled)}; keep one, or use --each")
    if len(intervals) > 1:
        raise ConfigError("--interval: several intervals need --each")
    return [Job("+".join(names), tuple(sources), intervals[0])]


def run_job(
    job: Job, setup: Setup, terms: Terms, progress: Callable[[float], None] | None = None
) -> tuple[BacktestResult, Dataset]:
    """Read the files of a run and trade them. `progress` hears the share done, 0 to 1. Raises ConfigError."""
    config = setup.config.model_copy(update={"interval": job.interval})
    engine = replace(
        engine_settings(config, FeedSettings()), symbols=tuple(source.symbol for source in job.sources)
    )
    settings = backtest_settings(config, engine, terms.seed)
    data = tuple(
        read_symbol(source, job.interval, terms.tick, terms.step, until_ms=terms.to_ms)
        for source in job.sources
    )
    dataset = Dataset(job.interval, data, terms.from_ms)
    strategy = make_strategy(terms.strategy, engine)
    if terms.tier == "column":
        from whalebot.research.column.running import run_column_tier

        return run_column_tier(settings, dataset, strategy), dataset
    from whalebot.research.event.run import run_event_tier

    heard = None if progress is None else _share_of(dataset, progress)
    return run_event_tier(settings, dataset, strategy, progress=heard), dataset


def backtest_settings(config: Config, engine: EngineSettings, seed: int) -> BacktestSettings:
    """Return what a run assumes besides the engine's settings, as the configuration has it."""
    trade = config.trade_management
    slippage = trade.slippage_percent
    return BacktestSettings(
        engine=engine,
        balance=to_decimal(trade.account_balance),
        taker_fee=to_decimal(trade.trading_fee_percent) / 100,
        maker_fee=to_decimal(trade.maker_fee_percent) / 100,
        slippage_percent=None if slippage is None else to_decimal(slippage),
        latency_ms=trade.latency_ms or 0,
        seed=seed,
    )


def _share_of(dataset: Dataset, progress: Callable[[float], None]) -> Callable[[int], None]:
    first = min(int(data.fine.open_ms[0]) for data in dataset.symbols)
    last = max(int(data.fine.open_ms[-1]) for data in dataset.symbols)
    return lambda ts_ms: progress((ts_ms - first) / max(1, last - first))


def config_values(setup: Setup) -> Mapping[str, Any]:
    """Return the configuration as JSON values, secrets hidden."""
    from whalebot.adapters.logs.masking import MASK
    from whalebot.app.config.references import is_secret_place
    from whalebot.app.config.tree import mapped

    values = setup.config.model_dump(mode="json", by_alias=True)
    hidden: Mapping[str, Any] = mapped(
        values, lambda path, leaf: MASK if is_secret_place(path) and leaf is not None else leaf
    )
    return hidden


def _by_symbol(texts: Sequence[str], option: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in texts:
        symbol, path = split_name(text)
        if symbol in found:
            raise ConfigError(f"{option}: {found[symbol]} and {path} are both of {symbol}; keep one")
        found[symbol] = path
    return found


def _short(path: Path) -> str:
    return re.sub(r"\.(csv|parquet|pq)(\.gz)?$", "", path.name)
