"""What the house needs from outside, as Protocols. Adapters implement them; nobody below knows which one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from whalebot.domain.books import Booking, Closing
from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import Level
from whalebot.domain.events import Event
from whalebot.domain.instrument import Instrument
from whalebot.domain.market import Candle
from whalebot.domain.orders import AccountSnapshot, Execution, FundingPayment, OrderIntent, OrderReport
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade


class Clock(Protocol):
    """Local real time."""

    def now_ms(self) -> int:
        """Return ms since the epoch, UTC."""
        ...


class EventSink(Protocol):
    """Where adapters put what they learned. May be called from any thread; never blocks for long."""

    def put(self, event: Event) -> None:
        """Hand over one event."""
        ...

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until everything handed over so far was acted upon; False when the time ran out."""
        ...


class OrderGateway(Protocol):
    """Writes to the venue. Each call is one request, never repeated inside.

    Raises VenueRefused (definite no), RateLimited (definite no, with a time), AuthError, or TransportError
    (for `submit`: the outcome is unknown).
    """

    def submit(self, intent: OrderIntent) -> str:
        """Place an order; return the venue's order id."""
        ...

    def cancel(self, symbol: str, order_link_id: str) -> None:
        """Cancel an order; an order that is already gone is success."""
        ...

    def amend_stop(self, change: AmendStop) -> None:
        """Set stop and target of a position; "not modified" is success."""
        ...

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        """Set leverage; "not modified" is success."""
        ...


class AccountReader(Protocol):
    """Reads from the venue. Raises TransportError, VenueRefused, RateLimited, AuthError; never less."""

    def snapshot(self) -> AccountSnapshot:
        """Return positions, open orders and wallet of the configured symbols (all pages)."""
        ...

    def order_by_link_id(self, symbol: str, order_link_id: str) -> OrderReport | None:
        """Look in open orders, then history, then executions; None only when all three answered "no such"."""
        ...

    def executions_of_order(self, symbol: str, order_link_id: str) -> Sequence[Execution]:
        """Return all fills of one order, oldest first."""
        ...

    def executions(self, symbol: str, since_ms: int) -> Sequence[Execution | FundingPayment]:
        """Return all fills and funding since a venue time, oldest first (all pages, windows of 7 days)."""
        ...

    def closings(self, symbol: str, since_ms: int) -> Sequence[Closing]:
        """Return what closing orders took away since a venue time, oldest first (all pages)."""
        ...

    def bookings(self, since_ms: int, until_ms: int | None) -> Sequence[Booking]:
        """Return every change of the cash balance in [since_ms, until_ms), oldest first (all pages)."""
        ...


class HistorySource(Protocol):
    """Market history and rules. Raises TransportError, VenueRefused or RateLimited."""

    def candles(
        self, symbol: str, interval: str, start_ms: int | None, end_ms: int | None, limit: int
    ) -> Sequence[Candle]:
        """Return closed bars, oldest first, open in [start_ms, end_ms); the newest `limit` of them."""
        ...

    def instruments(self, symbols: Sequence[str]) -> Sequence[Instrument]:
        """Return the rules of the given symbols (all pages); an unlisted symbol is absent."""
        ...

    def server_time_ms(self) -> int:
        """Return the venue's clock, ms UTC."""
        ...


class StateStore(Protocol):
    """The state document on disk. Thread-safe. Raises OSError when a write failed."""

    def load(self) -> StateDocument | None:
        """Return the last saved document, or None where there never was one."""
        ...

    def save(self, document: StateDocument) -> None:
        """Make the document durable; a revision older than the last one saved is skipped."""
        ...


class TradeStore(Protocol):
    """The trade history on disk. Thread-safe. Raises OSError when a write failed."""

    def append(self, trade: ClosedTrade) -> bool:
        """Make a trade durable; False when that trade id is already there."""
        ...

    def load(self) -> Sequence[ClosedTrade]:
        """Return all trades, oldest first."""
        ...


class Notifier(Protocol):
    """Tells people. Never blocks, never raises into the loop."""

    def send(self, level: Level, title: str, text: str, kind: str = "") -> None:
        """Queue one message; `kind` is a stable word for machines."""
        ...


class MarketStreams(Protocol):
    """What the loop may ask of the streams. Thread-safe, returns at once."""

    def resubscribe_book(self, symbol: str) -> None:
        """Drop and subscribe a symbol's order book again."""
        ...


class Auditor(Protocol):
    """The trail of everything that was ordered or changed. Any thread; returns at once and never raises."""

    def record(self, kind: str, actor: str, fields: Mapping[str, str]) -> None:
        """Note that `actor` did something of `kind`; secrets among the values are masked."""
        ...


class AccountLease(Protocol):
    """The right to trade one account, given to one process at a time. One thread; `valid_until_ms` any.

    Raises TransportError where nothing certain came back; then the same may be asked again.
    """

    @property
    def valid_until_ms(self) -> int:
        """Local time, by `Clock`, after which nothing may be sent; 0 while it is not held."""
        ...

    @property
    def holder(self) -> str:
        """Who holds it, as far as it was seen; "" where nobody does."""
        ...

    def acquire(self) -> bool:
        """Ask once; True when it is held from now on, False while it is another's."""
        ...

    def renew(self) -> bool:
        """Ask for more time; False when it is lost for good."""
        ...

    def release(self) -> None:
        """Give it back: from now on nothing may be sent, and the next holder need not wait."""
        ...
