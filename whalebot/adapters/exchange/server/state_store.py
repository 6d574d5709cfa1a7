"""Keeps the exchange over restarts: one document, written beside and replaced, the last good one kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from whalebot.domain.errors import ConfigError

VERSION: Final = 1
_NAME: Final = "exchange.json"
_LAST_GOOD: Final = "exchange.last.json"
_UNDIGESTED: Final = b'{"version":'
_HEAD: Final = 77
"""Bytes in front of the document's own fields: an opening bracket and the digest of the rest."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was found: the document and its file, or None with the reason to start afresh."""

    document: dict[str, Any] | None
    reason: str = ""
    path: Path | None = None


class StateStore:
    """Saves and loads the state of one exchange in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / _NAME
        self._last_good = folder / _LAST_GOOD

    def load(self) -> Saved:
        """Return the newest readable document, or why there is none; a damaged one is set aside.

        Raises ConfigError for a document of a newer program and for one the system does not let us read; they
        stay as they are.
        """
        reasons = []
        for path in (self._path, self._last_good):
            try:
                document = _decode(path.read_bytes())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ConfigError(
                    f"{path}: {error.strerror}; the saved account must be readable: mend its owner and mode"
                ) from error
            except (ValueError, RecursionError) as error:
                aside = self.set_aside(path, "damaged")
                reasons.append(f"{path.name} cannot be read ({error}) and was set aside as {aside.name}")
                continue
            if document["version"] > VERSION:
                raise ConfigError(
                    f"{path}: version {document['version']} of a newer program, this one knows {VERSION}; "
                    f"start that one, or move the file away"
                )
            return Saved(document, "; ".join(reasons), path)
        return Saved(None, "; ".join(reasons))

    def save(self, document: dict[str, Any]) -> None:
        """Write the document beside the old one, sync it, and put it in its place. Raises OSError."""
        raw = msgspec.json.encode(document)
        beside = self._path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                file.write(_head_of(raw) + raw[1:])
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        with contextlib.suppress(FileNotFoundError):
            os.replace(self._path, self._last_good)
        os.replace(beside, self._path)
        _sync_names(self._path.parent)

    def set_aside(self, path: Path, word: str) -> Path:
        """Rename a file to `NAME.word-N`, a name nobody has yet, and return it. Raises ConfigError."""
        number = 1
        while (aside := path.with_name(f"{path.name}.{word}-{number}")).exists():
            number += 1
        try:
            os.rename(path, aside)
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be set aside ({error.strerror}); mend the owner and mode of its folder"
            ) from error
        return aside


def _head_of(raw: bytes) -> bytes:
    return b'{"digest":"' + hashlib.sha256(raw).hexdigest().encode() + b'",'


def _decode(data: bytes) -> dict[str, Any]:
    """Return the document. Raises ValueError for anything else; files without a digest are older ones."""
    if not data.startswith(_UNDIGESTED):
        raw = b"{" + data[_HEAD:]
        if data[:_HEAD] != _head_of(raw):
            raise ValueError("its digest does not match")
        data = raw
    document = msgspec.json.decode(data, type=dict[str, Any])
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise ValueError("it has no version")
    return document


def _sync_names(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
