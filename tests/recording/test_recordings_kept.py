"""Old recordings go when a file of the present one begins; the one in use never does."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import msgspec
import pytest

from whalebot.adapters.recording.header import FORMAT, JournalHeader
from whalebot.adapters.recording.keeping import Limits, Shelf
from whalebot.adapters.recording.reader import Journal
from whalebot.adapters.recording.recorder import FlightRecorder
from whalebot.adapters.recording.writer import JournalWriter
from whalebot.domain.events import TimerDue
from whalebot.domain.intervals import DAY_MS

NOW_MS = 1_795_000_000_000
MB = 1 << 20


def stored(folder: Path, name: str, size: int, age_days: float, parts: int = 1) -> Path:
    """A recording of `size` bytes, written to for the last time `age_days` ago."""
    made = folder / name
    made.mkdir(parents=True)
    at_s = NOW_MS / 1000 - age_days * DAY_MS / 1000
    for number in range(1, parts + 1):
        path = made / f"{number:04d}.journal"
        path.write_bytes(bytes(size // parts))
        os.utime(path, (at_s, at_s))
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_too_old_goes_and_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    old = stored(tmp_path, "20260101T000000.000000Z-demo", 2 * MB, age_days=8, parts=3)
    young = stored(tmp_path, "20260102T000000.000000Z-bybit-demo", 2 * MB, age_days=6)
    used = stored(tmp_path, "20260103T000000.000000Z-demo", 10, age_days=0)
    with caplog.at_level(logging.INFO, "whalebot.recording"):
        assert Shelf(tmp_path, Limits(100 * MB, 7)).tidy(used, NOW_MS) == [old]
    assert names(tmp_path) == [young.name, used.name]
    assert [record.getMessage() for record in caplog.records] == [
        "20260101T000000.000000Z-demo: old recording removed, 2.0 MB: older than 7 days"
    ]


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    made = [stored(tmp_path, f"2026010{day}T000000.000000Z-live", 3 * MB, 9 - day) for day in range(1, 6)]
    assert Shelf(tmp_path, Limits(9 * MB)).tidy(made[-1], NOW_MS) == made[:2]
    assert names(tmp_path) == [path.name for path in made[2:]]


def test_the_one_in_use_stays_however_old_and_large(tmp_path: Path) -> None:
    used = stored(tmp_path, "20250101T000000.000000Z-demo", 5 * MB, age_days=400)
    assert Shelf(tmp_path, Limits(MB, 1)).tidy(used, NOW_MS) == []
    assert names(tmp_path) == [used.name]


def test_nothing_else_in_the_folder_is_touched(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "recordings", tmp_path / "elsewhere"
    stored(folder, "evidence", 5 * MB, age_days=400)
    target = stored(elsewhere, "20240101T000000.000000Z-demo", 5 * MB, age_days=400)
    (folder / target.name).symlink_to(target)
    noted = stored(folder, "20240102T000000.000000Z-demo", 5 * MB, age_days=400)
    (noted / "why-i-lost.txt").write_text("mine")
    used = stored(folder, "20260103T000000.000000Z-demo", 10, age_days=0)
    Shelf(folder, Limits(MB, 1)).tidy(used, NOW_MS)
    assert names(folder) == sorted([target.name, noted.name, "evidence", used.name])
    assert names(noted) == ["why-i-lost.txt"]
    assert names(target) == ["0001.journal"]


class Clock:
    """Stands still."""

    def now_ms(self) -> int:
        return NOW_MS

    def server_time_ms(self) -> int:
        return NOW_MS


def test_a_new_file_makes_room_and_one_that_fills_all_room_ends(tmp_path: Path) -> None:
    old = stored(tmp_path, "20260101T000000.000000Z-demo", MB, age_days=1)
    header = JournalHeader(FORMAT, "demo", NOW_MS, {}, msgspec.Raw(b"\xc0"), msgspec.Raw(b"\xc0"), {})
    journal = JournalWriter(tmp_path / "20260202T000000.000000Z-demo", header)
    told: list[str] = []
    ended = threading.Event()

    def stopped(reason: str) -> None:
        told.append(reason)
        ended.set()

    recorder = FlightRecorder(journal, Clock(), stopped, shelf=Shelf(tmp_path, Limits(MB, None)))
    recorder.start()
    noise = os.urandom(200_000).hex()
    while not ended.is_set():
        recorder.note(TimerDue(len(noise)), [noise])  # type: ignore[list-item]
        ended.wait(0.01)
    assert recorder.stop(30)
    assert told == ["it alone has reached 1 MB (recordings.max_mb)"]
    assert not recorder.is_recording
    assert not old.exists()
    read = Journal(journal.folder)
    assert len(list(read.records())) > 1
    assert (read.torn, read.damage, read.is_complete) == ("", "", True)
