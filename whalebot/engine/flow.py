"""Taker volume of public trades, bar by bar."""

from __future__ import annotations

from collections import deque


class TradeFlow:
    """Sums what takers bought and sold, in base, over the last `bars` bars."""

    def __init__(self, bars: int) -> None:
        self._bars = bars
        self._closed: deque[tuple[float, float]] = deque(maxlen=bars)
        self._forming = (0.0, 0.0)
        self._is_whole = False

    def add(self, buy_qty: float, sell_qty: float) -> None:
        """Add trades to the bar in progress."""
        self._forming = (self._forming[0] + buy_qty, self._forming[1] + sell_qty)

    def interrupt(self) -> None:
        """Trades were missed: what was summed so far says nothing."""
        self._closed.clear()
        self._forming = (0.0, 0.0)
        self._is_whole = False

    def close_bar(self) -> float | None:
        """End the bar; return (bought - sold) / both over the last bars, None until all were seen whole."""
        if self._is_whole:
            self._closed.append(self._forming)
        self._is_whole = True
        self._forming = (0.0, 0.0)
        if len(self._closed) < self._bars:
            return None
        bought = sum(flow[0] for flow in self._closed)
        sold = sum(flow[1] for flow in self._closed)
        return (bought - sold) / (bought + sold) if bought + sold > 0 else 0.0
