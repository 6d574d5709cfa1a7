"""A daemon's answer to `status` as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from whalebot.domain.view import View

_TOP: Final = 5


def status_lines(answer: Mapping[str, Any], zone: tzinfo = UTC) -> Iterator[str]:
    """Yield what a person wants to know: health, account, streams, symbols, positions, last signals.

    Times are shown in `zone`.
    """
    for name, value in dict(answer.get("health") or {}).items():
        told = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else value
        yield f"{name.replace('_', ' ')}: {told}"
    view = answer.get("view")
    if view is None:
        yield "starting: nothing is known yet"
        return
    yield from _health(view, zone)
    yield from _account(view)
    yield from _books(view)
    yield from _streams(view)
    for symbol in view["symbols"]:
        yield from _symbol(symbol, zone)
    if view["refusals"]:
        counts = ", ".join(f"{rule} {count}" for rule, count in view["refusals"].items())
        yield f"entries refused: {counts}"


def service_line(view: View) -> str:
    """Return the one line that a service manager shows. It changes seldom."""
    reasons = "; ".join(view.blocked_by) or ("paused by its owner" if view.manual_pause else "not ready")
    state = "trading" if view.tradable else f"no entries: {reasons}"
    held = ", ".join(symbol.symbol for symbol in view.symbols if symbol.position is not None)
    return f"{state}; {f'in {held}' if held else 'no position'}; {view.trades_closed} trades closed"


def open_positions(view: Mapping[str, Any]) -> list[str]:
    """Return the symbols that have a position, an order in flight or one whose fate is unknown."""
    return [s["symbol"] for s in view["symbols"] if s["position"] or s["in_flight"] or s["unknown_orders"]]


def _health(view: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    reasons = "; ".join(view["blocked_by"]) or ("paused" if view["manual_pause"] else "not ready")
    state = "trading" if view["tradable"] else f"no entries: {reasons}"
    yield f"{state} (market time {_at(view['now_ms'], zone)})"
    if view["manual_pause"]:
        yield "paused by its owner, until: whalebot resume"
    if view["paused_until_ms"] is not None:
        yield f"paused by a guardrail until {_at(view['paused_until_ms'], zone)}"
    if view["reconciled_ms"] is not None:
        age_s = (view["real_ms"] - view["reconciled_ms"]) / 1000
        offset = _or_unknown(view["clock_offset_ms"])
        yield f"compared with the venue {age_s:.0f} s ago, clock offset {offset} ms"


def _books(view: Mapping[str, Any]) -> Iterator[str]:
    checked_ms = view.get("books_checked_ms")
    if checked_ms is not None:
        day, off = _at(checked_ms - 1, UTC)[:10], view["books_difference"]
        agree = not float(off)
        yield f"the result of {day}: {'as' if agree else f'{off} off what'} the venue's log says"


def _account(view: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"equity {_or_unknown(view['equity'])}, today {_signed(view['day_pnl'])},"
        f" drawdown {view['drawdown']:.2%}, losses in a row {view['consecutive_losses']}"
    )
    yield (
        f"since the start: {view['entries']} entries, {view['trades_closed']} trades closed,"
        f" {_signed(view['session_pnl'])}"
    )


def _streams(view: Mapping[str, Any]) -> Iterator[str]:
    for stream in view["streams"]:
        detail = f" ({stream['detail']})" if stream["detail"] and not stream["up"] else ""
        yield f"stream {stream['name']}: {'up' if stream['up'] else 'DOWN'}{detail}"


def _symbol(symbol: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    age = symbol["ticker_age_ms"]
    fresh = "no price yet" if age is None else f"{_or_unknown(symbol['last_price'])}, {age / 1000:.1f} s old"
    book = ", book stale" if symbol["book_stale"] else ""
    yield f"{symbol['symbol']}: {fresh}{book}"
    if symbol["analysis"] is not None:
        yield f"  {_analysis(symbol['analysis'], zone)}"
    if symbol["position"] is not None:
        yield f"  {_position(symbol['position'], zone)}"
    if symbol["in_flight"]:
        yield f"  orders in flight: {', '.join(symbol['in_flight'])}"
    if symbol["unknown_orders"]:
        yield f"  orders of unknown fate: {', '.join(symbol['unknown_orders'])}"


def _analysis(analysis: Mapping[str, Any], zone: tzinfo) -> str:
    entries = sorted(analysis["breakdown"].items(), key=lambda entry: -abs(entry[1] or 0.0))
    top = ", ".join(f"{name} {value:+.2f}" for name, value in entries[:_TOP] if value)
    trends = " ".join(f"{t['interval']}/{t['indicator']}:{t['trend']}" for t in analysis["trends"])
    return (
        f"bar of {_at(analysis['close_ms'], zone)}: score {analysis['score']:+.2f} {analysis['signal']}"
        f"{f' ({top})' if top else ''}{f', {trends}' if trends else ''}"
    )


def _position(position: Mapping[str, Any], zone: tzinfo) -> str:
    side = "long" if position["side"] == "Buy" else "short"
    stop = position["stop_loss"] or "NONE"
    target = position["take_profit"] or "none"
    owner = ", not ours" if position["foreign"] else ""
    moved = " (moved)" if position["stop_moved"] else ""
    since = _at(position["opened_ms"], zone)
    score = "" if position["entry_score"] is None else f", entered at score {position['entry_score']:+.2f}"
    return (
        f"{side} {position['qty']} at {position['entry_price']} since {since}{score}{owner}:"
        f" stop {stop}{moved}, target {target}, PnL {_signed(position['unrealised_pnl'])}"
    )


def _at(ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _or_unknown(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _signed(value: str | None) -> str:
    if value is None:
        return "unknown"
    return value if value.startswith("-") else f"+{value}"
