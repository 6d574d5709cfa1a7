"""Recorded stream frames instead of a venue: the same decoding, the same judging, in recorded order."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.day_ticker import DayTicker, day_ticker_events
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import BookDelta, BookSnapshot, CandleClosed, CandleForming
from whalebot.domain.intervals import INTERVALS
from whalebot.scanner.bootstrap import History
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.lane import Lane


@dataclass(frozen=True, slots=True)
class Recording:
    """Frames as the venue sent them, in order; `symbols` and `intervals` are those with bars in it."""

    frames: tuple[bytes, ...]
    topics: tuple[str, ...]
    symbols: tuple[str, ...]
    intervals: tuple[str, ...]


def read_recording(path: Path) -> Recording:
    """Read JSON lines, one frame a line (.gz too). Raises ConfigError naming the line."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(
            f"--replay {path}: cannot be read: {error}; expected one JSON frame a line"
        ) from None
    frames: list[bytes] = []
    topics: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            frame = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"--replay {path}: line {number}: {error}; expected one JSON frame") from None
        topic = frame.get("topic") if isinstance(frame, dict) else None
        if isinstance(topic, str) and topic.partition(".")[0] in ("kline", "tickers", "orderbook"):
            frames.append(line.encode())
            topics[topic] = None
    bars = [topic.split(".") for topic in topics if topic.startswith("kline.") and topic.count(".") == 2]
    if not bars:
        raise ConfigError(f"--replay {path}: no bars in it; kline frames are needed")
    return Recording(
        tuple(frames),
        tuple(topics),
        tuple(dict.fromkeys(parts[2] for parts in bars)),
        tuple(name for name in INTERVALS if any(parts[1] == name for parts in bars)),
    )


def play(recording: Recording, desk: ScanDesk) -> Iterator[None]:
    """Hand every frame to the desk; yield after each, so that what happened can be handed on.

    A symbol begins with an empty history: its window grows from the recording alone.
    """
    decoder = FrameDecoder(recording.topics, StreamCounters("replay"), {"tickers": day_ticker_events})
    for symbol in desk.cards:
        for interval in desk.intervals:
            desk.on_history(History(symbol, interval, (), None, None, 0))
    for frame in recording.frames:
        found = decoder.decode(frame, 0)
        if not isinstance(found, ControlFrame):
            for event in found:
                _hand_over(event, desk)
        desk.outbox.wishes.clear()  # nobody can be asked; what a hole left is dropped below
        yield


def _hand_over(event: Any, desk: ScanDesk) -> None:
    if isinstance(event, DayTicker):
        desk.on_ticker(event)
    elif isinstance(event, CandleClosed):
        desk.on_closed(event.candle)
        _drop_hole(desk, event.candle.symbol, event.candle.interval)
    elif isinstance(event, CandleForming):
        desk.on_forming(event.candle)
    elif isinstance(event, BookSnapshot | BookDelta):
        desk.on_book(event)


def _drop_hole(desk: ScanDesk, symbol: str, interval: str) -> None:
    """A hole in a recording cannot be filled: the window begins anew behind it."""
    card = desk.cards.get(symbol)
    lane: Lane | None = card.lanes.get(interval) if card is not None else None
    if lane is not None and lane.is_filling and lane.parked:
        lane.hole_tries = 99
        desk.on_hole_filled(symbol, interval, ())
