"""A market that plays recorded frames: real depth and real trades of one or several symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.exchange.market.bar_market import BarMarket
from whalebot.adapters.exchange.market.events import Batch, BookChanged
from whalebot.adapters.exchange.market.frame_feed import FrameFeed
from whalebot.adapters.exchange.market.noise import make_key
from whalebot.adapters.exchange.market.playback import start_of_play
from whalebot.adapters.exchange.market.player import Player
from whalebot.adapters.exchange.market.recording import FrameTrack
from whalebot.adapters.exchange.market.state import seal, unseal
from whalebot.adapters.exchange.market.views import Book

__all__ = ["FrameMarket", "FrameTrack"]


class FrameMarket(BarMarket):
    """Plays recordings from the first minute of all, or from the first that begins at or after `from_ms`.

    Depth comes as `BookChanged` and is served as recorded; a symbol without recorded depth has the
    synthetic book. The first batch begins with a snapshot where play starts inside a recording. Raises
    ConfigError for frames that cannot be played, StateMismatch when `state` belongs to other data.
    """

    def __init__(
        self,
        tracks: Sequence[FrameTrack],
        from_ms: int | None = None,
        seed: int = 0,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        feeds = [FrameFeed(track) for track in tracks]
        self._identity: Final = {"kind": "frames", "seed": seed, "data": [feed.digest for feed in feeds]}
        body = None if state is None else unseal(state, self._identity)
        if body is None:
            indexes = [feed.index_at(from_ms) for feed in feeds]
            start_ms = start_of_play(feeds, indexes)
        else:
            indexes = [int(lane["index"]) for lane in body["player"]["lanes"]]
            start_ms = int(body["start_ms"])
        player = Player(feeds, indexes, start_ms)
        if body is not None:
            player.load_state(body["player"])
        super().__init__("recorded frames", False, player, start_ms, make_key(seed, "book"))
        known_ms = player.now_ms if body is not None else start_ms - 1
        self._books: Final = {feed.instrument.symbol: feed.book_at(known_ms) for feed in feeds}
        self._first_snapshots = [] if body is not None else self._snapshots(start_ms)

    def advance(self, until_ms: int | None) -> Batch:
        """Let time pass, see `MarketSource`; the recorded books follow."""
        batch = super().advance(until_ms)
        for event in batch.events:
            if isinstance(event, BookChanged):
                self._books[event.symbol].apply(event)
        if self._first_snapshots and (batch.events or batch.now_ms > self.start_ms):
            batch = Batch((*self._first_snapshots, *batch.events), batch.now_ms, batch.at_barrier)
            self._first_snapshots = []
        return batch

    def book(self, symbol: str, depth: int) -> Book | None:
        """Return the recorded book, or the synthetic one where none was recorded."""
        bids, asks = self._books[symbol].sides()
        if not bids and not asks:
            return super().book(symbol, depth)
        return Book(self.now_ms, symbol, bids[:depth], asks[:depth], not self._first_snapshots)

    def regrid(self, symbol: str, tick: Decimal) -> None:
        """Refuse, see `MarketSource`."""
        raise ValueError(f"{symbol}: recorded frames keep their tick")

    def export_state(self) -> dict[str, Any]:
        """Return the state, see `MarketSource`."""
        return seal(self._identity, {"start_ms": self.start_ms, "player": self._player.export_state()})

    def _snapshots(self, ts_ms: int) -> list[BookChanged]:
        sides = {symbol: book.sides() for symbol, book in self._books.items()}
        return [BookChanged(symbol, ts_ms, *both) for symbol, both in sides.items() if both[0] or both[1]]
