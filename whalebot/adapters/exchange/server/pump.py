"""Lets market time pass: in real time times a factor, or as fast as the consumers take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from whalebot.adapters.exchange.market.events import Kline, MarketEvent, PricePoint
from whalebot.adapters.exchange.market.pacing import Schedule, Speed
from whalebot.adapters.exchange.server.barrier import Barrier
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Channel
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.venue import Venue

# One turn of the loop works on market events for so long at most, so that requests are answered meanwhile.
SLICE_S: Final = 0.005
TICK_S: Final = 0.02
IDLE_S: Final = 0.25
# Consumers subscribe one topic after the other: play starts when they have been quiet for so long.
SETTLE_S: Final = 0.5
SETTLE_LIMIT_S: Final = 5.0
_MAX_YIELDS: Final = 200
_MAX_ANSWERS: Final = 20
_REST_PER_PUSH: Final = 2.0
_LONGEST_REST_S: Final = 0.1


class Pump:
    """Drives one market. `activity` counts what clients do, `in_flight` the requests being worked on."""

    def __init__(
        self,
        venue: Venue,
        hub: Hub,
        barrier: Barrier,
        clock: VenueClock,
        speed: Speed,
        activity: Callable[[], int],
        in_flight: Callable[[], int],
        on_tick: Callable[[], None],
        follows_clock: bool = False,
    ) -> None:
        """With `follows_clock` (at speed 1) the market's time is the machine's; what it missed is made up."""
        self.is_started = False
        self.is_ended = False
        self.bars = 0
        self._venue = venue
        self._hub = hub
        self._barrier = barrier
        self._clock = clock
        self._speed = speed
        self._activity = activity
        self._in_flight = in_flight
        self._on_tick = on_tick
        self._follows_clock = follows_clock

    async def run(self, waits_for_client: bool) -> None:
        """Play the market to its end; prices freeze then, and tickers and books go on repeating."""
        if waits_for_client:
            await self._wait_for_client()
        self.is_started = True
        if self._speed.is_max:
            await self._run_locked(waits_for_client)
        else:
            await self._run_paced()
        self.is_ended = True
        self._venue.log.write("end", text="end of data")
        while True:
            self._venue.feed.push_due(self._clock.monotonic())
            self._on_tick()
            await asyncio.sleep(TICK_S if self._venue.feed.has_paced_topics() else IDLE_S)

    async def _wait_for_client(self) -> None:
        while not self._hub.has_public.is_set():
            self._on_tick()
            try:
                await asyncio.wait_for(self._hub.has_public.wait(), IDLE_S)
            except TimeoutError:
                continue
        started_s = self._clock.monotonic()
        seen = -1
        while seen != self._activity() and self._clock.monotonic() - started_s < SETTLE_LIMIT_S:
            seen = self._activity()
            await asyncio.sleep(SETTLE_S)

    async def _run_locked(self, waits_for_client: bool) -> None:
        market, venue = self._venue.market, self._venue
        slice_end_s = 0.0
        while not market.is_finished:
            if waits_for_client and not self._hub.has_public.is_set():
                await self._wait_for_client()
            batch = market.advance(self._next_stop_ms())
            self._take(batch.events)
            if batch.at_barrier:
                venue.take(market.advance(batch.now_ms).events)
                self._count_bar()
            self._on_tick()
            now_s = self._clock.monotonic()
            if batch.at_barrier:
                venue.feed.push_step(now_s)
            else:
                venue.feed.push_points({e.symbol for e in batch.events if isinstance(e, PricePoint)}, now_s)
            await self._step(now_s >= slice_end_s)
            slice_end_s = now_s + SLICE_S if now_s >= slice_end_s else slice_end_s

    def _take(self, events: Sequence[MarketEvent]) -> None:
        """Let prices go ahead of the bars that close with them: at the venue they are never a bar old."""
        bars = [event for event in events if isinstance(event, Kline)]
        if bars:
            self._venue.take([event for event in events if not isinstance(event, Kline)])
            self._venue.feed.push_points({bar.symbol for bar in bars}, self._clock.monotonic())
            self._venue.take(bars)
        else:
            self._venue.take(events)

    def _next_stop_ms(self) -> int | None:
        """Return how far time may go before clients must have acted: None is the next closing bar.

        While something is at stake that is the next instant: a trailing stop follows every point of the path,
        and were the points sent all at once, the next one would come before the client could move its stop.
        """
        is_watched = self._venue.exposure.is_open and self._hub.connections
        return self._venue.market.next_ms() if is_watched else None

    async def _step(self, must_yield: bool) -> None:
        # Each ping takes what is queued before it along: one write a client and step.
        await self._barrier.wait(self._hub.connections)
        await self._drain_requests(must_yield)
        # What the clients' requests brought about is news to them, on which they may act at this instant.
        for _ in range(_MAX_ANSWERS):
            told = [c for c in self._hub.connections if c.channel is not Channel.PUBLIC and c.has_news]
            if not told:
                return
            await self._barrier.wait(told)
            await self._drain_requests(must_yield=False)

    def _count_bar(self) -> None:
        self.bars += 1
        self._venue.counters["bars"] += 1

    async def _drain_requests(self, must_yield: bool) -> None:
        """Let requests that arrived before the pongs be carried out before time goes on."""
        if must_yield or self._hub.connections:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for _ in range(_MAX_YIELDS):
            if not self._in_flight():
                return
            await asyncio.sleep(0)

    async def _run_paced(self) -> None:
        market, venue = self._venue.market, self._venue
        anchor_ms = self._clock.real_ms() if self._follows_clock else market.now_ms
        schedule = Schedule(anchor_ms, self._speed, self._clock.monotonic() * 1000)
        while not market.is_finished:
            slice_end_s = self._clock.monotonic() + SLICE_S
            is_behind = False
            while not is_behind:
                batch = market.advance(schedule.due_ms(self._clock.monotonic() * 1000))
                venue.take(batch.events)
                if not batch.at_barrier:
                    break
                self._count_bar()
                is_behind = self._clock.monotonic() > slice_end_s
            started_s = self._clock.monotonic()
            venue.feed.push_due(started_s)
            pushed_s = self._clock.monotonic() - started_s
            self._on_tick()
            await asyncio.sleep(0 if is_behind else self._pause_s(schedule, pushed_s))

    def _pause_s(self, schedule: Schedule, pushed_s: float) -> float:
        # Many books cost more than a tick: then they come less often, and requests are answered meanwhile.
        rest_s = min(_REST_PER_PUSH * pushed_s, _LONGEST_REST_S)
        return max(self._until_due_s(schedule), rest_s)

    def _until_due_s(self, schedule: Schedule) -> float:
        longest = TICK_S if self._venue.feed.has_paced_topics() else IDLE_S
        next_ms = self._venue.market.next_ms()
        if next_ms is None:
            return longest
        wait_ms = schedule.real_ms_until(next_ms, self._clock.monotonic() * 1000)
        return longest if wait_ms is None else min(max(wait_ms / 1000, 0.001), longest)
