"""All closed trades in memory, newest last, with a number that goes up with each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice

from whalebot.domain.trade import ClosedTrade


class TradeBook:
    """Trades by the time they ended. Equal (mode, id) is one trade; the first one stays."""

    def __init__(self, trades: Iterable[ClosedTrade] = ()) -> None:
        self._trades: list[ClosedTrade] = []
        self._known: set[tuple[str, str]] = set()
        self.version = 0
        self.fill(trades)

    def fill(self, trades: Iterable[ClosedTrade]) -> None:
        """Take many trades at once, as at the start."""
        for trade in trades:
            if (trade.mode, trade.trade_id) not in self._known:
                self._known.add((trade.mode, trade.trade_id))
                self._trades.append(trade)
        self._trades.sort(key=lambda trade: trade.exit_ms)
        self.version += 1

    def add(self, trade: ClosedTrade) -> bool:
        """Take a trade; False where it is known."""
        key = (trade.mode, trade.trade_id)
        if key in self._known:
            return False
        self._known.add(key)
        at = bisect_right(self._trades, trade.exit_ms, key=lambda known: known.exit_ms)
        self._trades.insert(at, trade)
        self.version += 1
        return True

    def written(self, trade: ClosedTrade | None) -> None:
        """Show a trade as it was written to the history; None: as it is known."""
        if trade is None or self.add(trade):
            return
        key = (trade.mode, trade.trade_id)
        at = next(k for k, known in enumerate(self._trades) if (known.mode, known.trade_id) == key)
        if self._trades[at] != trade:
            self._trades[at] = trade
            self._trades.sort(key=lambda known: known.exit_ms)
            self.version += 1

    def all(self) -> Sequence[ClosedTrade]:
        """Return all, oldest first; not to be changed."""
        return self._trades

    def of_mode(self, mode: str) -> list[ClosedTrade]:
        """Return the trades of one mode, oldest first."""
        return [trade for trade in self._trades if trade.mode == mode]

    def newest(self, mode: str, count: int) -> list[ClosedTrade]:
        """Return the last `count` trades of a mode, newest first."""
        return list(islice((t for t in reversed(self._trades) if t.mode == mode), count))

    def between(self, mode: str, symbol: str, begin_ms: int, before_ms: int | None) -> list[ClosedTrade]:
        """Return a symbol's trades that ended at or after a time and were entered before another."""
        at = bisect_left(self._trades, begin_ms, key=lambda known: known.exit_ms)
        return [
            trade
            for trade in islice(self._trades, at, None)
            if trade.mode == mode
            and trade.symbol == symbol
            and (before_ms is None or trade.entry_ms < before_ms)
        ]

    def find(self, trade_id: str, mode: str) -> ClosedTrade | None:
        """Return a trade by its id, of `mode` where several modes have one."""
        found = [trade for trade in self._trades if trade.trade_id == trade_id]
        return next((t for t in found if t.mode == mode), found[0] if found else None)
