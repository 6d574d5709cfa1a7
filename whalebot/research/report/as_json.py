"""A report for machines: money as decimal strings, times ISO-8601 UTC, ratios as numbers, unknown as null."""

from __future__ import annotations

import math
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from whalebot.decisions.performance.equity import Drawdown
from whalebot.decisions.performance.summary import Summary
from whalebot.decisions.performance.totals import Totals
from whalebot.domain.intervals import iso_utc


def report_json(report: Summary) -> dict[str, Any]:
    """Return one mode's report as plain JSON values."""
    risk, pace = report.risk, report.pace
    shown: dict[str, Any] = {
        "mode": report.mode,
        "first_entry": iso_utc(report.first_ms),
        "last_exit": iso_utc(report.last_ms),
        "start_equity": report.start_equity,
        "end_equity": report.end_equity,
        "reconciled": report.reconciled,
        "totals": _totals(report.totals),
        "risk": {
            **{name: value for name, value in asdict(risk).items() if not name.endswith("_drawdown")},
            "mean_drawdown": risk.mean_drawdown,
            "max_drawdown": _fall(risk.max_drawdown),
            "longest_drawdown": _fall(risk.longest_drawdown),
        },
        "pace": asdict(pace),
        "by_symbol": _groups(report.by_symbol),
        "by_side": _groups(report.by_side),
        "by_month": _groups(report.by_month),
        "by_exit": _groups(report.by_exit),
        "by_day": _groups(report.by_day),
        "by_hour": _groups(report.by_hour),
        "by_weekday": _groups(report.by_weekday),
        "by_holding": _groups(report.by_holding),
        "r_distribution": [asdict(one) for one in report.r_distribution],
        "pnl_distribution": [asdict(one) for one in report.pnl_distribution],
        "drawdowns": [_fall(fall) for fall in report.falls],
        "equity": [{"time": iso_utc(point.ts_ms), "equity": point.equity} for point in report.curve],
    }
    plain: dict[str, Any] = _plain(shown)
    return plain


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "trades": totals.trades,
        "wins": totals.wins,
        "losses": totals.losses,
        "break_even": totals.break_even,
        "gross_pnl": totals.gross_pnl,
        "fees": totals.fees,
        "funding": totals.funding,
        "pnl": totals.pnl,
        "win_rate": totals.win_rate,
        "profit_factor": totals.profit_factor,
        "expectancy": totals.expectancy,
        "expectancy_r": totals.expectancy_r,
        "sqn": totals.sqn,
        "average_win": totals.average_win,
        "average_loss": totals.average_loss,
        "payoff": totals.payoff,
        "best": totals.best,
        "worst": totals.worst,
    }


def _groups(parts: dict[str, Totals]) -> dict[str, Any]:
    return {name: _totals(totals) for name, totals in parts.items()}


def _fall(fall: Drawdown | None) -> dict[str, Any] | None:
    if fall is None:
        return None
    return {
        "depth": fall.depth,
        "amount": fall.amount,
        "peak": iso_utc(fall.peak_ms),
        "trough": iso_utc(fall.trough_ms),
        "end": iso_utc(fall.end_ms),
        "recovered": fall.recovered,
        "duration_ms": fall.duration_ms,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
