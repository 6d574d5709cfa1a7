"""The files that a start goes on from, read by what the start reads them with; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.salvage import Scan, scan_history
from whalebot.adapters.storage.state import StateFile
from whalebot.adapters.storage.write_ahead import WriteAhead
from whalebot.app.doctor.findings import Finding, fail, ok, warn
from whalebot.app.paths import Paths
from whalebot.domain.errors import ConfigError

_HISTORY: Final = "trade history"
_STATE: Final = "state"
_REFUSED: Final = "until then every start is refused (exit code 2)"
_COPY: Final = "put back a copy before the next start, if there is one"
_LOOK: Final = "it goes on with that; look at positions and orders afterwards"


class _Untouched(FileSystem):
    """Reads as the daemon does; what it would put aside stays where it is."""

    def keep_aside(self, path: Path) -> Path:
        """Return a name like the one that the next start gives."""
        return path.with_name(f"{path.name}.damaged-N")

    def unlink(self, path: Path) -> None:
        """Leave the name."""


def check_documents(paths: Paths, mode: str) -> Iterator[Finding]:
    """Yield what a start of this mode will make of the trade history and of its state."""
    files = _Untouched()
    yield from _check_history(paths, files)
    yield from _check_state(paths.state_file(mode), files)


def _check_history(paths: Paths, files: FileSystem) -> Iterator[Finding]:
    path = paths.history
    try:
        data = files.read_file(path)
        if scan_history(data).damage:
            # The daemon may have been in the middle of a write; a second look is after it.
            data = files.read_file(path)
        yield _judged(path, data, files, paths.write_ahead)
    except FileNotFoundError:
        yield ok(_HISTORY, f"no {path.name} yet")
    except OSError as e:
        remedy = "move it away" if path.is_dir() else "set its owner and mode"
        yield fail(_HISTORY, f"{path} cannot be read ({e.strerror})", f"{remedy}; {_REFUSED}")
    except ValueError as e:
        text = f"the line in {paths.write_ahead} was never completed ({e})"
        yield warn(_HISTORY, text, "the next start puts it aside: compare the last trade with the venue")


def _judged(path: Path, data: bytes, files: FileSystem, write_ahead: Path) -> Finding:
    """Raises ValueError for a damaged write-ahead line, OSError."""
    if not data.strip():
        return warn(_HISTORY, f"{path} holds nothing", _COPY)
    scan, step = scan_history(data), WriteAhead(write_ahead, files).read()
    if not scan.damage:
        return _whole(path, scan)
    if step is not None and step.explains(data):
        return ok(_HISTORY, f"{path.name}: its last trade was cut short; the next start completes it")
    text = f"{path} is damaged: {scan.damage}; {len(scan.raw)} trades can be read"
    if not scan.raw:
        return fail(_HISTORY, text, "put back a copy, or move it away to begin without trades")
    return warn(_HISTORY, text, f"the next start puts it aside and goes on with these: {_COPY}")


def _whole(path: Path, scan: Scan) -> Finding:
    text = f"{path.name} is whole, {len(scan.raw)} trades"
    if twice := len(scan.raw) - len(scan.known):
        return warn(_HISTORY, f"{text}; {twice} of them stand there twice", "the first of two counts")
    return ok(_HISTORY, text)


def _check_state(path: Path, files: FileSystem) -> Iterator[Finding]:
    states = StateFile(path, files)
    try:
        document = states.load()
    except ConfigError as e:
        yield fail(_STATE, str(e), _REFUSED)
        return
    if document is None:
        yield ok(_STATE, f"no {path.name} yet")
        return
    notices = states.take_notices()
    for notice in notices:
        yield warn(_STATE, f"the next start will say: {notice.text}", _LOOK)
    if not notices:
        yield ok(_STATE, f"{path.name} is whole, revision {document.revision}")
    yield from _check_last(path.with_name(f"{path.name}.last"), files)


def _check_last(last: Path, files: FileSystem) -> Iterator[Finding]:
    """The document before the newest: nobody reads it until that one is damaged."""
    try:
        is_whole = not last.exists() or StateFile(last, files).peek() is not None
    except (ConfigError, OSError):
        is_whole = False
    if not is_whole:
        text = f"{last} is damaged: nothing stands in for {last.stem} if that breaks too"
        yield warn(_STATE, text, "the next save puts a whole one in its place")
