"""The end of a trail as the last run left it: the last whole record, and what is torn behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whalebot.adapters.audit.files import AuditFiles, Head, numbered_files, read_head
from whalebot.adapters.audit.record import FIRST_PREV, decode_line


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the next record goes. `size` is the length of the current file's whole part.

    `torn`: what stands behind it. `next_number`: of the next file that is put away. `problem`: why the chain
    cannot go on from the last record in the files, "" where it does. `is_new`: there was never a record.
    """

    head: Head
    size: int
    torn: bytes
    next_number: int
    problem: str
    is_new: bool


def find_tail(files: AuditFiles, trail: Path) -> Tail:
    """Read the end of a trail, change nothing. Raises OSError.

    Where the noted head is ahead of the files, the chain goes on from the head: whoever verifies finds the
    hole at that place for ever.
    """
    full = numbered_files(files.names_in(trail.parent), trail)
    try:
        data = files.read_file(trail)
    except FileNotFoundError:
        data = b""
    noted, problem = _noted(files, trail)
    safe_seq = 0 if noted is None else noted.seq
    last, size = last_whole(data, safe_seq)
    if last is None and full:
        last, _ = last_whole(files.read_file(full[-1].path), safe_seq)
    start = last or Head(0, FIRST_PREV)
    if noted is None and not problem and (last is not None or data or full):
        problem = "the file that names the last record was missing"
    if noted is not None and noted.seq > start.seq:
        problem = f"records {start.seq + 1} to {noted.seq} were missing"
        start = noted
    number = full[-1].number + 1 if full else 1
    is_new = noted is None and not problem and not full and not data
    return Tail(start, size, data[size:], number, problem, is_new)


def last_whole(data: bytes, safe_seq: int) -> tuple[Head | None, int]:
    """Return the last record up to which the lines are whole, and where its line ends; None and 0 for none.

    Only what follows record `safe_seq` is looked at: before it everything was on the disk, and damage there
    is for whoever verifies.
    """
    last: Head | None = None
    begin = end = _after_safe(data, safe_seq)
    while (stop := data.find(b"\n", begin)) >= 0:
        try:
            record = decode_line(data[begin:stop])
        except ValueError:
            break
        if last is not None and (record.seq, record.prev) != (last.seq + 1, last.hash):
            break
        last, begin = Head(record.seq, record.hash), stop + 1
        end = begin
    return last, end


def _after_safe(data: bytes, safe_seq: int) -> int:
    """Where the last whole line up to record `safe_seq` begins; 0 where there is none."""
    end = data.rfind(b"\n") + 1
    while end > 0:
        begin = data.rfind(b"\n", 0, end - 1) + 1
        try:
            if decode_line(data[begin : end - 1]).seq <= safe_seq:
                return begin
        except ValueError:
            pass
        end = begin
    return 0


def set_aside(files: AuditFiles, trail: Path, torn: bytes) -> Path:
    """Keep the torn bytes under a name nobody has yet, and return it. Raises OSError and leaves no file then.

    Where an attempt before kept the very same bytes, or left an empty file, that name is the one.
    """
    taken = set(files.names_in(trail.parent))
    number = 1
    while True:
        aside = trail.with_name(f"{trail.name}.torn-{number}")
        content = _content(files, aside) if aside.name in taken else b""
        if content == b"":
            files.write_replacing(aside, torn)
            return aside
        if content == torn:
            # Its name was perhaps never synced.
            files.sync_folder(trail.parent)
            return aside
        number += 1


def _content(files: AuditFiles, path: Path) -> bytes | None:
    """Return a file's content, None for one that cannot be read: it is somebody's."""
    try:
        return files.read_file(path)
    except OSError:
        return None


def _noted(files: AuditFiles, trail: Path) -> tuple[Head | None, str]:
    try:
        return read_head(files, trail), ""
    except ValueError as error:
        return None, f"the file that names the last record could not be read ({error})"
