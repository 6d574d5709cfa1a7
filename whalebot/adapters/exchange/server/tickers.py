"""The tickers stream: one snapshot per subscriber, then deltas that name only what changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.market.views import Quote
from whalebot.adapters.exchange.server.envelope import encode
from whalebot.adapters.exchange.server.wire_market import ticker_fields

_BID = ("bid1Price", "bid1Size")
_ASK = ("ask1Price", "ask1Size")
PUSH_EVERY_S: Final = 0.1
# A real market is never quiet for long; consumers take silence for a broken stream.
REPEAT_AFTER_S: Final = 1.0


class TickerFeed:
    """What the subscribers of one symbol's ticker have been told so far."""

    def __init__(self, symbol: str, funding_interval_min: int, next_seq: Callable[[], int]) -> None:
        self.topic = f"tickers.{symbol}"
        self._interval_min = funding_interval_min
        self._next_seq = next_seq
        self.symbol = symbol
        self.sent_s = 0.0
        self._sent: dict[str, str] = {}
        self._last_price = self._turnover = Decimal(0)
        self._direction = "ZeroPlusTick"

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
        fields = self._fields(quote)
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
        return self._frame("delta", {"symbol": quote.symbol, **changed}, ts_ms)

    def _fields(self, quote: Quote) -> dict[str, str]:
        if quote.last_price != self._last_price:
            self._direction = "PlusTick" if quote.last_price > self._last_price else "MinusTick"
            self._last_price = quote.last_price
        elif quote.turnover_24h != self._turnover and not self._direction.startswith("Zero"):
            self._direction = f"Zero{self._direction}"
        self._turnover = quote.turnover_24h
        fields = ticker_fields(quote, self._interval_min)
        fields["tickDirection"] = self._direction
        fields["singleOpenInterest"] = fields["openInterest"]
        fields["singleOpenInterestValue"] = fields["openInterestValue"]
        return fields

    def _frame(self, kind: str, data: dict[str, str], ts_ms: int) -> bytes:
        return encode({"topic": self.topic, "type": kind, "data": data, "cs": self._next_seq(), "ts": ts_ms})
