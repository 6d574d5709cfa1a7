"""What happened, as numbered JSON lines with simulated and real time: a file, and a window in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from whalebot.adapters.exchange.server.envelope import encode

WINDOW: Final = 50_000
KINDS: Final = (
    "start",
    "request",
    "order",
    "execution",
    "position",
    "stop",
    "wallet",
    "funding",
    "fault",
    "violation",
)


class EventLog:
    """Numbered lines `{n, sim_ms, real_ms, kind, ...}`; the newest stay in memory for `since`.

    Lines are buffered by the file object and pushed to the system by `flush`, which the server calls every
    second and on exit.
    """

    def __init__(self, path: Path | None, sim_ms: Callable[[], int], real_ms: Callable[[], int]) -> None:
        self._file: BinaryIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        self._sim_ms = sim_ms
        self._real_ms = real_ms
        self._lines: deque[tuple[int, bytes]] = deque(maxlen=WINDOW)
        self.number = 0

    def write(self, kind: str, **facts: Any) -> None:
        """Add one line of `kind` with its facts."""
        self.number += 1
        line = encode(
            {"n": self.number, "sim_ms": self._sim_ms(), "real_ms": self._real_ms(), "kind": kind, **facts}
        )
        self._lines.append((self.number, line))
        if self._file is not None:
            self._file.write(line + b"\n")

    def since(self, number: int, limit: int = 10_000) -> bytes:
        """Return the lines after `number` as a JSON array, oldest first, `limit` at most."""
        first = self._lines[0][0] if self._lines else self.number + 1
        skip = max(0, number + 1 - first)
        picked = (line for _, line in islice(self._lines, skip, skip + limit))
        return b"[" + b",".join(picked) + b"]"

    def flush(self) -> None:
        """Hand buffered lines to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
