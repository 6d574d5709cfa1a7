"""From the rows of a compiled pass to exact trades: prices from whole ticks, sums without rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.performance.trade_builder import Facts, trade_of
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.intervals import interval_ms
from whalebot.domain.trade import ClosedTrade
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.marking import Funding
from whalebot.research.column.tape import Units
from whalebot.research.dataset import Dataset
from whalebot.research.settings import BacktestSettings

REASONS: Final = {
    at.BY_STOP: ClosedBy.STOP_LOSS,
    at.BY_TARGET: ClosedBy.TAKE_PROFIT,
    at.BY_TRAILING: ClosedBy.TRAILING_STOP,
    at.BY_OPPOSITE: ClosedBy.OPPOSITE_SIGNAL,
    at.BY_REVERSAL: ClosedBy.REVERSAL,
    at.BY_TIME: ClosedBy.TIME_STOP,
    at.BY_KILL: ClosedBy.KILL,
    at.BY_LIQUIDATION: ClosedBy.LIQUIDATION,
    at.BY_END: ClosedBy.END_OF_DATA,
    at.BY_GAP: ClosedBy.DATA_GAP,
}

_AT_LEVELS: Final = (at.BY_STOP, at.BY_TARGET, at.BY_TRAILING)
_ZERO: Final = Decimal(0)

Reading = Callable[[int, IntArray], tuple[FloatArray, dict[str, FloatArray]]]
"""Returns score and its parts of a symbol (by number) at some rows of its decisions, ascending."""


class _Row(NamedTuple):
    symbol: int
    side: int
    qty: int
    entry: int
    exit: int
    level: int
    first_stop: int
    best: int
    worst: int
    held: int
    entry_bar: int
    exit_bar: int
    row: int
    reason: int
    paid_ms: int
    pnl: float
    fees: float
    funding: float


class _When(NamedTuple):
    """Times in ms UTC: open of the first bar, the end as funding counts it and as results have it. `open`:
    the last bar's open in units of the file. `held`: decision bars that closed in between."""

    entry_ms: int
    exit_ms: int
    shown_ms: int
    open: int
    held: int


@dataclass(frozen=True)
class Recorder:
    """Makes the closed trades of one run, one by one as they are asked for.

    rows: the records of the pass.
    """

    data: Dataset
    units: tuple[Units, ...]
    funding: tuple[Funding, ...]
    settings: BacktestSettings
    rows: NDArray[np.void]
    reading: Reading

    @cached_property
    def _told(self) -> list[_Row]:
        return [_Row._make(values) for values in self.rows.tolist()]

    @cached_property
    def _times(self) -> list[_When]:
        found: list[_When] = [_When(0, 0, 0, 0, 0)] * len(self.rows)
        first_bar = 0
        for s, symbol in enumerate(self.data.symbols):
            open_ms, fills = symbol.fine.open_ms, symbol.decisions.fills
            mine = np.flatnonzero(self.rows["symbol"] == s)
            rows, count = self.rows[mine], len(open_ms)
            first, end = rows["entry_bar"] - first_bar, rows["exit_bar"] - first_bar
            last = np.minimum(end, count - 1)
            close_ms = int(open_ms[-1]) + interval_ms(symbol.fine.interval)
            exit_ms = np.where(end == count, close_ms, open_ms[last])
            is_end = rows["reason"] == at.BY_END
            shown_ms = np.where(is_end, exit_ms, open_ms[last])
            exit_ms = np.where(rows["paid_ms"] > 0, rows["paid_ms"], exit_ms)
            until = np.where(is_end, count, last)
            held = fills.searchsorted(until, "right") - fills.searchsorted(first, "right")
            columns = (open_ms[first], exit_ms, shown_ms, symbol.fine.open[last], held)
            for i, values in zip(
                mine.tolist(), zip(*(c.tolist() for c in columns), strict=True), strict=True
            ):
                found[i] = _When._make(values)
            first_bar += count
        return found

    @cached_property
    def _readings(self) -> list[tuple[float, tuple[tuple[str, float], ...]]]:
        found: list[tuple[float, tuple[tuple[str, float], ...]]] = [(0.0, ())] * len(self.rows)
        first_row = 0
        for s, symbol in enumerate(self.data.symbols):
            mine = np.flatnonzero(self.rows["symbol"] == s)
            wanted, places = np.unique(self.rows["row"][mine] - first_row, return_inverse=True)
            scores, parts = self.reading(s, wanted)
            names, columns = tuple(parts), [part[places].tolist() for part in parts.values()]
            values = zip(*columns, strict=True) if columns else [()] * len(mine)
            for i, score, row in zip(mine.tolist(), scores[places].tolist(), values, strict=True):
                found[i] = score, tuple(zip(names, row, strict=True))
            first_row += len(symbol.decisions)
        return found

    def ended_open(self) -> tuple[str, ...]:
        """Return the symbols of the positions that were open at the end of the data."""
        last = self.rows["symbol"][self.rows["reason"] == at.BY_END]
        return tuple(self.data.symbols[s].symbol for s in last.tolist())

    def trade(self, number: int) -> ClosedTrade:
        """Return a trade by its place in the order in which they ended."""
        row, when, (score, breakdown) = self._told[number], self._times[number], self._readings[number]
        symbol, units = self.data.symbols[row.symbol], self.units[row.symbol]
        side, qty = Side.BUY if row.side > 0 else Side.SELL, units.qty_of(row.qty)
        opened, closed = units.price_of(row.entry) * qty, units.price_of(row.exit) * qty
        path = [row.level, row.best, row.worst]
        if row.reason in _AT_LEVELS:
            # Where the open jumped over a stop or a target, the open is the price that ended the trade.
            path.append(when.open * units.scale)
        per_unit = self.funding[row.symbol].paid_per_unit(when.entry_ms, when.exit_ms)
        link_id = f"column-{symbol.symbol}-{number + 1}"
        engine = self.settings.engine
        return trade_of(
            Facts(
                trade_id=link_id,
                mode=engine.label,
                symbol=symbol.symbol,
                side=side,
                entry_ms=when.entry_ms,
                exit_ms=when.shown_ms,
                entry_notional=opened,
                exit_notional=closed,
                qty=qty,
                fees=(opened + closed) * self.settings.taker_fee,
                funding=side.sign * qty * per_unit if per_unit else _ZERO,
                path=[units.price_of(price) for price in (min(path), max(path))],
                initial_stop=units.price_of(row.first_stop),
                leverage=engine.trade.leverage,
                bars_held=when.held,
                closed_by=REASONS[row.reason],
                entry_score=score,
                breakdown=breakdown,
                order_link_ids=(link_id,),
                config_hash=engine.config_hash,
            )
        )
