"""Names of stream topics, and how they are spread over requests and connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from whalebot.domain.errors import ConfigError

BOOK_DEPTHS: Final = (1, 50, 200, 500, 1000)
"""Order book depths of the linear stream (older venues offer 500 in place of 1000)."""
PRIVATE_TOPICS: Final = ("order", "execution", "position", "wallet")
TOPICS_PER_REQUEST: Final = 10
CHARS_PER_CONNECTION: Final = 20_000
"""The venue's limit is 21,000 characters of arguments per connection."""


def book_topic(depth: int, symbol: str) -> str:
    """Return the topic of a symbol's order book. Raises ConfigError for a depth that is not offered."""
    if depth not in BOOK_DEPTHS:
        raise ConfigError(f"orderbook_limit {depth} is not one of {', '.join(map(str, BOOK_DEPTHS))}")
    return f"orderbook.{depth}.{symbol}"


def public_topics(symbols: Sequence[str], intervals: Sequence[str], depth: int) -> list[str]:
    """Return every public topic the daemon needs, symbol by symbol."""
    topics: list[str] = []
    for symbol in symbols:
        topics += [book_topic(depth, symbol), f"tickers.{symbol}", f"publicTrade.{symbol}"]
        topics += [f"kline.{interval}.{symbol}" for interval in dict.fromkeys(intervals)]
        topics.append(f"allLiquidation.{symbol}")
    return topics


def symbol_of(topic: str) -> str:
    """Return the symbol of a public topic, "" for one of the account."""
    return topic.rpartition(".")[2] if "." in topic else ""


def is_essential(topic: str) -> bool:
    """Return whether trading needs the topic; without the others the stream goes on."""
    return not topic.startswith("allLiquidation.")


def request_batches(topics: Iterable[str]) -> list[list[str]]:
    """Cut topics into subscribe requests of at most 10."""
    ordered = list(topics)
    return [ordered[i : i + TOPICS_PER_REQUEST] for i in range(0, len(ordered), TOPICS_PER_REQUEST)]


def connection_batches(topics: Iterable[str], limit: int = CHARS_PER_CONNECTION) -> list[list[str]]:
    """Cut topics into connections of at most `limit` characters, each topic counted with its quotes."""
    batches: list[list[str]] = [[]]
    used = 0
    for topic in topics:
        cost = len(topic) + 3
        if batches[-1] and used + cost > limit:
            batches.append([])
            used = 0
        batches[-1].append(topic)
        used += cost
    return batches
