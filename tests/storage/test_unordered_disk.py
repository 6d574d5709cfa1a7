"""Names and content that arrive in any order, calls that fail in every place: nothing promised is lost."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from itertools import product
from pathlib import Path

import pytest
from disk_model import ARRIVALS, DiskModel, FailingFiles, PowerCut, any_names
from hypothesis import given
from hypothesis import strategies as st
from sample_states import document
from sample_trades import trade

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateDamaged, StateFile
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.domain.errors import ConfigError

STATE = Path("/w/state/demo.json")
LAST = STATE.with_name("demo.json.last")
HISTORY = Path("/w/trade_history.json")
WAL = Path("/w/state/trade_history.wal")
CODES = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT]


def steps_of(saves: int) -> list[int]:
    """The moments of the last save at which something other than a byte happens."""
    disk, marks = DiskModel(), []
    state = StateFile(STATE, disk)
    for revision in range(1, saves):
        state.save(document(revision))
    before = disk.spent
    state.save(document(saves))
    size = len(disk.content(STATE))
    marks += [0, 1, 2, size // 2, *range(size - 1, disk.spent - before + 1)]
    return marks


def test_a_save_survives_names_that_arrive_in_any_order() -> None:
    checked = set()
    for cut in steps_of(3):
        disk = DiskModel()
        state = StateFile(STATE, disk)
        state.save(document(1))
        state.save(document(2))
        disk.budget = cut
        saved = False
        try:
            state.save(document(3))
            saved = True
        except PowerCut:
            pass
        for names, arrival in product(any_names(disk), ARRIVALS):
            after = disk.reboot(arrival, names)
            if (after.seen(), saved) in checked:
                continue
            checked.add((after.seen(), saved))
            found = StateFile(STATE, after).load()
            assert found == document(3) if saved else found in (document(1), document(2), document(3))


def test_a_repair_of_the_history_survives_names_that_arrive_in_any_order() -> None:
    checked = set()
    spoilt = encode_trades([trade(n) for n in range(3)])[:-1] + b"\0\0\0"

    def damaged() -> DiskModel:
        disk = DiskModel()
        disk.put(HISTORY, spoilt)
        return disk

    rehearsal = damaged()
    TradeHistory.open(HISTORY, write_ahead=WAL, files=rehearsal)
    size = len(encode_trades([trade(n) for n in range(3)]))
    for cut in [*range(12), *range(size - 2, rehearsal.spent + 1)]:
        disk = damaged()
        disk.budget = cut
        with contextlib.suppress(PowerCut):
            TradeHistory.open(HISTORY, write_ahead=WAL, files=disk)
        for names, arrival in product(any_names(disk), ("all", "none", "length_only")):
            after = disk.reboot(arrival, names)
            if after.seen() in checked:
                continue
            checked.add(after.seen())
            assert list(TradeHistory.open(HISTORY, write_ahead=WAL, files=after).load()) == [
                trade(n) for n in range(3)
            ]
            assert spoilt in after.data.values(), "the damaged file is kept"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("damage", ["none", "current", "missing"])
def test_a_load_that_meets_a_failing_call_forgets_nothing(tmp_path: Path, code: int, damage: str) -> None:
    """Whatever call fails, and for how long: the newest document that was whole is found afterwards."""
    for number in range(1, 12):
        path = tmp_path / f"{number}.json"
        state = StateFile(path)
        state.save(document(1))
        state.save(document(2))
        if damage == "current":
            path.write_bytes(path.read_bytes()[:-40] + b"\0" * 40)
        elif damage == "missing":
            path.unlink()
        before = path.read_bytes() if path.exists() else b""
        files = FailingFiles(number, lasting=True, code=code)
        state = StateFile(path, files)
        try:
            state.load()
            state.save(document(3))
        except StateDamaged:
            pytest.fail("a call that failed is no damage")
        except (OSError, ConfigError):
            pass
        kept = [file.read_bytes() for file in tmp_path.glob(f"{number}.json*")]
        assert not before or before in kept, "what was there is gone"
        assert StateFile(path).load() in (document(1), document(2), document(3))


@pytest.mark.parametrize("code", CODES)
def test_a_history_that_meets_a_failing_call_loses_no_trade(tmp_path: Path, code: int) -> None:
    """A start on a file to be mended, then a trade: each risky call fails, once and for good."""
    trades = [trade(n) for n in range(3)]
    spoilt = encode_trades(trades)[:-1] + b"\xff"
    for lasting in (False, True):
        for number in range(1, 25):
            folder = tmp_path / f"{lasting}-{number}"
            folder.mkdir()
            path = folder / "h.json"
            path.write_bytes(spoilt)
            files = FailingFiles(number, lasting=lasting, code=code)
            promised = False
            try:
                history = TradeHistory.open(path, write_ahead=folder / "wal", files=files)
                promised = history.append(trade(3))
            except (OSError, ConfigError):
                pass
            assert spoilt in [file.read_bytes() for file in folder.iterdir()]
            there = list(TradeHistory.open(path, write_ahead=folder / "wal").load())
            assert there[:3] == trades
            assert there[3:] in ([[trade(3)]] if promised else [[], [trade(3)]])
            json.loads(path.read_bytes())


@given(st.data())
def test_random_damage_of_any_file_is_never_silent(data: st.DataObject) -> None:
    """Bytes overwritten, cut or blanked anywhere: an old document with a word about it, or a refusal."""
    disk = DiskModel()
    state = StateFile(STATE, disk)
    state.save(document(1))
    state.save(document(2))
    spoilt = {}
    for path in data.draw(st.sampled_from([(STATE,), (LAST,), (STATE, LAST)])):
        content = disk.content(path)
        at = data.draw(st.integers(0, len(content) - 2))
        with_what = data.draw(st.sampled_from([b"", b"\0" * 64, b"}", b"\xff\xfe", content[:50]]))
        spoilt[path] = content[:at] + with_what + (content[at + len(with_what) :] if with_what else b"")
        disk.put(path, spoilt[path])
    state = StateFile(STATE, disk)
    try:
        found = state.load()
    except StateDamaged:
        assert set(spoilt) == {STATE, LAST}
        assert all(disk.content(path) == content for path, content in spoilt.items())
        return
    assert found in (document(1), document(2))
    if found == document(1):
        assert [notice.kind for notice in state.take_notices()] == ["state_fallback"]
        assert spoilt[STATE] in disk.data.values()


def test_set_aside_names_that_are_taken_stay_untouched(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    for number in (1, 2, 4):
        (tmp_path / f"demo.json.damaged-{number}").write_bytes(b"older %d" % number)
    state = StateFile(path)
    state.save(document(1))
    state.save(document(2))
    path.write_bytes(b"broken")
    assert StateFile(path).load() == document(1)
    assert (tmp_path / "demo.json.damaged-3").read_bytes() == b"broken"
    assert (tmp_path / "demo.json.damaged-4").read_bytes() == b"older 4"


def test_what_is_no_file_is_refused_and_a_link_is_not_written_through(tmp_path: Path) -> None:
    files = FileSystem()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="directory or device"):
        files.read_file(tmp_path / "pipe")
    with pytest.raises(OSError, match="directory or device"):
        files.read_file(Path("/dev/zero"))
    with pytest.raises(IsADirectoryError):
        files.read_file(tmp_path)
    victim = tmp_path / "victim"
    victim.write_bytes(b"dear")
    for name in ("trade_history.json.tmp", "link"):
        (tmp_path / name).symlink_to(victim)
    files.write_replacing(tmp_path / "trade_history.json", b"[]")
    with pytest.raises(OSError, match="symbolic link"):
        files.write_file(tmp_path / "link", b"gone")
    assert victim.read_bytes() == b"dear"
    assert not (tmp_path / "trade_history.json").is_symlink()
