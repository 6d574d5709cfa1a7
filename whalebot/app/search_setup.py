"""From configuration, data files and a space to what a search needs."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from whalebot.app.backtest import backtest_settings
from whalebot.app.config.checks import check_together
from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config
from whalebot.app.config.problems import ConfigProblems, Problem, path_text
from whalebot.app.config.problems import Path as Place
from whalebot.app.config.schema import node_at
from whalebot.app.config.tree import put_at, value_at
from whalebot.app.config.validation import unknown_key, validate
from whalebot.app.engine_setup import engine_settings
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms, iso_utc
from whalebot.engine.settings import FeedSettings
from whalebot.research.dataset import Dataset
from whalebot.research.optimise.bench import Bench, Player, Task
from whalebot.research.optimise.space import Space, Value, Values
from whalebot.research.reading import Source, read_symbol
from whalebot.research.settings import BacktestSettings

NOT_SEARCHED: Final = (
    "alerts",
    "metrics",
    "web",
    "exchange",
    "logging",
    "demo",
    "$schema",
    "symbol",
    *OTHER_COMMANDS_TABLES,
)
"""Tables that decide no trade; secrets lie there, and workers need none."""

_FIRST_BARS: Final = 100
_NO_TRADE: Final = frozenset(
    {
        "mode",
        "live_trading_confirmed",
        "symbols",
        "timezone",
        "record",
        "loop_delay",
        "adopt_foreign_positions",
        "on_shutdown",
        "trade_management.enabled",
    }
)
_TERMS: Final = frozenset(
    f"trade_management.{name}"
    for name in (
        "account_balance",
        "trading_fee_percent",
        "maker_fee_percent",
        "slippage_percent",
        "latency_ms",
    )
)
"""Assumptions of the simulation: the best of them is always the cheapest market, which nobody can choose."""

TABLE: Final = "table"
"""Name under which a study remembers the configuration it was made with."""


@dataclass(frozen=True, slots=True)
class ConfiguredSettings:
    """Makes the settings of a run from the configuration with some values replaced. Can be pickled."""

    table: Mapping[str, Any]
    seed: int = 0

    def __call__(self, values: Values) -> BacktestSettings:
        """Return settings. Raises ConfigError naming what the configuration refuses."""
        config = self.config(values)
        return backtest_settings(config, engine_settings(config, FeedSettings()), self.seed)

    def config(self, values: Values) -> Config:
        """Return the configuration with values replaced. Raises ConfigError naming all that is refused."""
        table = json.loads(json.dumps(self.table))
        for key, value in values.items():
            put_at(table, place_of(key), value)
        config, problems = validate(table, table)
        problems = problems or list(check_together(config))
        if problems:
            raise ConfigError("; ".join(map(str, problems)))
        return config

    def value(self, key: str) -> Any:
        """Return what the configuration itself has at a key."""
        return value_at(self.table, place_of(key))


def configured_settings(config: Config, seed: int) -> ConfiguredSettings:
    """Return the maker of settings around a checked configuration."""
    table = config.model_dump(mode="json", by_alias=True)
    kept = {name: value for name, value in table.items() if name not in NOT_SEARCHED and value is not None}
    # A configuration for live trading is searched like any other; no order leaves this machine.
    return ConfiguredSettings({**kept, "mode": "demo", "symbols": list(config.traded_symbols)}, seed)


def place_of(key: str) -> Place:
    """Return the place of a dotted key in the file."""
    return tuple(key.split("."))


def why_not_searched(key: str) -> str | None:
    """Say why no search may set a key, None: it may. Such a value is never written either."""
    if key in _TERMS:
        return "is a term of the simulation, not a choice of the strategy; it is not searched"
    place = place_of(key)
    if place[0] in NOT_SEARCHED or key in _NO_TRADE or place[0] in _NO_TRADE:
        return f"decides no trade; a search of {path_text(place)} finds nothing"
    return None


def check_space(space: Space, settings: ConfiguredSettings) -> None:
    """Raise ConfigError for keys nobody knows, and for ends of ranges that the configuration refuses."""
    problems = []
    for parameter in space.parameters:
        place = place_of(parameter.key)
        if node_at(place) is None:
            problems.append(unknown_key(place, None))
            continue
        if (reason := why_not_searched(parameter.key)) is not None:
            problems.append(Problem(place, reason))
            continue
        for value in parameter.ends:
            table = json.loads(json.dumps(settings.table))
            put_at(table, place, value)
            problems += [p for p in validate(table, table)[1] if p.path[: len(place)] == place]
    if problems:
        raise ConfigProblems("the space", problems)
    constrained_values(space, settings)


def constrained_values(space: Space, settings: ConfiguredSettings) -> dict[str, Value]:
    """Return what the configuration has where constraints speak of keys that are not searched.

    Raises ConfigError for a key that is no number.
    """
    searched = {parameter.key: parameter for parameter in space.parameters}
    fixed: dict[str, Value] = {}
    for constraint in space.constraints:
        for key in sorted(constraint.keys):
            values = searched[key].ends if key in searched else (settings.value(key),)
            if not all(isinstance(value, int | float) for value in values):
                raise ConfigError(f"constraint {constraint.text!r}: {key} is not a number here")
            if key not in searched:
                fixed[key] = values[0]
    return fixed


def read_dataset(sources: Sequence[Source], interval: str, args: argparse.Namespace) -> Dataset:
    """Return the data of a command line; nothing after `--to` is read. Raises ConfigError."""
    data = (read_symbol(source, interval, args.tick, args.step, until_ms=args.to_ms) for source in sources)
    return Dataset(interval, tuple(data), args.from_ms)


def check_playable(bench: Bench, needed_bars: int) -> None:
    """Play the configuration itself on the first bars: what refuses it would refuse every trial.

    Raises ConfigError with the reason.
    """
    data = bench.dataset
    last_ms = max(int(symbol.fine.open_ms[-1]) for symbol in data.symbols)
    if data.trade_from_ms is not None and data.trade_from_ms > last_ms:
        raise ConfigError(f"--from {iso_utc(data.trade_from_ms)}: the data ends before, {iso_utc(last_ms)}")
    first_ms = max(int(symbol.fine.open_ms[0]) for symbol in data.symbols)
    bar_ms = interval_ms(data.interval)
    until_ms = max(first_ms, data.trade_from_ms or 0) + (needed_bars + _FIRST_BARS) * bar_ms
    refused = Player(bench).answer(Task(0, {}, until_ms)).refused
    if refused is not None:
        raise ConfigError(f"no trial can be made: {refused}")


def identity_of(
    settings: ConfiguredSettings,
    space: Space,
    data: Dataset,
    args: argparse.Namespace,
    objectives: tuple[str, ...],
) -> dict[str, Any]:
    """Return what makes a search this one: going on with another would mix results that do not compare."""
    base = json.loads(json.dumps(settings.table))
    return {
        "space": space.digest,
        "objectives": list(objectives),
        "data": [[name, digest] for symbol in data.symbols for name, digest in symbol.digests],
        "span": [args.from_ms, args.to_ms],
        "strategy": args.strategy,
        "configuration": hashlib.sha256(json.dumps(base, sort_keys=True).encode()).hexdigest()[:16],
        "min_trades": args.min_trades,
        "rules": [str(args.tick), str(args.step)],
    }


def study_name(identity: Mapping[str, Any]) -> str:
    """Return the name of a study whose owner gave it none: the same search has the same name."""
    text = json.dumps(identity, sort_keys=True)
    return f"{identity['strategy']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
