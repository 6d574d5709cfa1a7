"""Goes through a whole trail and finds the first place where the chain does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whalebot.adapters.audit.files import AuditFiles, Head, head_path, read_head
from whalebot.adapters.audit.reading import trail_files
from whalebot.adapters.audit.record import FIRST_PREV, AuditRecord, decode_line

_LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Break:
    """The first place that does not hold. `line` counts from 1 in `file`; 0: the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


@dataclass(slots=True)
class Verdict:
    """What was found. `remarks`: records in which the trail tells of its own losses and repairs."""

    count: int = 0
    first: AuditRecord | None = None
    last: AuditRecord | None = None
    files: int = 0
    found: Break | None = None
    remarks: list[str] = field(default_factory=list)


def verify(
    files: AuditFiles, trail: Path, *, expected: Head | None = None, begins_later: bool = False
) -> Verdict:
    """Check every record, its place and the end of a trail. Raises OSError.

    expected: a record noted elsewhere that must be there. begins_later: the oldest files were moved away, so
    that the first record that is there is taken as it is.
    A daemon may write meanwhile: a break counts when two looks in a row find the same.
    """
    previous: Break | None = None
    for _ in range(_LOOKS):
        verdict = _Walk(files, trail, expected, begins_later).run()
        if verdict.found is None or verdict.found == previous:
            break
        previous = verdict.found
    return verdict


class _Walk:
    """One look at all files."""

    def __init__(self, files: AuditFiles, trail: Path, expected: Head | None, begins_later: bool) -> None:
        self._files = files
        self._trail = trail
        self._begins_later = begins_later
        self._verdict = Verdict()
        self._prev = FIRST_PREV
        self._due = 1
        self._wanted: list[tuple[Head, str]] = []
        if expected is not None:
            self._wanted.append((expected, "the record that was expected"))

    def run(self) -> Verdict:
        """Look."""
        self._verdict.found = self._read_head() or self._walk() or self._end()
        return self._verdict

    def _read_head(self) -> Break | None:
        # Before the files: what is written meanwhile is newer than the head, never older.
        name = head_path(self._trail).name
        try:
            head = read_head(self._files, self._trail)
        except ValueError as error:
            return Break(name, 0, f"cannot be read ({error}): nobody can tell whether the end is whole")
        if head is None:
            return Break(name, 0, "is not there: nobody can tell whether the end is whole")
        if head.seq:
            self._wanted.append((head, f"the record that {name} names"))
        return None

    def _walk(self) -> Break | None:
        for path in trail_files(self._files, self._trail):
            self._verdict.files += 1
            lines = self._files.read_file(path).split(b"\n")
            torn = lines.pop()
            for number, line in enumerate(lines, 1):
                if problem := self._problem(line):
                    return Break(path.name, number, problem)
            if torn:
                text = "torn: not ended by a line end; the daemon's next start cuts it and keeps a copy"
                return Break(path.name, len(lines) + 1, text)
        return None

    def _problem(self, line: bytes) -> str:
        try:
            record = decode_line(line)
        except ValueError as error:
            return str(error)
        if self._verdict.count == 0 and self._begins_later:
            self._due, self._prev = record.seq, record.prev
        if record.seq != self._due:
            return f"record {record.seq} where {self._due} belongs: something is missing, moved or doubled"
        if record.prev != self._prev:
            return f"record {record.seq} does not continue what stands before it"
        for head, what in self._wanted:
            if head.seq == record.seq and head.hash != record.hash:
                return f"record {record.seq} is not {what}: it was replaced"
        if record.kind == "broken":
            return f"record {record.seq}, the daemon found: {record.fields.get('problem', '')}"
        self._take(record)
        return ""

    def _take(self, record: AuditRecord) -> None:
        self._due, self._prev = record.seq + 1, record.hash
        verdict = self._verdict
        verdict.count += 1
        verdict.first = verdict.first or record
        verdict.last = record
        if tell := _REMARKS.get(record.kind):
            verdict.remarks.append(f"record {record.seq}, {record.ts}: {tell(record.fields)}")

    def _end(self) -> Break | None:
        last = self._verdict.last
        end = 0 if last is None else last.seq
        for head, what in self._wanted:
            if head.seq > end:
                text = f"ends with record {end}; {what} is {head.seq}: the end was cut off"
                return Break(self._trail.name, 0, text)
        return None


_REMARKS: Final[dict[str, Callable[[dict[str, str]], str]]] = {
    "gap": lambda fields: f"{fields.get('lost', '?')} records were lost since {fields.get('since', '?')}",
    "repaired": lambda fields: (
        f"a torn end of {fields.get('bytes_cut', '?')} bytes was cut, kept as {fields.get('kept_as', '?')}"
    ),
}
