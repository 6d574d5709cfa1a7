"""Keeps the engine and the venue of one mind: streams, snapshots, lost executions, leverage, readiness."""

from __future__ import annotations

from typing import Final

from whalebot.domain.effects import FetchInstruments, FetchSnapshot
from whalebot.domain.enums import Level, Stream
from whalebot.domain.events import (
    ExecutionsFetched,
    InstrumentsFetched,
    SnapshotFetched,
    StreamDown,
    StreamUp,
    VenueBlocked,
)
from whalebot.domain.intervals import iso_utc
from whalebot.domain.known import Unknown
from whalebot.domain.orders import AccountSnapshot, Purpose
from whalebot.engine.account import Account
from whalebot.engine.context import Context
from whalebot.engine.differences import Differences
from whalebot.engine.executions import ExecutionDesk
from whalebot.engine.leverage import LeverageDesk
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager
from whalebot.engine.reconcile import Finding, Held, Verdict, compare
from whalebot.engine.signals import SymbolSignals

IN_FLIGHT: Final = "an order is in flight"
_INSTRUMENTS_EVERY_MS: Final = 12 * 3_600_000
_STALE_ROUNDS: Final = 3
# Real time by which our reading of market time may run ahead of the venue's stamps.
_BEFORE_SENT_MS: Final = 1_000


