"""Figures as a file, for a collector that reads files instead of asking by HTTP."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

PERIOD_S: Final = 15.0
_FIRST_S: Final = 1.0
_MODE: Final = 0o644
_log = logging.getLogger("whalebot.metrics")


def write_textfile(path: Path, data: bytes) -> None:
    """Put `data` in the place of `path`; whoever reads sees the old or the new file whole. Raises OSError.

    The file is readable for all, since a collector runs as another user; its folder decides who gets there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        # One that is there may be anybody's, a pipe too; it would keep its owner.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        with open(os.open(temporary, flags, _MODE), "wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


class TextfileExport:
    """Writes the file every period, in a thread of its own, until it is stopped; then removes it.

    Figures of a daemon that is gone would look like those of one that stands still.
    """

    def __init__(self, path: Path, make: Callable[[], bytes], period_s: float = PERIOD_S) -> None:
        """make: returns the content; called on the export's thread."""
        self._path = path
        self._make = make
        self._period_s = period_s
        self._halt = threading.Event()
        self._is_failing = False
        self._thread = threading.Thread(target=self._work, name="metrics-file", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread and remove the file."""
        self._halt.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        # At the start there is more to tell each second.
        wait_s = min(_FIRST_S, self._period_s)
        while not self._halt.wait(wait_s):
            self._write()
            wait_s = min(2 * wait_s, self._period_s)
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _write(self) -> None:
        try:
            write_textfile(self._path, self._make())
        except Exception as error:  # noqa: BLE001  root of the thread: a full disk must not end the export
            if not self._is_failing:
                _log.warning("%s: figures cannot be written (%s); trying again", self._path, error)
            self._is_failing = True
        else:
            if self._is_failing:
                _log.info("%s: figures are written again", self._path)
            self._is_failing = False
