"""Paper trading: the venue's live public events move a simulated account before the engine hears of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, Protocol

from whalebot.adapters.exchange.core.inputs import BookChanged, FundingDue, MarketInput, PricePoint
from whalebot.domain.events import Event, TickerChanged, TradesPrinted
from whalebot.ports import EventSink

# The touch is known without its sizes; depth is the liquidity model's affair.
_SOME: Final = Decimal(1)


class Moved(Protocol):
    """What the market moves: a simulated account."""

    def apply(self, found: MarketInput) -> None:
        """Let the market move."""
        ...


class PaperSink:
    """An `EventSink` between the public streams and the inbox.

    `believes` tells whether a stamp (market time, ms UTC) can be true: a price from the far future would move
    the account's clock for good.
    """

    def __init__(
        self,
        account: Moved,
        symbols: Sequence[str],
        sink: EventSink,
        believes: Callable[[int], bool],
    ) -> None:
        self._believes = believes
        self._account = account
        self._sink = sink
        self._touch: dict[str, list[Decimal | None]] = {s: [None, None] for s in symbols}
        self._funding: dict[str, tuple[int, Decimal]] = {}
        self._last: dict[str, Decimal] = {}

    def put(self, event: Event) -> None:
        """Move the account by a price, then hand the event on."""
        if (
            isinstance(event, TickerChanged | TradesPrinted)
            and event.symbol in self._touch
            and self._believes(event.ts_ms)
        ):
            self._move(event)
        self._sink.put(event)

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until the daemon has acted on everything handed over."""
        return self._sink.wait_settled(timeout_s)

    def _move(self, event: TickerChanged | TradesPrinted) -> None:
        if isinstance(event, TickerChanged):
            self._on_ticker(event)
            return
        for price in self._path(event):
            self._account.apply(PricePoint(event.symbol, event.ts_ms, last_price=price))

    def _path(self, event: TradesPrinted) -> list[Decimal]:
        """Prices of a frame in an order they may have had: the nearer extreme first, the last one last."""
        before = self._last.get(event.symbol, event.last)
        self._last[event.symbol] = event.last
        low_first = abs(before - event.low) <= abs(event.high - before)
        ends = (event.low, event.high) if low_first else (event.high, event.low)
        return [price for price, _ in groupby((*ends, event.last))]

    def _on_ticker(self, event: TickerChanged) -> None:
        self._settle_funding(event)
        touch = self._touch[event.symbol]
        touch[0] = event.bid_price or touch[0]
        touch[1] = event.ask_price or touch[1]
        if touch[0] is not None and touch[1] is not None and touch[0] < touch[1]:
            sides = (((touch[0], _SOME),), ((touch[1], _SOME),))
            self._account.apply(BookChanged(event.symbol, event.ts_ms, *sides))
        if event.last_price is not None:
            self._last[event.symbol] = event.last_price
        if event.last_price is not None or event.mark_price is not None:
            self._account.apply(
                PricePoint(
                    event.symbol,
                    event.ts_ms,
                    last_price=event.last_price,
                    mark_price=event.mark_price,
                    index_price=event.index_price,
                )
            )

    def _settle_funding(self, event: TickerChanged) -> None:
        """The venue names the next instant as soon as one has passed: then that one is settled."""
        known = self._funding.get(event.symbol)
        due, rate = known if known is not None else (None, None)
        if event.next_funding_ms is not None and due is not None and event.next_funding_ms > due:
            if rate is not None:
                self._account.apply(FundingDue(event.symbol, due, rate))
            due = None
        new_due = event.next_funding_ms or due
        new_rate = event.funding_rate if event.funding_rate is not None else rate
        if new_due is not None and new_rate is not None:
            self._funding[event.symbol] = (new_due, new_rate)
