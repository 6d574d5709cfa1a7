"""A trail in a folder of a test: files, records and a clock that stands still."""

from __future__ import annotations

from pathlib import Path

from whalebot.adapters.audit.record import Context
from whalebot.adapters.audit.verify import Verdict, verify
from whalebot.adapters.audit.writer import AuditWriter, Entry
from whalebot.adapters.storage.filesystem import FileSystem

FILES = FileSystem()
CONTEXT = Context("1.2.3", "paper", "0123456789abcdef")


class StandingClock:
    def now_ms(self) -> int:
        return 1_750_000_000_000


def entry(number: int, text: str = "x") -> Entry:
    fields = {"number": str(number), "text": text}
    return Entry("2026-01-02T03:04:05.678+00:00", CONTEXT, "command", "web", fields)


def write(trail: Path, count: int, *, begin: int = 0, max_bytes: int = 1 << 24) -> None:
    """One run of a writer: a batch a record, synced at the end."""
    writer = AuditWriter(trail, FILES, max_bytes)
    for number in range(begin, begin + count):
        writer.write([entry(number)])
    writer.sync()
    writer.close()


def check(trail: Path) -> Verdict:
    return verify(FILES, trail)
