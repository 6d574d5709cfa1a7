"""A market that plays recorded bars of one or several symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from whalebot.adapters.exchange.market.bar_market import BarMarket
from whalebot.adapters.exchange.market.feed import Feed
from whalebot.adapters.exchange.market.noise import make_key
from whalebot.adapters.exchange.market.playback_feed import PlaybackFeed, PlaybackTrack
from whalebot.adapters.exchange.market.player import Player
from whalebot.adapters.exchange.market.state import seal, unseal
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import iso_utc

__all__ = ["PlaybackMarket", "PlaybackTrack"]


class PlaybackMarket(BarMarket):
    """Plays tracks from the first bar of all, or from the first ones that open at or after `from_ms`.

    What lies before serves as history. `seed` only shapes the synthetic book. Raises ConfigError where no
    bar is left to play, StateMismatch when `state` belongs to other data.
    """

    def __init__(
        self,
        tracks: Sequence[PlaybackTrack],
        from_ms: int | None = None,
        seed: int = 0,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        feeds = [PlaybackFeed(track) for track in tracks]
        self._identity: Final = {"kind": "playback", "seed": seed, "data": [feed.digest for feed in feeds]}
        body = None if state is None else unseal(state, self._identity)
        if body is None:
            indexes = [feed.index_at(from_ms) for feed in feeds]
            start_ms = start_of_play(feeds, indexes)
            player = Player(feeds, indexes, start_ms)
        else:
            indexes = [int(lane["index"]) for lane in body["player"]["lanes"]]
            start_ms = int(body["start_ms"])
            player = Player(feeds, indexes, start_ms)
            player.load_state(body["player"])
        super().__init__("playback", False, player, start_ms, make_key(seed, "book"))

    def export_state(self) -> dict[str, Any]:
        """Return the state, see `MarketSource`."""
        return seal(self._identity, {"start_ms": self.start_ms, "player": self._player.export_state()})


class _EndingFeed(Feed, Protocol):
    @property
    def end_ms(self) -> int: ...


def start_of_play(feeds: Sequence[_EndingFeed], indexes: Sequence[int]) -> int:
    """Return the earliest open of the bars to be played first. Raises ConfigError without any."""
    bars = [feed.bar(index) for feed, index in zip(feeds, indexes, strict=True)]
    opens = [bar.open_ms for bar in bars if bar is not None]
    if not opens:
        ends = ", ".join(f"{feed.instrument.symbol} at {iso_utc(feed.end_ms)}" for feed in feeds)
        raise ConfigError(f"no bar opens at or after --from; the data ends: {ends}; choose an earlier time")
    return min(opens)
