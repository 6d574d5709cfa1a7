"""`BybitWebSocketManager`: the daemon's public and private streams, kept alive for ever."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.connection import Link, LinkState, StreamConnection
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.route import DecodeFrame
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.adapters.bybit.topics import (
    PRIVATE_TOPICS,
    book_topic,
    connection_batches,
    public_topics,
)
from whalebot.domain.enums import Stream
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import StreamDown, StreamUp
from whalebot.ports import Clock, EventSink

_log = logging.getLogger(__name__)
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What to listen to. `time_scale` is how many times faster than real time the market runs.

    `topics` takes the place of everything the daemon needs of the symbols; none of them is needed then, and
    one that the venue refuses is left out and shown in `health`. `decoders` replaces the decoders of some
    kinds of topic.
    """

    endpoints: Endpoints
    symbols: Sequence[str]
    intervals: Sequence[str]
    book_depth: int = 50
    credentials: Credentials | None = None
    time_scale: float = 1.0
    timings: StreamTimings = field(default_factory=StreamTimings)
    topics: Sequence[str] | None = None
    decoders: Mapping[str, DecodeFrame] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """One connection at one moment. Ages in seconds; a topic without a frame yet is as old as its wait."""

    name: str
    state: str
    last_reason: str
    last_message_age_s: float | None
    received: int
    reconnects: int
    resubscribes: int
    errors: dict[str, int]
    samples: dict[str, tuple[str, ...]]
    refused_topics: dict[str, str]
    topic_age_s: dict[str, float]


class BybitWebSocketManager:
    """Runs one thread per connection and a supervisor; puts typed events into the sink and nothing else.

    The threads decode and hand over; no state of the engine is touched there. All methods may be called from
    any thread; `stop_all_streams` is final.
    """

    def __init__(
        self,
        settings: StreamSettings,
        sink: EventSink,
        clock: Clock,
        venue_clock: VenueClock,
        rng: random.Random,
    ) -> None:
        """Prepare the streams. Raises ConfigError for a topic the venue does not offer."""
        self._settings = settings
        self._sink = sink
        self._clock = clock
        self._venue_clock = venue_clock
        self._rng = rng
        self._halt = threading.Event()
        self._workers: list[_Worker] = []
        self._supervisor: threading.Thread | None = None
        self._lock = threading.Lock()
        self._public_topics = (
            public_topics(settings.symbols, settings.intervals, settings.book_depth)
            if settings.topics is None
            else list(settings.topics)
        )

    def start_public_stream(self) -> None:
        """Open the public stream; several connections where the topics do not fit into one."""
        batches = connection_batches(self._public_topics)
        names = ["public"] if len(batches) == 1 else [f"public-{i + 1}" for i in range(len(batches))]
        url = self._settings.endpoints.ws_public_url
        self._start(
            Stream.PUBLIC, [self._link(n, url, batch) for n, batch in zip(names, batches, strict=True)]
        )

    def start_private_stream(self) -> None:
        """Open the private stream. Raises ConfigError without keys or a private address."""
        url, credentials = self._settings.endpoints.ws_private_url, self._settings.credentials
        if url is None or credentials is None:
            raise ConfigError("the private stream needs API keys and exchange.ws_private_url")
        link = Link("private", url, PRIVATE_TOPICS, credentials, self._settings.time_scale)
        self._start(Stream.PRIVATE, [link])

    def wait_for_initial_data(self, timeout: float) -> bool:
        """Wait until every started stream is subscribed and each book and ticker that is served came once.

        Returns False when `timeout` (seconds) ran out or the streams were stopped.
        """
        deadline_s = time.monotonic() + timeout
        while not self._has_initial_data():
            if time.monotonic() >= deadline_s or self._halt.wait(_POLL_S):
                return False
        return True

    def stop_all_streams(self) -> None:
        """Close everything and return within about a second."""
        self._halt.set()
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            worker.connection.stop()
        deadline_s = time.monotonic() + self._settings.timings.stop_s
        for thread in [worker.thread for worker in workers] + [self._supervisor]:
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0.0, deadline_s - time.monotonic()))

    def resubscribe_book(self, symbol: str) -> None:
        """Drop and subscribe a symbol's order book again; returns at once, a snapshot follows."""
        topic = book_topic(self._settings.book_depth, symbol)
        with self._lock:
            workers = list(self._workers)
        for worker in workers:
            worker.connection.renew(topic, "resubscribed on request")

    def health(self) -> tuple[ConnectionHealth, ...]:
        """Return the state and the counters of every connection."""
        with self._lock:
            workers = list(self._workers)
        return tuple(_health(worker.connection, time.monotonic()) for worker in workers)

    def _link(self, name: str, url: str, topics: Sequence[str]) -> Link:
        settings = self._settings
        tolerant = settings.topics is not None
        return Link(name, url, topics, None, settings.time_scale, tolerant, settings.decoders)

    def _start(self, stream: Stream, links: Sequence[Link]) -> None:
        group = _Group(stream, len(links), self._sink, self._clock)
        with self._lock:
            if any(worker.stream is stream for worker in self._workers):
                raise ConfigError(f"the {stream.value} stream is running already")
            for index, link in enumerate(links):
                connection = StreamConnection(
                    link,
                    self._sink,
                    self._clock,
                    self._venue_clock,
                    self._settings.timings,
                    random.Random(self._rng.getrandbits(64)),
                    group.member(index),
                )
                self._workers.append(_Worker(stream, connection))
            if self._supervisor is None:
                self._supervisor = threading.Thread(
                    target=self._supervise, name="stream-supervisor", daemon=True
                )
                self._supervisor.start()

    def _supervise(self) -> None:
        while not self._halt.is_set():
            with self._lock:
                workers = list(self._workers)
            for worker in workers:
                worker.ensure_alive()
            self._halt.wait(self._settings.timings.check_s)

    def _has_initial_data(self) -> bool:
        with self._lock:
            connections = [worker.connection for worker in self._workers]
        return bool(connections) and all(
            connection.state is LinkState.SUBSCRIBED
            and all(
                route.frames
                for route in connection.decoder.routes.values()
                if route.kind in ("tickers", "orderbook") and route.topic not in connection.refused
            )
            for connection in connections
        )


