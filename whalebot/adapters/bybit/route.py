"""One subscribed topic: how its frames are decoded, and when the last one came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from whalebot.domain.events import Event

DecodeFrame: TypeAlias = "Callable[[bytes, Route, int], list[Event]]"


class Route:
    """State of one topic on one connection; touched by that connection's thread alone.

    `seen_s` is the monotonic time of the last frame (or of the subscription), `bar_left_ms` the market time
    that was left of the bar then (klines only), `frames` how many came since the subscription.
    """

    __slots__ = (
        "bar_left_ms",
        "decode",
        "frames",
        "interval",
        "kind",
        "renewed",
        "seen_s",
        "symbol",
        "topic",
    )

    def __init__(self, topic: str, kind: str, symbol: str, interval: str, decode: DecodeFrame) -> None:
        self.topic = topic
        self.kind = kind
        self.symbol = symbol
        self.interval = interval
        self.decode = decode
        self.seen_s = 0.0
        self.bar_left_ms = 0
        self.frames = 0
        self.renewed = False
