"""What a recorded session asked of the venue, and when each request was there, as the venue tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.recording.codec import EventRecord, decode_effect, decode_event
from whalebot.adapters.recording.reader import Journal
from whalebot.domain import effects as ef
from whalebot.domain import events as ev
from whalebot.domain.errors import ConfigError
from whalebot.domain.known import Known
from whalebot.domain.orders import Execution, FundingPayment, OrderReport
from whalebot.engine.settings import EngineSettings
from whalebot.research.comparing.market import time_of

REQUESTS: Final[dict[str, type]] = {
    kind.__name__: kind for kind in (ef.SubmitOrder, ef.AmendStop, ef.CancelOrder, ef.SetLeverage)
}


@dataclass(slots=True)
class Request:
    """One thing asked of the venue. `decided_ms` and `arrived_ms` are market time, ms UTC.

    `arrived_ms` is None for what never came there or was refused, which the venue does not stamp; `refused`
    tells why. `is_exact`: the venue stamped it; else it is the market time at which the answer was heard.
    `order` tells what came first within one ms. `price`, `bid` and `ask`: what was known of the market when
    it was decided. `fills`: what it traded.
    """

    effect: Any
    decided_ms: int
    arrived_ms: int | None = None
    is_exact: bool = False
    order: int = 0
    price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    refused: str = ""
    fills: list[Execution] = field(default_factory=list)

    @property
    def latency_ms(self) -> int | None:
        """Market time from the decision to the venue; None for what never came there."""
        return None if self.arrived_ms is None else max(0, self.arrived_ms - self.decided_ms)

    def arrive(self, at_ms: int, order: int, is_exact: bool) -> None:
        """Note the arrival; what the venue stamped stands above what was only heard."""
        if self.arrived_ms is None or (is_exact and not self.is_exact):
            self.arrived_ms, self.order, self.is_exact = at_ms, order, is_exact


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement of funding at `at_ms`, ms UTC. `low` and `high`: the least and the greatest price of the
    symbol that was streamed from the mark price before it to the one after it."""

    at_ms: int
    symbol: str
    rate: Decimal
    low: Decimal
    high: Decimal


@dataclass(slots=True)
class RecordedOrders:
    """All requests of a session in the order of their decisions, and all that the venue booked.

    `triggers`: the price at which each order of the venue's own (stops, targets) was to fire, by its id;
    `quotes`: best bid and ask as last seen when it traded first. `ticks`: the tick size of each symbol.
    `fundings`: every settlement of the market in the order in which the ticker told of them.
    """

    requests: list[Request] = field(default_factory=list)
    booked: list[Execution | FundingPayment] = field(default_factory=list)
    triggers: dict[str, Decimal] = field(default_factory=dict)
    ticks: dict[str, Decimal] = field(default_factory=dict)
    fundings: list[Settlement] = field(default_factory=list)
    quotes: dict[str, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)

    @property
    def links(self) -> frozenset[str]:
        """Link ids of all orders that were sent."""
        sent = (request.effect for request in self.requests if isinstance(request.effect, ef.SubmitOrder))
        return frozenset(effect.intent.order_link_id for effect in sent)

    @property
    def arrivals(self) -> list[Request]:
        """The requests that came to the venue, in the order in which they came."""
        came = [request for request in self.requests if request.arrived_ms is not None]
        return sorted(came, key=lambda request: (request.arrived_ms or 0, request.order))


def recorded_orders(journal: Journal) -> RecordedOrders:
    """Read a recording for what it asked and what became of it. Raises ConfigError."""
    reading = _Reading()
    for record in journal.records():
        reading.take(record)
    return reading.finish()


def event_of(record: EventRecord) -> ev.Event:
    """Return the event of a record. Raises ConfigError where this version cannot read it."""
    try:
        return decode_event(record, EngineSettings)
    except ValueError as error:
        raise ConfigError(f"event {record.number}: {error}") from None


