"""The state document on disk: both directions, power cuts, damage, other versions, order of saves."""

from __future__ import annotations

import errno
import hashlib
import json
import stat
import threading
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import msgspec
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


@pytest.mark.parametrize("last", ["good", "newer", "damaged", "absent"])
def test_another_version_names_the_document_before_it_and_what_to_do_with_it(last: str) -> None:
    disk = DiskModel()
    state = StateFile(PATH, disk)
    state.save(replace(document(1), version=99 if last == "newer" else 1))
    state.save(replace(document(2), version=99))
    if last == "damaged":
        disk.put(LAST, b"\0" * 100)
    elif last == "absent":
        disk.unlink(LAST)
    with pytest.raises(ConfigError, match="state version 99") as told:
        StateFile(PATH, disk).load()
    moves = {
        "good": "move demo.json to another folder: the document before it, demo.json.last, has version 1 and "
        "revision 1 and is used then",
        "absent": "move demo.json to another folder, to start without memory",
    }.get(last, "move demo.json and demo.json.last to another folder, to start without memory")
    assert moves in str(told.value)
    disk.unlink(PATH)
    if last in ("newer", "damaged"):
        disk.unlink(LAST)
    assert StateFile(PATH, disk).load() == (document(1) if last == "good" else None), "the advice helps"


def forged(one: StateDocument, *path: str | int, value: object) -> bytes:
    """The file of a document with one value changed in it, digest and all."""
    found = json.loads(msgspec.json.encode(one))
    at = found
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    raw = json.dumps(found).encode()
    digest = hashlib.sha256(b"1 " + raw).hexdigest().encode()
    return b'{"version":1,"digest":"%s","document":%s}\n' % (digest, raw)


IMPOSSIBLE = [
    (("positions", 0, "sold_qty"), "-0.01", "positions[0].sold_qty"),
    (("positions", 0, "sold_qty"), "0", "nothing opened"),
    (("positions", 0, "sold"), "0", "entry price of 0"),
    (("positions", 0, "sold"), "NaN", "positions[0].sold"),
    (("positions", 0, "sold"), "sNaN", "positions[0].sold"),
    (("positions", 0, "sold"), "Infinity", "positions[0].sold"),
    (("positions", 0, "sold"), "1E+999999999999", "sane size"),
    (("positions", 0, "fees"), "1E-999999999999", "sane size"),
    (("positions", 0, "bought_qty"), "-1", "positions[0].bought_qty"),
    (("positions", 0, "sold_qty"), "much", "sold_qty"),
    (("positions", 0, "side"), "Sideways", "Sideways"),
    (("positions", 0, "closing_as"), "boredom", "boredom"),
    (("positions", 0, "stop"), "-3100", "positions[0].stop"),
    (("positions", 0, "leverage"), "0", "positions[0].leverage"),
    (("positions", 0, "bars_held"), -1, "positions[0].bars_held"),
    (("positions", 0, "opened_ms"), 10**17, "positions[0].opened_ms"),
    (("positions", 0, "position_idx"), 3, "positions[0].position_idx"),
    (("positions", 0, "atr"), -1.0, "positions[0].atr"),
    (("intents", 0, "intent", "qty"), "0", "intents[0].intent.qty"),
    (("intents", 0, "intent", "stop_loss"), "NaN", "intents[0].intent.stop_loss"),
    (("intents", 0, "intent", "purpose"), "fun", "fun"),
    (("symbols", 0, "signal"), "MAYBE", "MAYBE"),
    (("symbols", 0, "recent_exec_ms"), [1, -1], "symbols[0].recent_exec_ms"),
    (("symbols", 0, "last_exec_ms"), -1, "symbols[0].last_exec_ms"),
    (("guardrails", "peak_equity"), "NaN", "guardrails.peak_equity"),
    (("guardrails", "paused_until_ms"), 10**18, "guardrails.paused_until_ms"),
    (("guardrails", "consecutive_losses"), -2, "guardrails.consecutive_losses"),
    (("unrecorded_trades", 0, "qty"), "0", "unrecorded_trades[0].qty"),
    (("unrecorded_trades", 0, "pnl"), "NaN", "unrecorded_trades[0].pnl"),
    (("next_intent_no",), -7, "next_intent_no"),
]


@pytest.mark.parametrize(
    ("path", "value", "told"), IMPOSSIBLE, ids=[f"{p[-1]}-{v}" for p, v, _ in IMPOSSIBLE]
)
def test_an_impossible_value_is_damage_whatever_the_digest_says(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    spoilt = forged(document(2), *path, value=value)
    disk = DiskModel()
    StateFile(PATH, disk).save(document(1))
    disk.put(LAST, disk.content(PATH))
    disk.put(PATH, spoilt)
    assert StateFile(PATH, disk).peek() == document(1)
    state = StateFile(PATH, disk)
    assert state.load() == document(1)
    (notice,) = state.take_notices()
    assert (notice.level, notice.kind) == (Level.CRITICAL, "state_fallback")
    assert told in notice.text
    assert disk.content(PATH.with_name("demo.json.damaged-1")) == spoilt
    disk.put(PATH, spoilt)
    disk.put(LAST, spoilt)
    with pytest.raises(StateDamaged, match=r"demo\.json .*demo\.json\.last .*Nothing was changed"):
        StateFile(PATH, disk).load()
    assert (disk.content(PATH), disk.content(LAST)) == (spoilt, spoilt)


def test_a_foreign_position_whose_price_the_venue_did_not_tell_is_none() -> None:
    position = replace(document(1).positions[0], foreign=True, sold=D(0))
    one = replace(document(1), positions=(position,))
    disk = DiskModel()
    StateFile(PATH, disk).save(one)
    assert StateFile(PATH, disk).load() == one


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
    position = replace(document(2).positions[0], sold_qty=D(-1))
    with pytest.raises(BugError, match=r"cannot be saved: positions\[0\]\.sold_qty -1 is below 0"):
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
