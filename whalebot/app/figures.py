"""The figures of a running daemon, collected from its parts."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from whalebot import __version__
from whalebot.adapters.alerts.system import AlertSystem
from whalebot.adapters.metrics.snapshot import (
    BuildFacts,
    LoopFigures,
    MetricsSnapshot,
    StreamFigures,
)
from whalebot.app.config.document import Config
from whalebot.app.process import process_figures
from whalebot.app.venue import Venue
from whalebot.domain.view import View
from whalebot.ports import Clock
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.lanes import Lanes
from whalebot.runtime.loop import Loop
from whalebot.runtime.tally import Tally


@dataclass(frozen=True, slots=True)
class Figures:
    """Looks at the parts of a running daemon; any thread, without holding any of them up."""

    config: Config
    clock: Clock
    read_view: Callable[[], View | None]
    tally: Tally
    loop: Loop
    inbox: Inbox
    lanes: Lanes
    venue: Venue
    alerts: AlertSystem
    records_lost: Callable[[], int]
    lease_s: Callable[[], float | None]
    began_s: float = field(default_factory=time.time)

    def read(self) -> MetricsSnapshot:
        """Return the figures of this moment."""
        now_ms, view = self.clock.now_ms(), self.read_view()
        loop, health = self.loop.health(), self.venue.health()
        beat_ms = self.began_s * 1000 if view is None else view.real_ms
        return MetricsSnapshot(
            build=BuildFacts(
                __version__, self.config.mode, platform.python_version(), self.config.scoring.model
            ),
            now_ms=now_ms,
            view=view,
            tallied=self.tally.read(),
            loop=LoopFigures(loop.seconds, loop.slow, max(0.0, now_ms - beat_ms) / 1000),
            streams=health.streams or _streams_of(view),
            queues=(
                ("inbox", self.inbox.counters().depth),
                *self.lanes.waiting_by_lane(),
            ),
            losses=self._losses(),
            api_errors=health.api_errors,
            deliveries=self._deliveries(),
            process=process_figures(self.began_s),
            lease_s=self.lease_s(),
        )

    def _losses(self) -> tuple[tuple[str, int], ...]:
        inbox = self.inbox.counters()
        return (
            ("log_records", self.records_lost()),
            ("book_overflows", inbox.overflows),
            ("alert_messages", self.alerts.counts.dropped),
        )

    def _deliveries(self) -> tuple[tuple[str, int], ...]:
        counts = self.alerts.counts
        names = ("delivered", "repeated", "held_back", "dropped", "failed", "quiet")
        return tuple((name, getattr(counts, name)) for name in names)


def _streams_of(view: View | None) -> tuple[StreamFigures, ...]:
    """What the engine knows of streams where there is no connection to ask."""
    return () if view is None else tuple(StreamFigures(name, up) for name, up, _ in view.streams)
