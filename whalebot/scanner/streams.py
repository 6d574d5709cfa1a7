"""The scanner's streams: bars and tickers of every symbol, books where asked for, refusals told once."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.bybit.auth import VenueClock
from whalebot.adapters.bybit.day_ticker import day_ticker_events
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.adapters.bybit.streams import BybitWebSocketManager, StreamSettings
from whalebot.adapters.bybit.topics import book_topic
from whalebot.ports import Clock
from whalebot.scanner.sink import ScanSink

FALLBACK_DEPTH: Final = 50
_ACK_S: Final = 30.0
"""A scan sends dozens of subscribe requests at once; the last of them is answered late."""
_UP: Final = "subscribed"


@dataclass(frozen=True, slots=True)
class StreamState:
    """All connections at one moment."""

    connections: int
    up: int
    reconnects: int
    received: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A topic that the venue refuses. `is_depth`: a book whose depth can be another one."""

    topic: str
    symbol: str
    reason: str
    is_bar: bool
    is_depth: bool


class ScanStreams:
    """One group of connections a call of `open`, since the venue's requests hold few topics. One thread."""

    def __init__(
        self,
        endpoints: Endpoints,
        sink: ScanSink,
        clock: Clock,
        rng: random.Random,
        retry_delay_s: float,
        time_scale: float = 1.0,
        timings: StreamTimings | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._sink = sink
        self._clock = clock
        self._rng = rng
        self._time_scale = time_scale
        self._timings = timings or StreamTimings(ack_s=_ACK_S, patient_s=retry_delay_s)
        self._managers: list[BybitWebSocketManager] = []
        self._told: set[str] = set()

    def open(self, topics: Sequence[str], depth: int = FALLBACK_DEPTH) -> None:
        """Subscribe topics on new connections."""
        if not topics:
            return
        manager = BybitWebSocketManager(
            StreamSettings(
                self._endpoints,
                (),
                (),
                book_depth=depth or FALLBACK_DEPTH,
                time_scale=self._time_scale,
                timings=self._timings,
                topics=tuple(topics),
                decoders={"tickers": day_ticker_events},
            ),
            self._sink,
            self._clock,
            VenueClock(self._clock),
            self._rng,
        )
        manager.start_public_stream()
        self._managers.append(manager)

    def new_refusals(self) -> list[Refused]:
        """Return the topics refused since the last call."""
        found = []
        for manager in self._managers:
            for health in manager.health():
                for topic, reason in health.refused_topics.items():
                    if topic not in self._told:
                        self._told.add(topic)
                        found.append(_refused(topic, reason))
        return found

    def renew_book(self, symbol: str) -> None:
        """Have a book sent anew."""
        for manager in self._managers:
            manager.resubscribe_book(symbol)

    def state(self) -> StreamState:
        """Return the state of all connections."""
        health = [one for manager in self._managers for one in manager.health()]
        return StreamState(
            connections=len(health),
            up=sum(one.state == _UP for one in health),
            reconnects=sum(one.reconnects for one in health),
            received=sum(one.received for one in health),
            unreadable=sum(sum(one.errors.values()) for one in health),
        )

    def close(self) -> None:
        """End every connection within about a second."""
        for manager in self._managers:
            manager.stop_all_streams()
        self._managers.clear()


def topics_of(symbols: Iterable[str], intervals: Iterable[str], depth: int) -> list[str]:
    """Return the topics of symbols; depth 0 leaves out the books. Raises ConfigError for another depth."""
    frames = tuple(intervals)
    topics: list[str] = []
    for symbol in symbols:
        topics += [f"kline.{interval}.{symbol}" for interval in frames]
        topics.append(f"tickers.{symbol}")
        if depth:
            topics.append(book_topic(depth, symbol))
    return topics


def _refused(topic: str, reason: str) -> Refused:
    kind, _, rest = topic.partition(".")
    depth, _, symbol = rest.rpartition(".")
    is_depth = kind == "orderbook" and depth != str(FALLBACK_DEPTH)
    return Refused(topic, symbol, reason, kind == "kline", is_depth)
