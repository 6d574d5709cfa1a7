"""One websocket connection on its own thread: connect, authenticate, subscribe, decode, report every loss."""

from __future__ import annotations

import contextlib
import json
import logging
import random
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import websocket

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.frames import CLOSE, PING, TEXT, FrameReader
from whalebot.adapters.bybit.handshake import shake_hands
from whalebot.adapters.bybit.route import DecodeFrame
from whalebot.adapters.bybit.silence import SilenceWatch, StreamTimings
from whalebot.adapters.bybit.subscriptions import Subscriptions
from whalebot.adapters.bybit.waker import Waker
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.domain.errors import TransportError
from whalebot.domain.events import BookLost
from whalebot.ports import Clock, EventSink

_log = logging.getLogger(__name__)
# Below the size at which the C library maps fresh pages for every block.
_BLOCK_BYTES: Final = 64 * 1024


class LinkState(Enum):
    """How far a connection is."""

    DOWN = "down"
    CONNECTED = "connected"
    AUTHED = "authed"
    SUBSCRIBED = "subscribed"


@dataclass(frozen=True, slots=True)
class Link:
    """What a connection needs to know. `credentials` None means a public stream.

    A `tolerant` connection needs none of its topics: one that is refused is left out for good and the others
    go on. `decoders` replaces the decoders of some kinds of topic.
    """

    name: str
    url: str
    topics: Sequence[str]
    credentials: Credentials | None
    time_scale: float
    tolerant: bool = False
    decoders: Mapping[str, DecodeFrame] | None = None


