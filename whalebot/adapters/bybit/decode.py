"""Frames of one connection into domain events or control answers; the unreadable is counted, not raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit import decode_public as public
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode_account import ROW_DECODERS, DecodeRow, row_events
from whalebot.adapters.bybit.route import DecodeFrame, Route
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.domain.events import Event
from whalebot.domain.intervals import INTERVALS

# msgspec raises RecursionError for absurdly nested input and UnicodeDecodeError (a ValueError) for bad text.
# IndexError: a frame cut off inside its first words.
_UNREADABLE = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError, IndexError)

_control = msgspec.json.Decoder(ControlFrame, strict=False)


class FrameDecoder:
    """Decoder of one connection. Knows the subscribed topics; used by one thread.

    A topic nobody subscribed, one that is unknown or removed, and payloads of other products are refused by
    name in the counters. `routes` gives the state of each subscribed topic.
    """

    __slots__ = ("_by_bytes", "_counters", "routes")

    def __init__(
        self,
        topics: Iterable[str],
        counters: StreamCounters,
        decoders: Mapping[str, DecodeFrame] | None = None,
    ) -> None:
        """Prepare a decoder per topic; `decoders` replaces those of some kinds ("tickers").

        Raises BadValue for a topic that this daemon cannot read.
        """
        self._counters = counters
        self.routes = {topic: make_route(topic, counters) for topic in topics}
        for route in self.routes.values():
            route.decode = (decoders or {}).get(route.kind, route.decode)
        self._by_bytes = {topic.encode(): route for topic, route in self.routes.items()}

    def decode(self, frame: bytes, recv_ms: int) -> list[Event] | ControlFrame:
        """Decode one frame received at local time `recv_ms`; an empty list when nothing could be read."""
        self._counters.received += 1
        try:
            # Most frames name their topic first; the rest is found by decoding a little more.
            words = frame.split(b'"', 4)
            if words[0] == b"{" and words[1] == b"topic":
                route = self._by_bytes.get(words[3])
                if route is not None:
                    events = route.decode(frame, route, recv_ms)
                    route.frames += 1
                    return events
            return self._decode_other(frame, recv_ms)
        except _UNREADABLE as e:
            self._refuse(e, frame)
        return []

    def _decode_other(self, frame: bytes, recv_ms: int) -> list[Event] | ControlFrame:
        control = _control.decode(frame)
        if not control.topic:
            if control.op or control.type == "COMMAND_RESP":
                return control
            self._counters.refuse("unknown frame", "neither topic nor op", frame)
            return []
        route = self.routes.get(control.topic)
        if route is not None:
            events = route.decode(frame, route, recv_ms)
            route.frames += 1
            return events
        kind, detail = _why_refused(control.topic)
        self._counters.refuse(kind, detail, frame)
        return []

    def _refuse(self, error: Exception, frame: bytes) -> None:
        if isinstance(error, public.BadBar):
            self._counters.refuse("bad bar", str(error), frame)
        elif isinstance(error, say.Foreign):
            self._counters.refuse(f"refused: {error}", "", frame)
        else:
            self._counters.refuse("unreadable", f"{type(error).__name__}: {error}", frame)


def make_route(topic: str, counters: StreamCounters) -> Route:
    """Build the route of a topic. Raises BadValue for one that this daemon cannot read."""
    if topic in ROW_DECODERS:
        return Route(topic, topic, "", "", _row_decoder(ROW_DECODERS[topic], counters))
    kind, _, rest = topic.partition(".")
    middle, _, symbol = rest.rpartition(".")
    if foreign := say.foreign_category(symbol):
        raise say.Foreign(foreign)
    if kind == "kline" and middle not in INTERVALS:
        raise say.BadValue(f"{topic}: {middle!r} is no interval")
    if kind not in _PUBLIC or bool(middle) != (kind in ("kline", "orderbook")):
        raise say.BadValue(f"{topic}: unknown topic")
    return Route(topic, kind, symbol, middle if kind == "kline" else "", _PUBLIC[kind])


_PUBLIC: dict[str, DecodeFrame] = {
    "orderbook": public.book_events,
    "tickers": public.ticker_events,
    "publicTrade": public.trade_events,
    "kline": public.kline_events,
    "allLiquidation": public.liquidation_events,
}


def _row_decoder(decode: DecodeRow, counters: StreamCounters) -> DecodeFrame:
    def decode_rows(frame: bytes, _route: Route, recv_ms: int) -> list[Event]:
        return row_events(frame, decode, recv_ms, counters)

    return decode_rows


def _why_refused(topic: str) -> tuple[str, str]:
    if topic.startswith("liquidation."):
        return "refused: legacy liquidation topic", topic
    if topic.startswith("execution.fast"):
        return "refused: execution.fast carries no fee", topic
    try:
        make_route(topic, StreamCounters("probe"))
    except say.Foreign as e:
        return f"refused: {e}", topic
    except say.BadValue as e:
        return "unknown topic", str(e)
    return "not subscribed", topic
