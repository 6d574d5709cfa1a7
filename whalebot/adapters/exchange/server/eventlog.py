"""What happened, as numbered JSON lines with simulated and real time: a file, and a window in memory."""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.exchange.server.envelope import encode

WINDOW: Final = 50_000
_BATCH_BYTES: Final = 64 * 1024
_MOST_WAITING_BYTES: Final = 64 * 1024 * 1024
FILE_BYTES: Final = 10 * 1024 * 1024
OLD_FILES: Final = 5


class EventLog:
    """Numbered lines `{n, sim_ms, real_ms, kind, ...}`; the newest stay in memory for `since`.

    Lines wait in memory and are handed to the system by `flush`, which the server calls every second and on
    exit, and whenever many wait. Lines that a full disk does not take wait on, up to 64 MiB of them.
    """

    def __init__(
        self,
        path: Path | None,
        sim_ms: Callable[[], int],
        real_ms: Callable[[], int],
        most_bytes: int | None = None,
    ) -> None:
        """most_bytes: a new file is begun beyond it and five older ones are kept; None: one file for ever."""
        self._handle: int | None = None
        self._path = path
        self._most_bytes = most_bytes
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = _opened(path)
        self._sim_ms = sim_ms
        self._real_ms = real_ms
        self._lines: deque[tuple[int, bytes]] = deque(maxlen=WINDOW)
        self._waiting = bytearray()
        self._is_refused = False
        self.number = 0

    def write(self, kind: str, **facts: Any) -> None:
        """Add one line of `kind` with its facts. A full disk raises nothing here, but in `flush`."""
        self.number += 1
        line = encode(
            {"n": self.number, "sim_ms": self._sim_ms(), "real_ms": self._real_ms(), "kind": kind, **facts}
        )
        self._lines.append((self.number, line))
        if self._handle is None or len(self._waiting) + len(line) > _MOST_WAITING_BYTES:
            return
        self._waiting += line + b"\n"
        if len(self._waiting) >= _BATCH_BYTES and not self._is_refused:
            with contextlib.suppress(OSError):
                self.flush()

    def since(self, number: int, limit: int = 10_000) -> bytes:
        """Return the lines after `number` as a JSON array, oldest first, `limit` at most."""
        first = self._lines[0][0] if self._lines else self.number + 1
        skip = max(0, number + 1 - first)
        picked = (line for _, line in islice(self._lines, skip, skip + limit))
        return b"[" + b",".join(picked) + b"]"

    def flush(self) -> None:
        """Hand waiting lines to the operating system. Raises OSError where it does not take them all."""
        if self._handle is None:
            return
        self._is_refused = True
        while self._waiting:
            taken = os.write(self._handle, self._waiting)
            del self._waiting[:taken]
        self._is_refused = False
        if self._most_bytes is not None and os.fstat(self._handle).st_size >= self._most_bytes:
            self._begin_anew()

    def _begin_anew(self) -> None:
        assert self._path is not None
        assert self._handle is not None
        names = [
            self._path,
            *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, OLD_FILES + 1)),
        ]
        # Where the new file could not be made the last time, the old ones have moved on already.
        pairs = list(pairwise(names)) if self._path.exists() else []
        for newer, older in reversed(pairs):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        old, self._handle = self._handle, _opened(self._path)
        os.close(old)

    def close(self) -> None:
        """Flush and close the file. What a full disk does not take by now is lost."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self.flush()
            os.close(self._handle)
            self._handle = None


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            error.strerror = "a link, which is not followed for writing; remove it"
        raise
