"""What the command line asks of one run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asks of one run. `limit_ms`: real time after which it ends, None for never."""

    live: bool = False
    limit_ms: int | None = None
    until_end: bool = False
    view: bool = False
    quiet: bool = False
    verbose: int = 0
