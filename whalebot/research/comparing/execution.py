"""The orders of a recorded session at a simulated venue: what it would have made of exactly these.

Nothing is decided here. A difference in one trade therefore changes no other one: each shows alone.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from whalebot.adapters.exchange.core import (
    BarLiquidity,
    Deposit,
    Exchange,
    FeeRates,
    NoLatency,
    Settings,
    codes,
)
from whalebot.adapters.exchange.core.inputs import FundingDue, MarketInput
from whalebot.adapters.exchange.core.liquidity import BestAvailable
from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.adapters.exchange.inprocess.reads import ACCOUNT
from whalebot.adapters.recording.reader import Journal
from whalebot.domain import effects as ef
from whalebot.domain import events as ev
from whalebot.domain.errors import ConfigError, VenueRefused
from whalebot.domain.known import Known
from whalebot.domain.state import StateDocument
from whalebot.research.comparing.assumptions import Assumptions
from whalebot.research.comparing.legs import FIELDS, Leg, Legs
from whalebot.research.comparing.market import RecordedMarket, time_of
from whalebot.research.comparing.orders import RecordedOrders, Request, event_of, recorded_orders
from whalebot.research.replaying import settings_of

_MOVES: Final = (
    ev.TickerChanged,
    ev.BookSnapshot,
    ev.BookDelta,
    ev.BookLost,
    ev.TradesPrinted,
    ev.InstrumentsFetched,
)
_NAMES: Final = frozenset(kind.__name__ for kind in _MOVES)
_WINDOW: Final = 2_000
"""Under load the inbox hands on what is newest of one symbol before what is older of another: by so many
events at most they are put back into the order of the market."""
_REMEMBERED_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class LegPair:
    """A position as it was and as the simulated venue has it; one is None where the other stands alone.

    `differing` names the fields of `FIELDS` whose values are not equal.
    """

    happened: Leg | None
    simulated: Leg | None
    differing: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """True where both are there and nothing differs."""
        return self.happened is not None and self.simulated is not None and not self.differing


@dataclass(frozen=True, slots=True)
class Execution:
    """Legs in the order of their entries, and the recorded orders themselves.

    `before`: symbols whose position was open when the recording began; they are compared from their first
    entry on. `refused`: why the simulated venue refused what the real one took, by link id or symbol. `lent`:
    orders for which the simulated account had no margin at that instant, although the real one had, and got
    some. `joined`: legs, by name, that a stop ended at a price which the recording holds joined with others
    (the inbox conflates prints under load), and by how many ms the simulated time lies later: the true one is
    among the joined, so these count as equal. `unseen`: legs with an order that met prices or a book which
    the recording holds only joined with later ones, by name; what differs in them may be that alone.
    `notes`: what else was assumed, in sentences.
    """

    pairs: tuple[LegPair, ...]
    orders: RecordedOrders
    before: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    lent: tuple[str, ...] = ()
    joined: Mapping[str, int] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """True where every leg has its equal."""
        return all(pair.is_equal for pair in self.pairs)


def execute_recording(journal: Journal, assumed: Assumptions, latency_ms: int | None = None) -> Execution:
    """Carry out the recorded orders on the recorded market and pair what comes of them with what came.

    latency_ms: market time from every decision to the venue; None takes each arrival as the venue stamped it.
    Raises ConfigError for a recording this version cannot read.
    """
    orders = recorded_orders(journal)
    venue = _Venue(journal, assumed, orders)
    came = orders.arrivals
    due = [((r.arrived_ms or 0) if latency_ms is None else r.decided_ms + latency_ms, r) for r in came]
    if latency_ms is not None:
        due.sort(key=lambda pair: pair[0])
    venue.run(deque(due))
    happened = Legs()
    for row in sorted(orders.booked, key=lambda row: row.ts_ms):
        happened.take(row)
    joined = _put_right(happened.legs, venue)
    return Execution(
        _pairs(happened.legs, venue.legs.legs),
        orders,
        _open_before(journal),
        venue.refused,
        tuple(venue.lent),
        joined,
        _with_orders(happened.legs, venue.unseen),
    )


class _Venue:
    """Recorded market, simulated account, recorded requests. `legs` grow as it runs.

    `unseen`: orders, by link id, that arrived between two prints which the recording holds joined.
    `since_ms`: of each fill that prints brought about, by its id, the time of the prints before those.
    """

    def __init__(self, journal: Journal, assumed: Assumptions, orders: RecordedOrders) -> None:
        self.legs = Legs()
        self.refused: dict[str, str] = {}
        self.lent: list[str] = []
        self.unseen: set[str] = set()
        self.since_ms: dict[str, int] = {}
        self._printed_ms: dict[str, int] = {}
        self._sent: dict[str, list[tuple[int, str]]] = {}
        self._printing: tuple[str, int] | None = None
        self._journal = journal
        self._fundings = deque(sorted(orders.fundings))
        symbols = settings_of(journal).symbols
        core = self._core = _new_core(assumed)
        self._account = SimulatedAccount(core, symbols, self, self)
        self._market = RecordedMarket(_Unfunded(self._account), symbols, self, assumed)

    def run(self, due: deque[tuple[int, Request]]) -> None:
        """Let the recorded market pass and the requests arrive when they are due, ms UTC."""
        self._list_instruments()
        for event in _in_order(self._events()):
            ts_ms = time_of(event)
            while due and ts_ms is not None and due[0][0] < ts_ms:
                self._settle(due[0][0])
                self._carry_out(*due.popleft())
            if ts_ms is not None:
                self._settle(ts_ms - 1)
            self._move(event)
        while due:
            self._settle(due[0][0])
            self._carry_out(*due.popleft())

    def _settle(self, until_ms: int) -> None:
        """Settle funding at its moment: the ticker tells of it later, when another position may be open."""
        while self._fundings and self._fundings[0][0] <= until_ms:
            at_ms, symbol, rate = self._fundings.popleft()
            self._account.apply(FundingDue(symbol, at_ms, rate))

    def _move(self, event: ev.Event) -> None:
        if isinstance(event, ev.TradesPrinted):
            since_ms = self._printed_ms.get(event.symbol, event.ts_ms)
            self._printing = (event.symbol, since_ms)
            self._printed_ms[event.symbol] = event.ts_ms
            sent = self._sent.pop(event.symbol, [])
            if event.count > 1:
                self.unseen |= {link_id for at_ms, link_id in sent if since_ms < at_ms}
        self._market.put(event)
        self._printing = None

    # --- what the parts inside ask for ------------------------------------------------------------------

    def put(self, event: ev.Event) -> None:
        """Take what market and exchange say."""
        if isinstance(event, ev.Filled):
            if self._printing is not None and self._printing[0] == event.execution.symbol:
                self.since_ms[event.execution.exec_id] = self._printing[1]
            self.legs.take(event.execution)
        elif isinstance(event, ev.FundingPaid):
            self.legs.take(event.payment)

    def wait_settled(self, timeout_s: float) -> bool:
        """Everything is booked as it comes."""
        return True

    def now_ms(self) -> int:
        """Return the time of the market, ms UTC."""
        return self._market.now_ms

    def server_time_ms(self) -> int:
        """Return the same."""
        return self._market.now_ms

    # --- one request ------------------------------------------------------------------------------------

    def _carry_out(self, at_ms: int, request: Request) -> None:
        self._core.advance(max(at_ms, self._core.read.now_ms))
        effect: Any = request.effect
        account = self._account
        try:
            if isinstance(effect, ef.SubmitOrder):
                self._submit(at_ms, request)
            elif isinstance(effect, ef.AmendStop):
                account.amend_stop(effect)
            elif isinstance(effect, ef.CancelOrder):
                account.cancel(effect.symbol, effect.order_link_id)
            else:
                account.set_leverage(effect.symbol, effect.leverage)
        except VenueRefused as error:
            link = effect.intent.order_link_id if isinstance(effect, ef.SubmitOrder) else effect.symbol
            self.refused[link] = f"{error.message} ({error.ret_code})"

    def _submit(self, at_ms: int, request: Request) -> None:
        intent = request.effect.intent
        self._sent.setdefault(intent.symbol, []).append((at_ms, intent.order_link_id))
        self._market.offer_book(intent.symbol, at_ms)
        try:
            self._account.submit(intent)
        except VenueRefused as error:
            if error.ret_code != codes.AVAILABLE_BALANCE or request.price is None:
                raise
            # Margin follows mark prices, and of those fewer are streamed than there are.
            self.lent.append(intent.order_link_id)
            self._core.submit(ACCOUNT, Deposit(intent.qty * request.price), self._core.read.now_ms)
            self._account.submit(intent)

    def _events(self) -> Iterator[ev.Event]:
        for record in self._journal.records():
            if record.name in _NAMES:
                yield event_of(record)

    def _list_instruments(self) -> None:
        for event in self._events():
            if isinstance(event, ev.InstrumentsFetched) and isinstance(event.instruments, Known):
                self._market.list_all(event.instruments.value)
                return
        raise ConfigError(f"{self._journal.folder}: holds no order rules, so nothing was traded")


class _Unfunded:
    """An account that does not hear of funding where the ticker tells of it."""

    def __init__(self, account: SimulatedAccount) -> None:
        self._account = account

    def apply(self, found: MarketInput) -> None:
        """Pass on everything else."""
        if not isinstance(found, FundingDue):
            self._account.apply(found)

    @property
    def is_exposed(self) -> bool:
        """True while there is a position or an order."""
        return self._account.is_exposed


def _in_order(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Yield events by market time; those that have none keep their place behind the one before them."""
    waiting: list[tuple[int, int, ev.Event]] = []
    last_ms = 0
    for number, event in enumerate(events):
        ts_ms = time_of(event)
        last_ms = last_ms if ts_ms is None else ts_ms
        heapq.heappush(waiting, (last_ms, number, event))
        if len(waiting) > _WINDOW:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _new_core(assumed: Assumptions) -> Exchange:
    bar = BarLiquidity(assumed.slippage_percent)
    core = Exchange(
        liquidity=BestAvailable(bar) if assumed.walks_book else bar,
        latency=NoLatency(),
        settings=Settings(history_limit=_REMEMBERED_ROWS, realm=0),
    )
    core.open_account(ACCOUNT, assumed.balance, 0, FeeRates(assumed.maker_fee, assumed.taker_fee))
    return core


