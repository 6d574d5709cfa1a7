"""Runs the daemon as it is, and besides notes how it fares: for the benchmarks, in a process of its own.

    python -m benchmarks.watched_daemon REPORT.json run --dir DIR ...

What follows REPORT.json is a command line of whalebot. The report holds when each wallet event was applied,
and once a second the depth of the inbox and the resident memory.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from whalebot.app import daemon
from whalebot.app.cli import main as run_command_line
from whalebot.domain.effects import Effect
from whalebot.domain.events import CandleClosed, Event, WalletReported
from whalebot.engine import engine
from whalebot.engine.engine import Engine
from whalebot.runtime.inbox import Inbox

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_mb(pid: int | str = "self") -> float:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 2**20


class Notes:
    """What is written down while the daemon runs."""

    def __init__(self) -> None:
        self.wallets: list[tuple[int, int]] = []
        self.closes_ns: list[int] = []
        self.samples: list[dict[str, Any]] = []
        self.inbox: Inbox | None = None

    def sample_for_ever(self) -> None:
        while True:
            time.sleep(1.0)
            if self.inbox is None:
                continue
            told = self.inbox.counters()
            now_ms = time.time_ns() // 1_000_000
            waiting_ms = 0 if told.oldest_ms is None else now_ms - told.oldest_ms
            self.samples.append(
                {
                    "at_ns": time.monotonic_ns(),
                    "depth": told.depth,
                    "waiting_ms": waiting_ms,
                    "received": told.received,
                    "coalesced": told.coalesced,
                    "dropped": told.dropped,
                    "high_water": told.high_water,
                    "cpu_s": time.process_time(),
                    "resident_mb": resident_mb(),
                }
            )


NOTES = Notes()


class WatchedInbox(Inbox):
    """An inbox that can be found."""

    def __init__(self) -> None:
        super().__init__()
        NOTES.inbox = self


class WatchedEngine(Engine):
    """An engine that notes when account events and closed bars were through."""

    def process(self, event: Event) -> list[Effect]:
        kind = type(event)
        if kind is not WalletReported and kind is not CandleClosed:
            return super().process(event)
        began_ns = time.perf_counter_ns()
        effects = super().process(event)
        if isinstance(event, WalletReported):
            number = int(event.wallet.wallet_balance % 1 * 1_000_000)
            NOTES.wallets.append((number, time.monotonic_ns()))
        else:
            NOTES.closes_ns.append(time.perf_counter_ns() - began_ns)
        return effects


def main() -> int:
    """Run, then write the report."""
    report, *arguments = sys.argv[1:]
    vars(daemon).update(Inbox=WatchedInbox)
    vars(engine).update(Engine=WatchedEngine)
    threading.Thread(target=NOTES.sample_for_ever, daemon=True).start()
    code = run_command_line(arguments)
    told = {"wallets": NOTES.wallets, "closes_ns": NOTES.closes_ns, "samples": NOTES.samples}
    Path(report).write_text(json.dumps(told))
    return code


if __name__ == "__main__":
    sys.exit(main())