class StreamConnection:
    """One connection. `run` is its thread's body; the other public methods may be called from any thread.

    `on_state(up, reason)` is called from the connection's thread: True after all acknowledgements, False on
    each loss or failed attempt.
    """

    def __init__(
        self,
        link: Link,
        sink: EventSink,
        clock: Clock,
        venue_clock: VenueClock,
        timings: StreamTimings,
        rng: random.Random,
        on_state: Callable[[bool, str], None],
    ) -> None:
        self.link = link
        self.counters = StreamCounters(link.name)
        self.decoder = FrameDecoder(link.topics, self.counters, link.decoders)
        self.state = LinkState.DOWN
        self.last_reason = ""
        self.last_recv_s: float | None = None
        self.refused: dict[str, str] = {}
        self._sink = sink
        self._clock = clock
        self._venue_clock = venue_clock
        self._timings = timings
        self._rng = rng
        self._on_state = on_state
        self._watch = _watch_of(link, self.decoder, timings)
        self._halt = threading.Event()
        self._renewals: deque[tuple[str, str]] = deque()
        self._waker = Waker()
        self._ws: Any = None
        self._subscriptions = _subscriptions_of(self.link, self.refused, self._send)
        self._greeted_s = 0.0
        self._next_ping_s = 0.0

    def run(self) -> None:
        """Keep the connection open until `stop`."""
        attempt = 0
        while not self._halt.is_set():
            started_s = time.monotonic()
            reason = self._session()
            if self._halt.is_set():
                break
            self.tell_loss(reason)
            attempt = 0 if time.monotonic() - started_s > self._timings.stable_s else attempt + 1
            self._halt.wait(self._timings.delay_s(attempt, self._rng))
        self.state = LinkState.DOWN
        self._waker.close()

    @property
    def stopped(self) -> bool:
        """True once `stop` was called."""
        return self._halt.is_set()

    def tell_loss(self, reason: str) -> None:
        """Report that the connection is away; for its own thread, or for who found that thread dead."""
        self.state = LinkState.DOWN
        self.last_reason = reason
        self.counters.reconnects += 1
        self._on_state(False, reason)

    def stop(self) -> None:
        """Ask the thread to end and wake it."""
        self._halt.set()
        self._waker.wake()
        ws = self._ws
        sock = ws.sock if ws is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def renew(self, topic: str, reason: str) -> None:
        """Have a topic dropped and subscribed again by the connection's thread; returns at once."""
        if topic in self.decoder.routes:
            if (topic, reason) not in self._renewals:
                self._renewals.append((topic, reason))
            self._waker.wake()

    def _session(self) -> str:
        """Open one connection and serve it; return why it ended."""
        try:
            sock = self._open()
            self._greet()
            self._serve(sock, FrameReader())
        except TransportError as e:
            return self._told(str(e))
        except (OSError, websocket.WebSocketException) as e:
            return self._told(f"{type(e).__name__}: {e}")
        except Exception as e:  # noqa: BLE001  root of the stream's thread: a bug here must not end the stream
            if not self._halt.is_set():
                _log.exception("%s: unexpected error on the stream's thread", self.link.name)
            return self._told(f"unexpected {type(e).__name__}: {e}")
        finally:
            ws, self._ws = self._ws, None
            if ws is not None:
                ws.shutdown()
        return "stopped"

    def _told(self, text: str) -> str:
        """A reason as it may be shown: what a venue says of a refused key may repeat it."""
        keys = self.link.credentials
        return say.told(text if keys is None else text.replace(keys.key, "***").replace(keys.secret, "***"))

    def _open(self) -> socket.socket:
        ws: Any = websocket.WebSocket(skip_utf8_validation=True)
        self._ws = ws
        return shake_hands(ws, self.link.url, self._timings.connect_s)

    def _greet(self) -> None:
        self.state = LinkState.CONNECTED
        self._renewals.clear()
        for route in self.decoder.routes.values():
            route.frames = 0
        now_s = time.monotonic()
        self.last_recv_s = now_s
        self._greeted_s = now_s
        self._next_ping_s = now_s + self._timings.ping_s
        self._subscriptions = _subscriptions_of(self.link, self.refused, self._send)
        self._watch = _watch_of(self.link, self.decoder, self._timings)
        self._watch.start(now_s)
        if self.link.credentials is None:
            self._subscriptions.request_all()
            return
        arguments = self.link.credentials.stream_auth_args(self._venue_clock.now_ms())
        self._send({"op": "auth", "args": arguments})

    def _send(self, message: dict[str, object]) -> None:
        self._ws.send(json.dumps(message))

    def _serve(self, sock: socket.socket, reader: FrameReader) -> None:
        # TLS may hold decrypted bytes that no selector sees.
        held = getattr(sock, "pending", _nothing_held)
        next_check_s = time.monotonic() + self._timings.check_s
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            selector.register(self._waker.socket, selectors.EVENT_READ)
            while not self._halt.is_set():
                if held() or self._is_readable(selector, sock):
                    self._read_block(sock, reader)
                now_s = time.monotonic()
                if now_s >= next_check_s:
                    self._check(now_s, reader)
                    next_check_s = now_s + self._timings.check_s

    def _is_readable(self, selector: selectors.BaseSelector, sock: socket.socket) -> bool:
        """Wait for data or a call from another thread; return whether data is there."""
        ready = [key.fileobj for key, _ in selector.select(self._timings.check_s)]
        if self._waker.socket in ready:
            self._obey()
        return sock in ready

    def _read_block(self, sock: socket.socket, reader: FrameReader) -> None:
        try:
            block = sock.recv(_BLOCK_BYTES)
        except (TimeoutError, ssl.SSLWantReadError):
            return
        if not block:
            raise TransportError("closed by the venue")
        self.last_recv_s = now_s = time.monotonic()
        self._take(reader.feed(block, now_s), self._clock.now_ms())

    def _take(self, messages: list[tuple[int, bytes]], recv_ms: int) -> None:
        decode, put = self.decoder.decode, self._sink.put
        for opcode, payload in messages:
            if opcode == TEXT:
                result = decode(payload, recv_ms)
                if isinstance(result, ControlFrame):
                    self._control(result)
                else:
                    for event in result:
                        put(event)
            elif opcode == PING:
                # A pong says that all that came before was acted upon; an accelerated exchange waits for it.
                self._sink.wait_settled(self._timings.settle_s)
                self._ws.pong(payload)
            elif opcode == CLOSE:
                raise TransportError(f"closed by the venue{_close_text(payload)}")

    def _control(self, frame: ControlFrame) -> None:
        if frame.op == "auth":
            if frame.success is not True and frame.ret_code != 0:
                # The words for a stamp out of date differ; the next attempt shall have a right one.
                self._venue_clock.doubt()
                raise TransportError(
                    f"authentication refused: {say.told(frame.ret_msg or frame.ret_msg_camel)}"
                )
            self.state = LinkState.AUTHED
            self._subscriptions.request_all()
        elif frame.op == "subscribe":
            self._subscriptions.answer(frame)
            known = self.refused if self.link.tolerant else {}
            self.refused = {**known, **self._subscriptions.refused}
            self._watch.forget(self.refused)
            if self._subscriptions.complete and self.state is not LinkState.SUBSCRIBED:
                self.state = LinkState.SUBSCRIBED
                self._watch.start(time.monotonic())
                self._on_state(True, "")
                # What was asked for before this moment has woken the thread already.
                self._obey()

    def _obey(self) -> None:
        self._waker.drain()
        while self._renewals and self.state is LinkState.SUBSCRIBED:
            self._renew(*self._renewals.popleft())

    def _renew(self, topic: str, reason: str) -> None:
        if self._subscriptions.is_pending(topic):
            return
        route = self.decoder.routes[topic]
        if route.kind == "orderbook":
            self._sink.put(BookLost(route.symbol, reason, self._clock.now_ms()))
        self.counters.resubscribes += 1
        self._subscriptions.renew(topic)

    def _awaits_auth(self) -> bool:
        return self.state is LinkState.CONNECTED and self.link.credentials is not None

    def _check(self, now_s: float, reader: FrameReader) -> None:
        timings = self._timings
        if reader.is_unfinished and now_s - reader.begun_s >= timings.dead_s:
            raise TransportError(f"a message was not finished within {timings.dead_s:g} s")
        if self.last_recv_s is not None and now_s - self.last_recv_s >= timings.dead_s:
            raise TransportError(f"nothing came for {timings.dead_s:g} s")
        if now_s >= self._next_ping_s:
            self._next_ping_s = now_s + timings.ping_s
            self._send({"op": "ping"})
        if self.state is LinkState.SUBSCRIBED:
            for route in self._watch.check(now_s):
                self._renew(route.topic, f"{route.topic} was silent")
        elif self._awaits_auth() and now_s - self._greeted_s > timings.ack_s:
            raise TransportError("no answer to the authentication request")
        sent_s = self._subscriptions.oldest_unanswered_s()
        if sent_s is not None and now_s - sent_s > timings.ack_s:
            raise TransportError("no answer to a subscribe request")


def _nothing_held() -> int:
    return 0


def _watch_of(link: Link, decoder: FrameDecoder, timings: StreamTimings) -> SilenceWatch:
    return SilenceWatch(decoder.routes.values(), timings, link.time_scale, link.tolerant)


def _subscriptions_of(
    link: Link, refused: Mapping[str, str], send: Callable[[dict[str, object]], None]
) -> Subscriptions:
    if not link.tolerant:
        return Subscriptions(link.topics, send, time.monotonic)
    topics = [topic for topic in link.topics if topic not in refused]
    return Subscriptions(topics, send, time.monotonic, _not_needed)


def _not_needed(topic: str) -> bool:
    return False


def _close_text(payload: bytes) -> str:
    if len(payload) < 2:
        return ""
    return (
        f": {int.from_bytes(payload[:2], 'big')} {say.told(payload[2:].decode('utf-8', 'replace'))}".rstrip()
    )
