"""Which of the faults that were set did strike, by the exchange's log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

# What one strike of each is called. Faults of other kinds strike by being set.
_STRIKES: Final = {
    "rest_error": "error",
    "rest_error_after": "error",
    "timeout_before": "silence",
    "timeout_after": "silence",
    "lose_private": "lose",
    "duplicate_private": "duplicate",
    "delay_private": "delay",
    "reorder_private": "reorder",
    "drop_stop": "drop_stop",
}


def faults_set(lines: Iterable[dict[str, Any]]) -> Counter[str]:
    """Return how many faults of each kind came into force."""
    lines = list(lines)
    refused = Counter(line["do"] for line in lines if line["kind"] == "fault" and "error" in line)
    return Counter(line["do"] for line in lines if line["kind"] == "fault" and "error" not in line) - refused


def faults_struck(lines: Iterable[dict[str, Any]]) -> Counter[str]:
    """Return how many of them did something: a strike is credited to the oldest fault that fits it.

    Faults whose strikes the exchange does not log one by one count as set.
    """
    lines = list(lines)
    struck = Counter({k: n for k, n in faults_set(lines).items() if k not in _STRIKES})
    waiting: list[tuple[dict[str, Any], int]] = []
    credited: set[int] = set()
    for line in lines:
        if line["kind"] == "fault":
            if line["do"] in _STRIKES and "error" not in line:
                waiting.append(
                    (line["params"], line["params"].get("count", 0 if "for" in line["params"] else 1))
                )
            continue
        at = next((n for n, (params, _) in enumerate(waiting) if _fits(params, line)), None)
        if at is None:
            continue
        params, left = waiting[at]
        if id(params) not in credited:
            credited.add(id(params))
            struck[params["do"]] += 1
        if left == 1:
            del waiting[at]
        elif left:
            waiting[at] = (params, left - 1)
    return struck


def _fits(params: dict[str, Any], strike: dict[str, Any]) -> bool:
    if _STRIKES[params["do"]] != strike["do"]:
        return False
    where = params.get("path") or params.get("topic") or params.get("symbol") or ""
    return where in strike["target"]
