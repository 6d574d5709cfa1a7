"""The trade history under power cuts at every byte, failing calls and kills."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from disk_model import ARRIVALS, DiskModel, FailingFiles, PowerCut
from sample_trades import trade

from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.adapters.storage.write_ahead import WriteAhead
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError

PATH = Path("/w/trade_history.json")
WAL = Path("/w/state/trade_history.wal")


def started(disk: DiskModel) -> TradeHistory:
    return TradeHistory.open(PATH, write_ahead=WAL, files=disk)


def disk_with(count: int) -> DiskModel:
    disk = DiskModel()
    disk.put(PATH, encode_trades([trade(n) for n in range(count)]))
    return disk


def line_is_safe(disk: DiskModel) -> bool:
    """True when the write-ahead line is whole on the platters."""
    try:
        return WriteAhead(WAL, disk.reboot("none")).read() is not None
    except ValueError:
        return False


def check_after_cut(disk: DiskModel, kept: int, *, promised: bool) -> None:
    """The next start finds all `kept` trades, the cut one if it was promised, and goes on."""
    history = started(disk)
    there = list(history.load())
    assert there[:kept] == [trade(n) for n in range(kept)]
    assert there[kept:] in ([], [trade(kept)])
    assert not promised or there[kept:]
    assert disk.synced_data[disk.names[PATH]] == disk.content(PATH), "found, but not safe"
    assert all(notice.level is not Level.CRITICAL for notice in history.take_notices())
    history.append(trade(kept))
    history.append(trade(kept + 1))
    whole = encode_trades([trade(n) for n in range(kept + 2)])
    assert disk.content(PATH) == whole
    assert started(disk.reboot("none")).append(trade(kept + 1)) is False


@pytest.mark.parametrize("count", [0, 3])
def test_a_power_cut_at_any_byte_of_recording_loses_nothing(count: int) -> None:
    whole = disk_with(count)
    history = started(whole)
    before = whole.spent
    history.append(trade(count))
    steps = whole.spent - before
    assert steps > 1000
    line_synced = False
    checked = set()
    for cut in range(steps + 1):
        disk = disk_with(count)
        history = started(disk)
        disk.budget = cut
        promised = False
        try:
            history.append(trade(count))
            promised = True
        except PowerCut:
            promised = line_is_safe(disk)
            line_synced |= promised
        for after in map(disk.reboot, ARRIVALS):
            if (after.seen(), promised) not in checked:
                checked.add((after.seen(), promised))
                check_after_cut(after, count, promised=promised)
    assert len(checked) > 2 * steps
    assert line_synced, "no cut fell between the synced line and the end"


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_a_second_power_cut_during_the_repair_loses_nothing(arrival: str) -> None:
    """Cut in the middle of the array's lengthening, then at every step of the start that mends it."""
    first = disk_with(2)
    history = started(first)
    before = first.spent
    history.append(trade(2))
    torn = disk_with(2)
    history = started(torn)
    torn.budget = (first.spent - before) - 300
    with pytest.raises(PowerCut):
        history.append(trade(2))
    rehearsal = torn.reboot(arrival)
    before = rehearsal.spent
    started(rehearsal)
    for cut in range(0, rehearsal.spent - before + 1, 7):
        disk = torn.reboot(arrival)
        disk.budget = cut
        try:
            started(disk)
        except PowerCut:
            check_after_cut(disk.reboot(arrival), 2, promised=True)
        else:
            check_after_cut(disk.reboot("none"), 2, promised=True)


def test_a_power_cut_while_a_damaged_file_is_replaced_loses_nothing() -> None:
    spoilt = encode_trades([trade(n) for n in range(3)])[:-1] + b"\0\0\0"
    rehearsal = DiskModel()
    rehearsal.put(PATH, spoilt)
    started(rehearsal)
    for cut in range(0, rehearsal.spent + 1, 5):
        disk = DiskModel()
        disk.put(PATH, spoilt)
        disk.budget = cut
        with contextlib.suppress(PowerCut):
            started(disk)
        for after in {disk.seen(): disk for disk in map(disk.reboot, ("all", "none"))}.values():
            assert list(started(after).load()) == [trade(n) for n in range(3)]
            kept = [after.content(path) for path in after.names if ".damaged-" in path.name]
            assert kept == [spoilt]


