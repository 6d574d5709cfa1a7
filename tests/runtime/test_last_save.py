"""The last save of a run: in time, or said to be missing; a disk that hangs does not hold the end."""

from __future__ import annotations

import threading

import pytest
from runtime_ports import ManualClock, States
from runtime_samples import document

from whalebot.runtime.saving import DocumentSave, StorageHealth, save_last


def test_the_last_state_is_saved() -> None:
    states = States([])
    assert save_last(document(revision=7), states, ManualClock(0), 5.0)
    assert states.journal == ["save 7"]


def test_a_hanging_disk_does_not_hold_the_end(caplog: pytest.LogCaptureFixture) -> None:
    states = States([])
    states.gate = threading.Event()
    assert not save_last(document(revision=7), states, ManualClock(0), 0.05)
    assert "the last state of this run is not on disk: the disk has not answered for 0.05 s" in caplog.text
    states.gate.set()


def test_a_hanging_disk_holds_one_thread_and_not_one_for_each_save() -> None:
    states = States([])
    states.gate = threading.Event()
    health = StorageHealth(ManualClock(0), lambda _: None)
    problems = [DocumentSave(document(revision=n), states, health).ensure(0.05) for n in range(1, 6)]
    assert problems == ["the disk has not answered for 0.05 s"] * 5
    assert [thread.name for thread in threading.enumerate()].count("save") == 1
    (left,) = (thread for thread in threading.enumerate() if thread.name == "save")
    states.gate.set()
    left.join(30)
    assert not health.is_hanging
    assert DocumentSave(document(revision=6), states, health).ensure(30.0) == ""
    assert states.journal == ["save 1", "save 6"]
