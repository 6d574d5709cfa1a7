"""A live scan over a venue on loopback, driven round by round."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scan_venue import ScanVenue

from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.runtime.clock import SystemClock
from whalebot.scanner.asking import Asking, Patience
from whalebot.scanner.desk import ScanDesk, make_frames
from whalebot.scanner.loop import Pace, ScanLoop
from whalebot.scanner.rule_guard import RuleGuard
from whalebot.scanner.sink import ScanSink
from whalebot.scanner.streams import ScanStreams

QUICK = StreamTimings(backoff_first_s=0.02, backoff_max_s=0.05, check_s=0.05)
DEADLINE_S = 30.0


@dataclass
class Rig:
    """The parts of a scan."""

    desk: ScanDesk
    loop: ScanLoop
    asking: Asking
    streams: ScanStreams

    def until(self, done: Callable[[], Any]) -> None:
        """Let the loop work until something holds; fails after half a minute."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < deadline_s, "waited too long"
            self.loop.round(0.02)

    def is_loaded(self) -> bool:
        return all(lane.is_loaded for card in self.desk.cards.values() for lane in card.lanes.values())


def make_desk(
    symbols: list[str],
    settings: ScanSettings | None = None,
    intervals: tuple[str, ...] = ("15",),
    analysis_s: float = 30.0,
    levels: int = 0,
    now_s: Callable[[], float] = time.monotonic,
) -> ScanDesk:
    chosen = settings or ScanSettings()
    frames = list(make_frames(chosen, intervals, RuleGuard(SystemClock())))
    desk = ScanDesk(frames, Announcer(chosen), analysis_s * 1000, 60.0, levels, now_s)
    for symbol in symbols:
        desk.add(symbol, Decimal("0.01"))
    return desk


@contextmanager
def asking_of(served: ScanVenue, attempts: int = 3) -> Iterator[Asking]:
    asking = Asking(served.endpoints, Patience(attempts, 0.01, 5.0), SystemClock(), random.Random(1))
    try:
        yield asking
    finally:
        asking.close()


@contextmanager
def live(served: ScanVenue, symbols: list[str], depth: int = 0, **desk: Any) -> Iterator[Rig]:
    """Start a scan and end it with the block."""
    sink = ScanSink()
    streams = ScanStreams(served.endpoints, sink, SystemClock(), random.Random(2), 0.02, timings=QUICK)
    made = make_desk(symbols, levels=depth, **desk)
    with asking_of(served) as asking:
        loop = ScanLoop(made, sink, streams, asking, depth, Pace(housekeeping_s=0.02, retry_s=0.02))
        loop.start()
        try:
            yield Rig(made, loop, asking, streams)
        finally:
            streams.close()
