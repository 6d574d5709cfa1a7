"""Opens what must be a file: a pipe or a device could keep its reader waiting for ever."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from whalebot.domain.errors import ConfigError


def read_regular(path: Path, most: int, what: str) -> bytes:
    """Return the first `most` bytes of a file. `what` names what belongs into it.

    Raises ConfigError for a pipe or a device, OSError as `open` does.
    """
    # Without O_NONBLOCK the opening of a pipe waits for its writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ConfigError(f"{path}: no file but a pipe or a device; write {what} to a file")
        return file.read(most)