class Sync:
    """Start and recovery share this path: subscribe, snapshot, executions, compare, and only then trade."""

    def __init__(
        self,
        ctx: Context,
        tracker: OrderTracker,
        positions: PositionManager,
        account: Account,
        signals: dict[str, SymbolSignals],
        differences: Differences,
        leverage: LeverageDesk,
        executions: ExecutionDesk,
    ) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._positions = positions
        self._account = account
        self._signals = signals
        self.differences = differences
        self.executions = executions
        self._up: dict[Stream, str] = {}
        self._down_since: dict[Stream, tuple[int, str]] = {}
        self._asked: int | None = None
        self._asked_ms = 0
        self._asked_after = (0, 0)
        self._newest_asked: dict[str, int] = {}
        self._leverage = leverage
        self.reconciled_ms: int | None = None
        self.storage_fault = ""

    # --- readiness ------------------------------------------------------------------------------------

    def blocked_by(self, symbol: str) -> tuple[str, ...]:
        """Return what must be known or mended before an entry of this symbol."""
        reasons = [f"{s.value} stream is down" for s in Stream if s not in self._up]
        if self._ctx.clock.real_ms < self._ctx.blocked_until_ms:
            reasons.append("the venue refuses this address")
        stale_ms = _STALE_ROUNDS * self._ctx.settings.timing.reconcile_ms
        if self.reconciled_ms is None:
            reasons.append("not reconciled with the venue yet")
        elif self._ctx.clock.real_ms - self.reconciled_ms > stale_ms:
            reasons.append("the last comparison with the venue is too old")
        reasons += self.differences.blocked_by(symbol)
        if symbol in self._ctx.mode_changed:
            reasons.append("the account's position mode has changed; restart to trade in it")
        if any(t.in_doubt for t in self._tracker.in_flight(symbol)):
            reasons.append("the outcome of an order is unknown")
        elif self._tracker.in_flight(symbol):
            reasons.append(IN_FLIGHT)
        if not self._leverage.is_set(symbol):
            reasons.append("leverage not confirmed")
        if self.storage_fault:
            reasons.append(f"cannot write to disk: {self.storage_fault}")
        if self._ctx.stopping:
            reasons.append("shutting down")
        return tuple(reasons)

    def streams(self) -> tuple[tuple[str, bool, str], ...]:
        """Return (name, up, why not) of each stream."""
        return tuple(
            (s.value, s in self._up, "" if s in self._up else self._down_since.get(s, (0, "starting"))[1])
            for s in Stream
        )

    def on_stream_up(self, event: StreamUp) -> None:
        """A stream is back: after a private one everything about us is asked for."""
        outage = self._down_since.pop(event.stream, None)
        self._up[event.stream] = ""
        self._ctx.timers.cancel(("outage", event.stream.value))
        lasted = f" after {(event.recv_ms - outage[0]) / 1000:.1f} s" if outage else ""
        self._ctx.notice(Level.INFO, "stream_up", f"{event.stream.value} stream up{lasted}")
        if event.stream is Stream.PRIVATE:
            self.reconciled_ms = None
            # What was asked before the outage may tell of before it.
            self._asked = None
            self.resync()

    def on_stream_down(self, event: StreamDown) -> None:
        """A stream is lost: nothing is opened until it is back and reconciled."""
        if self._up.pop(event.stream, None) is not None or event.stream not in self._down_since:
            self._down_since[event.stream] = (event.recv_ms, event.reason)
            self._ctx.notice(Level.WARNING, "stream_down", f"{event.stream.value}: {event.reason}")
            alert_at = event.recv_ms + self._ctx.settings.timing.outage_alert_ms
            self._ctx.timers.arm(("outage", event.stream.value), alert_at)
        if event.stream is Stream.PRIVATE:
            self.reconciled_ms = None

    def on_outage_timer(self, stream: str) -> None:
        """A stream stays away for long: tell the owner."""
        _, reason = self._down_since.get(Stream(stream), (0, ""))
        seconds = self._ctx.settings.timing.outage_alert_ms // 1000
        text = f"{reason}; no entries until it is back, stops stay at the venue"
        self._ctx.alert(Level.WARNING, "outage", f"{stream} stream down for more than {seconds} s", text)

    def on_blocked(self, event: VenueBlocked) -> None:
        """The venue refuses our address: nothing can be sent for a while."""
        self._ctx.blocked_until_ms = event.until_ms
        self._ctx.timers.arm("blocked", event.until_ms)
        self._ctx.alert(
            Level.CRITICAL,
            "venue_blocked",
            "the venue refuses this address",
            f"{event.reason}; nothing is sent until {iso_utc(event.until_ms)}, stops stay there. Too many "
            "requests came from this address, or it lies in a region that is not served",
        )

    def on_unblocked(self) -> None:
        """Requests are sent again: ask what became of everything."""
        self._ctx.notice(Level.INFO, "venue_unblocked", "sending requests to the venue again")
        self.resync()

    # --- asking ---------------------------------------------------------------------------------------

    def ask_rules(self) -> None:
        """Ask for the order rules of all symbols."""
        self._ctx.emit(FetchInstruments())

    def resync(self, only: str | None = None) -> None:
        """Ask what happened since all was known and to orders in flight, and for a snapshot.

        only: the one symbol to ask about, None for all.
        """
        for symbol in self._signals if only is None else (only,):
            in_flight = self._tracker.in_flight(symbol)
            # Fills of what is in flight may be missing, and what ended them already.
            margin_ms = round(_BEFORE_SENT_MS * self._ctx.settings.feed.time_scale)
            created = [t.memory.intent.created_ms for t in in_flight]
            known_to = [created_ms - margin_ms for created_ms in created if created_ms > 0]
            told_to_ms = self._signals[symbol].told_to_ms
            if told_to_ms is not None:
                known_to.append(told_to_ms)
            if known_to:
                self.executions.fetch(symbol, min(known_to))
            for tracked in in_flight:
                self._tracker.look_up(tracked.memory.intent.order_link_id)
        self.ask_snapshot()

    def after_settled(self, symbol: str) -> None:
        """An order of the last run is settled: what waited for it need not wait for the next comparison."""
        if not self._leverage.is_set(symbol):
            self.ask_snapshot()

    def after_fill(self) -> None:
        """A fill is told: while the private stream is away only a question shows that its stop is there."""
        if Stream.PRIVATE not in self._up:
            self.ask_snapshot()

    def ask_snapshot(self) -> None:
        """Ask for positions, orders and wallet, unless the question is on its way."""
        timing, now = self._ctx.settings.timing, self._ctx.clock.real_ms
        if self._asked is not None and now - self._asked_ms < timing.snapshot_timeout_ms:
            return
        self._asked, self._asked_ms = self._ctx.next_request_no(), now
        self._asked_after = (self._account.reports, self._ctx.clock.last_event_ms)
        self._newest_asked = {symbol: signals.newest_ms for symbol, signals in self._signals.items()}
        self._ctx.emit(FetchSnapshot(self._asked))
        self._ctx.timers.arm("reconcile", now + timing.reconcile_ms)

    # --- answers --------------------------------------------------------------------------------------

    def on_instruments(self, event: InstrumentsFetched) -> None:
        """Take the rules; ask again soon where there is no answer, else in 12 hours."""
        answer = event.instruments
        if isinstance(answer, Unknown):
            self._ctx.trouble("instruments_unknown", answer.reason)
            self._ctx.timers.arm("instruments", event.recv_ms + self._ctx.settings.feed.retry_ms)
            return
        self._ctx.recovered("instruments_unknown")
        learnt = {i.symbol for i in answer.value} - self._ctx.instruments.keys()
        for instrument in answer.value:
            self._ctx.instruments[instrument.symbol] = instrument
        if self.reconciled_ms is not None and not all(map(self._leverage.is_set, learnt)):
            # The snapshot that came first could not set it: the greatest leverage was not known.
            self.ask_snapshot()
        for symbol in list(self._positions.holdings):
            if not self._tracker.has(symbol, Purpose.ENTRY):
                self._positions.anchor(symbol)
        missing = [s for s in self._ctx.settings.symbols if s not in self._ctx.instruments]
        if missing:
            self._ctx.alert(
                Level.CRITICAL,
                "no_instrument",
                "unknown symbol",
                f"{', '.join(missing)} not listed at the venue",
            )
        self._ctx.timers.arm("instruments", event.recv_ms + _INSTRUMENTS_EVERY_MS)

    def on_executions(self, event: ExecutionsFetched) -> None:
        """Executions of a symbol were fetched (and already applied), or could not be."""
        if self.executions.on_answer(event) and self.differences.rounds_of(event.symbol) == 1:
            # Later rounds have their pace: what is told late must not be taken for what nobody explains.
            self.ask_snapshot()

    def awaits(self, request_no: int) -> bool:
        """True for the answer that was asked for last."""
        return request_no == self._asked

    def on_snapshot(self, event: SnapshotFetched) -> None:
        """Compare the venue's picture with ours, and act on each difference."""
        if not self.awaits(event.request_no):
            return
        self._asked = None
        answer = event.snapshot
        if isinstance(answer, Unknown):
            self._ctx.trouble("snapshot_unknown", answer.reason)
            self._ctx.timers.arm("reconcile", event.recv_ms + self._ctx.settings.feed.retry_ms)
            return
        self._ctx.recovered("snapshot_unknown")
        self._account.on_answer(answer.value.wallet, *self._asked_after)
        for report in answer.value.positions:
            self._positions.on_report(report)
        busy = self._busy(answer.asked_ms)
        for finding in self._findings(answer.value, busy):
            symbol = finding.symbol
            if finding.verdict is Verdict.MATCH and symbol not in busy:
                self._ctx.dirty |= self._signals[symbol].told_all(self._newest_asked.get(symbol, 0))
            self.differences.act(finding, self.executions.fetch)
        self._settle(answer.value, event.recv_ms)

    def _busy(self, asked_ms: int) -> frozenset[str]:
        """Return the symbols with an order in flight, a question, or a fill since `asked_ms`, local time."""
        holdings = self._positions.holdings
        busy = {t.symbol for t in self._tracker.in_flight()} | self.executions.due.keys()
        busy |= {s for s, h in holdings.items() if h.last_fill_real_ms >= asked_ms}
        return frozenset(busy | {s for s, at in self._positions.closed_real_ms.items() if at >= asked_ms})

    def _findings(self, snapshot: AccountSnapshot, busy: frozenset[str]) -> tuple[Finding, ...]:
        holdings = self._positions.holdings
        ours = {s: Held(self._positions.held_qty(s), h.memory.position_idx) for s, h in holdings.items()}
        return compare(self._ctx.settings.symbols, snapshot.positions, ours, busy)

    def _settle(self, snapshot: AccountSnapshot, recv_ms: int) -> None:
        in_use = self._positions.holdings.keys() | {t.symbol for t in self._tracker.in_flight()}
        self._leverage.on_snapshot(snapshot, in_use)
        if self.executions.due or not self._account.settled:
            self._ctx.timers.arm("reconcile", recv_ms + self._ctx.settings.feed.retry_ms)
        if self.executions.due:
            return
        if Stream.PRIVATE in self._up:
            if self.reconciled_ms is None:
                self._ctx.notice(
                    Level.INFO, "reconciled", "positions, orders and wallet agree with the venue"
                )
            self.reconciled_ms = recv_ms
