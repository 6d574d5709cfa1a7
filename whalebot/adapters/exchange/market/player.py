"""Merges the lanes of all symbols by time: the part that playback and synthetic markets share."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Final

from whalebot.adapters.exchange.market.events import Batch, MarketEvent
from whalebot.adapters.exchange.market.feed import Feed
from whalebot.adapters.exchange.market.lane import Lane
from whalebot.adapters.exchange.market.prints import is_kline_rank


class Player:
    """Plays feeds in simulated time; ties of time and kind are broken by the order of the feeds."""

    def __init__(self, feeds: Sequence[Feed], indexes: Sequence[int], start_ms: int) -> None:
        self.lanes: Final = [Lane(feed, index) for feed, index in zip(feeds, indexes, strict=True)]
        self.now_ms = start_ms
        self._heads: list[tuple[int, int, int]] = []
        for lane in self.lanes:
            lane.warm(start_ms)
        self._refill()

    def next_ms(self) -> int | None:
        """Return the time of the next event, None when there is none."""
        return self._heads[0][0] if self._heads else None

    def advance(self, until_ms: int | None) -> Batch:
        """Let time pass, see `MarketSource.advance`."""
        events: list[MarketEvent] = []
        heads, lanes = self._heads, self.lanes
        closed_ms = -1
        while heads:
            ts_ms, rank, i = heads[0]
            if until_ms is not None and ts_ms > until_ms:
                break
            is_kline = is_kline_rank(rank)
            if closed_ms >= 0 and (ts_ms > closed_ms or not is_kline):
                break
            if is_kline:
                closed_ms = ts_ms
            lane = lanes[i]
            events.append(lane.pop())
            self.now_ms = ts_ms
            if lane.head is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (*lane.head, i))
        is_at_barrier = closed_ms >= 0
        if not is_at_barrier and until_ms is not None:
            self.now_ms = max(self.now_ms, until_ms)
        return Batch(tuple(events), self.now_ms, is_at_barrier)

    def export_state(self) -> dict[str, Any]:
        """Return where every lane stands, JSON-able."""
        return {"now_ms": self.now_ms, "lanes": [lane.export_state() for lane in self.lanes]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `export_state` was called, on a player made with the saved indexes."""
        for lane, saved in zip(self.lanes, state["lanes"], strict=True):
            lane.load_state(saved)
        self.now_ms = int(state["now_ms"])
        self._refill()

    def _refill(self) -> None:
        self._heads[:] = [(*lane.head, i) for i, lane in enumerate(self.lanes) if lane.head is not None]
        heapq.heapify(self._heads)
