"""The tables: trades, equity, executions, the audit trail, signals."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.audit.record import AuditRecord
from whalebot.domain.intervals import iso_utc
from whalebot.domain.trade import ClosedTrade
from whalebot.research.export.table import Kind, Row, Table, columns
from whalebot.research.report.as_table import trade_row

_A, _T, _TIME = Kind.AMOUNT, Kind.TEXT, Kind.TIME
TRADES: Final = columns(
    trade_id=_T, mode=_T, symbol=_T, side=_T, entry_time=_TIME, exit_time=_TIME, entry_price=_A,
    exit_price=_A, qty=_A, gross_pnl=_A, fees=_A, funding=_A, pnl=_A, pnl_percent=_A, r_multiple=_A,
    mae=_A, mfe=_A, bars_held=Kind.COUNT, closed_by=_T, entry_score=Kind.NUMBER, breakdown=_T,
    initial_stop=_A, order_link_ids=_T, config_hash=_T, reconciled=Kind.FLAG,
)  # fmt: skip
EQUITY: Final = columns(time=_TIME, mode=_T, trade_id=_T, symbol=_T, pnl=_A, total=_A, equity=_A)
EXECUTIONS: Final = columns(
    time=_TIME, mode=_T, symbol=_T, exec_id=_T, exec_type=_T, side=_T, price=_A, qty=_A, fee=_A,
    is_maker=_T, closed_qty=_A, order_id=_T, order_link_id=_T, create_type=_T, stop_order_type=_T,
    seen=_TIME,
)  # fmt: skip
AUDIT: Final = columns(
    seq=Kind.COUNT, ts=_TIME, version=_T, mode=_T, config=_T, kind=_T, actor=_T, fields=_T, prev=_T, hash=_T
)
SIGNALS: Final = columns(time=_TIME, symbol=_T, score=Kind.NUMBER, breakdown=_T, text=_T)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows: ms UTC in [since_ms, until_ms), of one mode, of one symbol; None means any."""

    since_ms: int | None = None
    until_ms: int | None = None
    mode: str | None = None
    symbol: str | None = None

    def takes(self, ts_ms: int | str, mode: str | None, symbol: str | None) -> bool:
        """True when a row of that moment (ms, or ISO-8601 UTC with ms), mode and symbol is wanted."""
        # Texts of one form compare like their times.
        moment = iso_utc(ts_ms) if isinstance(ts_ms, int) else ts_ms
        return (
            (self.since_ms is None or moment >= iso_utc(self.since_ms))
            and (self.until_ms is None or moment < iso_utc(self.until_ms))
            and (self.mode is None or mode == self.mode)
            and (self.symbol is None or symbol == self.symbol)
        )


def trades_table(trades: Iterable[ClosedTrade], choice: Choice) -> Table:
    """One row a trade that ended in the span, named as in the history."""
    return Table(TRADES, (trade_row(trade) for trade in _chosen(trades, choice)))


def equity_table(trades: Iterable[ClosedTrade], choice: Choice, start: Decimal) -> Table:
    """One row a trade: its net result, the total of its mode up to it, and `start` plus that total.

    The total begins with the first trade that is chosen.
    """

    def rows() -> Iterator[Row]:
        totals: dict[str, Decimal] = {}
        for trade in _chosen(trades, choice):
            total = totals[trade.mode] = totals.get(trade.mode, Decimal(0)) + trade.pnl
            yield {
                "time": iso_utc(trade.exit_ms),
                "mode": trade.mode,
                "trade_id": trade.trade_id,
                "symbol": trade.symbol,
                "pnl": format(trade.pnl, "f"),
                "total": format(total, "f"),
                "equity": format(start + total, "f"),
            }

    return Table(EQUITY, rows())


def executions_table(records: Iterable[AuditRecord], choice: Choice) -> Table:
    """One row a fill, each once, as the audit trail has it; `time` is the venue's, `seen` is ours."""

    def rows() -> Iterator[Row]:
        seen: set[tuple[str, str]] = set()
        for record in records:
            key = (record.mode, record.fields.get("exec_id", ""))
            if record.kind != "fill" or key in seen:
                continue
            seen.add(key)
            row = _execution_row(record)
            if choice.takes(str(row["time"]), record.mode, record.fields.get("symbol")):
                yield row

    return Table(EXECUTIONS, rows())


def audit_table(records: Iterable[AuditRecord], choice: Choice) -> Table:
    """One row a record; `fields` is a JSON object."""

    def rows() -> Iterator[Row]:
        for record in records:
            if choice.takes(record.ts, record.mode, record.fields.get("symbol")):
                named = {column.name: getattr(record, column.name) for column in AUDIT}
                yield {**named, "fields": json.dumps(record.fields, ensure_ascii=False)}

    return Table(AUDIT, rows())


def signals_table(events: Iterable[Mapping[str, Any]], choice: Choice) -> Table:
    """One row an analysis of a closed bar, from the event log; `breakdown` is a JSON object."""

    def rows() -> Iterator[Row]:
        for event in events:
            if event.get("kind") != "analysis" or not choice.takes(event["ts"], None, event.get("symbol")):
                continue
            found = event.get("fields")
            facts = dict(found) if isinstance(found, dict) else {}
            score = facts.pop("score", None)
            yield {
                "time": event["ts"],
                "symbol": event.get("symbol", ""),
                "score": _finite(score),
                "breakdown": json.dumps(facts, ensure_ascii=False),
                "text": event.get("text", ""),
            }

    return Table(SIGNALS, rows())


def _chosen(trades: Iterable[ClosedTrade], choice: Choice) -> Iterator[ClosedTrade]:
    return (trade for trade in trades if choice.takes(trade.exit_ms, trade.mode, trade.symbol))


def _finite(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _execution_row(record: AuditRecord) -> Row:
    row: dict[str, Any] = {column.name: record.fields.get(column.name) for column in EXECUTIONS}
    stamp = record.fields.get("ts_ms", "")
    row["time"] = iso_utc(int(stamp)) if stamp.isdigit() else record.ts
    return {**row, "mode": record.mode, "seen": record.ts}
