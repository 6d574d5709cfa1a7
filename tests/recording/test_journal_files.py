"""The journal as a file: every kind of event, cuts, changed bytes, rotation, full disks."""

from __future__ import annotations

import dataclasses
import enum
import os
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whalebot.adapters.recording.codec import EventRecord, decode_event, encode_plain, encode_record
from whalebot.adapters.recording.header import FORMAT, JournalHeader
from whalebot.adapters.recording.reader import Journal
from whalebot.adapters.recording.recorder import FlightRecorder
from whalebot.adapters.recording.writer import JournalWriter
from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings

DAY_MS = 86_400_000
HEADER = JournalHeader(
    FORMAT, "demo", 1_700_000_000_000, {}, msgspec.Raw(b"\xc0"), msgspec.Raw(b"\xc0"), {"whalebot": "0"}
)


def samples(kind: Any, full: bool) -> Any:
    """Return a value of a type: with everything optional there (full), or as little as there can be."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        chosen = [a for a in arguments if a is not type(None)]
        return None if not full and type(None) in arguments else samples(chosen[0 if full else -1], full)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            of_several = typing.get_origin(arguments[0]) in (typing.Union, types.UnionType)
            inner = typing.get_args(arguments[0]) if of_several else arguments[:1]
            return tuple(samples(a, full) for a in inner) if full else ()
        return tuple(samples(a, full) for a in arguments)
    if origin is list:
        return [samples(arguments[0], full)] if full else []
    if dataclasses.is_dataclass(origin or kind):
        return _dataclass(origin or kind, arguments, full)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[-1 if full else 0]
    plain = {str: "é", int: 2**53 + 1, float: 0.1 + 0.2, bool: full, Decimal: Decimal("1.1000E+2")}
    return plain[kind]


def _dataclass(kind: Any, arguments: tuple[Any, ...], full: bool) -> Any:
    hints = typing.get_type_hints(kind)
    if arguments:  # Known[T]
        hints["value"] = arguments[0]
    if kind is ev.Reconfigured:
        return ev.Reconfigured(EngineSettings(("BTCUSDT",), "5", "demo", "x"), ("a",), 5)
    return kind(**{field.name: samples(hints[field.name], full) for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("kind", typing.get_args(ev.Event), ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type, full: bool) -> None:
    event = samples(kind, full)
    record = msgspec.msgpack.decode(encode_record(7, kind.__name__, event, ()), type=EventRecord)
    found = decode_event(record, EngineSettings)
    assert type(found) is kind
    assert found == event
    assert encode_plain(found) == encode_plain(event)


def test_an_unknown_event_is_named() -> None:
    record = msgspec.msgpack.decode(encode_record(7, "Sneezed", {}, ()), type=EventRecord)
    with pytest.raises(ValueError, match="event 7: unknown kind 'Sneezed'"):
        decode_event(record, EngineSettings)


def write(folder: Path, frames: int = 6, each: int = 5) -> list[int]:
    """Write a small journal of one file; return the numbers of its events."""
    writer = JournalWriter(folder, HEADER)
    for number in range(frames):
        first = number * each
        writer.write([record(first + i) for i in range(each)], first, HEADER.started_ms)
    writer.close()
    return list(range(frames * each))


def record(number: int) -> bytes:
    """One record."""
    return encode_record(number, "TimerDue", ev.TimerDue(number), (Notice(Level.INFO, "x", str(number)),))


def numbers(journal: Journal) -> list[int]:
    """Read a journal to its end."""
    return [r.number for r in journal.records()]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_gives_all_whole_frames(tmp_path: Path, cut: float) -> None:
    folder = tmp_path / f"j{cut}"
    written = write(folder)
    file = folder / "0001.journal"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * cut)])
    try:
        journal = Journal(folder)
    except ConfigError:
        # Not even the header is there.
        assert cut < 0.6
        return
    found = numbers(journal)
    assert found == written[: len(found)]
    assert not journal.damage
    assert not journal.is_complete or len(found) == len(written)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_is_never_taken_for_an_event(tmp_path: Path, at: float, bit: int) -> None:
    folder = tmp_path / f"j{at}-{bit}"
    written = write(folder)
    file = folder / "0001.journal"
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 1 << bit
    file.write_bytes(data)
    try:
        journal = Journal(folder)
    except ConfigError:
        return
    found = numbers(journal)
    assert found == written[: len(found)]
    assert journal.damage or journal.torn
    assert len(found) < len(written) or not journal.is_complete


def test_a_journal_without_an_end_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j", HEADER)
    writer.write([record(0), record(1)], 0, HEADER.started_ms)
    # What the writer wrote is there for others at once, as after a kill.
    journal = Journal(tmp_path / "j")
    assert numbers(journal) == [0, 1]
    assert (journal.torn, journal.damage, journal.is_complete) == ("", "", False)
    writer.abandon()


def test_a_new_part_every_day_and_at_a_size(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j", HEADER, most_bytes=600)
    for number in range(40):
        writer.write([record(number)], number, HEADER.started_ms + number // 20 * DAY_MS)
    writer.close()
    parts = sorted((tmp_path / "j").iterdir())
    assert len(parts) > 3
    journal = Journal(tmp_path / "j")
    assert numbers(journal) == list(range(40))
    assert journal.is_complete
    parts[1].unlink()
    journal = Journal(tmp_path / "j")
    assert numbers(journal) == list(range(len(numbers(journal))))
    assert "part 2 is missing" in journal.damage


def test_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "j", msgspec.structs.replace(HEADER, format=9)).close()
    with pytest.raises(ConfigError, match="journal format 9; this version of whalebot reads format 1"):
        Journal(tmp_path / "j")


class Clock:
    """A clock that stands still."""

    def now_ms(self) -> int:
        """Return the start of the recording."""
        return HEADER.started_ms


def recorder(folder: Path, told: Callable[[str], None], most: int = 1000) -> FlightRecorder:
    """A recorder of a new journal."""
    return FlightRecorder(JournalWriter(folder, HEADER), Clock(), told, most)


def test_what_was_noted_before_the_end_is_in_the_journal(tmp_path: Path) -> None:
    told: list[str] = []
    found = recorder(tmp_path / "j", told.append)
    found.start()
    found.begun(1, ())
    for number in range(300):
        found.note(ev.TimerDue(number), (Alert(Level.INFO, "k", "t", str(number)),))
    found.note(ev.TimerDue(300), None)
    assert found.stop(10)
    journal = Journal(tmp_path / "j")
    records = list(journal.records())
    assert [r.number for r in records] == list(range(302))
    assert records[0].name == "Start"
    assert records[-1].digest is None
    assert journal.is_complete
    assert told == []


def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    found = recorder(tmp_path / "j", told.append)
    real, calls = os.write, []

    def full(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real(fd, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("whalebot.adapters.recording.writer.os.write", full)
    found.start()
    found.note(ev.TimerDue(1), ())
    found.stop(10)
    assert told == ["No space left on device"]
    assert not found.is_recording
    found.note(ev.TimerDue(2), ())
    journal = Journal(tmp_path / "j")
    assert numbers(journal) == []
    assert (journal.torn, journal.damage) == ("", "")


def test_a_disk_that_cannot_keep_up_ends_the_recording(tmp_path: Path) -> None:
    told: list[str] = []
    found = recorder(tmp_path / "j", told.append, most=3)
    for number in range(5):
        found.note(ev.TimerDue(number), ())
    found.start()
    found.thread.join(30)
    assert told == ["3 events wait for the disk"]
    assert numbers(Journal(tmp_path / "j")) == [0, 1, 2]
