"""The writer under kills, full disks and failing calls: nothing is doubled, nothing lost unseen."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from trails import CONTEXT, FILES, check, entry, write

from whalebot.adapters.audit.files import head_path
from whalebot.adapters.audit.reading import records, trail_files
from whalebot.adapters.audit.writer import AuditWriter
from whalebot.adapters.storage.filesystem import FileSystem


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def numbers(trail: Path) -> list[int]:
    return [int(r.fields["number"]) for r in records(FILES, trail) if r.kind == "command"]


class FailsOnce(FileSystem):
    """The `at`-th risky call fails; a full disk takes half of what it is given."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.calls = 0

    def _risk(self, path: str = "") -> bool:
        self.calls += 1
        return self.calls == self.at

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self._risk():
            os.pwrite(fd, data[: len(data) // 2], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        self._fail_or()
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self._fail_or()
        super().sync(fd)

    def replace(self, source: Path, target: Path) -> None:
        self._fail_or()
        super().replace(source, target)

    def sync_names(self, fd: int) -> None:
        self._fail_or()
        super().sync_names(fd)

    def _fail_or(self) -> None:
        if self._risk():
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def run_with(files: FileSystem, trail: Path) -> int:
    """Three batches in small files, each tried until it worked; return how many calls failed."""
    writer = AuditWriter(trail, files, max_bytes=600)
    failures = 0
    for batch in ([entry(0)], [entry(1), entry(2)], [entry(3)], [entry(4)]):
        for step in (lambda batch=batch: writer.write(batch), writer.sync):
            try:
                step()
            except OSError:
                failures += 1
                step()
    writer.close()
    return failures


def test_any_call_may_fail_once_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    counting = FailsOnce(0)
    run_with(counting, tmp_path / "audit.jsonl")
    assert counting.calls > 20
    for at in range(1, counting.calls + 1):
        trail = tmp_path / str(at) / "audit.jsonl"
        trail.parent.mkdir()
        assert run_with(FailsOnce(at), trail) == 1, at
        assert numbers(trail) == [0, 1, 2, 3, 4], at
        assert check(trail).found is None, at


def test_a_torn_end_is_kept_aside_cut_and_told(trail: Path) -> None:
    write(trail, 3)
    whole = trail.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for length in range(1, len(last), 3):
        trail.write_bytes(whole + last[:length])
        write(trail, 1, begin=3)
        verdict = check(trail)
        assert verdict.found is None, length
        assert numbers(trail) == [0, 1, 2, 3]
        assert verdict.remarks == [
            f"record 4, 2026-01-02T03:04:05.678+00:00: a torn end of {length} bytes was cut, kept as "
            "audit.jsonl.torn-1"
        ]
        aside = trail.with_name("audit.jsonl.torn-1")
        assert aside.read_bytes() == last[:length]
        aside.unlink()
        trail.write_bytes(whole)
        head_path(trail).write_bytes(b'{"seq":3,"hash":"%s"}\n' % last[-67:-3])


def test_a_second_torn_end_does_not_overwrite_the_first(trail: Path) -> None:
    for part in (b"first", b"second"):
        write(trail, 1)
        with trail.open("ab") as file:
            file.write(part)
    write(trail, 1)
    kept = sorted(trail.parent.glob("*.torn-*"))
    assert [path.read_bytes() for path in kept] == [b"first", b"second"]
    assert check(trail).found is None


class FullDisk(FileSystem):
    """Takes no new byte while it is full; what stands there can be cut and read."""

    is_full = True

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().pwrite(fd, data, offset)


def test_a_full_disk_leaves_no_empty_files_and_keeps_the_torn_end_once(trail: Path) -> None:
    write(trail, 2)
    with trail.open("ab") as file:
        file.write(b"torn")
    before = {path: path.read_bytes() for path in trail.parent.iterdir()}
    files = FullDisk()
    for _ in range(3):
        writer = AuditWriter(trail, files)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                writer.write([entry(2)])
        writer.close()
        assert {path: path.read_bytes() for path in trail.parent.iterdir()} == before
    files.is_full = False
    writer = AuditWriter(trail, files)
    writer.write([entry(2)])
    writer.sync()
    writer.close()
    (kept,) = trail.parent.glob("*.torn-*")
    assert (kept.name, kept.read_bytes()) == ("audit.jsonl.torn-1", b"torn")
    assert numbers(trail) == [0, 1, 2]
    assert check(trail).found is None


def test_a_torn_end_kept_but_not_yet_cut_is_not_kept_twice(trail: Path) -> None:
    write(trail, 2)
    with trail.open("ab") as file:
        file.write(b"torn")
    trail.with_name("audit.jsonl.torn-1").touch()
    files = FailsOnce(5)  # what is put aside: truncate, write, sync, rename, and here the folder
    writer = AuditWriter(trail, files)
    with pytest.raises(OSError, match="Input/output"):
        writer.write([entry(2)])
    assert trail.read_bytes().endswith(b"torn")
    writer.write([entry(2)])
    writer.close()
    (kept,) = trail.parent.glob("*.torn-*")
    assert kept.read_bytes() == b"torn"
    assert numbers(trail) == [0, 1, 2]


def test_files_are_their_owners_alone(trail: Path) -> None:
    write(trail, 10, max_bytes=1_600)
    with trail.open("ab") as file:
        file.write(b"torn")
    write(trail, 1)
    modes = {path.name: path.stat().st_mode & 0o777 for path in trail.parent.iterdir()}
    assert len(modes) == 5
    assert set(modes.values()) == {0o600}, modes


def test_what_stands_there_is_never_written_again(trail: Path) -> None:
    write(trail, 4, max_bytes=1_000)
    before = {path: path.read_bytes() for path in trail_files(FILES, trail)}
    write(trail, 6, begin=4, max_bytes=1_000)
    after = b"".join(path.read_bytes() for path in trail_files(FILES, trail))
    assert after.startswith(b"".join(before.values()))
    for path in list(before)[:-1]:
        assert path.read_bytes() == before[path]


class Reading(FileSystem):
    """Notes which files are read."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def read_file(self, path: Path) -> bytes:
        self.names.append(path.name)
        return super().read_file(path)


def test_a_full_file_is_put_away_unread(trail: Path) -> None:
    files = Reading()
    writer = AuditWriter(trail, files, max_bytes=600)
    writer.write([entry(0)])
    read_at_the_start = list(files.names)
    for number in range(1, 8):
        writer.write([entry(number)])
    writer.close()
    assert len(trail_files(FILES, trail)) > 2
    assert files.names == read_at_the_start
    assert numbers(trail) == list(range(8))
    assert check(trail).found is None


def test_a_link_in_the_place_of_the_trail_is_not_followed(trail: Path) -> None:
    target = trail.with_name("other")
    target.write_text("no record")
    trail.symlink_to(target)
    writer = AuditWriter(trail, FILES)
    for _ in range(2):
        with pytest.raises(OSError, match="symbolic link"):
            writer.write([entry(0)])
    assert target.read_text() == "no record"
    assert not list(trail.parent.glob("*.torn-*"))


def test_the_context_stands_in_every_record(trail: Path) -> None:
    write(trail, 1)
    (record,) = records(FILES, trail)
    assert (record.version, record.mode, record.config) == (CONTEXT.version, CONTEXT.mode, CONTEXT.config)
