"""The trade history in daily use: recording, doubling, reading, other people's files."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from disk_model import DiskModel, ShortWrites
from sample_trades import trade

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory, read_history
from whalebot.adapters.storage.trade_json import encode_trade, encode_trades
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, ConfigError
from whalebot.domain.trade import ClosedTrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trade_history.json"


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.is_file()}


def test_a_new_history_is_an_empty_private_array(path: Path) -> None:
    history = TradeHistory.open(path)
    assert path.read_bytes() == b"[]\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    wal = path.parent / "state" / "trade_history.wal"
    assert stat.S_IMODE(wal.stat().st_mode) == 0o600
    assert stat.S_IMODE(wal.parent.stat().st_mode) == 0o700
    assert list(history.load()) == []
    assert history.take_notices() == []


@pytest.mark.parametrize("start", [b"[]\n", b"[]", b"[ ]", b"[\n\n]\n\n", b"", b"\n"])
def test_an_empty_file_of_any_make_is_lengthened(path: Path, start: bytes) -> None:
    path.write_bytes(start)
    history = TradeHistory.open(path)
    trades = [trade(n) for n in range(4)]
    for one in trades:
        assert history.append(one)
        assert len(json.loads(path.read_bytes())) == trades.index(one) + 1
    assert path.read_bytes() == encode_trades(trades)
    assert list(history.load()) == trades
    assert list(TradeHistory.open(path).load()) == trades
    expected = [] if start.strip() else ["history_blank"]
    assert [notice.kind for notice in history.take_notices()] == expected


def test_a_trade_is_recorded_once_and_modes_do_not_shadow_one_another(path: Path) -> None:
    history = TradeHistory.open(path)
    assert history.append(trade(1))
    assert not history.append(trade(1))
    assert not history.append(replace(trade(1), pnl=D(9)))
    assert history.append(trade(1, mode="live"))
    again = TradeHistory.open(path)
    assert not again.append(trade(1))
    assert [one.mode for one in again.load()] == ["demo", "live"]


def test_another_trade_under_a_known_id_is_told_and_not_taken(path: Path) -> None:
    history = TradeHistory.open(path)
    history.append(trade(1))
    assert not history.append(replace(trade(1), mae=D("0.7"), reconciled=True)), "rebuilt, the same trade"
    assert history.take_notices() == []
    for files_known_again in (history, TradeHistory.open(path)):
        assert not files_known_again.append(replace(trade(1), pnl=D(9)))
        assert [notice.kind for notice in files_known_again.take_notices()] == ["history_conflict"]
    assert list(history.load()) == [trade(1)]


def test_trades_load_by_the_time_they_ended(path: Path) -> None:
    history = TradeHistory.open(path)
    for number in (5, 2, 9):
        history.append(trade(number))
    assert [one.trade_id for one in history.load()] == [trade(n).trade_id for n in (2, 5, 9)]


def test_short_writes_are_completed(path: Path) -> None:
    history = TradeHistory.open(path, files=ShortWrites())
    history.append(trade(1))
    history.append(trade(2))
    assert path.read_bytes() == encode_trades([trade(1), trade(2)])


def test_recording_writes_the_same_bytes_whatever_the_length_of_the_history() -> None:
    written = []
    for count in (1, 1000):
        disk = DiskModel()
        disk.put(Path("/w/trade_history.json"), encode_trades([trade(n) for n in range(1000, 1000 + count)]))
        history = TradeHistory.open(Path("/w/trade_history.json"), files=disk)
        before = disk.spent
        history.append(trade(999))
        written.append(disk.spent - before)
    # The write-ahead line names the offset, so that it may grow by a few digits.
    assert 0 <= written[1] - written[0] <= 4


def test_extra_fields_and_the_layout_of_another_tool_stay(path: Path) -> None:
    shown = json.loads(encode_trade(trade(1))) | {"note": "kept by hand"}
    path.write_text(json.dumps([shown], indent=4) + "\n\n")
    history = TradeHistory.open(path)
    history.append(trade(2))
    back = json.loads(path.read_bytes())
    assert [row.get("note") for row in back] == ["kept by hand", None]
    assert history.take_notices() == []


def test_a_tail_of_much_white_space_is_no_danger(path: Path) -> None:
    path.write_bytes(encode_trades([trade(1)]) + b" " * 5000)
    history = TradeHistory.open(path)
    history.append(trade(2))
    assert path.read_bytes() == encode_trades([trade(1), trade(2)])


def test_a_file_edited_while_the_daemon_runs_is_read_again(path: Path) -> None:
    history = TradeHistory.open(path)
    for number in (1, 2, 3):
        history.append(trade(number))
    edited = path.with_name("edited")
    edited.write_bytes(json.dumps([json.loads(encode_trade(trade(2)))], indent=2).encode())
    os.replace(edited, path)
    assert history.append(trade(4))
    assert history.append(trade(1)), "the owner removed it, so it is not there"
    assert [one.trade_id for one in history.load()] == [trade(n).trade_id for n in (1, 2, 4)]
    path.unlink()
    assert history.append(trade(5))
    assert list(history.load()) == [trade(5)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-3],
        lambda data: data[: len(data) - 40],
        lambda data: data + b"garbage",
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data[:1] + b"\0" * 30 + data[1:],
        lambda data: data.replace(b"\n]\n", b",\n]\n"),
        lambda data: data.replace(b"},\n{", b"}\n{"),
        lambda data: data.replace(b"},\n{", b"}\0\0,\n<<<<<<< HEAD\n{"),
        lambda data: data[:-3] + b',\n{"open": {"inner": {}}',
        lambda data: b"[" + data + b"]",
    ],
)
def test_a_damaged_file_is_kept_and_what_can_be_read_goes_on(path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    trades = [trade(n) for n in range(5)]
    spoilt = damage(encode_trades(trades))
    path.write_bytes(spoilt)
    history = TradeHistory.open(path)
    aside = path.with_name("trade_history.json.damaged-1")
    assert aside.read_bytes() == spoilt
    left = list(history.load())
    assert left == trades[: len(left)]
    assert len(left) >= 4
    (notice,) = history.take_notices()
    assert notice.level is Level.CRITICAL
    assert aside.name in notice.text
    assert f"{len(left)} trades" in notice.text
    json.loads(path.read_bytes())
    assert history.append(trade(7))
    assert len(json.loads(path.read_bytes())) == len(left) + 1


def test_a_broken_object_in_the_middle_costs_that_object_only(path: Path) -> None:
    trades = [trade(n) for n in range(5)]
    path.write_bytes(encode_trades(trades).replace(b'"trade_id":"BTCUSDT-exec-2",', b'"trade_id":"BTC'))
    history = TradeHistory.open(path)
    assert list(history.load()) == [trades[n] for n in (0, 1, 3, 4)]
    (notice,) = history.take_notices()
    assert "unreadable" in notice.text


def test_damaged_files_are_never_overwritten(path: Path) -> None:
    for number in (1, 2, 3):
        path.write_bytes(b"damage %d" % number)
        TradeHistory.open(path)
    kept = [path.with_name(f"trade_history.json.damaged-{n}").read_bytes() for n in (1, 2, 3)]
    assert kept == [b"damage 1", b"damage 2", b"damage 3"]


@pytest.mark.parametrize(
    "foreign",
    [
        b'{"some": "object"}',
        b"[1, 2, 3]",
        b'[{"id": 1}]',
        b"null",
        b"\0" * 4096,
        b"PK\x03\x04\xff",
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_not_ours_is_kept_and_a_new_one_begun(path: Path, foreign: bytes) -> None:
    path.write_bytes(foreign)
    history = TradeHistory.open(path)
    assert path.with_name("trade_history.json.damaged-1").read_bytes() == foreign
    assert path.read_bytes() == b"[]\n"
    assert history.append(trade(1))
    assert history.take_notices()[0].kind == "history_damaged"


@pytest.mark.parametrize("depth", [300, 900, 990, 5000])
def test_deep_nesting_is_damage_not_a_crash(path: Path, depth: int) -> None:
    deep = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    path.write_bytes(b"[" + deep + b",\n" + encode_trades([trade(1)])[2:])
    history = TradeHistory.open(path)
    assert list(history.load()) == [trade(1)]


def test_trades_among_foreign_objects_go_on_and_the_others_are_named(path: Path) -> None:
    rows = [json.loads(encode_trade(trade(1))), {"id": 7}, json.loads(encode_trade(trade(2)))]
    path.write_text(json.dumps(rows, indent=2))
    history = TradeHistory.open(path)
    assert list(history.load()) == [trade(1), trade(2)]
    (notice,) = history.take_notices()
    assert "is no trade" in notice.text
    assert "missing required field" in notice.text


def test_a_trade_that_stands_there_twice_counts_once(path: Path) -> None:
    path.write_bytes(encode_trades([trade(1), trade(1)]))
    history = TradeHistory.open(path)
    assert list(history.load()) == [trade(1)]
    assert history.take_notices()[0].kind == "history_doubled"


def test_an_amount_that_is_no_number_is_a_bug_and_leaves_the_file_alone(path: Path) -> None:
    history = TradeHistory.open(path)
    with pytest.raises(BugError, match="pnl NaN"):
        history.append(replace(trade(1), pnl=D("NaN")))
    assert path.read_bytes() == b"[]\n"


def test_a_link_to_a_file_elsewhere_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "mine.json"
    real.parent.mkdir()
    real.write_bytes(b"damaged")
    path.symlink_to(real)
    TradeHistory.open(path).append(trade(1))
    assert path.is_symlink()
    assert json.loads(real.read_bytes())[0]["trade_id"] == trade(1).trade_id


def test_a_place_that_cannot_be_used_is_told_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "trade_history.json"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"trade_history\.json.*directory.*--dir"):
        TradeHistory.open(folder)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError, match=r"--dir"):
        TradeHistory.open(file / "trade_history.json")


def test_threads_record_side_by_side(path: Path) -> None:
    history = TradeHistory.open(path)
    fresh: list[bool] = []

    def record(first: int) -> None:
        fresh.extend(history.append(trade(number)) for number in range(first, first + 20))

    threads = [threading.Thread(target=record, args=(first,)) for first in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sum(fresh) == 50
    assert list(history.load()) == [trade(n) for n in range(50)]


def test_reading_beside_the_daemon_changes_nothing(path: Path) -> None:
    path.write_bytes(encode_trades([trade(1), trade(2)])[:-30])
    before = path.read_bytes()
    trades, damage = read_history(path)
    assert trades == [trade(1)]
    assert "unreadable" in damage
    assert path.read_bytes() == before
    assert names(path.parent) == {"trade_history.json"}
    with pytest.raises(FileNotFoundError):
        read_history(path.with_name("absent.json"))


@pytest.mark.parametrize("blank", [b"", b" \n\n"])
def test_a_file_that_holds_nothing_is_told(path: Path, blank: bytes) -> None:
    """A disk that lost the content of a file leaves one of no length."""
    path.write_bytes(blank)
    history = TradeHistory.open(path)
    (notice,) = history.take_notices()
    assert (notice.level, notice.kind) == (Level.CRITICAL, "history_blank")
    assert history.append(trade(1))
    assert TradeHistory.open(path).take_notices() == []


class Crowded(FileSystem):
    """A disk on which no file can grow beyond `room` bytes; what stands there can be written over."""

    room: int | None = None

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self.room is not None:
            data = data[: max(0, self.room - offset)]
            if not data:
                raise OSError(errno.ENOSPC, "No space left on device")
        return super().pwrite(fd, data, offset)


@pytest.fixture
def crowded(path: Path) -> tuple[Crowded, TradeHistory, list[ClosedTrade]]:
    """A history of more bytes than a write-ahead line has, and room for no further trade."""
    files = Crowded()
    history = TradeHistory.open(path, files=files)
    kept = [trade(number) for number in range(5)]
    for one in kept:
        history.append(one)
    files.room = path.stat().st_size + 40
    return files, history, kept


def test_a_disk_that_stays_full_leaves_the_list_whole_at_every_attempt(path: Path, crowded: Any) -> None:
    files, history, kept = crowded
    before = path.read_bytes()
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            history.append(trade(9))
        assert path.read_bytes() == before
    with pytest.raises(ConfigError, match="make room"):
        TradeHistory.open(path, files=files)
    assert path.read_bytes() == before
    files.room = None
    assert history.append(trade(9))
    assert read_history(path) == ([*kept, trade(9)], "")


def test_a_trade_cut_short_is_cut_off_where_there_is_no_room_to_complete_it(path: Path, crowded: Any) -> None:
    files, history, kept = crowded
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space"):
        history.append(trade(9))
    path.write_bytes(encode_trades([*kept, trade(9)])[: len(before) + 30])
    with pytest.raises(ConfigError, match="make room"):
        TradeHistory.open(path, files=files)
    assert path.read_bytes() == before
    assert list(TradeHistory.open(path).load()) == [*kept, trade(9)]