def test_every_truncation_of_the_file_leaves_every_whole_trade(tmp_path: Path) -> None:
    trades = [trade(n) for n in range(3)]
    data = encode_trades(trades)
    last = len(encode_trades(trades[:2])) - 3
    for size in range(last - 40, len(data)):
        disk = DiskModel()
        disk.put(PATH, data[:size])
        history = started(disk)
        assert list(history.load()) == trades[: 3 if size >= len(data) - 3 else 2 if size >= last else 1]
        json.loads(disk.content(PATH))
        asides = [path for path in disk.names if ".damaged-" in path.name]
        assert [disk.content(path) for path in asides] == ([] if size == len(data) - 1 else [data[:size]])


def test_every_spoilt_byte_costs_at_most_its_own_trade() -> None:
    trades = [trade(n) for n in range(3)]
    data = encode_trades(trades)
    last = len(encode_trades(trades[:2])) - 3
    for at in range(last, len(data)):
        for byte in (b"\0", b"}", b'"', b"\xff"):
            disk = DiskModel()
            disk.put(PATH, data[:at] + byte + data[at + 1 :])
            there = list(started(disk).load())
            assert there[:2] == trades[:2]
            assert len(there) <= 3
            json.loads(disk.content(PATH))


def test_a_line_that_comes_back_after_it_was_cleared_doubles_nothing() -> None:
    disk = disk_with(1)
    history = started(disk)
    history.append(trade(1))
    line = disk.synced_data[disk.names[WAL]]
    assert line
    history.append(trade(2))
    disk.put(WAL, line)
    assert list(started(disk).load()) == [trade(n) for n in range(3)]


def test_a_line_is_kept_when_the_array_was_damaged_besides() -> None:
    disk = disk_with(2)
    history = started(disk)
    history.append(trade(2))
    line = disk.synced_data[disk.names[WAL]]
    spoilt = encode_trades([trade(0), trade(1)])[:-200] + b"\xff\xff"
    disk.put(PATH, spoilt)
    disk.put(WAL, line)
    history = started(disk)
    assert list(history.load()) == [trade(0), trade(2)]
    assert [notice.kind for notice in history.take_notices()] == ["history_damaged", "history_completed"]


def test_a_line_is_kept_when_the_history_was_deleted() -> None:
    disk = disk_with(2)
    history = started(disk)
    history.append(trade(2))
    disk.put(WAL, disk.synced_data[disk.names[WAL]])
    disk.unlink(PATH)
    assert list(started(disk).load()) == [trade(2)]


def test_a_power_cut_while_a_line_goes_to_a_new_place_is_mended_quietly() -> None:
    """The line names a place that is no longer the end, because someone edited the history meanwhile."""
    first = disk_with(2)
    history = started(first)
    history.append(trade(2))
    line = first.synced_data[first.names[WAL]]

    def edited() -> DiskModel:
        disk = DiskModel()
        disk.put(PATH, encode_trades([trade(0)]))
        disk.put(WAL, line)
        return disk

    rehearsal = edited()
    started(rehearsal)
    checked = set()
    for cut in range(0, rehearsal.spent, 7):
        torn = edited()
        torn.budget = cut
        with pytest.raises(PowerCut):
            started(torn)
        for disk in map(torn.reboot, ARRIVALS):
            if disk.seen() in checked:
                continue
            checked.add(disk.seen())
            history = started(disk)
            assert list(history.load()) == [trade(0), trade(2)]
            assert all(notice.level is not Level.CRITICAL for notice in history.take_notices())


def test_a_line_does_not_overwrite_what_somebody_else_wrote() -> None:
    disk = disk_with(2)
    history = started(disk)
    history.append(trade(2))
    disk.put(WAL, disk.synced_data[disk.names[WAL]])
    by_hand = encode_trades([trade(0), trade(1)])[:-3] + b',\n{"mine": "half a line'
    disk.put(PATH, by_hand)
    history = started(disk)
    assert list(history.load()) == [trade(n) for n in range(3)]
    assert disk.content(PATH.with_name("trade_history.json.damaged-1")) == by_hand


def test_a_line_with_a_spoilt_byte_is_not_believed() -> None:
    disk = disk_with(0)
    started(disk).append(trade(0))
    line = disk.synced_data[disk.names[WAL]].split(b"\n")[0]
    for at in range(len(line)):
        disk = disk_with(1)
        disk.put(WAL, line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :])
        history = started(disk)
        assert list(history.load()) == [trade(0)]
        assert [notice.kind for notice in history.take_notices()] == ["history_line_cut"]