class _Worker:
    """A connection and the thread that runs it."""

    def __init__(self, stream: Stream, connection: StreamConnection) -> None:
        self.stream = stream
        self.connection = connection
        self.thread = self._new_thread()
        self.thread.start()

    def ensure_alive(self) -> None:
        if not self.thread.is_alive() and not self.connection.stopped:
            _log.error("stream thread %s died; starting it again", self.connection.link.name)
            self.connection.tell_loss("its thread died")
            self.thread = self._new_thread()
            self.thread.start()

    def _new_thread(self) -> threading.Thread:
        name = f"stream-{self.connection.link.name}"
        return threading.Thread(target=self.connection.run, name=name, daemon=True)


class _Group:
    """Several connections seen as one stream: up when all are, down with each loss."""

    def __init__(self, stream: Stream, size: int, sink: EventSink, clock: Clock) -> None:
        self._stream = stream
        self._up = [False] * size
        self._said = ""
        self._sink = sink
        self._clock = clock
        self._lock = threading.Lock()

    def member(self, index: int) -> Callable[[bool, str], None]:
        def report(up: bool, reason: str) -> None:
            with self._lock:
                self._report(index, up, reason)

        return report

    def _report(self, index: int, up: bool, reason: str) -> None:
        was_up, self._up[index] = self._up[index], up
        if up:
            if all(self._up) and not was_up:
                self._said = ""
                self._sink.put(StreamUp(self._stream, self._clock.now_ms()))
        elif was_up or reason != self._said:
            # A loss is always told; a failed attempt only when its reason is news.
            self._said = reason
            _log.warning("%s stream down: %s", self._stream.value, reason)
            self._sink.put(StreamDown(self._stream, reason, self._clock.now_ms()))


def _health(connection: StreamConnection, now_s: float) -> ConnectionHealth:
    counters, last_s = connection.counters, connection.last_recv_s
    return ConnectionHealth(
        name=connection.link.name,
        state=connection.state.value,
        last_reason=connection.last_reason,
        last_message_age_s=None if last_s is None else now_s - last_s,
        received=counters.received,
        reconnects=counters.reconnects,
        resubscribes=counters.resubscribes,
        errors=counters.error_counts(),
        samples=counters.samples(),
        refused_topics=connection.refused,
        topic_age_s={route.topic: now_s - route.seen_s for route in connection.decoder.routes.values()},
    )