class _Reading:
    def __init__(self) -> None:
        self._found = RecordedOrders()
        self._by_link: dict[str, Request] = {}
        self._stops: dict[str, list[Request]] = {}
        self._levers: dict[str, list[Request]] = {}
        self._prices: dict[str, list[Decimal | None]] = {}
        self._seen: set[str] = set()
        self._funding: dict[str, tuple[int | None, Decimal | None]] = {}
        self._spans: dict[str, tuple[Decimal, Decimal]] = {}
        self._now_ms = 0

    def take(self, record: EventRecord) -> None:
        if record.name != "Start":
            self._hear(event_of(record), record.number)
        for name, fields in record.effects:
            if name in REQUESTS:
                self._ask(decode_effect((name, fields), REQUESTS[name]), record.number)

    def finish(self) -> RecordedOrders:
        for request in self._by_link.values():
            request.fills.sort(key=lambda fill: (fill.ts_ms, fill.seq))
        return self._found

    def _hear(self, event: ev.Event, number: int) -> None:
        ts_ms = time_of(event)
        if ts_ms is not None:
            self._now_ms = max(self._now_ms, ts_ms)
        if isinstance(event, ev.TickerChanged):
            known = self._prices.setdefault(event.symbol, [None, None, None])
            now = (event.last_price, event.bid_price, event.ask_price)
            known[:] = [old if new is None else new or None for new, old in zip(now, known, strict=True)]
            self._on_funding(event)
        elif isinstance(event, ev.TradesPrinted):
            self._prices.setdefault(event.symbol, [None, None, None])[0] = event.last
            self._widen(event.symbol, event.low, event.high)
        elif isinstance(event, ev.OrderUpdated):
            self._on_order(event.order, number)
        else:
            self._on_answer(event, number)

    def _on_funding(self, event: ev.TickerChanged) -> None:
        """The venue names the next settlement as soon as one has passed."""
        due_ms, rate = self._funding.get(event.symbol, (None, None))
        if event.mark_price is not None:
            self._widen(event.symbol, event.mark_price, event.mark_price)
        if event.next_funding_ms is not None:
            if due_ms is not None and rate is not None and event.next_funding_ms > due_ms:
                low, high = self._spans.get(event.symbol, (Decimal(0), Decimal(0)))
                self._found.fundings.append(Settlement(due_ms, event.symbol, rate, low, high))
            due_ms = event.next_funding_ms
        self._funding[event.symbol] = (due_ms, rate if event.funding_rate is None else event.funding_rate)
        if event.mark_price is not None:
            self._spans[event.symbol] = (event.mark_price, event.mark_price)

    def _widen(self, symbol: str, low: Decimal, high: Decimal) -> None:
        known = self._spans.get(symbol, (low, high))
        self._spans[symbol] = (min(known[0], low), max(known[1], high))

    def _on_answer(self, event: ev.Event, number: int) -> None:
        if isinstance(event, ev.Filled):
            self._book(event.execution)
        elif isinstance(event, ev.FundingPaid):
            self._book(event.payment)
        elif isinstance(event, ev.ExecutionsFetched) and isinstance(event.executions, Known):
            for row in event.executions.value:
                self._book(row)
        elif isinstance(event, ev.InstrumentsFetched) and isinstance(event.instruments, Known):
            self._found.ticks.update({one.symbol: one.tick_size for one in event.instruments.value})
        elif isinstance(event, ev.OrderAccepted):
            self._arrived(self._by_link.get(event.order_link_id), number)
        elif isinstance(event, ev.OrderRefused) and event.order_link_id in self._by_link:
            self._by_link[event.order_link_id].refused = f"{event.reason} ({event.ret_code})"
        elif isinstance(event, ev.StopAmended):
            self._on_stop(event, number)
        elif isinstance(event, ev.LeverageAnswered):
            for request in self._levers.pop(event.symbol, []):
                self._arrived(request, number)

    def _on_stop(self, event: ev.StopAmended, number: int) -> None:
        for request in self._stops.get(event.symbol, []):
            if request.effect.request_no == event.request_no:
                if event.done:
                    self._arrived(request, number)
                elif event.refused:
                    request.refused = f"{event.reason} ({event.ret_code})"

    def _on_order(self, order: OrderReport, number: int) -> None:
        request = self._by_link.get(order.order_link_id)
        if request is not None:
            request.arrive(order.created_ms, number, is_exact=True)
        if order.trigger_price is None or not order.stop_order_type:
            return
        self._found.triggers[order.order_id] = order.trigger_price
        for waiting in self._stops.get(order.symbol, []):
            wanted = waiting.effect.stop_loss or waiting.effect.take_profit
            if not waiting.is_exact and order.trigger_price == wanted:
                waiting.arrive(order.updated_ms, number, is_exact=True)

    def _book(self, row: Execution | FundingPayment) -> None:
        if row.exec_id in self._seen:
            return
        self._seen.add(row.exec_id)
        self._found.booked.append(row)
        if not isinstance(row, Execution):
            return
        if row.order_link_id in self._by_link:
            self._by_link[row.order_link_id].fills.append(row)
        else:
            _, bid, ask = self._prices.get(row.symbol, (None, None, None))
            self._found.quotes.setdefault(row.order_id, (bid, ask))

    def _arrived(self, request: Request | None, number: int) -> None:
        if request is not None:
            request.arrive(self._now_ms, number, is_exact=False)

    def _ask(self, effect: Any, number: int) -> None:
        symbol = effect.intent.symbol if isinstance(effect, ef.SubmitOrder) else effect.symbol
        price, bid, ask = self._prices.get(symbol, (None, None, None))
        request = Request(effect, self._now_ms, price=price, bid=bid, ask=ask)
        self._found.requests.append(request)
        if isinstance(effect, ef.SubmitOrder):
            self._by_link[effect.intent.order_link_id] = request
        elif isinstance(effect, ef.AmendStop):
            self._stops.setdefault(symbol, []).append(request)
        elif isinstance(effect, ef.SetLeverage):
            self._levers.setdefault(symbol, []).append(request)
        else:
            request.arrive(self._now_ms, number, is_exact=False)
