"""Reads recorded websocket frames: JSON lines (.jsonl, .jsonl.gz), one frame a line as the venue sent it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from whalebot.domain.errors import ConfigError

_SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_PLAYED: Final = ("orderbook", "publicTrade")


def is_frame_file(text: str) -> bool:
    """Tell by its name whether FILE or SYMBOL=FILE holds frames."""
    return text.lower().endswith(_SUFFIXES)


def symbols_of(frames: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the symbols whose order book or trades were recorded, in order of their first frame."""
    topics = (str(frame.get("topic", "")).split(".") for frame in frames)
    return tuple(dict.fromkeys(parts[-1] for parts in topics if parts[0] in _PLAYED and len(parts) > 1))


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
