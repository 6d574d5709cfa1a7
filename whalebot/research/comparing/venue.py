"""A simulated venue on the market of a recording, which carries out the requests of that recording."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

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
from whalebot.domain.intervals import iso_utc
from whalebot.domain.known import Known
from whalebot.domain.orders import FundingPayment
from whalebot.research.comparing.assumptions import Assumptions
from whalebot.research.comparing.legs import Legs
from whalebot.research.comparing.market import RecordedMarket, time_of
from whalebot.research.comparing.orders import RecordedOrders, Request, Settlement, event_of
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
_SMALLEST: Final = Decimal("1e-8")


class RecordedVenue:
    """Recorded market, simulated account, recorded requests. `legs` grow as it runs.

    `unseen`: orders, by link id, that arrived between two prints which the recording holds joined.
    `since_ms`: of each fill that a streamed price brought about, by its id, the time of the price before it.
    """

    def __init__(self, journal: Journal, assumed: Assumptions, orders: RecordedOrders) -> None:
        self.legs = Legs()
        self.refused: dict[str, str] = {}
        self.lent: list[str] = []
        self.unseen: set[str] = set()
        self.since_ms: dict[str, int] = {}
        self._printed_ms: dict[str, int] = {}
        self._sent: dict[str, list[tuple[int, str]]] = {}
        self._priced_ms: dict[str, int] = {}
        self._moving: tuple[str, int] | None = None
        self._journal = journal
        self.notes: list[str] = []
        self._fundings = deque(sorted(orders.fundings, key=lambda one: one.at_ms))
        self._ticks = orders.ticks
        paid = (row for row in orders.booked if isinstance(row, FundingPayment))
        self._paid = {(row.symbol, row.ts_ms): row for row in paid}
        symbols = settings_of(journal).symbols
        core = self._core = new_core(assumed)
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
        while self._fundings and self._fundings[0].at_ms <= until_ms:
            one = self._fundings.popleft()
            self._account.apply(FundingDue(one.symbol, one.at_ms, one.rate, self._mark_of(one)))

    def _mark_of(self, one: Settlement) -> Decimal | None:
        """Return the mark price that a payment tells, where the streamed prices around it allow for it."""
        paid = self._paid.get((one.symbol, one.at_ms))
        if paid is None or not paid.qty or not one.rate:
            return None
        tick = self._ticks.get(one.symbol, _SMALLEST)
        mark = (abs(paid.amount / paid.qty / one.rate) / tick).quantize(Decimal(1)) * tick
        if not one.low <= mark <= one.high:
            return None
        self.notes.append(
            f"funding of {one.symbol} at {iso_utc(one.at_ms)}: mark price {mark} taken from the payment; "
            f"streamed around it were {one.low} to {one.high}"
        )
        return mark

    def _move(self, event: ev.Event) -> None:
        if isinstance(event, ev.TradesPrinted):
            sent = self._sent.pop(event.symbol, [])
            if event.count > 1:
                since_ms = self._printed_ms.get(event.symbol, event.ts_ms)
                self.unseen |= {link_id for at_ms, link_id in sent if since_ms < at_ms}
            self._printed_ms[event.symbol] = event.ts_ms
        if isinstance(event, ev.TradesPrinted | ev.TickerChanged):
            self._moving = (event.symbol, self._priced_ms.get(event.symbol, event.ts_ms))
            if isinstance(event, ev.TradesPrinted) or event.last_price is not None:
                self._priced_ms[event.symbol] = event.ts_ms
        self._market.put(event)
        self._moving = None

    # --- what the parts inside ask for ------------------------------------------------------------------

    def put(self, event: ev.Event) -> None:
        """Take what market and exchange say."""
        if isinstance(event, ev.Filled):
            if self._moving is not None and self._moving[0] == event.execution.symbol:
                self.since_ms[event.execution.exec_id] = self._moving[1]
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


def new_core(assumed: Assumptions) -> Exchange:
    """Return a matching core with one account that trades as assumed."""
    bar = BarLiquidity(assumed.slippage_percent)
    core = Exchange(
        liquidity=BestAvailable(bar) if assumed.walks_book else bar,
        latency=NoLatency(),
        settings=Settings(history_limit=_REMEMBERED_ROWS, realm=0),
    )
    core.open_account(ACCOUNT, assumed.balance, 0, FeeRates(assumed.maker_fee, assumed.taker_fee))
    return core
