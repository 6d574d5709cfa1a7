"""The trades of the last two days, kept in memory on their way to the history."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from whalebot.domain.trade import ClosedTrade
from whalebot.ports import Clock, TradeStore

KEPT_MS: Final = 48 * 3_600_000
_MOST: Final = 20_000


class RecentTrades:
    """`TradeStore` that passes everything on and remembers when each trade was recorded. Thread-safe."""

    def __init__(self, store: TradeStore, clock: Clock, mode: str) -> None:
        """mode: trades of other modes in the history are left out."""
        self._store = store
        self._clock = clock
        self._mode = mode
        self._lock = threading.Lock()
        self._trades: deque[tuple[int, ClosedTrade]] = deque(maxlen=_MOST)

    def append(self, trade: ClosedTrade) -> bool:
        """Make a trade durable; False when that trade id is already there. Raises OSError."""
        is_new = self._store.append(trade)
        if is_new:
            with self._lock:
                self._trades.append((self._clock.now_ms(), trade))
        return is_new

    def load(self) -> Sequence[ClosedTrade]:
        """Return all trades, oldest first. Raises OSError."""
        return self._store.load()

    def read_past(self) -> None:
        """Remember what earlier runs recorded; before the loop runs, since a long history takes time.

        Raises OSError.
        """
        since_ms = self._clock.now_ms() - KEPT_MS
        past = [t for t in self._store.load() if t.mode == self._mode and t.exit_ms >= since_ms]
        with self._lock:
            self._trades.extendleft((trade.exit_ms, trade) for trade in reversed(past[-_MOST:]))

    def since(self, since_ms: int) -> list[ClosedTrade]:
        """Return the trades that were recorded since a local time (ms UTC), two days back at most."""
        oldest_ms = self._clock.now_ms() - KEPT_MS
        with self._lock:
            while self._trades and self._trades[0][0] < oldest_ms:
                self._trades.popleft()
            return [trade for at_ms, trade in self._trades if at_ms >= since_ms]
