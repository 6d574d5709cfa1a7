"""Positions of somebody else: protected, left alone or closed, as the owner chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from whalebot.decisions.risk.settings import Adopt
from whalebot.decisions.risk.stops import initial_levels
from whalebot.domain.enums import ClosedBy, Level, Side
from whalebot.domain.orders import Execution, PositionReport
from whalebot.domain.state import PositionMemory
from whalebot.engine.context import Context
from whalebot.engine.holding import Holding, beyond
from whalebot.engine.market import SymbolMarket
from whalebot.engine.protection import Protection

_ZERO = Decimal(0)


class ForeignDesk:
    """Takes foreign positions up among the holdings. The callables are those of the position manager."""

    def __init__(
        self,
        ctx: Context,
        markets: dict[str, SymbolMarket],
        holdings: dict[str, Holding],
        protection: Protection,
        close: Callable[[str, ClosedBy], None],
        atr_of: Callable[[str], float],
    ) -> None:
        self._ctx = ctx
        self._markets = markets
        self._holdings = holdings
        self._protection = protection
        self._close = close
        self._atr_of = atr_of

    @property
    def adopts(self) -> Adopt:
        """How to treat a position of somebody else; where trading is switched off nothing is ordered."""
        rules = self._ctx.settings.trade
        return rules.adopt if rules.enabled else Adopt.IGNORE

    def adopt(self, report: PositionReport) -> None:
        """Take note of a position nobody here opened, and treat it as the owner chose."""
        if report.side is None or report.avg_price is None:
            return
        clock = self._ctx.clock
        memory = _foreign_memory(report, clock.now_ms or clock.reached_ms)
        holding = Holding(memory, venue_stop=report.stop_loss, venue_target=report.take_profit)
        how = self.adopts
        holding.ignored = how is Adopt.IGNORE
        self._holdings[report.symbol] = holding
        self._ctx.dirty = True
        self._ctx.alert(
            Level.WARNING,
            "foreign_position",
            f"{report.symbol}: a position that is not ours",
            f"{report.side.value} {report.qty} at {report.avg_price}, stop {report.stop_loss}: {how.value}",
        )
        if not holding.ignored:
            self.treat(holding)

    def treat(self, holding: Holding) -> None:
        """Close it, or give it a stop as far from the present price as our own would be."""
        symbol = holding.memory.symbol
        if self.adopts is Adopt.CLOSE:
            self._close(symbol, ClosedBy.FOREIGN)
            return
        if holding.venue_stop is not None:
            return
        retry_ms = self._ctx.clock.real_ms + self._ctx.settings.timing.stop_limit_ms
        self._ctx.timers.arm(("protect", symbol), retry_ms)
        atr, price = self._atr_of(symbol), self._markets[symbol].last_price
        instrument = self._ctx.instruments.get(symbol)
        if instrument is None or atr <= 0 or price is None:
            return
        if holding.memory.stop is None or beyond(holding.memory, holding.memory.stop, price):
            multiple = self._ctx.settings.trade.stop_loss_atr
            stop, _ = initial_levels(instrument, holding.memory.side, float(price), atr, multiple, 0.0)
            holding.memory = replace(holding.memory, stop=stop)
            self._ctx.dirty = True
        holding.refused_stop = None
        self._protection.want(holding)


def is_other_side(hedged: bool, holding: Holding | None, fill: Execution) -> bool:
    """True for a fill of the side that is not held, where the account may hold both (`hedged`)."""
    if holding is None or not hedged:
        return False
    opens = fill.closed_qty == 0
    return holding.memory.position_idx != (1 if (fill.side is Side.BUY) == opens else 2)


def _foreign_memory(report: PositionReport, now_ms: int) -> PositionMemory:
    side = report.side or Side.BUY
    value = (report.avg_price or _ZERO) * report.qty
    buys = side is Side.BUY
    return PositionMemory(
        symbol=report.symbol,
        side=side,
        entry_link_id="",
        first_exec_id="",
        opened_ms=now_ms,
        entry_score=None,
        breakdown=(),
        atr=0.0,
        initial_stop=None,
        target=None,
        stop=report.stop_loss,
        best_price=None,
        worst_price=None,
        stop_moved=False,
        bars_held=0,
        bought=value if buys else _ZERO,
        bought_qty=report.qty if buys else _ZERO,
        sold=_ZERO if buys else value,
        sold_qty=_ZERO if buys else report.qty,
        fees=_ZERO,
        funding=_ZERO,
        link_ids=(),
        closing_as=None,
        foreign=True,
        leverage=report.leverage or Decimal(1),
        position_idx=report.position_idx,
        reconciled=True,
    )
