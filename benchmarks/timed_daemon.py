"""Runs the daemon as it is, and besides notes what each closed bar cost the loop: for the long run.

    python -m benchmarks.timed_daemon REPORT run --dir DIR ...

REPORT gets the CPU time of the loop's thread per closed bar in ns, 8 bytes each, in the order of the bars.
Eight bytes a bar is all it keeps, so that it does not show in the memory that is watched meanwhile.
"""

from __future__ import annotations

import sys
import time
from array import array
from pathlib import Path

from whalebot.app.cli import main as run_command_line
from whalebot.domain.effects import Effect
from whalebot.domain.events import CandleClosed, Event
from whalebot.engine import engine
from whalebot.engine.engine import Engine

COSTS_NS = array("Q")


class TimedEngine(Engine):
    """An engine that notes what closed bars cost."""

    def process(self, event: Event) -> list[Effect]:
        if type(event) is not CandleClosed:
            return super().process(event)
        began_ns = time.thread_time_ns()
        effects = super().process(event)
        COSTS_NS.append(time.thread_time_ns() - began_ns)
        return effects


def main() -> int:
    """Run, then write the report."""
    report, *arguments = sys.argv[1:]
    vars(engine).update(Engine=TimedEngine)
    try:
        return run_command_line(arguments)
    finally:
        Path(report).write_bytes(COSTS_NS.tobytes())


if __name__ == "__main__":
    sys.exit(main())
