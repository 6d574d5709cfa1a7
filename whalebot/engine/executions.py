"""Asks the venue for executions: one question a symbol at a time, none from later than all is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whalebot.domain.effects import FetchExecutions
from whalebot.domain.events import ExecutionsFetched
from whalebot.domain.known import Unknown
from whalebot.domain.orders import Execution, FundingPayment
from whalebot.engine.context import Context
from whalebot.engine.signals import SymbolSignals


class ExecutionDesk:
    """`due`: since when (venue time, ms UTC) a symbol is asked about; absent once the answer is here."""

    def __init__(self, ctx: Context, signals: Mapping[str, SymbolSignals]) -> None:
        self._ctx = ctx
        self._signals = signals
        self.due: dict[str, int] = {}
        self._asked_ms: dict[str, int] = {}
        self._once_more: set[str] = set()

    def fetch(self, symbol: str, since_ms: int) -> None:
        """Ask what was executed since a time, and remember it until the answer is here.

        An answer leaves no hole, since it never starts later than all is known. While one question is on its
        way the next waits for its answer: fills that come by the dozen ask twice, not dozens of times.
        """
        since_ms = min(since_ms, self.due.get(symbol, since_ms))
        self.due[symbol] = since_ms
        now_ms, timeout_ms = self._ctx.clock.real_ms, self._ctx.settings.timing.snapshot_timeout_ms
        asked_ms = self._asked_ms.get(symbol)
        if asked_ms is not None and now_ms - asked_ms < timeout_ms:
            self._once_more.add(symbol)
            return
        self._asked_ms[symbol] = now_ms
        self._once_more.discard(symbol)
        self._ctx.timers.arm(("executions", symbol), now_ms + timeout_ms)
        told_to_ms = self._signals[symbol].told_to_ms
        self._ctx.emit(FetchExecutions(symbol, since_ms if told_to_ms is None else min(since_ms, told_to_ms)))

    def on_answer(self, event: ExecutionsFetched) -> bool:
        """Take an answer whose executions were applied already; True when it told all that was asked for."""
        symbol, answer = event.symbol, event.executions
        self._asked_ms.pop(symbol, None)
        if isinstance(answer, Unknown):
            self._ctx.trouble("executions_unknown", answer.reason, symbol)
            retry_ms = self._ctx.clock.real_ms + self._ctx.settings.feed.retry_ms
            self._ctx.timers.arm(("executions", symbol), retry_ms)
            return False
        self._ctx.recovered("executions_unknown", symbol)
        self._ctx.timers.cancel(("executions", symbol))
        self._note_told(event, answer.value)
        if symbol in self._once_more:
            self.fetch(symbol, event.since_ms)
            return False
        if event.since_ms <= self.due.get(symbol, event.since_ms):
            self.due.pop(symbol, None)
        return True

    def _note_told(self, event: ExecutionsFetched, told: Sequence[Execution | FundingPayment]) -> None:
        signals = self._signals[event.symbol]
        if told and event.since_ms <= (signals.told_to_ms or 0):
            newest_ms = max(self._ctx.clock.trusted(item.ts_ms) for item in told)
            self._ctx.dirty |= signals.told_all(newest_ms)

    def on_timer(self, symbol: str) -> None:
        """Ask again for what could not be fetched, or for what no answer came."""
        since_ms = self.due.get(symbol)
        if since_ms is not None:
            self.fetch(symbol, since_ms)
