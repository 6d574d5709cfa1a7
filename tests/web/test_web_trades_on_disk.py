"""A trade recorded again with other figures: the dashboard and the counters show what the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from web_desk import trade

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.feed import Feed
from whalebot.domain import events as ev
from whalebot.domain.effects import RecordTrade
from whalebot.domain.trade import ClosedTrade
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.saving import HistoryWriter, StorageHealth
from whalebot.runtime.tally import Tally


class FullDisk(FileSystem):
    """Refuses the write or sync whose turn it is; the disk has room again after that."""

    refused = -1

    def write_all(self, fd: int, data: bytes, offset: int) -> None:
        self._turn()
        super().write_all(fd, data, offset)

    def sync(self, fd: int) -> None:
        self._turn()
        super().sync(fd)

    def _turn(self) -> None:
        self.refused -= 1
        if self.refused == 0:
            raise OSError(28, "No space left on device")


def _told(
    writer: HistoryWriter, version: ClosedTrade, storage: list[ev.Event]
) -> Iterator[tuple[ev.Event, list[RecordTrade]]]:
    yield ev.TimerDue(1), [RecordTrade(version)]
    for event in writer.append(version):
        yield event, []
    while storage:
        yield storage.pop(0), []


@pytest.mark.parametrize("refused", range(6))
def test_what_is_shown_is_what_the_file_holds(tmp_path: Path, refused: int) -> None:
    disk, clock = FullDisk(), ManualClock(1)
    history = TradeHistory.open(tmp_path / "trade_history.json", files=disk)
    storage: list[ev.Event] = []
    writer = HistoryWriter(history, StorageHealth(clock, storage.append), clock)
    feed, chronicle, tally = Feed(), Chronicle(), Tally(keeps_time=False)
    first = trade(1)
    second = replace(first, funding=Decimal(2), pnl=first.pnl - 2)
    disk.refused = refused
    for version in (first, second):
        for event, effects in _told(writer, version, storage):
            tally.note(event, effects)
            feed.note(event, effects)
    chronicle.take(feed)
    (written,) = history.load()
    assert list(chronicle.trades.all()) == [written]
    (result,) = tally.read().results
    assert (result.pnl, result.funding) == (written.pnl, written.funding)
    assert written in (first, second)
    if not refused:
        assert written == first
    if refused == 1:
        assert written == second
