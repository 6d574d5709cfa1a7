"""The real file system asks the kernel for what durability hangs on, in the order it hangs on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sample_states import document
from sample_trades import trade

from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateFile


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the kernel is asked for, by the name of the file at the time."""
    told: list[str] = []
    sync_content, sync_all, rename, write = os.fdatasync, os.fsync, os.replace, os.pwrite

    def name_of(fd: int) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().name

    def on_content(fd: int) -> None:
        told.append(f"sync {name_of(fd)}")
        sync_content(fd)

    def on_all(fd: int) -> None:
        told.append(f"sync {name_of(fd)}")
        sync_all(fd)

    def on_rename(source: Path, target: Path) -> None:
        told.append(f"rename {source.name} {target.name}")
        rename(source, target)

    def on_write(fd: int, data: bytes, offset: int) -> int:
        told.append(f"write {name_of(fd)}")
        return write(fd, data, offset)

    monkeypatch.setattr(os, "fdatasync", on_content)
    monkeypatch.setattr(os, "fsync", on_all)
    monkeypatch.setattr(os, "replace", on_rename)
    monkeypatch.setattr(os, "pwrite", on_write)
    return told


def test_a_document_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, calls: list[str]) -> None:
    folder = tmp_path / "state"
    states = StateFile(folder / "demo.json")
    states.save(document(1))
    calls.clear()
    states.save(document(2))
    assert calls == [
        "write demo.json.next",
        "sync demo.json.next",
        "rename demo.json demo.json.last",
        "rename demo.json.next demo.json",
        "sync state",
    ]


def test_a_trade_is_on_the_disk_before_the_list_is_touched(tmp_path: Path, calls: list[str]) -> None:
    history = TradeHistory.open(tmp_path / "trade_history.json")
    calls.clear()
    history.append(trade(1))
    assert calls == [
        "write trade_history.wal",
        "sync trade_history.wal",
        "write trade_history.json",
        "sync trade_history.json",
        "write trade_history.wal",
    ]
