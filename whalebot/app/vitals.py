"""What `status` tells of the daemon itself: how quick the loop is, what waits, what was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from whalebot.runtime.inbox import Inbox
from whalebot.runtime.lanes import Lanes
from whalebot.runtime.loop import Loop


@dataclass(frozen=True, slots=True)
class Vitals:
    """Looks at the parts of a running daemon; any thread. `records_lost` counts records no log file took."""

    loop: Loop
    inbox: Inbox
    lanes: Lanes
    records_lost: Callable[[], int]
    audit: Callable[[], Mapping[str, Any]] = dict
    lease: Callable[[], Mapping[str, Any]] = dict
    began_s: float = field(default_factory=time.monotonic)

    def read(self) -> dict[str, Any]:
        """Return JSON values. The loop's times are real µs an event since the start, quantiles rounded up."""
        loop, inbox = self.loop.health(), self.inbox.counters()
        processing = loop.processing
        return {
            "uptime_s": round(time.monotonic() - self.began_s),
            "loop": {
                "events": processing.count,
                "mean_us": round(processing.mean_us, 1),
                "p50_us": processing.p50_us,
                "p99_us": processing.p99_us,
                "max_us": round(processing.max_us),
                "slow": loop.slow,
                "slowest": loop.slowest_kind,
            },
            "inbox": {
                "depth": inbox.depth,
                "high_water": inbox.high_water,
                "coalesced": inbox.coalesced,
                "dropped": inbox.dropped,
                "overflows": inbox.overflows,
            },
            "jobs_waiting": self.lanes.waiting(),
            "log_records_lost": self.records_lost(),
            "audit": dict(self.audit()),
            **({"lease": lease} if (lease := dict(self.lease())) else {}),
        }
