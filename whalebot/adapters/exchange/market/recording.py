"""Recorded frames of Bybit's public streams as depth changes and trades of one symbol, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from whalebot.adapters.exchange.market.events import BookChanged, Level
from whalebot.domain.enums import Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

_BOOK: Final = "orderbook"
_TRADE: Final = "publicTrade"


@dataclass(frozen=True, slots=True)
class FrameTrack:
    """What was recorded of one symbol: decoded frames as the venue sent them, in any order of topics.

    Of several depths the deepest is used; topics other than order book and trades are passed over.
    """

    instrument: Instrument
    frames: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Trade:
    """One recorded trade."""

    ts_ms: int
    price: Decimal
    qty: Decimal
    taker_side: Side


def read_recording(track: FrameTrack) -> list[BookChanged | Trade]:
    """Return depth changes and trades by time, ties as recorded. Raises ConfigError, naming the frame."""
    symbol = track.instrument.symbol
    depth = max((_depth(frame, symbol) for frame in track.frames), default=0)
    found: list[BookChanged | Trade] = []
    has_snapshot = False
    for number, frame in enumerate(track.frames, start=1):
        try:
            if frame.get("topic") == f"{_BOOK}.{depth}.{symbol}":
                change = _book_change(frame, symbol)
                has_snapshot = has_snapshot or change.is_snapshot
                if not has_snapshot:
                    raise ValueError("a delta before the first snapshot")
                found.append(change)
            elif frame.get("topic") == f"{_TRADE}.{symbol}":
                found += [_trade(row) for row in frame["data"]]
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise ConfigError(
                f"{symbol}: frame {number} cannot be played ({error!r}); expected frames of Bybit v5"
            ) from error
    if not found:
        raise ConfigError(f"{symbol}: no frame of its order book or trades; expected {_BOOK}.N.{symbol}")
    return sorted(found, key=lambda item: item.ts_ms)


class RecordedBook:
    """A book kept by snapshots and deltas."""

    def __init__(self) -> None:
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def apply(self, change: BookChanged) -> None:
        """Take a snapshot, or the levels of a delta (quantity 0 deletes)."""
        for levels, changes in ((self._bids, change.bids), (self._asks, change.asks)):
            if change.is_snapshot:
                levels.clear()
            for price, qty in changes:
                if qty:
                    levels[price] = qty
                else:
                    levels.pop(price, None)

    def sides(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return bids and asks, best first."""
        return tuple(sorted(self._bids.items(), reverse=True)), tuple(sorted(self._asks.items()))

    def mid(self) -> Decimal | None:
        """Return the middle of the touch, None while a side is empty."""
        if not self._bids or not self._asks:
            return None
        return (max(self._bids) + min(self._asks)) / 2


def _depth(frame: Mapping[str, Any], symbol: str) -> int:
    parts = str(frame.get("topic", "")).split(".")
    if len(parts) == 3 and parts[0] == _BOOK and parts[2] == symbol and parts[1].isdigit():
        return int(parts[1])
    return 0


def _book_change(frame: Mapping[str, Any], symbol: str) -> BookChanged:
    data = frame["data"]
    ts_ms = int(frame.get("cts") or frame["ts"])
    return BookChanged(symbol, ts_ms, _levels(data["b"]), _levels(data["a"]), frame["type"] == "snapshot")


def _levels(rows: Iterable[Sequence[str]]) -> tuple[Level, ...]:
    return tuple((Decimal(price), Decimal(qty)) for price, qty in rows)


def _trade(row: Mapping[str, Any]) -> Trade:
    return Trade(int(row["T"]), Decimal(row["p"]), Decimal(row["v"]), Side(row["S"]))
