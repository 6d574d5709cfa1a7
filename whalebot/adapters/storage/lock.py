"""One writer per folder: a lock the system itself lets go of when the process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.domain.errors import ConfigError

_PID_BYTES: Final = 20


class FolderLock:
    """The right to write the files of one folder, held until `release` or the end of the process.

    The file stays when the lock goes: its being there means nothing, so a file left by a dead process is no
    obstacle. It holds the process id of the last owner, for the message to the next.
    """

    def __init__(self, path: Path, does: str = "runs a daemon on", option: str = "--dir") -> None:
        """Prepare only. `does`: what the holder does with the files; `option`: names another folder."""
        self._path = path
        self._does = does
        self._option = option
        self._files = FileSystem()
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises ConfigError where another process holds it or the file cannot be made."""
        try:
            self._files.make_folder(self._path.parent)
            fd = self._files.open(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise ConfigError(
                f"{error.filename or self._path}: cannot be opened for locking: {error.strerror}; "
                f"set its owner and mode, or choose another {self._option}"
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._files.truncate(fd, 0)
            self._files.write_all(fd, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            refusal = self._refusal(fd, error)
            self._files.close(fd)
            raise refusal from error
        self._fd = fd

    def release(self) -> None:
        """Let the lock go; nothing happens where it is not held."""
        if self._fd is not None:
            self._files.close(self._fd)
            self._fd = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _refusal(self, fd: int, error: OSError) -> ConfigError:
        if error.errno not in {errno.EAGAIN, errno.EACCES}:
            return ConfigError(
                f"{self._path}: cannot be locked: {error.strerror}; put the folder on a disk that knows "
                f"locks, or choose another {self._option}"
            )
        owner = self._files.pread(fd, _PID_BYTES, 0).strip()
        process = f"process {owner.decode()}" if owner.isdigit() else "another process"
        return ConfigError(
            f"{self._path}: {process} already {self._does} these files; stop that one first, "
            f"or start this one with another {self._option}"
        )
