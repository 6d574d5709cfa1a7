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
from whalebot.research.column.slots import NEVER, Position, Positions, Rule, Rules, filled
from whalebot.research.dataset import Dataset, SymbolData

Scalar = TypeVar("Scalar", bound=np.generic)


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
    """The bars, rules and funding of all symbols, one after another; `pos` holds where each begins.

    `curve_open_ms`: opens of the bars at whose closes the equity is looked at; `length_ms`: of each bar.
    """

    units: tuple[Units, ...]
    bars: tuple[IntArray, IntArray, IntArray, IntArray, IntArray]
    row_ms: IntArray
    marks: FloatArray
    fund_ms: IntArray
    fund_cash: FloatArray
    gaps: IntArray
    rules: Rules
    pos: Positions
    curve_open_ms: IntArray
    length_ms: int
    funding: tuple[Funding, ...]

    @property
    def curve_ms(self) -> IntArray:
        """Times of the equity curve, made anew each time."""
        return self.curve_open_ms + self.length_ms


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
    length, by_rows = interval_ms(fine[0].interval), data.interval != fine[0].interval
    open_ms = joined([bars.open_ms for bars in fine])
    return Tape(
        units=units,
        bars=(
            open_ms,
            joined([bars.open for bars in fine]),
            joined([bars.high for bars in fine]),
            joined([bars.low for bars in fine]),
            joined([bars.close for bars in fine]),
        ),
        # Where every bar decides, the opens that are read anyway tell when.
        row_ms=joined([row.close_ms for row in rows]) if by_rows else open_ms,
        marks=_marks(data),
        fund_ms=joined([row.ts_ms for row in funding]),
        fund_cash=joined([np.array([float(cash) for cash in row.cash]) for row in funding]),
        gaps=joined(gaps),
        rules=_rules_of(data.symbols, units, leverage),
        pos=_positions(data.symbols, units, [len(row.ts_ms) for row in funding], 0 if by_rows else length),
        curve_open_ms=_opens([bars.open_ms for bars in fine]),
        length_ms=length,
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


def _opens(opens: Sequence[IntArray]) -> IntArray:
    return joined(opens) if len(opens) == 1 else np.unique(np.concatenate(opens))


def _units_of(symbol: SymbolData) -> Units:
    ticks = [decimals_of(row.instrument.tick_size) for row in symbol.rules]
    steps = [decimals_of(row.instrument.qty_step) for row in symbol.rules]
    price = max(symbol.fine.price_decimals, *ticks)
    scale = int(10 ** (price - symbol.fine.price_decimals))
    if int(symbol.fine.high.max()) * scale >= 1 << 40:
        raise ConfigError(f"{symbol.symbol}: prices with {price} decimals are too wide; choose --tier event")
    return Units(price, max(steps), scale)


def _rules_of(symbols: Sequence[SymbolData], units: Sequence[Units], leverage: Decimal) -> Rules:
    found = []
    for symbol, u in zip(symbols, units, strict=True):
        for row in symbol.rules:
            grid = row.instrument
            if grid.status != "Trading":
                raise ConfigError(
                    f"{grid.symbol}: {grid.status}, which no entry survives; choose --tier event"
                )
            found.append(
                {
                    "from_ms": _told_ms(symbol, row.from_ms),
                    "tick": int(grid.tick_size.scaleb(u.price)),
                    "step": int(grid.qty_step.scaleb(u.qty)),
                    "tick_f": float(grid.tick_size),
                    "step_f": float(grid.qty_step),
                    "min_qty": float(grid.min_qty),
                    "max_qty": float(grid.max_qty),
                    "max_market": float(grid.max_market_qty),
                    "min_notional": float(grid.min_notional),
                    "leverage": float(min(leverage, grid.max_leverage)),
                }
            )
    rules: Rules = filled(Rule, found)
    return rules


def _told_ms(symbol: SymbolData, from_ms: int) -> int:
    """Return when order rules are told: where bars are missing, with the first price after."""
    open_ms = symbol.fine.open_ms
    row = int(open_ms.searchsorted(from_ms - interval_ms(symbol.fine.interval), "right"))
    return from_ms if row == len(open_ms) else max(from_ms, int(open_ms[row]))


def _positions(symbols: Sequence[SymbolData], units: Sequence[Units], funds: Sequence[int], lag: int) -> Any:
    times = [symbol.fine.open_ms for symbol in symbols]
    in_step = all(np.array_equal(times[0], other) for other in times[1:])
    found, begins = [], dict.fromkeys(("bar", "row", "rule", "fund", "gap"), 0)
    for symbol, u, settlements in zip(symbols, units, funds, strict=True):
        lengths = (len(symbol.fine.open_ms), len(symbol.decisions), len(symbol.rules), settlements)
        ends = {
            name: begins[name] + length
            for name, length in zip(begins, (*lengths, len(symbol.breaks)), strict=True)
        }
        found.append(
            begins
            | {f"{name}_end": end for name, end in ends.items()}
            | {
                "bar_first": begins["bar"],
                "next_ms": int(symbol.fine.open_ms[0]),
                "opening": int(symbol.fine.open[0]),
                "close_ms": NEVER,
                "entered_ms": NEVER,
                "left_row": -1,
                "turn": -1,
                "settled": 1,
                "in_step": in_step,
                "length": interval_ms(symbol.fine.interval),
                "lag": lag,
                "scale": u.scale,
                "price_scale": 10.0**u.price,
                "qty_scale": 10.0**u.qty,
            }
        )
        begins = ends
    return filled(Position, found)
