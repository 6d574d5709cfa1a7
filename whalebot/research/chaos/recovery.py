"""How long a daemon took to agree with the venue while nothing was broken, and that it was not too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from whalebot.adapters.exchange.server.durations import duration_s
from whalebot.research.chaos.ledger import Line, read_lines
from whalebot.research.chaos.spans import Span, length_outside

LONGEST_MS: Final = 60_000
# What was struck is asked for again after a moment.
_STRUCK_MS: Final = 1_500


def waits(folder: Path, starts_ms: Iterable[int], ends_ms: Sequence[int]) -> Iterator[Span]:
    """Yield the spans of real time in which the daemon of a --dir had yet to agree with the venue.

    They begin where it is started or loses its private stream, and end where it says that it agrees, or where
    it ends itself: `ends_ms`, in any order.
    """
    moments = [(at_ms, 0, "start") for at_ms in starts_ms] + [(at_ms, 2, "end") for at_ms in ends_ms]
    moments += [(at_ms, 1, "agrees") for at_ms, _ in told(folder, "reconciled")]
    moments += [(at_ms, 1, "lost") for at_ms, text in told(folder, "stream_down") if "private" in text]
    since_ms, why = None, ""
    for at_ms, _, what in sorted(moments):
        if what in ("agrees", "end"):
            if since_ms is not None:
                yield Span(since_ms, at_ms, why)
            since_ms = None
        elif since_ms is None:
            since_ms, why = at_ms, what


def told(folder: Path, kind: str) -> Iterator[tuple[int, str]]:
    """Yield when, real time in ms UTC, and in which words the daemon of a --dir told something."""
    path = folder / "logs" / "events.jsonl"
    for event in read_lines(path, may_be_torn=True) if path.exists() else ():
        if event.get("kind") == kind:
            yield round(datetime.fromisoformat(event["ts"]).timestamp() * 1000), event.get("text", "")


def broken_spans(faults: Iterable[Line], away: Iterable[Span]) -> tuple[Span, ...]:
    """Return when something was broken: faults while they last, `away` (frozen, no disk, no exchange)."""
    spans = [*away]
    for line in faults:
        text = line.get("params", {}).get("for")
        lasts_ms = int((duration_s(text, "for") if text else 0.0) * 1000)
        spans.append(Span(line["real_ms"], line["real_ms"] + lasts_ms + _STRUCK_MS, line["do"]))
    return tuple(spans)


def longest_wait_ms(spans: Iterable[Span], broken: Iterable[Span]) -> int:
    """Return the longest of `spans` less what lies in `broken`."""
    covers = tuple(broken)
    return max((length_outside(span, covers) for span in spans), default=0)


def agreed_in_time(longest_ms: int) -> Iterator[str]:
    """Yield a finding where a daemon needed too long."""
    if longest_ms > LONGEST_MS:
        yield f"it took {longest_ms / 1000:.1f} s to agree with the venue while nothing was broken"
