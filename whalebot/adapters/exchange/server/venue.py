"""The exchange behind the endpoints: one account, the matching core and the market, tied together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from whalebot.adapters.exchange.core.commands import (
    AmendOrder,
    CancelAll,
    ClosePosition,
    Command,
    CreateOrder,
)
from whalebot.adapters.exchange.core.events import Answer, Event, Executed
from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import (
    BookChanged,
    FundingDue,
    InstrumentListed,
    PricePoint,
    SymbolRules,
)
from whalebot.adapters.exchange.core.liquidity import BestAvailable, PartialLiquidity
from whalebot.adapters.exchange.market.events import Kline, Liquidation, MarketEvent
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.server.account_books import AccountBooks
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.exchange.server.exposure import Exposure
from whalebot.adapters.exchange.server.feed import MarketFeed
from whalebot.adapters.exchange.server.ledger_log import LedgerLog
from whalebot.adapters.exchange.server.private_frames import private_frames
from whalebot.adapters.exchange.server.refusal import BAD_SYMBOL, Refused, bad_parameter
from whalebot.domain.instrument import Instrument

BOOK_DEPTH = 50
_TAKES = (CreateOrder, AmendOrder, ClosePosition)


class CommandFaults(Protocol):
    """What faults do to commands and to private messages."""

    def take_reject(self) -> tuple[int, str] | None:
        """Return the retCode and message with which the next order is refused, None when it is not."""

    def takes_stop(self, symbol: str) -> bool:
        """Return whether the next order of a symbol is taken without its stop-loss."""

    @property
    def is_wanted(self) -> Callable[[str], bool]:
        """Tells whether anyone listens to a private topic."""

    def send_private(self, topic: str, payload: bytes) -> None:
        """Send a private message to its subscribers, now, later, twice or never."""


def _nothing() -> None:
    """Stand in for a listener that is not there yet."""


class Venue:
    """Feeds the market into the core and the core's events to streams and log. One thread: the loop's."""

    def __init__(
        self,
        core: Exchange,
        market: MarketSource,
        instruments: Mapping[str, Instrument],
        rules: Mapping[str, SymbolRules],
        account: str,
        clock: VenueClock,
        feed: MarketFeed,
        log: EventLog,
        faults: CommandFaults,
        api_key: str,
        is_checked: bool = False,
    ) -> None:
        self.core = core
        self.market = market
        self.instruments = dict(instruments)
        self.account = account
        self.books = AccountBooks(core, account)
        self.exposure = Exposure(self.books)
        self.api_key = api_key
        self.calls: Counter[str] = Counter()
        self.counters = {"orders": 0, "executions": 0, "bars": 0}
        self.on_submit: Callable[[], None] = _nothing
        self.clock = clock
        self.feed = feed
        self.log = log
        self.maintenance: list[dict[str, Any]] = []
        self.violations = 0
        self.dcp_window_s: int | None = None
        self.forgotten_ms = -1
        self._faults = faults
        self._rules = dict(rules)
        self._ledger = LedgerLog(log)
        self._is_checked = is_checked
        self._booked: dict[str, int] = {}

    def rules_of(self, symbol: str) -> SymbolRules:
        """Return the venue rules of a symbol."""
        return self._rules[symbol]

    def require_symbol(self, symbol: str) -> None:
        """Raise Refused unless `symbol` is listed (public endpoints)."""
        if symbol not in self.instruments:
            raise bad_parameter(f"symbol invalid {symbol[:40]}")

    def tradable(self, symbol: str) -> Instrument:
        """Return a listed symbol's instrument; Refused 10029 for another (account endpoints)."""
        found = self.instruments.get(symbol)
        if found is None:
            raise Refused(BAD_SYMBOL, f"The requested symbol is invalid: {symbol[:40]}")
        return found

    def maintenance_rows(self) -> list[dict[str, Any]]:
        """Return what system/status says."""
        return self.maintenance

    def submit(self, command: Command) -> Answer:
        """Let the account do `command` at the present market instant, and tell everyone what came of it."""
        if isinstance(command, CreateOrder):
            reject = self._faults.take_reject()
            if reject is not None:
                return Answer(*reject)
            if command.stop_loss is not None and self._faults.takes_stop(command.symbol):
                command = replace(command, stop_loss=None)
        if isinstance(command, _TAKES):
            self._refresh_book(command.symbol)
        answer = self.core.submit(self.account, command, self.market.now_ms)
        self.tell(answer.events)
        if isinstance(command, CreateOrder) and answer.ret_code == 0:
            self.counters["orders"] += 1
        self.on_submit()
        return answer

    def cancel_everything(self) -> None:
        """Cancel every order of the account, as disconnect-cancel does."""
        self.submit(CancelAll())

    def take(self, events: Iterable[MarketEvent]) -> None:
        """Let the market's events happen: in the core first, then on the public streams."""
        for event in events:
            if isinstance(event, PricePoint):
                self.tell(self.core.apply(event))
                self.feed.print(event)
            elif isinstance(event, Kline):
                self.feed.close(event)
            elif isinstance(event, FundingDue | BookChanged):
                self.tell(self.core.apply(event))
            elif isinstance(event, Liquidation):
                self.feed.liquidate(event)
            elif isinstance(event, InstrumentListed):
                self.list_instrument(event.instrument)

    def list_instrument(self, instrument: Instrument) -> None:
        """Change the grid of a symbol while orders and positions stay: the data or a fault says so."""
        self.instruments[instrument.symbol] = instrument
        rules = self.rules_of(instrument.symbol)
        self.tell(self.core.apply(InstrumentListed(instrument, self.market.now_ms, rules)))

    def limit_fills(self, symbol: str, share: Decimal | None) -> None:
        """Let takers of `symbol` get only a share of what they want; None ends it."""
        model = None if share is None else PartialLiquidity(BestAvailable(), share)
        self.core.use_liquidity(symbol, model)

    def forget_closed_orders(self) -> None:
        """Let order/realtime forget the orders that have ended, as a restart of the venue does."""
        self.forgotten_ms = self.market.now_ms

    def tell(self, events: Iterable[Event]) -> None:
        """Log the core's events, publish them on the private streams, check the invariants if asked to."""
        events = tuple(events)
        if events:
            self.exposure.follow(events)
            self._ledger.write(events)
            self.counters["executions"] += sum(isinstance(event, Executed) for event in events)
            for topic, payload in private_frames(events, self.market.now_ms, self._faults.is_wanted):
                self._faults.send_private(topic, payload)
        if self._is_checked:
            for violation in self.core.check():
                self.violations += 1
                self.log.write("violation", text=str(violation))

    def _refresh_book(self, symbol: str) -> None:
        now_ms = self.market.now_ms
        if symbol not in self.instruments or self._booked.get(symbol) == now_ms:
            return
        book = self.market.book(symbol, BOOK_DEPTH)
        # Recorded depth is in the core already, less what takers took of it.
        if book is not None and not book.is_recorded:
            self._booked[symbol] = now_ms
            self.tell(self.core.apply(BookChanged(symbol, now_ms, book.bids, book.asks)))
            # Whoever records the streams must find in them the book that the order met.
            self.feed.push_books(symbol, self.clock.monotonic())
