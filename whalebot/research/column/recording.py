"""From the rows of a compiled pass to exact trades: prices from whole ticks, sums without rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.performance.trade_builder import make_trade
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.intervals import interval_ms
from whalebot.domain.state import PositionMemory
from whalebot.domain.trade import ClosedTrade
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

_ZERO: Final = Decimal(0)

Reading = tuple[float, tuple[tuple[str, float], ...]]
"""Score and breakdown of a decision."""


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
    pnl: float
    fees: float
    funding: float


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes the closed trades of one run.

    `reading` gives score and breakdown of (symbol number, row of decisions).
    """

    data: Dataset
    units: tuple[Units, ...]
    funding: tuple[Funding, ...]
    settings: BacktestSettings
    reading: Callable[[int, int], Reading]

    def trades(self, rows: NDArray[np.void]) -> tuple[ClosedTrade, ...]:
        """Return the trades of a pass, in the order they ended."""
        first_bar = np.cumsum([0, *(len(symbol.fine.open_ms) for symbol in self.data.symbols)]).tolist()
        first_row = np.cumsum([0, *(len(symbol.decisions) for symbol in self.data.symbols)]).tolist()
        found = []
        for number, values in enumerate(rows.tolist(), start=1):
            row = _Row._make(values)
            bar, decision = first_bar[row.symbol], first_row[row.symbol]
            found.append(
                self._trade(row, row.entry_bar - bar, row.exit_bar - bar, row.row - decision, number)
            )
        return tuple(found)

    def _trade(self, row: _Row, entry_bar: int, exit_bar: int, decision: int, number: int) -> ClosedTrade:
        symbol = self.data.symbols[row.symbol]
        open_ms = symbol.fine.open_ms
        ends = exit_bar == len(open_ms)
        exit_ms = int(open_ms[-1]) + interval_ms(symbol.fine.interval) if ends else int(open_ms[exit_bar])
        return make_trade(
            self._memory(row, int(open_ms[entry_bar]), exit_ms, decision, number),
            exit_ms=exit_ms,
            exit_level=self.units[row.symbol].price_of(row.level),
            closed_by=REASONS[row.reason],
            mode=self.settings.engine.label,
            config_hash=self.settings.engine.config_hash,
        )

    def _memory(self, row: _Row, opened_ms: int, exit_ms: int, decision: int, number: int) -> PositionMemory:
        symbol, units = self.data.symbols[row.symbol].symbol, self.units[row.symbol]
        side = Side.BUY if row.side > 0 else Side.SELL
        qty = units.qty_of(row.qty)
        opened, closed = units.price_of(row.entry) * qty, units.price_of(row.exit) * qty
        buys = side is Side.BUY
        per_unit = self.funding[row.symbol].paid_per_unit(opened_ms, exit_ms)
        score, breakdown = self.reading(row.symbol, decision)
        link_id = f"column-{symbol}-{number}"
        return PositionMemory(
            symbol=symbol,
            side=side,
            entry_link_id=link_id,
            first_exec_id=link_id,
            opened_ms=opened_ms,
            entry_score=score,
            breakdown=breakdown,
            atr=0.0,
            initial_stop=units.price_of(row.first_stop),
            target=None,
            stop=None,
            best_price=units.price_of(row.best),
            worst_price=units.price_of(row.worst),
            stop_moved=row.reason == at.BY_TRAILING,
            bars_held=row.held,
            bought=opened if buys else closed,
            bought_qty=qty,
            sold=closed if buys else opened,
            sold_qty=qty,
            fees=(opened + closed) * self.settings.taker_fee,
            funding=side.sign * qty * per_unit if per_unit else _ZERO,
            link_ids=(link_id,),
            closing_as=None,
            foreign=False,
            leverage=self.settings.engine.trade.leverage,
        )
