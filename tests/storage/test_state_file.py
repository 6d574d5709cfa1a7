"""The state document on disk: both directions, power cuts, damage, other versions, order of saves."""

from __future__ import annotations

import errno
import stat
import threading
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest
from disk_model import ARRIVALS, DiskModel, FailingFiles, PowerCut
from hypothesis import given, settings
from sample_states import any_document, document

from whalebot.adapters.storage.state import StateDamaged, StateFile
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, ConfigError
from whalebot.domain.state import StateDocument

PATH = Path("/w/state/demo.json")
LAST = Path("/w/state/demo.json.last")


@given(any_document)
@settings(max_examples=30)
def test_what_is_saved_loads_equal(one: StateDocument) -> None:
    disk = DiskModel()
    StateFile(PATH, disk).save(one)
    assert StateFile(PATH, disk).load() == one


def test_nothing_saved_is_none(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "state" / "demo.json")
    assert state.load() is None
    assert state.take_notices() == []
    assert list(tmp_path.iterdir()) == []


def test_the_last_good_one_stays_beside_and_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "demo.json"
    state = StateFile(path)
    for revision in (1, 2, 3):
        state.save(document(revision))
    assert StateFile(path).load() == document(3)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["demo.json", "demo.json.last"]
    path.unlink()
    again = StateFile(path)
    assert again.load() == document(2)
    assert again.take_notices()[0].level is Level.WARNING
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again.save(document(4))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_document_removed_under_a_running_daemon_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    state = StateFile(path)
    state.save(document(1))
    state.save(document(2))
    for found in list(tmp_path.iterdir()):
        found.unlink()
    state.save(document(3))
    assert StateFile(path).load() == document(3)


def test_modes_have_documents_of_their_own(tmp_path: Path) -> None:
    StateFile(tmp_path / "demo.json").save(document(1))
    assert StateFile(tmp_path / "live.json").load() is None


def test_a_power_cut_at_any_byte_leaves_the_old_or_the_new_document() -> None:
    def saved_twice() -> tuple[DiskModel, StateFile]:
        disk = DiskModel()
        state = StateFile(PATH, disk)
        state.save(document(1))
        state.save(document(2))
        return disk, state

    disk, state = saved_twice()
    before = disk.spent
    state.save(document(3))
    checked = set()
    for cut in range(disk.spent - before + 1):
        torn, state = saved_twice()
        torn.budget = cut
        saved = False
        try:
            state.save(document(3))
            saved = True
        except PowerCut:
            pass
        for disk in map(torn.reboot, ARRIVALS):
            if (disk.seen(), saved) in checked:
                continue
            checked.add((disk.seen(), saved))
            state = StateFile(PATH, disk)
            found = state.load()
            assert found == document(3) if saved else found in (document(2), document(3))
            assert all(notice.level is not Level.CRITICAL for notice in state.take_notices())
            state.save(document(4))
            assert StateFile(PATH, disk.reboot("none")).load() == document(4)
    assert len(checked) > 2 * cut


def test_every_spoilt_byte_is_noticed_and_the_one_before_is_used() -> None:
    disk = DiskModel()
    state = StateFile(PATH, disk)
    state.save(document(1))
    state.save(document(2))
    good, last = disk.content(PATH), disk.content(LAST)
    for at in range(len(good) - 1):
        spoilt = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        disk = DiskModel()
        disk.put(PATH, spoilt)
        disk.put(LAST, last)
        state = StateFile(PATH, disk)
        assert state.load() == document(1)
        (notice,) = state.take_notices()
        assert (notice.level, notice.kind) == (Level.CRITICAL, "state_fallback")
        aside = PATH.with_name("demo.json.damaged-1")
        assert aside.name in notice.text
        assert disk.content(aside) == spoilt


@pytest.mark.parametrize("size", [0, 1, 500])
def test_a_cut_file_falls_back_and_the_next_save_spares_the_good_one(size: int) -> None:
    disk = DiskModel()
    state = StateFile(PATH, disk)
    for revision in (1, 2):
        state.save(document(revision))
    disk.put(PATH, disk.content(PATH)[:size])
    state = StateFile(PATH, disk)
    state.save(document(3))  # without a load before
    assert StateFile(PATH, disk).load() == document(3)
    disk.unlink(PATH)
    assert StateFile(PATH, disk).load() == document(1)


