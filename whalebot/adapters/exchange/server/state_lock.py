"""One exchange for a folder of saved accounts: a lock that goes with its process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from whalebot.domain.errors import ConfigError

_NAME: Final = "lock"
_LOOK_AGAIN_S: Final = 0.05


@contextlib.contextmanager
def state_lock(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold a folder alone. Raises ConfigError where another exchange still has it after `wait_s`."""
    path = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or path}: {error.strerror}; the folder of --state must be writable"
        ) from error
    try:
        deadline_s = time.monotonic() + wait_s
        while not _take(fd, path):
            if time.monotonic() >= deadline_s:
                raise ConfigError(
                    f"{path}: another exchange keeps its accounts in this folder; "
                    f"stop it, or give another --state"
                )
            time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(fd)


def _take(fd: int, path: Path) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise ConfigError(
            f"{path}: cannot be locked: {error.strerror}; put the folder on a disk that knows locks"
        ) from error
    return True
