"""The daemon's state in few words, for a telephone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.app.status_text import service_line
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, View

STARTING: Final = "starting: nothing is known yet"
_SHOWN_ALERTS: Final = 10
_SHOWN_SYMBOLS: Final = 10


def status_text(view: View | None, what_runs: str) -> str:
    """Does it trade, or why not; account and streams."""
    if view is None:
        return f"{what_runs}\n{STARTING}"
    return "\n".join((what_runs, service_line(view), account_line(view), *_health_lines(view)))


def account_line(view: View) -> str:
    """Return equity, the day's result and drawdown."""
    equity = "unknown" if view.equity is None else f"{view.equity:,.2f} USDT"
    day = "unknown" if view.day_pnl is None else _signed(view.day_pnl)
    return f"equity {equity}, today {day}, drawdown {view.drawdown:.2%}"


def positions_text(view: View | None, zone: tzinfo) -> str:
    """What is open, with its stop."""
    if view is None:
        return STARTING
    lines = [_position(s.position, view, zone) for s in view.symbols if s.position is not None]
    unknown = [f"{s.symbol}: an order of unknown fate" for s in view.symbols if s.unknown_orders]
    return "\n".join((*lines, *unknown)) or "no position"


def pnl_text(view: View | None, trades: Sequence[ClosedTrade]) -> str:
    """Return the result of today, and of the trades of the last 24 h."""
    if view is None:
        return STARTING
    return "\n".join((account_line(view), "closed in the last 24 h:", *trade_lines(trades)))


def summary_text(view: View | None, trades: Sequence[ClosedTrade], zone: tzinfo, quality: str = "") -> str:
    """Return the daily summary: trades of the last 24 h by symbol, costs, positions, equity, health, trends.

    quality: a line about the data, "" where nothing is known.
    """
    lines = list(trade_lines(trades))
    if view is None:
        return "\n".join((*lines, STARTING))
    entries = count_text(view.entries, "entry", "entries")
    refused = sum(count for _, count in view.refusals)
    return "\n".join(
        (
            *lines,
            account_line(view),
            f"open: {positions_text(view, zone)}",
            service_line(view),
            *_health_lines(view),
            f"since the start {entries}, {count_text(refused, 'signal')} refused",
            *([quality] if quality else ()),
            *_trend_lines(view),
        )
    )


def trade_lines(trades: Sequence[ClosedTrade]) -> Iterator[str]:
    """Yield the sum of trades, then one line a symbol, the worst first."""
    if not trades:
        yield "no trade"
        return
    won = sum(1 for trade in trades if trade.pnl > 0)
    pnl, fees, funding = (
        sum((getattr(trade, name) for trade in trades), Decimal(0)) for name in ("pnl", "fees", "funding")
    )
    yield (
        f"{count_text(len(trades), 'trade')}, {won} won ({won / len(trades):.0%}), net {_signed(pnl)}"
        f" (fees {fees:,.2f}, funding {-funding:+,.2f})"
    )
    results: dict[str, list[Decimal]] = {}
    for trade in trades:
        results.setdefault(trade.symbol, []).append(trade.pnl)
    for symbol, found in sorted(results.items(), key=lambda item: sum(item[1])):
        yield f"{symbol}: {count_text(len(found), 'trade')}, {_signed(sum(found, Decimal(0)))}"


def alerts_text(records: Sequence[AlertRecord], zone: tzinfo) -> str:
    """Return the last alerts, newest first."""
    lines = []
    for record in records[:_SHOWN_ALERTS]:
        times = f" ({record.count} times)" if record.count > 1 else ""
        seen = ", seen" if record.acknowledged_ms is not None else ""
        lines.append(
            f"{record.id} {_at(record.last_ms, zone)} {record.level.value}{seen}: {record.title}{times}"
        )
    return "\n".join(lines) or "no alert since the start"


def _health_lines(view: View) -> Iterator[str]:
    for name, up, reason in view.streams:
        if not up:
            yield f"stream {name} DOWN{f' ({reason})' if reason else ''}"
    if view.reconciled_ms is not None:
        yield f"compared with the venue {(view.real_ms - view.reconciled_ms) / 1000:.0f} s ago"


def _trend_lines(view: View) -> Iterator[str]:
    """Score and trends of the first symbols; the rest stands in the dashboard."""
    for symbol in view.symbols[:_SHOWN_SYMBOLS]:
        seen = symbol.analysis
        if seen is not None:
            trends = " ".join(f"{t.interval}/{t.indicator} {t.trend.value}" for t in seen.trends)
            yield f"{symbol.symbol}: score {seen.score:+.2f} {seen.signal.value} {trends}".rstrip()


def _position(position: PositionView, view: View, zone: tzinfo) -> str:
    side = "long" if position.side.sign > 0 else "short"
    missing = "not known yet" if view.reconciled_ms is None else "NONE"
    stop = missing if position.stop_loss is None else str(position.stop_loss)
    price = position.last_price
    if price is not None and price > 0 and position.stop_loss is not None:
        away = (price - position.stop_loss) * position.side.sign / price
        stop = f"{stop} ({away:.2%} away)"
    target = "none" if position.take_profit is None else str(position.take_profit)
    owner = ", not ours" if position.foreign else ""
    since = _at(position.opened_ms, zone)
    return (
        f"{position.symbol} {side} {position.qty} at {position.entry_price:.8g}{owner}, now {price}, "
        f"{_signed(position.unrealised_pnl)} by price alone; stop {stop}, target {target}; since {since}"
    )


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}"


def _at(ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%d %b %H:%M")
