"""Reads recorded websocket frames: JSON lines (.jsonl, .jsonl.gz), one frame a line as the venue sent it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any, Final

from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

_SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_SAMPLE: Final = 5_000
_PLAYED: Final = ("orderbook", "publicTrade")


def is_frame_file(text: str) -> bool:
    """Tell by its name whether FILE or SYMBOL=FILE holds frames."""
    return text.lower().endswith(_SUFFIXES)


def symbols_of(frames: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the symbols whose order book or trades were recorded, in order of their first frame."""
    topics = (str(frame.get("topic", "")).split(".") for frame in frames)
    return tuple(dict.fromkeys(parts[-1] for parts in topics if parts[0] in _PLAYED and len(parts) > 1))


def check_ticks(frames: Iterable[Mapping[str, Any]], instrument: Instrument) -> None:
    """Raise ConfigError where recorded prices of a symbol lie between the ticks of its instrument."""
    for text in islice(_prices(frames, instrument.symbol), _SAMPLE):
        try:
            is_between = Decimal(text) % instrument.tick_size != 0
        except (InvalidOperation, TypeError, ValueError):
            continue  # whoever plays the frame says what is wrong with it
        if is_between:
            raise ConfigError(
                f"{instrument.symbol}: recorded prices such as {text} lie between the ticks of "
                f"{instrument.tick_size}; give the right one with --tick"
            )


def _prices(frames: Iterable[Mapping[str, Any]], symbol: str) -> Iterator[Any]:
    for frame in frames:
        parts, data = str(frame.get("topic", "")).split("."), frame.get("data")
        if parts[-1] != symbol or parts[0] not in _PLAYED:
            continue
        if isinstance(data, dict):
            yield from (level[0] for side in "ba" for level in data.get(side, ()))
        elif isinstance(data, list):
            yield from (row["p"] for row in data if isinstance(row, dict) and "p" in row)


def read_frames(path: Path) -> list[dict[str, Any]]:
    """Return the frames of a file in order. Raises ConfigError, saying what is wrong and on which line."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; expected one JSON frame a line") from error
    frames = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            frame = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}: line {number}: {error}; expected one JSON frame a line") from None
        if not isinstance(frame, dict):
            raise ConfigError(f"{path}: line {number}: expected a JSON object, one frame a line")
        frames.append(frame)
    return frames
