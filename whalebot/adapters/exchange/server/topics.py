"""Names of stream topics, parsed as strictly as the venue does."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from whalebot.domain.intervals import INTERVALS

BOOK_DEPTHS: Final = (1, 50, 200, 500, 1000)
PRIVATE_TOPICS: Final = frozenset(
    {"order", "execution", "execution.fast", "position", "wallet", "greeks", "dcp"}
)
_CATEGORIES: Final = ("linear", "future")
_DEPTH_NAMES: Final = frozenset(str(depth) for depth in BOOK_DEPTHS)


class BadTopic(Exception):
    """A topic that cannot be subscribed; the whole request fails with this text."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"error:handler not found,topic:{topic}")

    @classmethod
    def because(cls, text: str) -> BadTopic:
        """Return a refusal with another text."""
        error = cls("")
        error.args = (text,)
        return error

    @classmethod
    def already(cls, topic: str) -> BadTopic:
        """Return the refusal of a topic that the connection has."""
        return cls.because(f"error:already subscribed,topic:{topic}")


@dataclass(frozen=True, slots=True)
class PublicTopic:
    """One public topic. `option` is the depth of a book or the interval of a kline, else ""."""

    name: str
    kind: str
    option: str
    symbol: str


def parse_public_topic(name: str, symbols: Container[str]) -> PublicTopic:
    """Return the parts of a public topic; BadTopic when kind, option or symbol is unknown."""
    parts = name.split(".")
    kind = parts[0]
    if kind in ("publicTrade", "tickers", "allLiquidation") and len(parts) == 2:
        option, symbol = "", parts[1]
    elif (kind == "orderbook" and len(parts) == 3 and parts[1] in _DEPTH_NAMES) or (
        kind == "kline" and len(parts) == 3 and parts[1] in INTERVALS
    ):
        option, symbol = parts[1], parts[2]
    else:
        raise BadTopic(name)
    if symbol not in symbols:
        raise BadTopic(name)
    return PublicTopic(name, kind, option, symbol)


def parse_private_topic(name: str) -> str:
    """Return the topic a private subscription listens to: `order.linear` is a filtered `order`.

    Raises BadTopic for a name the private stream does not serve.
    """
    base, _, category = name.rpartition(".")
    if name in PRIVATE_TOPICS:
        return name
    if base in PRIVATE_TOPICS and category in _CATEGORIES:
        return base
    if base in PRIVATE_TOPICS and category in ("spot", "inverse", "option"):
        return name
    raise BadTopic(name)
