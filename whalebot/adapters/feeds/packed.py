"""Files that may be packed, read up to a size: a few kilobytes of gzip can unpack to any length."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 1 << 30
"""More than a century of one-minute bars, and what a machine of today holds."""


def read_limited(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file, unpacked where it is gzip.

    Raises OSError, EOFError or zlib.error for a file that cannot be read, OSError for one above `most` bytes.
    """
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if is_packed:
            with gzip.GzipFile(fileobj=file) as unpacked:
                data = unpacked.read(most + 1)
        else:
            data = file.read(most + 1)
    if len(data) > most:
        raise OSError(f"it holds more than {most} bytes; cut it into several files")
    return data
