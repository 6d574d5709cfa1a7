"""The file format of a journal: a chain of compressed frames, each of which proves all before it.

A file begins with MAGIC and a header frame; record frames follow. A frame is its kind (1 byte), the length of
its packed content (4 bytes, big endian), a digest (16 bytes) of the digest before it and the packed content,
and that content (zlib). A file that was cut anywhere ends in an incomplete frame, which is recognised.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

MAGIC: Final = b"whalebot journal 1\n"
HEADER: Final = b"H"
RECORDS: Final = b"R"
END: Final = b"E"
NO_DIGEST: Final = bytes(16)

_HEAD: Final = struct.Struct(">cI16s")
_LEVEL: Final = 3
_MOST_BYTES: Final = 1 << 28
"""No frame holds more, packed or not: a damaged length must not ask for the machine's memory."""


class FrameDamaged(ValueError):
    """A frame is whole but is not what was written."""


class FrameTorn(ValueError):
    """The file ends in the middle of a frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was read. `at` is its place in the file, in bytes."""

    kind: bytes
    content: bytes
    digest: bytes
    at: int


def pack_frame(kind: bytes, content: bytes, before: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of a frame and its digest; before: the digest of the frame before it."""
    packed = zlib.compress(content, _LEVEL)
    digest = _digest(kind, packed, before)
    return _HEAD.pack(kind, len(packed), digest) + packed, digest


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield the frames of a file in order.

    Raises FrameTorn or FrameDamaged, saying where, once all frames before that place were yielded, and
    OSError.
    """
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            if MAGIC.startswith(magic):
                raise FrameTorn("the file ends in its first line")
            raise FrameDamaged(f"it does not begin with {MAGIC.decode().strip()!r}")
        before = NO_DIGEST
        while (frame := _next(file, before)) is not None:
            yield frame
            before = frame.digest


def _next(file: BinaryIO, before: bytes) -> Frame | None:
    at = file.tell()
    head = file.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise FrameTorn(f"the frame at byte {at} is cut off")
    kind, length, digest = _HEAD.unpack(head)
    if kind not in (HEADER, RECORDS, END) or length > _MOST_BYTES:
        raise FrameDamaged(f"no frame begins at byte {at}")
    packed = file.read(length)
    if len(packed) < length:
        raise FrameTorn(f"the frame at byte {at} is cut off")
    if _digest(kind, packed, before) != digest:
        raise FrameDamaged(f"the frame at byte {at} is not what was written")
    return Frame(kind, _unpack(packed, at), digest, at)


def _unpack(packed: bytes, at: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise FrameDamaged(f"the frame at byte {at} cannot be unpacked: {error}") from None
    if not unpacking.eof:
        raise FrameDamaged(f"the frame at byte {at} holds more than a frame may")
    return content


def _digest(kind: bytes, packed: bytes, before: bytes) -> bytes:
    return hashlib.blake2b(before + kind + packed, digest_size=16).digest()
