"""Markets, settings and scripted strategies for the tests of backtests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.adapters.feeds.funding import FundingRate
from whalebot.decisions.risk.settings import GuardrailSettings, StopRules, TradeSettings
from whalebot.domain.instrument import Instrument
from whalebot.engine.bars import Analyzer
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import Dataset, DatedRules, SymbolData, make_symbol_data
from whalebot.research.event.columns_analyzer import ColumnsAnalyzer
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
MIDNIGHT = 20_000 * DAY
FREE = StopRules(trailing=False, breakeven_trigger=None, lock_in=None)


def rules(symbol: str = "BTCUSDT", tick: str = "0.1") -> Instrument:
    """Order rules of a made-up perpetual."""
    step = Decimal("0.001")
    return Instrument(
        symbol, Decimal(tick), step, step, Decimal(1000), Decimal(500), Decimal(5), Decimal(100)
    )


def table(
    rows: Sequence[Sequence[int]], symbol: str = "BTCUSDT", interval: str = "5", start: int = MIDNIGHT
) -> BarTable:
    """Bars of (open, high, low, close) in ticks of 0.1; a row of five begins with its minute."""
    minutes = int(interval)
    opens = [row[0] if len(row) == 5 else i * minutes for i, row in enumerate(rows)]
    columns = np.array([row[-4:] for row in rows], dtype=np.int64).T
    volume = np.full(len(rows), 1000, dtype=np.int64)
    return BarTable(
        symbol,
        interval,
        1,
        3,
        start + np.array(opens, dtype=np.int64) * MINUTE,
        *columns,
        volume,
    )


def walk(
    seed: int, count: int, symbol: str = "BTCUSDT", interval: str = "5", hole: tuple[int, int] | None = None
) -> BarTable:
    """A random walk around 10,000 ticks, with still bars; `hole` leaves out rows first..end-1."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-60, 61, count) * (rng.random(count) > 0.1)
    close = 10_000 + np.cumsum(steps)
    close += max(0, 3000 - int(close.min()))
    open_ = np.concatenate(([close[0]], close[:-1]))
    open_ += rng.integers(-80, 81, count) * (rng.random(count) < 0.05)
    reach = rng.integers(0, 50, (2, count))
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    volume = rng.integers(0, 5000, count)
    open_ms = MIDNIGHT - 7 * 60 * MINUTE + np.arange(count) * int(interval) * MINUTE
    keep = np.ones(count, dtype=bool)
    if hole is not None:
        keep[hole[0] : hole[1]] = False
    columns = (open_ms, open_, high, low, close, volume)
    return BarTable(symbol, interval, 1, 3, *(np.asarray(c, dtype=np.int64)[keep] for c in columns))


def symbol_data(bars: BarTable, interval: str | None = None, **more: Any) -> SymbolData:
    """A symbol with one set of rules, unless `rules` says otherwise."""
    given = more.pop("rules", [DatedRules(int(bars.open_ms[0]), rules(bars.symbol))])
    return make_symbol_data(bars, interval or bars.interval, given, **more)


def dataset(*symbols: SymbolData) -> Dataset:
    """The symbols on one account."""
    return Dataset(symbols[0].decisions.interval, symbols)


def settings(
    interval: str = "5", *, guarded: bool = False, balance: int = 10_000, **trade: Any
) -> BacktestSettings:
    """Settings without guardrails, unless `guarded`; `trade` are keys of TradeSettings."""
    engine = EngineSettings(
        symbols=("BTCUSDT",),
        interval=interval,
        label="test",
        config_hash="0" * 16,
        trade=replace(TradeSettings(cooldown_ms=0), **trade),
        guardrails=GuardrailSettings(enabled=guarded),
    )
    return BacktestSettings(engine, balance=Decimal(balance))


def rates(*hours: int, rate: str = "0.0001") -> list[FundingRate]:
    """Settlements at hours since the midnight of the tables."""
    return [FundingRate(MIDNIGHT + hour * 60 * MINUTE, Decimal(rate)) for hour in hours]


class Scripted:
    """A strategy that asks for what the test wrote: +1, -1 or 0 on each decision bar, at a fixed ATR."""

    name = "scripted"

    def __init__(self, sides: Sequence[int], atr: float = 10.0, held: Sequence[int] | None = None) -> None:
        self._sides = np.array(sides, dtype=np.float64)
        self._held = np.array(sides if held is None else held, dtype=np.int8)
        self._atr = atr

    def columns(self, data: SymbolData) -> DecisionColumns:
        count = len(data.decisions)
        score, held = np.zeros(count), np.zeros(count, dtype=np.int8)
        score[: len(self._sides)], held[: len(self._held)] = self._sides, self._held
        return DecisionColumns(
            score, np.ones(count), held, np.full(count, self._atr), np.ones(count, dtype=np.bool_)
        )

    def analyzer(self, symbol: str) -> Analyzer:
        raise AssertionError(f"{symbol}: a script has only columns, not {ColumnsAnalyzer.__name__}")
