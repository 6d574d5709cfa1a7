"""A disk that is full must not end the exchange: its account and its log wait."""

from __future__ import annotations

import contextlib
import errno
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from whalebot.adapters.exchange.server import eventlog
from whalebot.adapters.exchange.server.disk import Disk
from whalebot.adapters.exchange.server.eventlog import EventLog


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_wait_for_room_and_none_is_lost_torn_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = EventLog(path, lambda: 1, lambda: 2)
    with files_end_at(1000):
        for number in range(3000):
            log.write("order", number=number)
        with pytest.raises(OSError, match="too large"):
            log.flush()
    assert path.stat().st_size == 1000
    log.write("order", number=3000)
    log.flush()
    log.close()
    assert [json.loads(text)["number"] for text in path.read_text().splitlines()] == list(range(3001))


def test_a_log_that_is_rotated_stays_bounded_and_loses_only_its_oldest_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = EventLog(path, lambda: 1, lambda: 2, most_bytes=2000)
    for number in range(1000):
        log.write("order", number=number)
        if number % 10 == 9:
            log.flush()
    log.close()
    files = sorted(tmp_path.iterdir(), reverse=True)
    assert [file.name for file in reversed(files)] == ["log.jsonl", *(f"log.jsonl.{n}" for n in range(1, 6))]
    assert all(file.stat().st_size < 3000 for file in files)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    kept = [json.loads(text)["number"] for file in files for text in file.read_text().splitlines()]
    assert kept == list(range(kept[0], 1000))


def test_a_new_file_that_cannot_be_made_costs_no_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    log = EventLog(path, lambda: 1, lambda: 2, most_bytes=500)

    def refuse(_: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(eventlog, "_opened", refuse)
        for number in range(40):
            log.write("order", number=number)
            with contextlib.suppress(OSError):
                log.flush()
    log.write("order", number=40)
    log.flush()
    log.close()
    files = sorted(tmp_path.iterdir(), reverse=True)
    kept = [json.loads(text)["number"] for file in files for text in file.read_text().splitlines()]
    assert kept == list(range(41))


def test_a_log_that_never_gets_room_closes_quietly(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.jsonl", lambda: 1, lambda: 2)
    log.write("start")
    with files_end_at(0):
        log.close()
    log.close()


def test_people_are_told_once_of_each_file_and_of_its_recovery() -> None:
    said: list[str] = []
    disk = Disk(said.append)

    def full() -> None:
        raise OSError(28, "No space left on device")

    assert not disk.attempt("account", full)
    assert not disk.attempt("account", full)
    assert not disk.attempt("event log", full)
    assert disk.attempt("account", lambda: None)
    assert disk.attempt("account", lambda: None)
    assert said == [
        "the account cannot be written (No space left on device); trying again",
        "the event log cannot be written (No space left on device); trying again",
        "the account is written again",
    ]
