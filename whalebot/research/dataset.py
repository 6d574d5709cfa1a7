"""What a backtest reads, for both tiers: exact bars of each symbol, the decision bars they make, rules."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Bars as ExactBars
from whalebot.adapters.feeds.bar_file import Gap
from whalebot.adapters.feeds.funding import FundingRate
from whalebot.decisions.analysis.bars import Bars, close_times, data_set_starts
from whalebot.decisions.analysis.resample import can_resample, resample
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.indicators.arrays import FloatArray, IntArray

GAP_BARS: Final = 10
"""More missing time than so many bars of the decision interval is a gap: what follows is a new data set."""


@dataclass(frozen=True, slots=True)
class DatedRules:
    """Order rules of a symbol from `from_ms` (UTC) on, until the next ones begin."""

    from_ms: int
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class DecisionBars:
    """The bars on whose closes decisions are taken. Arrays of equal length.

    `bars`: float64 columns. `close_ms`: decision times. `starts`: rows at which a data set begins. `fills`:
    the row of the finest bar whose open is the first event after the decision; the number of finest bars
    where nothing follows.
    """

    interval: str
    bars: Bars
    close_ms: IntArray
    starts: IntArray
    fills: IntArray

    def __len__(self) -> int:
        return len(self.bars)


@dataclass(frozen=True, slots=True)
class SymbolData:
    """Everything known of one symbol.

    `fine`: the finest bars, exact integers; the path of prices. `rules`: ascending, the first valid at the
    first bar. `funding`: settled rates, None where they are not known (then funding is 0). `mark`: exact bars
    of the mark price; None: the mark is the last price. `higher`: bars of higher timeframes that begin
    earlier than `decisions` could make them; those not given are made of the decision bars. `gaps`: every
    hole in the finest bars. `breaks`: rows of `fine` at which a new data set begins, without row 0.
    `digests`: (file name, SHA-256) of what was read.
    """

    symbol: str
    fine: ExactBars
    decisions: DecisionBars
    rules: tuple[DatedRules, ...]
    funding: tuple[FundingRate, ...] | None = None
    mark: ExactBars | None = None
    higher: Mapping[str, Bars] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    breaks: tuple[int, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """The symbols of one run, traded on one account, in the order of their names in the command.

    Entries count only from `trade_from_ms` on (UTC); bars before it warm up. None: from the first bar.
    """

    interval: str
    symbols: tuple[SymbolData, ...]
    trade_from_ms: int | None = None


def make_symbol_data(
    fine: ExactBars,
    interval: str,
    rules: Sequence[DatedRules],
    *,
    funding: Sequence[FundingRate] | None = None,
    mark: ExactBars | None = None,
    gaps: Sequence[Gap] = (),
    digests: Sequence[tuple[str, str]] = (),
) -> SymbolData:
    """Return a symbol with its decision bars made. Raises ConfigError where `interval` cannot be made."""
    starts = data_set_starts(fine.open_ms, fine.interval, interval)
    return SymbolData(
        symbol=fine.symbol,
        fine=fine,
        decisions=decision_bars(fine, interval, fine.symbol),
        rules=tuple(rules),
        funding=None if funding is None else tuple(funding),
        mark=mark,
        gaps=tuple(gaps),
        breaks=tuple(int(row) for row in starts[1:]),
        digests=tuple(digests),
    )


def decision_bars(fine: ExactBars, interval: str, name: str) -> DecisionBars:
    """Return the bars of `interval` that exact bars make, joined inside each data set only.

    name: what the bars are of, for the error. Raises ConfigError where they do not fill the interval.
    """
    starts = data_set_starts(fine.open_ms, fine.interval, interval)
    # Joined as whole numbers, so that sums of volume are exact.
    units = Bars(fine.open_ms, *_as_floats(fine.open, fine.high, fine.low, fine.close, fine.volume))
    if interval != fine.interval:
        units, starts = _longer(units, fine.interval, interval, starts, name)
    bars = _scaled(units, fine.price_decimals, fine.volume_decimals)
    closes = close_times(bars.open_ms, interval)
    fills = np.searchsorted(fine.open_ms, closes, side="left").astype(np.int64)
    return DecisionBars(interval, bars, closes, np.asarray(starts, dtype=np.int64), fills)


def _longer(
    fine: Bars, fine_interval: str, interval: str, starts: IntArray, name: str
) -> tuple[Bars, IntArray]:
    if not can_resample(fine_interval, interval):
        raise ConfigError(
            f"{name}: bars of interval {fine_interval} cannot make interval {interval};"
            f" choose a multiple of {fine_interval} with --interval"
        )
    edges = [*starts.tolist(), len(fine)]
    parts = [
        resample(fine.part(first, end), fine_interval, interval) for first, end in itertools.pairwise(edges)
    ]
    whole = [part for part in parts if len(part)]
    if not whole:
        raise ConfigError(f"{name}: holds no complete bar of interval {interval}")
    return _joined(whole), np.cumsum([0, *(len(part) for part in whole[:-1])]).astype(np.int64)


def _as_floats(*columns: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    open_, high, low, close, volume = (column.astype(np.float64) for column in columns)
    return open_, high, low, close, volume


def _scaled(bars: Bars, price_decimals: int, volume_decimals: int) -> Bars:
    """Turn bars in units, made for this, into the nearest float64 of each price (quote) and volume (base)."""
    prices = (bars.open, bars.high, bars.low, bars.close)
    # In place: copies of a long history would stay in the heap.
    for column, decimals in (*((price, price_decimals) for price in prices), (bars.volume, volume_decimals)):
        np.divide(column, 10.0**decimals, out=column)
    return bars


def _joined(parts: Sequence[Bars]) -> Bars:
    names = ("open", "high", "low", "close", "volume")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return Bars(np.concatenate([part.open_ms for part in parts]), *columns)
