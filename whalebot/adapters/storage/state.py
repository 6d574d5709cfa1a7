"""The state document of one mode on disk: written beside and renamed into place, the last good one kept."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import deque
from pathlib import Path
from typing import Any, Final

import msgspec

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.state_values import refuse_impossible
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, ConfigError
from whalebot.domain.state import STATE_VERSION, StateDocument


class StateDamaged(ConfigError):
    """No state document of this mode can be read; the owner must decide, nothing was changed."""


class StateFile:
    """The durable state document (`StateStore`). Thread-safe; one process at a time holds the folder's lock.

    The file holds version, digest and document. A byte that changed on the disk is noticed by the digest; a
    value that no run can have saved is damage too, whatever the digest says.
    """

    def __init__(self, path: Path, files: FileSystem | None = None) -> None:
        """path: `state/<mode>.json`; the document before it is kept as `<mode>.json.last`."""
        self._path = path
        self._last = path.with_name(path.name + ".last")
        self._next = path.with_name(path.name + ".next")
        self._files = files or FileSystem()
        self._lock = threading.Lock()
        self._notices: deque[Notice] = deque()
        self._saved: StateDocument | None = None
        self._is_current_good: bool | None = None

    def load(self) -> StateDocument | None:
        """Return the newest document that is whole, None where there never was one.

        A damaged one is kept aside and the one before it is returned; `take_notices` tells. Raises
        StateDamaged where neither can be read, ConfigError for a document of another version or a file
        without permission.
        """
        with self._lock:
            try:
                return self._load()
            except OSError as error:
                raise ConfigError(
                    f"{error.filename or self._path}: {error.strerror}: the state must be readable and "
                    f"writable; set the owner and mode of the file and its folder"
                ) from error

    def peek(self) -> StateDocument | None:
        """Return the newest document that is whole, None where there is none; change no file.

        For readers beside the owner of the folder. Raises ConfigError for a document of another version or a
        file without permission, OSError.
        """
        with self._lock:
            return self._read(self._path)[0] or self._read(self._last)[0]

    def save(self, document: StateDocument) -> None:
        """Make the document durable; one older than the last saved of the same run is skipped.

        Raises OSError when a write, a sync or a rename failed; the last good document stays.
        Raises BugError for a document that would not read back.
        """
        data = _encode(document)
        with self._lock:
            if self._is_covered(document):
                return
            if self._is_current_good is None:
                self._load()
            self._files.make_folder(self._path.parent)
            self._write(data)
            self._saved = document

    def take_notices(self) -> list[Notice]:
        """Return what the owner should know of since the last call, and forget it. One thread at a time.

        Takes no lock: a disk that hangs holds the other one, and must not hold up whoever asks.
        """
        return [self._notices.popleft() for _ in range(len(self._notices))]

    def _is_covered(self, document: StateDocument) -> bool:
        saved = self._saved
        return saved is not None and saved.run_id == document.run_id and document.revision < saved.revision

    def _write(self, data: bytes) -> None:
        try:
            self._files.write_file(self._next, data)
            if self._is_current_good:
                # Somebody may have removed the file meanwhile: the next one must be written all the same.
                with contextlib.suppress(FileNotFoundError):
                    self._files.replace(self._path, self._last)
                self._is_current_good = False
            self._files.replace(self._next, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                self._files.unlink(self._next)
            raise
        self._is_current_good = True
        self._files.sync_folder(self._path.parent)

    def _load(self) -> StateDocument | None:
        current, problem = self._read(self._path)
        if current is not None:
            self._is_current_good = True
            return current
        last, last_problem = self._read(self._last)
        if last is None:
            if problem or last_problem:
                raise self._nothing_readable(problem, last_problem)
            self._is_current_good = False
            return None
        if problem:
            aside = self._files.keep_aside(self._path)
            self._files.unlink(self._path)
            self._note_fallback(Level.CRITICAL, f"is damaged ({problem}); kept as {aside.name}", last)
        else:
            self._note_fallback(Level.WARNING, "is missing", last)
        self._is_current_good = False
        return last

    def _note_unknown(self, path: Path, data: bytes) -> None:
        found = msgspec.json.decode(_ENVELOPES.decode(data).document)
        names = sorted(_unknown(found, msgspec.to_builtins(_DOCUMENTS.decode(_ENCODER.encode(found)))))
        if names:
            text = (
                f"{path}: a newer program wrote it; what this one does not know is left out and will be gone "
                f"with the next save: {', '.join(names)}"
            )
            self._notices.append(Notice(level=Level.WARNING, kind="state_fields", text=text))

    def _note_fallback(self, level: Level, found: str, last: StateDocument) -> None:
        text = (
            f"{self._path}: the state document {found}. The one before it, revision {last.revision}, is "
            f"used; what it does not know of at the venue is reconciled"
        )
        self._notices.append(Notice(level=level, kind="state_fallback", text=text))

    def _nothing_readable(self, problem: str, last_problem: str) -> StateDamaged:
        faults = {path.name: why for path, why in ((self._path, problem), (self._last, last_problem)) if why}
        reasons = ", ".join(f"{name} ({why})" for name, why in faults.items())
        return StateDamaged(
            f"{self._path.parent}: no state document can be read: {reasons}. Nothing was changed. Put a "
            f"backup in the place of {self._path.name}; or, to start without memory, look at the positions "
            f"and orders at the venue first and move {' and '.join(faults)} to another folder: what is open "
            f"at the venue then counts as foreign"
        )

    def _read(self, path: Path) -> tuple[StateDocument | None, str]:
        """The document of one file, or None and what is wrong with it ("" where there is no file)."""
        try:
            data = self._files.read_file(path)
        except FileNotFoundError:
            return None, ""
        try:
            document = _decode(data)
            self._note_unknown(path, data)
            return document, ""
        except (ValueError, RecursionError) as error:
            return None, str(error)
        except _OtherVersion as error:
            raise self._other_version(path, error.version) from error

    def _other_version(self, path: Path, version: int) -> ConfigError:
        text = (
            f"{path}: state version {version}, this program knows {STATE_VERSION}: start the program that "
            f"wrote it, or close what is open at the venue and move "
        )
        last = self._whole(self._last) if path == self._path else None
        if last is not None:
            return ConfigError(
                f"{text}{path.name} to another folder: the document before it, {self._last.name}, has "
                f"version {STATE_VERSION} and revision {last.revision} and is used then"
            )
        names = self._files.names_in(self._path.parent)
        there = [one.name for one in (self._path, self._last) if one.name in names]
        return ConfigError(f"{text}{' and '.join(there)} to another folder, to start without memory")

    def _whole(self, path: Path) -> StateDocument | None:
        """The document of one file that this program can read, else None."""
        try:
            return _decode(self._files.read_file(path))
        except (OSError, ValueError, RecursionError, _OtherVersion):
            return None


def _unknown(found: Any, known: Any, place: str = "") -> set[str]:
    """The names in `found`, with their places, that `known` does not have."""
    if isinstance(found, dict) and isinstance(known, dict):
        lost = {f"{place}{name}" for name in found.keys() - known.keys()}
        return lost.union(
            *(_unknown(found[n], known[n], f"{place}{n}.") for n in found.keys() & known.keys())
        )
    if isinstance(found, list) and isinstance(known, list | tuple):
        return set().union(*(_unknown(f, k, place) for f, k in zip(found, known, strict=False)))
    return set()


class _OtherVersion(Exception):
    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


class _Envelope(msgspec.Struct, frozen=True):
    version: int
    digest: str
    document: msgspec.Raw


_ENCODER: Final = msgspec.json.Encoder()
_ENVELOPES: Final = msgspec.json.Decoder(_Envelope)
_DOCUMENTS: Final = msgspec.json.Decoder(StateDocument)


def _encode(document: StateDocument) -> bytes:
    raw = _ENCODER.encode(document)
    try:
        back = _DOCUMENTS.decode(raw)
    except msgspec.ValidationError as error:
        raise BugError(f"state revision {document.revision} cannot be saved: {error}") from error
    if back != document:
        raise BugError(f"state revision {document.revision} would not read back as it was written")
    try:
        refuse_impossible(document)
    except ValueError as error:
        raise BugError(f"state revision {document.revision} cannot be saved: {error}") from error
    envelope = _Envelope(document.version, _digest(document.version, raw), msgspec.Raw(raw))
    return _ENCODER.encode(envelope) + b"\n"


def _decode(data: bytes) -> StateDocument:
    """Return the document; ValueError for anything else, _OtherVersion for a whole one of another version."""
    envelope = _ENVELOPES.decode(data)
    raw = bytes(envelope.document)
    if _digest(envelope.version, raw) != envelope.digest:
        raise ValueError("its digest does not match")
    if envelope.version != STATE_VERSION:
        raise _OtherVersion(envelope.version)
    document = _DOCUMENTS.decode(raw)
    refuse_impossible(document)
    return document


def _digest(version: int, raw: bytes) -> str:
    return hashlib.sha256(b"%d " % version + raw).hexdigest()
