"""Files that a command writes for its caller: whole or not at all, and nobody else's to read."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from whalebot.domain.errors import ConfigError

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def private_bytes(path: Path) -> Iterator[BinaryIO]:
    """Give a file, mode 0600 whatever the umask, that takes the place of `path` once it is complete.

    A link of that name is replaced, never followed. Raises ConfigError where the name is no file's, OSError.
    """
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise ConfigError(f"{path}: a folder or a device; name a file")
    beside = path.with_name(f".{path.name}.new")
    # One that is there may be anybody's; it would keep its owner and its mode.
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        with os.fdopen(os.open(beside, _FLAGS, 0o600), "wb") as file:
            yield file
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


@contextlib.contextmanager
def private_text(path: Path) -> Iterator[TextIO]:
    """Give the same for text, UTF-8, line ends as they are written."""
    with private_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def write_private(path: Path, text: str) -> None:
    """Put a text in the place of `path`; see `private_bytes`."""
    with private_text(path) as file:
        file.write(text)
