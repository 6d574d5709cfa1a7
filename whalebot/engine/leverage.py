"""The venue's leverage of each symbol: set once, while there is neither position nor order."""

from __future__ import annotations

from collections.abc import Set
from decimal import Decimal

from whalebot.domain.effects import SetLeverage
from whalebot.domain.events import LeverageAnswered
from whalebot.domain.orders import AccountSnapshot
from whalebot.engine.context import Context


class LeverageDesk:
    """Knows what the venue has and asks for what is configured, capped by the instrument."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[str, Decimal] = {}

    def is_set(self, symbol: str) -> bool:
        """True when the venue confirmed the leverage that sizing counts on."""
        return self._known.get(symbol) == self._wanted(symbol)

    def on_snapshot(self, snapshot: AccountSnapshot, in_use: Set[str]) -> None:
        """Learn what the venue has; ask for a change where a symbol is free of positions and orders."""
        for report in snapshot.positions:
            if report.leverage is not None:
                self._known[report.symbol] = report.leverage
        if not self._ctx.settings.trade.enabled:
            return
        busy = in_use | {order.symbol for order in snapshot.orders}
        for symbol in self._ctx.settings.symbols:
            if symbol in self._ctx.instruments and symbol not in busy and not self.is_set(symbol):
                self._ctx.emit(SetLeverage(symbol, self._wanted(symbol)))

    def on_answer(self, event: LeverageAnswered) -> None:
        """Take the answer to SetLeverage."""
        if event.done:
            self._known[event.symbol] = event.leverage
            self._ctx.recovered("leverage_refused", event.symbol)
        else:
            self._ctx.trouble("leverage_refused", event.reason, event.symbol)

    def _wanted(self, symbol: str) -> Decimal:
        wanted = self._ctx.settings.trade.leverage
        instrument = self._ctx.instruments.get(symbol)
        return wanted if instrument is None else min(wanted, instrument.max_leverage)
