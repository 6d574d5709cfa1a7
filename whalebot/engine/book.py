"""Order book of one symbol: snapshot, then deltas without a gap; stale is said, never guessed away."""

from __future__ import annotations

from bisect import bisect_left, insort

from whalebot.domain.events import BookDelta, BookSnapshot, Level2


class OrderBook:
    """The newest `depth` levels of each side, floats (quote, base). One thread.

    A fresh book is stale until its first snapshot. A gap in `u`, a crossed book or a loss reported by the
    stream makes it stale again; only a snapshot heals it. While stale it answers None to everything.
    """

    __slots__ = ("_ask_prices", "_asks", "_bid_prices", "_bids", "depth", "seq", "stale_reason", "ts_ms", "u")

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"book depth {depth} must be at least 1")
        self.depth = depth
        self.u = 0
        self.seq = 0
        self.ts_ms = 0
        self.stale_reason: str | None = "no snapshot yet"
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        self._bid_prices: list[float] = []
        self._ask_prices: list[float] = []

    @property
    def stale(self) -> bool:
        """True while the book must not be used."""
        return self.stale_reason is not None

    def mark_stale(self, reason: str) -> None:
        """Stop using the book until the next snapshot. The first reason stands."""
        if self.stale_reason is None:
            self.stale_reason = reason

    def apply_snapshot(self, snapshot: BookSnapshot) -> bool:
        """Replace everything; return False when the snapshot itself is crossed (the book is stale then)."""
        self._bids = {price: size for price, size in snapshot.bids if size > 0.0}
        self._asks = {price: size for price, size in snapshot.asks if size > 0.0}
        self._bid_prices = sorted(self._bids)
        self._ask_prices = sorted(self._asks)
        self.stale_reason = None
        return self._finish(snapshot)

    def apply_delta(self, delta: BookDelta) -> bool:
        """Apply changes that follow the last frame exactly; return False when the book is stale after it."""
        if self.stale_reason is not None:
            return False
        if delta.u != self.u + 1:
            self.stale_reason = f"gap: update {delta.u} after {self.u}"
            return False
        _change(self._bids, self._bid_prices, delta.bids)
        _change(self._asks, self._ask_prices, delta.asks)
        return self._finish(delta)

    def best_bid(self) -> tuple[float, float] | None:
        """Return (price, size) of the highest bid; None when stale or empty."""
        if self.stale_reason is not None or not self._bid_prices:
            return None
        price = self._bid_prices[-1]
        return price, self._bids[price]

    def best_ask(self) -> tuple[float, float] | None:
        """Return (price, size) of the lowest ask; None when stale or empty."""
        if self.stale_reason is not None or not self._ask_prices:
            return None
        price = self._ask_prices[0]
        return price, self._asks[price]

    def imbalance(self, depth: int) -> float | None:
        """Return (bid volume - ask volume) / sum over the best `depth` levels of each side, in [-1, 1].

        None when the book is stale or empty.
        """
        if self.stale_reason is not None:
            return None
        bids, asks = self._bids, self._asks
        bid = sum([bids[price] for price in self._bid_prices[-depth:]])
        ask = sum([asks[price] for price in self._ask_prices[:depth]])
        total = bid + ask
        return (bid - ask) / total if total > 0.0 else None

    def levels(self) -> tuple[Level2, Level2] | None:
        """Return (bids, asks), best first; None when stale."""
        if self.stale_reason is not None:
            return None
        bids = [(price, self._bids[price]) for price in reversed(self._bid_prices)]
        return bids, [(price, self._asks[price]) for price in self._ask_prices]

    def _finish(self, frame: BookSnapshot | BookDelta) -> bool:
        bids, asks, depth = self._bid_prices, self._ask_prices, self.depth
        if len(bids) > depth or len(asks) > depth:
            self._trim()
        self.u = frame.u
        self.seq = frame.seq
        self.ts_ms = frame.ts_ms
        if bids and asks and bids[-1] >= asks[0]:
            self.stale_reason = f"crossed: bid {bids[-1]} against ask {asks[0]}"
            return False
        return True

    def _trim(self) -> None:
        # The venue deletes what leaves its window; anything deeper is not kept up to date by it.
        bids, asks, depth = self._bid_prices, self._ask_prices, self.depth
        for price in bids[:-depth]:
            del self._bids[price]
        del bids[:-depth]
        for price in asks[depth:]:
            del self._asks[price]
        del asks[depth:]


def _change(sizes: dict[float, float], prices: list[float], levels: Level2) -> None:
    for price, size in levels:
        if size:
            if price not in sizes:
                insort(prices, price)
            sizes[price] = size
        elif price in sizes:
            del sizes[price]
            del prices[bisect_left(prices, price)]
