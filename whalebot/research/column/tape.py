"""A data set and its decisions as the flat arrays that the compiled pass reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.market.units import decimals_of
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column.marking import Funding, funding_of, mark_path
from whalebot.research.column.slots import NEVER, Position, Positions, Rule, Rules, records
from whalebot.research.dataset import Dataset, SymbolData

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Decided:
    """What the compiled pass needs of a strategy's decisions on one symbol; arrays as long as its rows."""

    asked: NDArray[np.int8]
    signal: NDArray[np.int8]
    atr: FloatArray


@dataclass(frozen=True, slots=True)
class Units:
    """How whole numbers of one symbol are read: prices × 10^-price, quantities × 10^-qty.

    `scale`: units of the pass in one unit of the file.
    """

    price: int
    qty: int
    scale: int

    def price_of(self, units: int) -> Decimal:
        """Return an exact price."""
        return Decimal(int(units)).scaleb(-self.price)

    def qty_of(self, units: int) -> Decimal:
        """Return an exact quantity."""
        return Decimal(int(units)).scaleb(-self.qty)


@dataclass(frozen=True, slots=True)
class Tape:
    """The bars, rules and funding of all symbols, one after another; `first` holds where each begins."""

    units: tuple[Units, ...]
    bars: tuple[IntArray, IntArray, IntArray, IntArray, IntArray]
    row_ms: IntArray
    fills: IntArray
    price: FloatArray
    marks: FloatArray
    fund_ms: IntArray
    fund_cash: FloatArray
    gaps: IntArray
    rules: Rules
    pos: Positions
    curve_ms: IntArray
    funding: tuple[Funding, ...]


def make_tape(data: Dataset, leverage: Decimal) -> Tape:
    """Return the tape of a data set; with one symbol its arrays are views. Raises ConfigError."""
    units = tuple(_units_of(symbol) for symbol in data.symbols)
    funding = tuple(funding_of(symbol) for symbol in data.symbols)
    fine, rows = [s.fine for s in data.symbols], [s.decisions for s in data.symbols]
    firsts = np.cumsum([0, *(len(bars.open_ms) for bars in fine)])
    gaps = [
        np.array(symbol.breaks, dtype=np.int64) + first
        for symbol, first in zip(data.symbols, firsts, strict=False)
    ]
    length = interval_ms(fine[0].interval)
    return Tape(
        units=units,
        bars=(
            joined([bars.open_ms for bars in fine]),
            joined([bars.open for bars in fine]),
            joined([bars.high for bars in fine]),
            joined([bars.low for bars in fine]),
            joined([bars.close for bars in fine]),
        ),
        row_ms=joined([row.close_ms for row in rows]),
        fills=joined([row.fills for row in rows]),
        price=joined([row.bars.close for row in rows]),
        marks=_marks(data),
        fund_ms=joined([row.ts_ms for row in funding]),
        fund_cash=joined([np.array([float(cash) for cash in row.cash]) for row in funding]),
        gaps=joined(gaps),
        rules=_rules_of(data.symbols, units, leverage),
        pos=_positions(data.symbols, units, [len(row.ts_ms) for row in funding]),
        curve_ms=_closes([bars.open_ms for bars in fine], length),
        funding=funding,
    )


def joined(parts: Sequence[NDArray[Scalar]]) -> NDArray[Scalar]:
    """Return arrays one after another as the compiled pass takes them; a single one is not copied."""
    whole: NDArray[Any] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    # Another layout or a read-only array would be another type to the compiler.
    return np.require(whole, requirements=["C", "W"])


def _marks(data: Dataset) -> FloatArray:
    if all(symbol.mark is None for symbol in data.symbols):
        return np.zeros((0, 4))
    return joined([mark_path(symbol) for symbol in data.symbols])


def _closes(opens: Sequence[IntArray], length: int) -> IntArray:
    if len(opens) == 1:
        return opens[0] + length
    return np.unique(np.concatenate(opens)) + length


def _units_of(symbol: SymbolData) -> Units:
    ticks = [decimals_of(row.instrument.tick_size) for row in symbol.rules]
    steps = [decimals_of(row.instrument.qty_step) for row in symbol.rules]
    price = max(symbol.fine.price_decimals, *ticks)
    scale = int(10 ** (price - symbol.fine.price_decimals))
    if int(symbol.fine.high.max()) * scale >= 1 << 40:
        raise ConfigError(f"{symbol.symbol}: prices with {price} decimals are too wide; choose --tier event")
    return Units(price, max(steps), scale)


def _rules_of(symbols: Sequence[SymbolData], units: Sequence[Units], leverage: Decimal) -> Rules:
    found: Rules = records(Rule, sum(len(symbol.rules) for symbol in symbols))
    spans = [(symbol, row, u) for symbol, u in zip(symbols, units, strict=True) for row in symbol.rules]
    for i, (symbol, row, u) in enumerate(spans):
        grid, rule = row.instrument, found[i]
        if grid.status != "Trading":
            raise ConfigError(f"{grid.symbol}: {grid.status}, which no entry survives; choose --tier event")
        rule.from_ms = _told_ms(symbol, row.from_ms)
        rule.tick, rule.step = int(grid.tick_size.scaleb(u.price)), int(grid.qty_step.scaleb(u.qty))
        rule.tick_f, rule.step_f = float(grid.tick_size), float(grid.qty_step)
        rule.min_qty, rule.max_qty = float(grid.min_qty), float(grid.max_qty)
        rule.max_market, rule.min_notional = float(grid.max_market_qty), float(grid.min_notional)
        rule.leverage = float(min(leverage, grid.max_leverage))
    return found


def _told_ms(symbol: SymbolData, from_ms: int) -> int:
    """Return when order rules are told: where bars are missing, with the first price after."""
    open_ms = symbol.fine.open_ms
    row = int(open_ms.searchsorted(from_ms - interval_ms(symbol.fine.interval), "right"))
    return from_ms if row == len(open_ms) else max(from_ms, int(open_ms[row]))


def _positions(symbols: Sequence[SymbolData], units: Sequence[Units], funds: Sequence[int]) -> Any:
    pos = records(Position, len(symbols))
    counts = {
        "bar": [len(symbol.fine.open_ms) for symbol in symbols],
        "row": [len(symbol.decisions) for symbol in symbols],
        "rule": [len(symbol.rules) for symbol in symbols],
        "fund": funds,
        "gap": [len(symbol.breaks) for symbol in symbols],
    }
    for name, lengths in counts.items():
        edges = np.cumsum([0, *lengths])
        pos[name], pos[f"{name}_end"] = edges[:-1], edges[1:]
    pos["bar_first"] = pos["bar"]
    pos["close_ms"] = pos["entered_ms"] = NEVER
    pos["left_row"] = -1
    pos["settled"] = 1
    times = [symbol.fine.open_ms for symbol in symbols]
    pos["in_step"] = all(np.array_equal(times[0], other) for other in times[1:])
    for i, (symbol, u) in enumerate(zip(symbols, units, strict=True)):
        p = pos[i]
        p.next_ms = symbol.fine.open_ms[0]
        p.length, p.scale = interval_ms(symbol.fine.interval), u.scale
        p.price_scale, p.qty_scale = 10.0**u.price, 10.0**u.qty
    return pos