def _open_before(journal: Journal) -> tuple[str, ...]:
    state = msgspec.msgpack.decode(journal.header.state, type=StateDocument)
    return tuple(memory.symbol for memory in state.positions)


def _pairs(happened: list[Leg], simulated: list[Leg]) -> tuple[LegPair, ...]:
    others = {leg.name: leg for leg in simulated}
    pairs = []
    for leg in happened:
        other = others.pop(leg.name, None)
        pairs.append(LegPair(leg, other, () if other is None else _differing(leg, other)))
    pairs += [LegPair(None, leg, ()) for leg in others.values()]
    return tuple(sorted(pairs, key=_begins))


def _put_right(happened: list[Leg], venue: _Venue) -> dict[str, int]:
    """Move ends of simulated legs to the true time where that lies among the joined prints that made them."""
    true_ms = {leg.name: leg.exit_ms for leg in happened if leg.is_over}
    moved = {}
    for leg in venue.legs.legs:
        at_ms = true_ms.get(leg.name)
        since_ms = venue.since_ms.get(leg.fills[-1].exec_id)
        if at_ms is None or since_ms is None or leg.exit_ms is None or not leg.is_over:
            continue
        if since_ms < at_ms < leg.exit_ms:
            moved[leg.name] = leg.exit_ms - at_ms
            leg.exit_ms = at_ms
    return moved


def _with_orders(legs: list[Leg], links: Set[str]) -> frozenset[str]:
    return frozenset(leg.name for leg in legs if any(fill.order_link_id in links for fill in leg.fills))


def _differing(one: Leg, other: Leg) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if getattr(one, name) != getattr(other, name))


def _begins(pair: LegPair) -> tuple[int, str]:
    leg = pair.happened or pair.simulated
    assert leg is not None
    return leg.entry_ms, leg.symbol
