"""Silence of single topics: a pong proves the socket, not the data."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.bybit.route import Route
from whalebot.domain.errors import TransportError
from whalebot.domain.intervals import interval_ms

# Trades and liquidations may stay away for good reasons.
_WATCHED: Final = frozenset({"tickers", "orderbook", "kline"})


@dataclass(frozen=True, slots=True)
class StreamTimings:
    """Real time, seconds. The defaults are the daemon's; tests shorten them.

    `patient_s`: the least wait after three failures in a row.
    """

    connect_s: float = 10.0
    ack_s: float = 10.0
    ping_s: float = 20.0
    dead_s: float = 30.0
    topic_silence_s: float = 60.0
    settle_s: float = 0.25
    backoff_first_s: float = 0.5
    backoff_max_s: float = 30.0
    stable_s: float = 10.0
    check_s: float = 1.0
    stop_s: float = 1.0
    patient_s: float = 0.0

    def delay_s(self, attempt: int, rng: random.Random) -> float:
        """Return how long to wait before connecting again: exponential with full jitter."""
        ceiling = min(self.backoff_max_s, self.backoff_first_s * 2.0 ** min(attempt + 1, 16))
        wait_s = rng.uniform(min(self.backoff_first_s, ceiling), ceiling)
        return max(wait_s, min(self.patient_s, self.backoff_max_s)) if attempt >= 3 else wait_s


class SilenceWatch:
    """Watches the topics that may not be silent: tickers, books and klines past their bar's end.

    A silent topic is renewed once; silent again, the connection is given up, or, where it is `tolerant`, the
    topic is left alone until it speaks. `time_scale` is how many times
    faster than real time the market runs, which brings the end of a bar nearer.
    """

    def __init__(
        self, routes: Iterable[Route], timings: StreamTimings, time_scale: float, tolerant: bool = False
    ) -> None:
        self._routes = list(routes)
        self._tolerant = tolerant
        self._limit_s = timings.topic_silence_s
        self._time_scale = time_scale
        self._counted: dict[str, int] = {}

    def start(self, now_s: float) -> None:
        """Begin to count; called when the topics were subscribed."""
        for route in self._routes:
            route.seen_s = now_s
            route.renewed = False
            route.bar_left_ms = interval_ms(route.interval) if route.interval else 0
            self._counted[route.topic] = route.frames

    def forget(self, topics: Collection[str]) -> None:
        """Watch these topics no longer: the venue does not serve them."""
        if any(route.topic in topics for route in self._routes):
            self._routes = [route for route in self._routes if route.topic not in topics]

    def check(self, now_s: float) -> list[Route]:
        """Return the topics to renew. Raises TransportError for one that stayed silent after that."""
        silent: list[Route] = []
        for route in self._routes:
            if route.frames != self._counted.get(route.topic):
                self._counted[route.topic] = route.frames
                route.seen_s = now_s
                route.renewed = False
            elif route.kind in _WATCHED and now_s - route.seen_s > self._allowed_s(route):
                if route.renewed and self._tolerant:
                    continue
                if route.renewed:
                    raise TransportError(f"{route.topic} silent after it was subscribed again")
                route.renewed = True
                route.seen_s = now_s
                route.bar_left_ms = 0
                silent.append(route)
        return silent

    def _allowed_s(self, route: Route) -> float:
        return self._limit_s + route.bar_left_ms / 1000 / self._time_scale
