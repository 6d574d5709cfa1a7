"""What people were told, for those who show it."""

from __future__ import annotations

from dataclasses import dataclass

from whalebot.domain.enums import Level


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One alert. Times are local, ms UTC; secrets are masked.

    `kind` is a stable word for machines, "" where none was given. `count` tells how often it came within the
    time in which equal alerts are sent once; `ts_ms` is the first of them, `last_ms` the last, `text` the
    newest. `escalated_ms` is when it was sent again because nobody had acknowledged it.
    """

    id: int
    ts_ms: int
    last_ms: int
    level: Level
    kind: str
    title: str
    text: str
    count: int = 1
    acknowledged_ms: int | None = None
    acknowledged_by: str = ""
    escalated_ms: int | None = None
