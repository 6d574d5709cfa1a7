"""Status, account, health and the program itself as the API shows them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import takewhile
from typing import Any, Final

from whalebot.adapters.web.decisions import Decision
from whalebot.adapters.web.desk import CheckResult, Desk
from whalebot.adapters.web.show_positions import risk_to_stop
from whalebot.adapters.web.values import known_money, moment, money, number, percent_of
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, View

STALLED_S: Final = 10.0
_NEAR: Final = 0.8
_MOST_CURVE: Final = 500


def status(desk: Desk) -> dict[str, Any]:
    """Return what runs and whether it may trade."""
    facts, view, beat_s = desk.facts, desk.chronicle.view, desk.feed.beat_age_s()
    now_ms = time.time_ns() // 1_000_000
    started = facts.started_ms
    return {
        "mode": facts.mode,
        "kind": facts.kind,
        "read_only": facts.is_read_only,
        "version": facts.version,
        "interval": facts.interval,
        "symbols": list(facts.symbols),
        "simulated_prices": facts.simulated_prices,
        "timezone": facts.timezone,
        "state": _state(desk, view, beat_s),
        "uptime_s": (now_ms - started) / 1000 if started is not None else None,
        "started": moment(started),
        "config_refused": desk.is_file_refused(),
        "allow_orders": False,
        "token_needed_for_reads": facts.reads_need_token,
        "loop_age_s": round(beat_s, 3) if beat_s is not None else None,
        "folder": facts.folder,
        **_view_status(view),
    }


def _view_status(view: View | None) -> dict[str, Any]:
    if view is None:
        return {
            **dict.fromkeys(
                (
                    *("paused_until", "market_time", "real_time", "reconciled", "reconciled_age_s"),
                    *("clock_offset_ms", "books_difference", "books_checked"),
                )
            ),
            "tradable": False,
            "blocked_by": [],
            "manual_pause": False,
            "streams": [],
            "entries": 0,
            "refusals": [],
        }
    seen = view.reconciled_ms
    return {
        "tradable": view.tradable,
        "blocked_by": list(view.blocked_by),
        "manual_pause": view.manual_pause,
        "paused_until": moment(view.paused_until_ms),
        "market_time": moment(view.now_ms),
        "real_time": moment(view.real_ms),
        "streams": streams(view),
        "reconciled": moment(seen),
        "reconciled_age_s": (view.real_ms - seen) / 1000 if seen is not None else None,
        "clock_offset_ms": view.clock_offset_ms,
        "entries": view.entries,
        "refusals": [{"rule": rule, "count": count} for rule, count in view.refusals],
        "books_difference": money(view.books_difference),
        "books_checked": moment(view.books_checked_ms),
    }


def _state(desk: Desk, view: View | None, beat_s: float | None) -> str:
    if desk.facts.is_read_only:
        return "ended"
    if view is None or beat_s is None:
        return "starting"
    if beat_s > STALLED_S:
        return "stalled"
    if view.manual_pause or view.paused_until_ms is not None:
        return "paused"
    return "trading" if view.tradable else "blocked"


def streams(view: View | None) -> list[dict[str, Any]]:
    """Return the connections to the venue."""
    known = view.streams if view is not None else ()
    return [{"name": name, "up": up, "detail": detail} for name, up, detail in known]


def account(desk: Desk) -> dict[str, Any]:
    """Return the money and the limits."""
    chronicle = desk.chronicle
    view, wallet = chronicle.view, chronicle.wallet
    held = [s.position for s in view.symbols if s.position is not None] if view is not None else []
    risk = _sum(risk_to_stop(position) for position in held)
    equity = view.equity if view is not None else chronicle.equity[-1][1] if chronicle.equity else None
    closed = chronicle.trades.of_mode(desk.facts.mode) if desk.facts.is_read_only else []
    return {
        "time": moment(view.now_ms) if view is not None else None,
        "wallet_balance": money(view.wallet_balance) if view is not None else None,
        "equity": money(equity),
        "available_balance": money(wallet.available_balance) if wallet is not None else None,
        "day_pnl": money(view.day_pnl) if view is not None else None,
        "month_pnl": known_money(_month_pnl(desk)),
        "session_pnl": known_money(_session_pnl(view, closed)),
        "unrealised_pnl": money(_sum(_unrealised(position) for position in held)),
        "drawdown": number(view.drawdown) if view is not None else None,
        "consecutive_losses": view.consecutive_losses if view is not None else 0,
        "trades_closed": len(closed) or (view.trades_closed if view is not None else 0),
        "open_risk": money(risk),
        "open_risk_pct": percent_of(risk, equity),
        "exposure": money(_sum(_value(position) for position in held)),
        "limits": _limits(desk, view, len(held)),
        "equity_curve": [
            {"time": moment(at_ms), "equity": known_money(value)} for at_ms, value in _curve(chronicle.equity)
        ],
    }


def _session_pnl(view: View | None, closed: Sequence[ClosedTrade]) -> Decimal:
    """Return the net result since the start; over a folder, of all its trades."""
    if view is not None and not closed:
        return view.session_pnl
    return sum((trade.pnl for trade in closed), Decimal(0))


def _curve(points: Sequence[tuple[int, Decimal]]) -> Sequence[tuple[int, Decimal]]:
    step = -(-len(points) // _MOST_CURVE) or 1
    thinned = list(points[::step])
    return thinned if not points or thinned[-1] == points[-1] else [*thinned, points[-1]]


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return a sum, None where one of its parts is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _unrealised(position: PositionView) -> Decimal | None:
    return position.unrealised_pnl if position.last_price is not None else None


def _value(position: PositionView) -> Decimal | None:
    return position.qty * position.last_price if position.last_price is not None else None


def _month_pnl(desk: Desk) -> Decimal:
    """Return the net result of the trades that ended in the present UTC month, by market time."""
    trades, view = desk.chronicle.trades.of_mode(desk.facts.mode), desk.chronicle.view
    if not trades:
        return Decimal(0)
    now_ms = view.now_ms if view is not None else trades[-1].exit_ms
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    begin_ms = int(datetime(now.year, now.month, 1, tzinfo=UTC).timestamp()) * 1000
    recent = takewhile(lambda trade: trade.exit_ms >= begin_ms, reversed(trades))
    return sum((trade.pnl for trade in recent), Decimal(0))


def _limits(desk: Desk, view: View | None, held: int) -> list[dict[str, Any]]:
    known = desk.config.limits()
    day_base = (
        view.equity - view.day_pnl if view and view.equity is not None and view.day_pnl is not None else None
    )
    loss = max(Decimal(0), -view.day_pnl) if view is not None and view.day_pnl is not None else None
    values: Mapping[str, tuple[str, float | None, str]] = {
        "max_day_loss_pct": ("Loss of the day", percent_of(loss, day_base), "%"),
        "max_drawdown_pct": (
            "Drawdown from the peak",
            view.drawdown * 100 if view is not None else None,
            "%",
        ),
        "max_consecutive_losses": (
            "Losses in a row",
            view.consecutive_losses if view is not None else None,
            "",
        ),
        "max_total_positions": ("Open positions", held if view is not None else None, ""),
    }
    return [
        {
            "name": name,
            "label": values[name][0],
            "value": number(values[name][1]),
            "limit": limit,
            "unit": values[name][2],
            "state": _limit_state(values[name][1], limit),
        }
        for name, limit in known.items()
        if name in values
    ]


def _limit_state(value: float | None, limit: float) -> str:
    if value is None:
        return "unknown"
    return "reached" if value >= limit else "near" if value >= _NEAR * limit else "ok"


def health(desk: Desk) -> dict[str, Any]:
    """Return whether all is well, and if not why."""
    facts, view = desk.facts, desk.chronicle.view
    checks = all_checks(desk)
    bad = [check for check in checks if not check.healthy]
    is_down = any(check.required for check in bad)
    now_ms, last_ms = time.time_ns() // 1_000_000, desk.feed.last_event_ms
    reasons = [f"{check.name}: {check.detail}" for check in bad]
    if view is not None:
        reasons += list(view.blocked_by)
    return {
        "status": "down" if is_down else "degraded" if reasons else "ok",
        "mode": facts.mode,
        "version": facts.version,
        "uptime_s": (now_ms - facts.started_ms) / 1000 if facts.started_ms is not None else None,
        "last_event_age_ms": max(0, now_ms - last_ms) if last_ms is not None else None,
        "reasons": reasons,
        "streams": streams(view),
        "checks": [
            {
                "name": check.name,
                "healthy": check.healthy,
                "required": check.required,
                "detail": check.detail,
                "ms": check.ms,
            }
            for check in checks
        ],
    }


def all_checks(desk: Desk) -> list[CheckResult]:
    """Return every check. Over a folder that nobody trades in only the folder can be unwell."""
    found = list(desk.checks())
    if desk.facts.is_read_only:
        return found
    view, beat_s = desk.chronicle.view, desk.feed.beat_age_s()
    is_alive = beat_s is not None and beat_s < STALLED_S
    told = "has not begun" if beat_s is None else f"went round {beat_s:.1f} s ago"
    trouble = desk.chronicle.storage_trouble
    found.insert(0, CheckResult("main_loop", is_alive, True, told))
    found.append(CheckResult("store", not trouble, True, trouble or "writes"))
    known = {name: (up, detail) for name, up, detail in view.streams} if view is not None else {}
    for name in ("public", "private"):
        up, detail = known.get(name, (False, "not connected yet"))
        found.append(CheckResult(f"{name}_stream", up, True, detail or ("up" if up else "down")))
    found.append(_compared(view))
    return found


def _compared(view: View | None) -> CheckResult:
    is_compared = view is not None and view.reconciled_ms is not None
    told = "positions and orders were compared with the venue" if is_compared else "not compared yet"
    return CheckResult("exchange_rest", is_compared, True, told)


def is_ready(desk: Desk) -> bool:
    """Tell whether all that is required is well and the warm-up of every symbol is over."""
    view = desk.chronicle.view
    if desk.facts.is_read_only:
        return True
    if view is None or any(check.required and not check.healthy for check in all_checks(desk)):
        return False
    return all(symbol.analysis is not None and symbol.analysis.may_enter for symbol in view.symbols)


def figures(desk: Desk, stream_clients: int) -> dict[str, Any]:
    """Return the program's own figures, those of the API apart."""
    vitals = desk.vitals()
    inbox = vitals.get("inbox")
    queues = []
    if inbox is not None:
        queues.append(
            {
                "name": "inbox",
                "depth": inbox["depth"],
                "high_water": inbox["high_water"],
                "dropped": inbox["dropped"],
            }
        )
    if "jobs_waiting" in vitals:
        waiting = vitals["jobs_waiting"]
        parts = waiting.items() if isinstance(waiting, Mapping) else [("jobs", waiting)]
        queues += [{"name": n, "depth": int(d), "high_water": None, "dropped": None} for n, d in parts]
    return {
        "health": dict(desk.machine()),
        "loop": vitals.get("loop"),
        "queues": queues,
        "stream_clients": stream_clients,
        "feed_lost": desk.feed.lost,
        "streams": streams(desk.chronicle.view),
    }


def decision_of(decision: Decision) -> dict[str, Any]:
    """Return a decision in words."""
    notice = decision.notice
    return {
        "id": str(decision.number),
        "time": moment(decision.at_ms),
        "level": notice.level.value,
        "kind": notice.kind,
        "symbol": notice.symbol,
        "text": notice.text,
        "fields": dict(notice.fields),
    }


def alert_of(alert: AlertRecord) -> dict[str, Any]:
    """Return an alert."""
    return {
        "id": str(alert.id),
        "time": moment(alert.ts_ms),
        "last_time": moment(alert.last_ms),
        "level": alert.level.value,
        "kind": alert.kind,
        "title": alert.title,
        "text": alert.text,
        "count": alert.count,
        "acknowledged": alert.acknowledged_ms is not None,
        "acknowledged_at": moment(alert.acknowledged_ms),
        "acknowledged_by": alert.acknowledged_by,
    }
