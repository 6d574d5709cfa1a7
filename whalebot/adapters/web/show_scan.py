"""The table of a scan as the API shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from whalebot.adapters.web.models_scan import ScanDetail, ScanSignalEvent, ScanTableShown
from whalebot.adapters.web.problems import ApiProblem
from whalebot.adapters.web.values import moment, money, number
from whalebot.domain.scan_table import ScanLine, ScanTable

STALE_S: Final = 15
"""Five tables missed."""
_DAMAGE: Final = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)
"""What showing a value of the wrong kind or size raises; the calendar raises OSError."""
_PLAIN: Final = (
    *("rank", "symbol", "status", "change24h", "signal", "score", "confidence", "agreement", "age", "rsi"),
    *("natr", "relative_volume", "spread_bps", "imbalance", "turnover24h", "oi_change1h", "funding"),
    *("confluence", "weight_set", "rationale", "reason"),
)


def table_of(table: ScanTable, now_ms: int) -> dict[str, Any]:
    """Return the whole table. Raises ApiProblem where it holds what no scan writes."""
    with _readable():
        shown = _table_of(table, now_ms)
        ScanTableShown.model_validate(shown, strict=True)
        return shown


def _table_of(table: ScanTable, now_ms: int) -> dict[str, Any]:
    counts = Counter(line.status.partition(" (")[0] for line in table.lines)
    breadth = table.breadth
    events, events_left_out = events_of(table.events)
    return {
        "run": run_of(table, now_ms),
        "breadth": {
            "long": breadth.long,
            "short": breadth.short,
            "none": breadth.none,
            "above_ema": breadth.above_ema,
            "median_rsi": breadth.median_rsi,
        },
        "statuses": [{"name": name, "count": count} for name, count in counts.most_common()],
        "rows": [row_of(line) for line in table.lines],
        "left_out": table.left_out,
        "events": events,
        "events_left_out": events_left_out,
    }


def run_of(table: ScanTable, now_ms: int) -> dict[str, Any]:
    """Return which scan it is; a clock that was set back makes nothing younger than new."""
    age_s = max(0, now_ms - table.written_ms) // 1000
    is_stale = age_s > STALE_S
    return {
        "run_id": table.run_id,
        "version": table.program,
        "state": "ended" if table.ended else "silent" if is_stale else "running",
        "source": table.source,
        "simulated": table.simulated,
        "interval": table.interval,
        "intervals": list(table.intervals),
        "threshold": table.threshold,
        "started": moment(table.started_ms),
        "written": moment(table.written_ms),
        "event_time": moment(table.event_ms),
        "age_s": age_s,
        "stale": is_stale,
    }


def row_of(line: ScanLine) -> dict[str, Any]:
    """Return one row."""
    return {
        **{name: getattr(line, name) for name in _PLAIN},
        "price": money(line.price),
        "judged": moment(line.judged_ms),
        "bar_start": moment(line.bar_start_ms),
    }


def detail_of(
    table: ScanTable, line: ScanLine, events: Iterable[Mapping[str, Any]], now_ms: int
) -> dict[str, Any]:
    """Return one symbol with its votes. Raises ApiProblem where the table holds what no scan writes."""
    with _readable():
        shown = _detail_of(table, line, events, now_ms)
        ScanDetail.model_validate(shown, strict=True)
        return shown


def _detail_of(
    table: ScanTable, line: ScanLine, records: Iterable[Mapping[str, Any]], now_ms: int
) -> dict[str, Any]:
    events, events_left_out = events_of(records)
    weights = table.weights.get(line.weight_set or "", {})
    return {
        "run": run_of(table, now_ms),
        "row": row_of(line),
        "entry": money(line.entry),
        "stop": money(line.stop),
        "target": money(line.target),
        "votes": [
            {"name": name, "vote": vote, "weight": weights.get(name, 0.0)}
            for name, vote in (line.votes or {}).items()
        ],
        "scores": [{"interval": name, "score": score} for name, score in (line.scores or {}).items()],
        "notes": list(line.notes),
        "events": events,
        "events_left_out": events_left_out,
    }


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        text = (
            f"the table of the scan holds what no scan writes ({_first(error)}); a running scan replaces it"
        )
        raise ApiProblem("degraded", text) from error


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return f"{error}"


def events_of(records: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return records of the history, and how many were left out because they are damaged."""
    shown, left_out = [], 0
    for record in records:
        try:
            event = event_of(record)
            ScanSignalEvent.model_validate(event, strict=True)
            shown.append(event)
        except _DAMAGE:
            left_out += 1
    return shown, left_out


def event_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of the history. Raises KeyError, TypeError, ValueError for a damaged one."""
    at = datetime.fromisoformat(record["timestamp"])
    return {
        "id": record["id"],
        "time": moment(round(at.timestamp() * 1000)),
        "event": record["event"],
        "symbol": record["symbol"],
        "interval": record["interval"],
        "signal": record["signal_type"],
        "confidence": record["confidence"],
        "score": number(record["normalized_score"]),
        "entry_price": _price(record["entry_price"]),
        "stop_loss": _price(record["stop_loss"]),
        "take_profit": _price(record["take_profit"]),
        "rationale": record["rationale"],
    }


def _price(value: float | None) -> str | None:
    return None if value is None else money(Decimal(repr(value)))
