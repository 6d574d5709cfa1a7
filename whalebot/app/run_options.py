"""What the command line asks of one run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asks of one run.

    `limit_ms`: real time after which it ends, None for never. `tick_size` and `qty_step` are the order rules
    of played files whose instrument the shipped table does not know.
    """

    live: bool = False
    limit_ms: int | None = None
    until_end: bool = False
    view: bool = False
    quiet: bool = False
    verbose: int = 0
    tick_size: Decimal | None = None
    qty_step: Decimal | None = None