@pytest.mark.parametrize(
    "line", [b"{", b"\0" * 300, b'{"digest":"","offset":0,"first":true,"trade":{}}\n', b"[1]"]
)
def test_a_line_that_was_never_completed_is_kept_aside(line: bytes) -> None:
    disk = disk_with(1)
    disk.put(WAL, line)
    history = started(disk)
    assert list(history.load()) == [trade(0)]
    assert [notice.kind for notice in history.take_notices()] == ["history_line_cut"]
    assert disk.content(WAL.with_name("trade_history.wal.damaged-1")) == line
    assert history.append(trade(1))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_every_failing_call_is_told_and_the_same_call_works_later(tmp_path: Path, code: int) -> None:
    calm = FailingFiles()
    history = TradeHistory.open(tmp_path / "calm.json", files=calm)
    opening = len(calm.calls)
    history.append(trade(0))
    assert calm.calls[opening:] == ["pwrite", "sync", "pwrite", "sync", "pwrite"]
    for number in range(1, len(calm.calls) - opening + 1):
        path = tmp_path / f"{number}" / "trade_history.json"
        path.parent.mkdir()
        path.write_bytes(encode_trades([trade(7)]))
        files = FailingFiles(code=code)
        history = TradeHistory.open(path, files=files)
        files.fail_at = len(files.calls) + number
        clearing = number == len(calm.calls) - opening
        if clearing:
            assert history.append(trade(8)), "the trade is safe when only the clearing of its line failed"
        else:
            with pytest.raises(OSError, match=os.strerror(code)):
                history.append(trade(8))
            assert [row["trade_id"][-1] for row in json.loads(path.read_bytes())] in (["7"], ["7", "8"])
            assert history.append(trade(8))
        assert not history.append(trade(8))
        assert history.append(trade(9))
        assert path.read_bytes() == encode_trades([trade(7), trade(8), trade(9)])
        assert [notice for notice in history.take_notices() if notice.kind != "history_completed"] == []
        assert [entry.name for entry in path.parent.iterdir() if "damaged" in entry.name] == []


def test_a_disk_that_stays_full_keeps_refusing_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trade_history.json"
    files = FailingFiles(lasting=True)
    history = TradeHistory.open(path, files=files)
    history.append(trade(0))
    for start in range(1, 5):
        files.fail_at = len(files.calls) + start
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                history.append(trade(start))
        files.fail_at = None
        assert history.append(trade(start))
        assert path.read_bytes() == encode_trades([trade(n) for n in range(start + 1)])


def test_another_trade_after_a_failure_does_not_displace_the_first(tmp_path: Path) -> None:
    path = tmp_path / "trade_history.json"
    files = FailingFiles()
    history = TradeHistory.open(path, files=files)
    files.fail_at = len(files.calls) + 3  # the array's write, the line is synced
    with pytest.raises(OSError, match="No space"):
        history.append(trade(1))
    assert files.calls[-3:] == ["pwrite", "pwrite", "truncate"], "failed, and taken back"
    assert path.read_bytes() == b"[]\n"
    assert history.append(trade(2))
    assert list(history.load()) == [trade(1), trade(2)]


def test_a_failing_start_is_told_with_the_remedy_and_changes_nothing(tmp_path: Path) -> None:
    spoilt = encode_trades([trade(1)])[:-1] + b"?"
    for number in range(1, 9):
        path = tmp_path / f"{number}.json"
        path.write_bytes(spoilt)
        with pytest.raises(ConfigError, match=r"No space left on device.*make room"):
            TradeHistory.open(path, files=FailingFiles(number, lasting=True))
        kept = [entry.read_bytes() for entry in tmp_path.glob(f"{number}.json*") if entry.suffix != ".tmp"]
        assert spoilt in kept
        assert list(TradeHistory.open(path).load()) == [trade(1)]


_RECORDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from sample_trades import trade
from whalebot.adapters.storage.history import TradeHistory
history = TradeHistory.open(Path(sys.argv[1]))
number = len(history.load())
while True:
    history.append(trade(number))
    print(number, flush=True)
    number += 1
"""


def test_killed_in_a_loop_while_recording_no_promised_trade_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "trade_history.json"
    here = Path(__file__).resolve().parent
    root = here.parents[1]
    for round_number in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", _RECORDER, str(path), str(here)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert child.stdout is not None
        with child.stdout:
            for _ in range(3 + 5 * round_number):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
            promised = [int(line) for line in child.stdout.read().split()]
        child.wait(timeout=30)
        history = TradeHistory.open(path)
        there = list(history.load())
        assert there == [trade(n) for n in range(len(there))]
        assert len(there) > max(promised, default=-1)
        assert all(notice.level is not Level.CRITICAL for notice in history.take_notices())
        assert path.read_bytes() == encode_trades(there)
    assert len(there) > 60
