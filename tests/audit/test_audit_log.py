"""The trail's thread: never in anybody's way, honest about what it lost."""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from trails import CONTEXT, FILES, StandingClock, check

from whalebot.adapters.audit.log import AuditLog
from whalebot.adapters.audit.reading import records
from whalebot.adapters.audit.writer import AuditWriter
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.filesystem import FileSystem

LIMIT_S = 30.0


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def make_log(
    trail: Path,
    files: FileSystem = FILES,
    *,
    mask: Callable[[str], str] = str,
    told: Callable[[str], None] = print,
    most_waiting: int = 10_000,
) -> AuditLog:
    log = AuditLog(AuditWriter(trail, files), StandingClock(), CONTEXT, mask, told, most_waiting)
    log.start()
    return log


class SickDisk(FileSystem):
    """Full until `well` is set; `tried` tells of each attempt."""

    def __init__(self) -> None:
        self.well = threading.Event()
        self.tried: queue.SimpleQueue[int] = queue.SimpleQueue()

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self.well.is_set():
            return super().pwrite(fd, data, offset)
        os.pwrite(fd, data[: len(data) // 3], offset)
        self.tried.put(len(data))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class HangingDisk(FileSystem):
    """Takes no byte before `go` is set."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = threading.Event()

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        self.asked.set()
        assert self.go.wait(LIMIT_S)
        return super().pwrite(fd, data, offset)


def numbers(trail: Path) -> list[int]:
    return [int(r.fields["number"]) for r in records(FILES, trail) if r.kind == "test"]


def test_what_threads_record_at_once_stands_there_once_and_in_each_ones_order(trail: Path) -> None:
    log = make_log(trail)

    def tell(name: str) -> None:
        for number in range(200):
            log.record("test", name, {"number": str(number)})

    threads = [threading.Thread(target=tell, args=[f"actor {n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.stop(LIMIT_S)
    assert check(trail).found is None
    for n in range(4):
        own = [r.fields["number"] for r in records(FILES, trail) if r.actor == f"actor {n}"]
        assert own == [str(number) for number in range(200)]
    assert log.counts.seq == 800
    assert log.counts.lost == 0


def test_secrets_are_masked_wherever_they_stand(trail: Path) -> None:
    secret = "s3cret-key-9000"
    log = make_log(trail, mask=SecretMasker([secret]).mask)
    log.record(f"kind {secret}", f"actor {secret}", {f"name {secret}": f"value {secret}"})
    assert log.stop(LIMIT_S)
    assert secret.encode() not in trail.read_bytes()
    (record,) = records(FILES, trail)
    assert record.fields == {"name ***": "value ***"}


def test_fields_are_taken_as_they_are_now(trail: Path) -> None:
    log = make_log(trail)
    fields = {"number": "1"}
    log.record("test", "web", fields)
    fields["number"] = "2"
    assert log.stop(LIMIT_S)
    assert numbers(trail) == [1]


def test_while_the_disk_is_full_records_wait_and_nothing_is_lost(trail: Path) -> None:
    disk, told = SickDisk(), queue.SimpleQueue[str]()
    log = make_log(trail, disk, told=told.put)
    log.record("test", "web", {"number": "0"})
    assert disk.tried.get(timeout=LIMIT_S)
    assert "No space left" in told.get(timeout=LIMIT_S)
    for number in range(1, 50):
        log.record("test", "web", {"number": str(number)})
    assert "No space left" in log.counts.failing
    disk.well.set()
    assert log.stop(LIMIT_S)
    assert told.get(timeout=LIMIT_S) == ""
    assert numbers(trail) == list(range(50))
    assert check(trail).found is None
    assert log.counts.lost == 0


def test_what_a_full_queue_loses_is_counted_and_recorded(trail: Path) -> None:
    disk = HangingDisk()
    log = make_log(trail, disk, most_waiting=10)
    log.record("test", "web", {"number": "0"})
    assert disk.asked.wait(LIMIT_S)
    for number in range(1, 31):
        log.record("test", "web", {"number": str(number)})
    assert log.counts.lost == 20
    disk.go.set()
    assert log.stop(LIMIT_S)
    assert numbers(trail) == list(range(11))
    gaps = [r.fields["lost"] for r in records(FILES, trail) if r.kind == "gap"]
    assert gaps == ["20"]
    verdict = check(trail)
    assert verdict.found is None
    assert any("20 records were lost since" in remark for remark in verdict.remarks)


def test_a_disk_that_hangs_or_refuses_does_not_hold_the_end(trail: Path) -> None:
    hanging = HangingDisk()
    log = make_log(trail, hanging)
    log.record("test", "web", {"number": "0"})
    assert hanging.asked.wait(LIMIT_S)
    assert not log.stop(0.05)
    hanging.go.set()
    log.thread.join(LIMIT_S)
    assert numbers(trail) == [0]

    sick = SickDisk()
    other = trail.with_name("other.jsonl")
    log = make_log(other, sick, told=lambda problem: None)
    for number in range(7):
        log.record("test", "web", {"number": str(number)})
    assert log.stop(LIMIT_S)
    assert log.counts.lost == 7
    assert log.counts.failing
    assert check(other).count == 0


def test_a_note_without_words_loses_no_other(trail: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = make_log(trail)

    def wordless() -> None:
        raise LookupError("no words")

    log.leave(wordless)
    log.record("test", "web", {"number": "1"})
    assert log.stop(LIMIT_S)
    assert numbers(trail) == [1]
    assert log.counts.lost == 1
    assert [r.fields["lost"] for r in records(FILES, trail) if r.kind == "gap"] == ["1"]
    assert "could not be put into words" in caplog.text


def test_from_a_new_configuration_on_records_bear_its_fingerprint(trail: Path) -> None:
    log = make_log(trail)
    log.record("test", "web", {"number": "1"})
    log.set_config("feedfeedfeedfeed")
    log.record("test", "web", {"number": "2"})
    assert log.stop(LIMIT_S)
    assert [r.config for r in records(FILES, trail)] == [CONTEXT.config, "feedfeedfeedfeed"]
