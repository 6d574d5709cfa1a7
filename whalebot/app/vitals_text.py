"""What a daemon tells of itself in `status`, in words: how quick the loop is, what waits, what was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from whalebot.adapters.terminal.numbers import age_text, count_text


def daemon_lines(health: Mapping[str, Any]) -> Iterator[str]:
    """Yield a section; what is not known by name is told as it is. Nothing of nothing."""
    left = dict(health)
    if not left:
        return
    yield from ("", "Daemon")
    if "uptime_s" in left:
        yield _row("running", f"for {age_text(int(left.pop('uptime_s')) * 1000)}")
    loop = left.pop("loop", None)
    if isinstance(loop, Mapping):
        yield _row("loop", _loop(loop))
    inbox = left.pop("inbox", None)
    if isinstance(inbox, Mapping):
        yield _row("waiting", _inbox(inbox, left.pop("jobs_waiting", None)))
    lost = left.pop("log_records_lost", 0)
    if lost:
        yield _row("logs", f"{count_text(lost, 'record')} written nowhere")
    for name, value in left.items():
        told = _plain(value) if isinstance(value, Mapping) else value
        yield _row(name.replace("_", " "), f"{told}")


def _row(label: str, text: str) -> str:
    return f"  {label:<11} {text}"


def _loop(loop: Mapping[str, Any]) -> str:
    if not loop.get("events"):
        return "no event yet"
    slow = f"; {loop['slow']} took longer than 50 ms" if loop.get("slow") else ""
    slowest = f" ({loop['slowest']})" if loop.get("slowest") else ""
    half, most = _time(loop["p50_us"]), _time(loop["p99_us"])
    return (
        f"{count_text(loop['events'], 'event')}; half took {half} or less, 99 % {most}, "
        f"the slowest {_time(loop['max_us'])}{slowest}{slow}"
    )


def _inbox(inbox: Mapping[str, Any], jobs: object) -> str:
    requests: Any = sum(jobs.values()) if isinstance(jobs, Mapping) else jobs
    said = f"{count_text(inbox['depth'], 'event')} (at most {inbox['high_water']})"
    said += "" if requests is None else f", {count_text(requests, 'request')}"
    if inbox["overflows"]:
        said += f"; order books came too fast and were read anew {count_text(inbox['overflows'], 'time')}"
    return said


def _plain(value: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {part}" for name, part in value.items() if part not in ("", None)
    )


def _time(us: float) -> str:
    return f"{us:,.0f} µs" if us < 1000 else f"{us / 1000:,.1f} ms" if us < 1e6 else f"{us / 1e6:,.1f} s"