@pytest.mark.parametrize("last", [b"\0" * 100, None], ids=["blank", "absent"])
def test_both_damaged_is_never_a_silent_fresh_start(last: bytes | None) -> None:
    disk = DiskModel()
    disk.put(PATH, b"{}")
    if last is not None:
        disk.put(LAST, last)
    for _ in range(2):
        with pytest.raises(StateDamaged) as told:
            StateFile(PATH, disk).load()
        assert "Nothing was changed" in str(told.value)
        assert "demo.json" in str(told.value)
        assert ("demo.json.last" in str(told.value)) == (last is not None)
        assert disk.content(PATH) == b"{}"
    with pytest.raises(StateDamaged):
        StateFile(PATH, disk).save(document(1))
    assert disk.content(PATH) == b"{}"


def test_another_version_stops_with_what_to_do_and_is_left_alone() -> None:
    disk = DiskModel()
    state = StateFile(PATH, disk)
    state.save(document(1))
    state.save(replace(document(2), version=2))
    before = disk.content(PATH)
    with pytest.raises(ConfigError, match=r"state version 2, this program knows 1.*close what is open"):
        StateFile(PATH, disk).load()
    assert disk.content(PATH) == before


def test_an_older_revision_is_skipped_and_a_new_run_is_not() -> None:
    disk = DiskModel()
    state = StateFile(PATH, disk)
    state.save(document(5))
    state.save(document(4))
    assert StateFile(PATH, disk).load() == document(5)
    state.save(document(1, run_id="r2"))
    assert StateFile(PATH, disk).load() == document(1, run_id="r2")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failed_save_is_told_changes_nothing_and_works_later(tmp_path: Path, code: int) -> None:
    calm = FailingFiles()
    state = StateFile(tmp_path / "calm.json", calm)
    state.save(document(1))
    first = len(calm.calls)
    state.save(document(2))
    calls = calm.calls[first:]
    assert calls == ["truncate", "pwrite", "sync", "replace", "replace", "sync_names"]
    for number in range(1, len(calls) + 1):
        path = tmp_path / f"{number}.json"
        files = FailingFiles(code=code)
        state = StateFile(path, files)
        state.save(document(1))
        files.fail_at = len(files.calls) + number
        with pytest.raises(OSError, match=r"No space left|Input/output error"):
            state.save(document(2))
        assert StateFile(path).load() in (document(1), document(2))
        assert not path.with_name(path.name + ".next").exists()
        state.save(document(2))
        assert StateFile(path).load() == document(2)


def test_a_failed_save_does_not_count_as_saved(tmp_path: Path) -> None:
    files = FailingFiles()
    state = StateFile(tmp_path / "demo.json", files)
    state.save(document(1))
    files.fail_at = len(files.calls) + 1
    with pytest.raises(OSError, match="No space"):
        state.save(document(3))
    state.save(document(2))
    assert StateFile(tmp_path / "demo.json").load() == document(2)


def test_a_document_that_would_not_read_back_is_a_bug_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    state = StateFile(path)
    state.save(document(1))
    position = replace(document(2).positions[0], atr=float("nan"))
    with pytest.raises(BugError, match="revision 2 cannot be saved"):
        state.save(replace(document(2), positions=(position,)))
    position = replace(document(2).positions[0], bought=D("NaN"))
    with pytest.raises(BugError, match="would not read back"):
        state.save(replace(document(2), positions=(position,)))
    assert StateFile(path).load() == document(1)


def test_a_place_without_permission_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "demo.json").mkdir()
    with pytest.raises(ConfigError, match=r"demo\.json.*directory.*owner and mode"):
        StateFile(tmp_path / "demo.json").load()


def test_threads_that_save_out_of_order_leave_the_newest(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "demo.json")
    start = threading.Barrier(4)

    def save(revisions: range) -> None:
        start.wait(timeout=30)
        for revision in revisions:
            state.save(document(revision))

    threads = [threading.Thread(target=save, args=(range(k, 40, 4),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert StateFile(tmp_path / "demo.json").load() == document(39)
