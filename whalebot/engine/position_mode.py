"""Watches whether a symbol still has the position mode, one-way or hedge, that it had at the start."""

from __future__ import annotations

from dataclasses import replace

from whalebot.domain.enums import Level
from whalebot.domain.orders import OrderIntent, PositionReport
from whalebot.engine.context import Context
from whalebot.engine.holding import Holding


class ModeWatch:
    """Learns a change from what the venue reports and refuses; `Context.mode_changed` then has the symbol.

    The venue changes the mode of a symbol only while it is flat and has no order, so what is held now was
    opened in the new mode.
    """

    def __init__(self, ctx: Context, holdings: dict[str, Holding]) -> None:
        self._ctx = ctx
        self._holdings = holdings

    def on_report(self, report: PositionReport) -> None:
        """Compare the index of a position at the venue, a flat one too, with the mode we know."""
        # The account may hold symbols that are not traded here.
        if report.symbol not in self._ctx.settings.symbols:
            return
        if (report.position_idx != 0) != self._ctx.is_hedged(report.symbol):
            self._turn(report.symbol)

    def on_refused(self, intent: OrderIntent) -> None:
        """The venue refused an order because its index does not belong to the mode of the symbol."""
        if (intent.position_idx != 0) == self._ctx.is_hedged(intent.symbol):
            self._turn(intent.symbol)

    def _turn(self, symbol: str) -> None:
        changed = self._ctx.mode_changed
        changed ^= {symbol}
        name = "hedge mode" if self._ctx.is_hedged(symbol) else "one-way mode"
        holding = self._holdings.get(symbol)
        if holding is not None:
            idx = self._ctx.hedge_idx(symbol, holding.memory.side)
            holding.memory = replace(holding.memory, position_idx=idx)
            self._ctx.dirty = True
        if symbol not in changed:
            self._ctx.notice(Level.INFO, "position_mode_back", f"held in {name} again", symbol)
            return
        self._ctx.alert(
            Level.CRITICAL,
            "position_mode",
            f"{symbol}: the account is in {name} now",
            "it was changed while the daemon ran: no entries of this symbol until the daemon is restarted or "
            "the mode is changed back; what is open keeps its stop",
        )
