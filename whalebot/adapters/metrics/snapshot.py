"""The daemon's figures at one moment, as they are rendered."""

from __future__ import annotations

from dataclasses import dataclass

from whalebot.domain.tally import Histogram, Tallied
from whalebot.domain.view import View


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What runs: version, mode, interpreter, scoring model."""

    version: str
    mode: str
    python: str
    strategy: str


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """One connection to the venue. `last_message_age_s` is None before the first message."""

    name: str
    connected: bool
    last_message_age_s: float | None = None
    messages: int = 0
    reconnects: int = 0
    refused_frames: int = 0


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The process as its system sees it. None where the system does not tell."""

    started_s: float
    cpu_s: float
    threads: int
    resident_bytes: int | None
    open_files: int | None


@dataclass(frozen=True, slots=True)
class LoopFigures:
    """The main loop: seconds an event took, how many took too long, how long ago it last went round."""

    seconds: Histogram
    slow: int
    beat_age_s: float


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """All figures of one moment. `now_ms` is local time in ms UTC; pairs are (label, number).

    `view` is None before the loop's first picture. `queues` counts what waits, `losses` what was dropped
    since the start, `api_errors` answers of the venue other than success by code, `deliveries` what became
    of messages to people, `lease_s` for how long orders may leave, None where no lease is asked for.
    """

    build: BuildFacts
    now_ms: int
    view: View | None
    tallied: Tallied
    loop: LoopFigures
    streams: tuple[StreamFigures, ...]
    queues: tuple[tuple[str, int], ...]
    losses: tuple[tuple[str, int], ...]
    api_errors: tuple[tuple[str, int], ...]
    deliveries: tuple[tuple[str, int], ...]
    process: ProcessFigures
    lease_s: float | None = None
