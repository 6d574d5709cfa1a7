"""A recorded session traded again: the recorded market, a fresh engine, a simulated account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.adapters.recording.codec import START, EventRecord, decode_event
from whalebot.adapters.recording.reader import Journal
from whalebot.domain import effects as ef
from whalebot.domain import events as ev
from whalebot.domain.enums import Stream
from whalebot.domain.errors import ConfigError, VenueRefused
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.orders import OrderIntent
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings
from whalebot.research.comparing.assumptions import Assumptions
from whalebot.research.comparing.market import RecordedMarket, time_of
from whalebot.research.comparing.venue import new_core
from whalebot.runtime.order_actions import OrderActions, RetCodes
from whalebot.runtime.read_actions import ReadActions, Readers

_MARKET: Final = (
    ev.CandleClosed,
    ev.CandleForming,
    ev.TickerChanged,
    ev.BookSnapshot,
    ev.BookDelta,
    ev.BookLost,
    ev.TradesPrinted,
    ev.Liquidated,
    ev.InstrumentsFetched,
)
_TOLD: Final = (
    ev.HistoryFetched,
    ev.ClockSkew,
    ev.Command,
    ev.Reconfigured,
    ev.MarketBroken,
    ev.AccountDue,
    ev.TimerDue,
    ev.StreamUp,
)
"""Told as recorded. Everything of the account and of the disk is left out: the simulation has its own."""
_plain: Final = msgspec.msgpack.Decoder()


@dataclass(slots=True)
class _Request:
    """Something on its way to the exchange: it arrives at `due_ms`, market time."""

    due_ms: int
    effect: Any


class RecordedSession:
    """Trades a recording again; one thread.

    `trades` grow as it runs. `first_ms`: market time at which it begins, ms UTC. `started_with`: symbols
    whose position was open then; the simulation begins without it.
    """

    def __init__(self, journal: Journal, assumed: Assumptions) -> None:
        """Raises ConfigError for a recording whose settings this version cannot read."""
        try:
            settings = msgspec.msgpack.decode(journal.header.settings, type=EngineSettings)
            state = msgspec.msgpack.decode(journal.header.state, type=StateDocument)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{journal.folder}: its settings cannot be read: {error}") from None
        self.trades: list[ClosedTrade] = []
        self.interval = settings.interval
        self.first_ms = 0
        self.started_with = tuple(memory.symbol for memory in state.positions)
        self._journal = journal
        self._latency_ms = assumed.latency_ms
        self._real_ms = journal.header.started_ms
        self._queue: deque[ev.Event] = deque()
        self._requests: deque[_Request] = deque()
        # What is asked about the account is answered once the order rules are known, as at a venue.
        self._questions: deque[ef.Effect] = deque()
        self._knows_rules = False
        symbols = settings.symbols
        core = self._core = new_core(assumed)
        self._account = SimulatedAccount(core, symbols, self, self)
        self._market = RecordedMarket(self._account, symbols, self, assumed)
        self._reads = ReadActions(self, symbols, _raise)
        self._orders = OrderActions(self, RetCodes(), _raise)
        self._readers = Readers(self._account, self)
        flat = replace(state, positions=(), intents=(), unrecorded_trades=())
        timing = replace(settings.timing, view_ms=None, funding_check_ms=None)
        self._engine = Engine(replace(settings, timing=timing, keeps_document=False), flat)
        self._routes = self._make_routes()

    def run(self, hear: Callable[[EventRecord], None] | None = None) -> None:
        """Trade the whole recording. hear: told every record before it is played. Raises ConfigError."""
        self._list_instruments()
        for record in self._journal.records():
            if hear is not None:
                hear(record)
            if record.name == START:
                self._real_ms = int(_plain.decode(record.fields)["real_ms"])
                self._carry_out(self._engine.start(self._real_ms))
            else:
                self._take(_event_of(record))
            self._drain()
        self._arrive(None)
        self._drain()

    # --- what the parts inside ask for ------------------------------------------------------------------

    def put(self, event: ev.Event) -> None:
        """Take what market and exchange say."""
        self._queue.append(event)

    def wait_settled(self, timeout_s: float) -> bool:
        """Everything is acted upon as it comes."""
        return True

    def now_ms(self) -> int:
        """Return the local time of the recording, ms UTC."""
        return self._real_ms

    def server_time_ms(self) -> int:
        """Return the same."""
        return self._real_ms

    def candles(
        self, symbol: str, interval: str, start_ms: int | None, end_ms: int | None, limit: int
    ) -> tuple[Candle, ...]:
        """Return nothing: the recording answers questions about history itself."""
        return ()

    def instruments(self, symbols: Iterable[str]) -> tuple[()]:
        """Return nothing, for the same reason."""
        return ()

    # --- one event --------------------------------------------------------------------------------------

    def _take(self, event: ev.Event) -> None:
        self._real_ms = max(self._real_ms, event.recv_ms)
        if isinstance(event, _MARKET):
            ts_ms = time_of(event)
            if ts_ms is not None:
                self.first_ms = self.first_ms or ts_ms
                self._arrive(ts_ms)
            for intent in self._under_way():
                # A price that comes after the book moves what an order on its way will meet.
                self._market.offer_book(intent.symbol)
            self._market.put(event)
            self._knows_rules = self._knows_rules or isinstance(event, ev.InstrumentsFetched)
        elif isinstance(event, _TOLD) or _is_public_down(event):
            self._queue.append(event)
        else:
            # Time passed all the same: whatever waits for a moment hears of it.
            self._queue.append(ev.TimerDue(event.recv_ms))

    def _list_instruments(self) -> None:
        """Prices may have come before the rules did: the exchange knows the first ones from the beginning."""
        for record in self._journal.records():
            if record.name == ev.InstrumentsFetched.__name__:
                event = _event_of(record)
                if isinstance(event, ev.InstrumentsFetched) and isinstance(event.instruments, Known):
                    self._market.list_all(event.instruments.value)
                    return
        raise ConfigError(f"{self._journal.folder}: holds no order rules, so nothing was traded")

    def _arrive(self, before_ms: int | None) -> None:
        """Let the requests arrive that are due before a market event of `before_ms` (None: all)."""
        while self._requests and (before_ms is None or self._requests[0].due_ms < before_ms):
            request = self._requests.popleft()
            self._core.advance(max(request.due_ms, self._core.read.now_ms))
            self._do(request.effect)
            self._drain()

    def _drain(self) -> None:
        while self._queue:
            self._carry_out(self._engine.process(self._queue.popleft()))

    def _carry_out(self, effects: Iterable[ef.Effect]) -> None:
        for effect in effects:
            if isinstance(effect, ef.SubmitOrder | ef.AmendStop | ef.CancelOrder | ef.SetLeverage):
                self._requests.append(_Request(self._market.now_ms + self._latency_ms, effect))
            elif isinstance(effect, ef.RecordTrade):
                self.trades.append(effect.trade)
                self._queue.append(ev.TradeRecorded(effect.trade.trade_id, self._real_ms))
            elif type(effect) in self._routes:
                self._questions.append(effect)
        if self._knows_rules:
            while self._questions:
                question = self._questions.popleft()
                self._queue.extend(self._routes[type(question)](question))

    def _make_routes(self) -> dict[type, Callable[[Any], Iterable[ev.Event]]]:
        reads, readers = self._reads, self._readers
        return {
            ef.LookUpOrder: self._look_up,
            ef.FetchSnapshot: lambda e: reads.snapshot(e).run(readers),
            ef.FetchExecutions: lambda e: reads.executions(e).run(readers),
            ef.FetchClosings: lambda e: reads.closings(e).run(readers),
            ef.FetchBookings: lambda e: reads.bookings(e).run(readers),
        }

    def _look_up(self, effect: ef.LookUpOrder) -> Iterable[ev.Event]:
        # What is still on its way is not absent.
        if any(intent.order_link_id == effect.order_link_id for intent in self._under_way()):
            return ()
        return self._reads.look_up(effect).run(self._readers)

    def _under_way(self) -> list[OrderIntent]:
        return [r.effect.intent for r in self._requests if isinstance(r.effect, ef.SubmitOrder)]

    def _do(self, effect: Any) -> None:
        account, orders = self._account, self._orders
        if isinstance(effect, ef.SubmitOrder):
            self._market.offer_book(effect.intent.symbol)
            said = self._submit(effect)
        elif isinstance(effect, ef.AmendStop):
            said = orders.amend_stop(effect).run(account)
        elif isinstance(effect, ef.CancelOrder):
            said = orders.cancel(effect).run(account)
        else:
            said = orders.set_leverage(effect).run(account)
        self._queue.extend(said)

    def _submit(self, effect: ef.SubmitOrder) -> Iterable[ev.Event]:
        link_id, now_ms = effect.intent.order_link_id, self._real_ms
        try:
            order_id = self._account.submit(effect.intent)
        except VenueRefused as error:
            return [ev.OrderRefused(link_id, ev.Refusal.REJECTED, error.ret_code, error.message, now_ms)]
        return [ev.OrderAccepted(link_id, order_id, now_ms)]


def _event_of(record: EventRecord) -> ev.Event:
    try:
        return decode_event(record, EngineSettings)
    except ValueError as error:
        raise ConfigError(f"event {record.number}: {error}") from None


def _is_public_down(event: ev.Event) -> bool:
    return isinstance(event, ev.StreamDown) and event.stream is Stream.PUBLIC


def _raise(error: Exception) -> None:
    raise error
