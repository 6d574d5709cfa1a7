"""Counters of one stream: what came, what could not be read, with samples."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from whalebot.adapters.bybit import conventions as say

_SAMPLES_PER_KIND: Final = 3
_SAMPLE_BYTES: Final = 300
_MOST_KINDS: Final = 100
_OTHER: Final = "other"

_log = logging.getLogger(__name__)


class StreamCounters:
    """Written by the stream's own thread; read by anyone (plain integers, copied on reading)."""

    __slots__ = ("_samples", "errors", "name", "received", "reconnects", "resubscribes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.received = 0
        self.reconnects = 0
        self.resubscribes = 0
        self.errors: Counter[str] = Counter()
        self._samples: dict[str, list[str]] = {}

    def refuse(self, kind: str, detail: str, frame: bytes) -> None:
        """Count one frame or row that was skipped; the first few of a kind are kept and logged."""
        kind = say.told(kind)
        if kind not in self.errors and len(self.errors) >= _MOST_KINDS:
            kind = _OTHER  # kinds may hold words of the venue, and it may never run out of new ones
        self.errors[kind] += 1
        samples = self._samples.setdefault(kind, [])
        if len(samples) < _SAMPLES_PER_KIND:
            text, detail = say.told(frame[:_SAMPLE_BYTES].decode("utf-8", "replace")), say.told(detail)
            samples.append(f"{detail}: {text}")
            _log.warning("%s: skipped a frame (%s): %s: %s", self.name, kind, detail, text)

    def error_counts(self) -> dict[str, int]:
        """Return a copy of the error counts by kind."""
        return dict(self.errors)

    def samples(self) -> dict[str, tuple[str, ...]]:
        """Return the kept samples by kind."""
        return {kind: tuple(texts) for kind, texts in self._samples.copy().items()}
