"""The tickers stream: one snapshot per subscriber, then deltas that name only what changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from whalebot.adapters.exchange.market.events import Level
from whalebot.adapters.exchange.market.views import Quote
from whalebot.adapters.exchange.server.envelope import encode
from whalebot.adapters.exchange.server.tick_direction import TickDirection
from whalebot.adapters.exchange.server.wire import plain
from whalebot.adapters.exchange.server.wire_market import ticker_fields

_BID = ("bid1Price", "bid1Size")
_ASK = ("ask1Price", "ask1Size")
PUSH_EVERY_S: Final = 0.1
# A real market is never quiet for long; consumers take silence for a broken stream.
REPEAT_AFTER_S: Final = 1.0


class Prices(NamedTuple):
    """The newest prices of one symbol."""

    last_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    bid: Level
    ask: Level

    def fields(self) -> dict[str, str]:
        """Return them as fields of a ticker."""
        return {
            "lastPrice": plain(self.last_price),
            "markPrice": plain(self.mark_price),
            "indexPrice": plain(self.index_price),
            "bid1Price": plain(self.bid[0]),
            "bid1Size": plain(self.bid[1]),
            "ask1Price": plain(self.ask[0]),
            "ask1Size": plain(self.ask[1]),
        }


class TickerFeed:
    """What the subscribers of one symbol's ticker have been told so far."""

    def __init__(self, symbol: str, funding_interval_min: int, next_seq: Callable[[], int]) -> None:
        self.topic = f"tickers.{symbol}"
        self._interval_min = funding_interval_min
        self._next_seq = next_seq
        self.symbol = symbol
        self.sent_s = 0.0
        self._sent: dict[str, str] = {}
        self._turnover = Decimal(0)
        self._direction = TickDirection()

    def snapshot(self, quote: Quote, ts_ms: int) -> bytes:
        """Return the snapshot that the deltas to come will build on."""
        if not self._sent:
            self._sent = self._fields(quote)
        return self._frame("snapshot", self._sent, ts_ms)

    def reset(self) -> None:
        """Forget what was told: nobody listens any more."""
        self._sent = {}

    def delta(self, quote: Quote, ts_ms: int, now_s: float) -> bytes | None:
        """Return what changed since the last frame; a quiet ticker repeats its bid and ask every second."""
        if not self._sent:
            self.sent_s = now_s
            return self.snapshot(quote, ts_ms)
        return self._difference(self._fields(quote), ts_ms, now_s)

    def prices(self, prices: Prices, ts_ms: int, now_s: float) -> bytes | None:
        """Return the delta of the prices alone; the statistics of the day wait for the next `delta`."""
        if not self._sent:
            return None
        fields = {**self._sent, **prices.fields(), "tickDirection": self._direction.after(prices.last_price)}
        return self._difference(fields, ts_ms, now_s)

    def _difference(self, fields: dict[str, str], ts_ms: int, now_s: float) -> bytes | None:
        sent = self._sent
        changed = {name: value for name, value in fields.items() if sent[name] != value}
        if not changed:
            if now_s - self.sent_s < REPEAT_AFTER_S:
                return None
            changed = {name: fields[name] for name in (*_BID, *_ASK)}
        self.sent_s = now_s
        for pair in (_BID, _ASK):
            if pair[0] in changed or pair[1] in changed:
                changed[pair[0]] = fields[pair[0]]
                changed[pair[1]] = fields[pair[1]]
        self._sent = fields
        return self._frame("delta", {"symbol": self.symbol, **changed}, ts_ms)

    def _fields(self, quote: Quote) -> dict[str, str]:
        fields = ticker_fields(quote, self._interval_min)
        has_traded = quote.turnover_24h != self._turnover
        fields["tickDirection"] = self._direction.after(quote.last_price, has_traded)
        self._turnover = quote.turnover_24h
        fields["singleOpenInterest"] = fields["openInterest"]
        fields["singleOpenInterestValue"] = fields["openInterestValue"]
        return fields

    def _frame(self, kind: str, data: dict[str, str], ts_ms: int) -> bytes:
        return encode({"topic": self.topic, "type": kind, "data": data, "cs": self._next_seq(), "ts": ts_ms})
