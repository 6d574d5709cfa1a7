"""A disk that hangs: what the owner should know of can be asked for meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_states import document
from sample_trades import trade

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateFile
from whalebot.domain.effects import Notice

Parts = tuple[Callable[[], object], Callable[[], list[Notice]]]
"""What writes, and what takes the notices."""


class Hanging(FileSystem):
    """A sync that hangs while the gate is closed."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def sync(self, fd: int) -> None:
        self.entered.set()
        assert self.gate.wait(60)
        super().sync(fd)


def history_that_writes(folder: Path, files: Hanging) -> Parts:
    (folder / "trade_history.json").write_bytes(b"\n")
    history = TradeHistory.open(folder / "trade_history.json", files=files)
    return lambda: history.append(trade(1)), history.take_notices


def state_that_saves(folder: Path, files: Hanging) -> Parts:
    path = folder / "demo.json"
    states = StateFile(path)
    states.save(document(1))
    states.save(document(2))
    path.unlink()
    states = StateFile(path, files)
    states.load()
    return lambda: states.save(document(3)), states.take_notices


@pytest.mark.parametrize("make", [history_that_writes, state_that_saves])
def test_notices_do_not_wait_for_a_write_that_hangs(
    tmp_path: Path, make: Callable[[Path, Hanging], Parts]
) -> None:
    files = Hanging()
    write, take = make(tmp_path, files)
    files.gate.clear()
    files.entered.clear()
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert files.entered.wait(30)
    taken: list[list[Notice]] = []
    taker = threading.Thread(target=lambda: taken.extend((take(), take())), daemon=True)
    taker.start()
    taker.join(30)
    is_held_up = taker.is_alive()
    files.gate.set()
    writer.join(30)
    taker.join(30)
    assert not is_held_up
    assert [len(notices) for notices in taken] == [1, 0]
