"""A daemon's answer to `status` in words for people, within the width of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Context, Decimal
from typing import Any, Final

from whalebot.adapters.terminal.numbers import (
    age_text,
    count_text,
    interval_text,
    money_text,
    price_text,
    signed_money,
)
from whalebot.app.vitals_text import daemon_lines
from whalebot.domain.view import View
from whalebot.domain.weight_names import full_name

_EIGHT_DIGITS: Final = Context(prec=8)
_TOP: Final = 5
_LABEL: Final = 12
_IN_FULL: Final = 3
"""So many symbols are told in full whatever they do; of more, those without a position get one line."""


def status_lines(answer: Mapping[str, Any], zone: tzinfo = UTC, width: int = 80) -> Iterator[str]:
    """Yield what a person wants to know: state, account, venue, positions and scores, the daemon itself.

    Times are shown in `zone`; no line is wider than `width` unless a single word is.
    """
    for line in _lines(answer, zone):
        indent = " " * (_LABEL + 2) if line.startswith("  ") else "  "
        yield from textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]


def service_line(view: View) -> str:
    """Return the one line that a service manager shows. It changes seldom."""
    reasons = _against_entries(
        view.tradable,
        view.blocked_by,
        "paused by its owner" if view.manual_pause else "",
        "" if view.paused_until_ms is None else "paused by a guardrail",
    )
    state = f"no entries: {'; '.join(reasons)}" if reasons else "trading"
    held = ", ".join(symbol.symbol for symbol in view.symbols if symbol.position is not None)
    closed = count_text(view.trades_closed, "trade")
    return f"{state}; {f'in {held}' if held else 'no position'}; {closed} closed"


def open_positions(view: Mapping[str, Any]) -> list[str]:
    """Return the symbols that have a position, an order in flight or one whose fate is unknown."""
    return [s["symbol"] for s in view["symbols"] if s["position"] or s["in_flight"] or s["unknown_orders"]]


def _lines(answer: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    health = dict(answer.get("health") or {})
    if "running" in health:
        yield str(health.pop("running"))
    view = answer.get("view")
    if view is None:
        yield "starting: nothing is known yet"
    else:
        yield from _state(view, zone)
        yield from _account(view)
        yield from _venue(view)
        yield from _symbols(view, zone)
    yield from daemon_lines(health)


def row(label: str, text: str) -> str:
    """Return one line of a section."""
    return f"  {label:<{_LABEL - 1}} {text}"


def _state(view: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    until_ms = view["paused_until_ms"]
    reasons = _against_entries(
        view["tradable"],
        view["blocked_by"],
        "paused by its owner, until: whalebot resume" if view["manual_pause"] else "",
        "" if until_ms is None else f"paused by a guardrail until {_at(until_ms, zone)}",
    )
    yield from (f"no entries: {reason}" for reason in reasons)
    if not reasons:
        yield "trading: entries are allowed"
    yield f"market time {_at(view['now_ms'], zone)}"


def _against_entries(
    tradable: bool, blocked_by: Sequence[str], by_owner: str, by_guardrail: str
) -> list[str]:
    """Return all that keeps entries from being made, nothing where they are. A pause is "" where none is.

    What blocks one symbol of a tradable daemon does not block the others.
    """
    blocked = "" if tradable else "; ".join(blocked_by)
    found = [reason for reason in (blocked, by_owner, by_guardrail) if reason]
    return found or ([] if tradable else ["not ready"])


def _account(view: Mapping[str, Any]) -> Iterator[str]:
    losses, trades = view["consecutive_losses"], view["trades_closed"]
    yield from ("", "Account")
    yield row("equity", f"{_usdt(view['equity'])}; wallet {_usdt(view['wallet_balance'])}")
    yield row(
        "today", f"{_usdt(view['day_pnl'], sign=True)}; {view['drawdown']:.2%} below the highest equity"
    )
    yield row(
        "this run",
        f"{count_text(trades, 'trade')} closed, {_usdt(view['session_pnl'], sign=True)}; "
        f"{count_text(view['entries'], 'entry', 'entries')} sent; "
        f"{count_text(losses, 'loss', 'losses')} in a row",
    )
    if view["refusals"]:
        counts = ", ".join(f"{rule} {count}" for rule, count in view["refusals"].items())
        yield row("refused", f"entries, by rule: {counts}")


def _venue(view: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "Venue")
    for stream in view["streams"]:
        detail = f" ({stream['detail']})" if stream["detail"] and not stream["up"] else ""
        yield row(stream["name"], f"stream {'up' if stream['up'] else 'DOWN'}{detail}")
    if view["reconciled_ms"] is not None:
        age = age_text(view["real_ms"] - view["reconciled_ms"])
        offset = view["clock_offset_ms"]
        clock = "not measured" if offset is None else f"{offset:+d} ms"
        yield row("compared", f"with the venue {age} ago; clock offset {clock}")
    yield from _books(view)


def _books(view: Mapping[str, Any]) -> Iterator[str]:
    checked_ms = view.get("books_checked_ms")
    if checked_ms is not None:
        day, off = _at(checked_ms - 1, UTC)[:10], Decimal(view["books_difference"])
        agree = "as" if not off else f"{signed_money(off)} USDT off what"
        yield row("books", f"the result of {day}: {agree} the venue's log says")


def _symbols(view: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    symbols = view["symbols"]
    busy = set(open_positions(view)) if len(symbols) > _IN_FULL else {s["symbol"] for s in symbols}
    for symbol in symbols:
        if symbol["symbol"] in busy:
            yield from _symbol(symbol, view, zone)
    quiet = [symbol for symbol in symbols if symbol["symbol"] not in busy]
    if quiet:
        yield from ("", f"Without a position: {len(quiet)}")
        yield from (_quiet(symbol) for symbol in quiet)


def _quiet(symbol: Mapping[str, Any]) -> str:
    analysis = symbol["analysis"]
    score = "no bar yet" if analysis is None else f"score {analysis['score']:+.2f} {analysis['signal']}"
    return f"  {symbol['symbol']:<{_LABEL}} {_price(symbol['last_price']):>12}  {score}{_freshness(symbol)}"


def _symbol(symbol: Mapping[str, Any], view: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    age = symbol["ticker_age_ms"]
    fresh = "no price yet" if age is None else f"{_price(symbol['last_price'])} USDT, {age_text(age)} old"
    yield from ("", f"{symbol['symbol']}  {fresh}{', order book stale' if symbol['book_stale'] else ''}")
    if symbol["position"] is None:
        yield row("position", "none")
    else:
        yield from _position(symbol["position"], symbol["last_price"], view)
    if symbol["analysis"] is not None:
        yield from _analysis(symbol["analysis"], zone)
    if symbol["in_flight"]:
        yield row("on its way", f"order {', '.join(symbol['in_flight'])}")
    if symbol["unknown_orders"]:
        yield row("unknown", f"the venue is asked what became of order {', '.join(symbol['unknown_orders'])}")


def _freshness(symbol: Mapping[str, Any]) -> str:
    age = symbol["ticker_age_ms"]
    return ", no price yet" if age is None else ", order book stale" if symbol["book_stale"] else ""


def _analysis(analysis: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    entries = sorted(analysis["breakdown"].items(), key=lambda entry: -abs(entry[1] or 0.0))
    top = ", ".join(f"{full_name(name)} {value:+.2f}" for name, value in entries[:_TOP] if value)
    yield row(
        "score",
        f"{analysis['score']:+.2f} {analysis['signal']} at the {interval_text(analysis['interval'])} bar of "
        f"{_at(analysis['close_ms'], zone)}; an entry needs ±{analysis['threshold']:.2f}",
    )
    if analysis["warming"]:
        yield row("warming up", f"{len(analysis['warming'])} of the groups wait for more bars")
    if top:
        yield row("because", top)
    if analysis["trends"]:
        yield row("trends", _trends(analysis["trends"]))


def _trends(trends: Sequence[Mapping[str, Any]]) -> str:
    by_interval: dict[str, list[str]] = {}
    for one in trends:
        name = one["indicator"].replace("_", " ")
        by_interval.setdefault(interval_text(one["interval"]), []).append(f"{name} {one['trend'].lower()}")
    return "; ".join(f"{interval}: {', '.join(found)}" for interval, found in by_interval.items())


def _position(position: Mapping[str, Any], last: str | None, view: Mapping[str, Any]) -> Iterator[str]:
    side = "long" if position["side"] == "Buy" else "short"
    entry, qty = Decimal(position["entry_price"]), Decimal(position["qty"])
    stop, target, first = (_decimal(position[name]) for name in ("stop_loss", "take_profit", "initial_stop"))
    price = _decimal(last)
    pnl = Decimal(position["unrealised_pnl"])
    risk = None if first is None else qty * abs(entry - first)
    in_r = f" ({float(pnl / risk):+.2f} R)" if risk else ""
    score = "" if position["entry_score"] is None else f", entered at score {position['entry_score']:+.2f}"
    owner = ", not ours" if position["foreign"] else ""
    age = age_text(view["now_ms"] - position["opened_ms"])
    yield row("position", f"{side} {qty:f} at {_average(entry)} for {age}{score}{owner}")
    result = (
        "not known without a price" if price is None else f"{_usdt(str(pnl), sign=True)}{in_r} by price alone"
    )
    yield row("result", f"{result}; besides, {_paid(position)}")
    moved = ", moved" if position["stop_moved"] else ""
    missing = "not known yet" if view["reconciled_ms"] is None else "NONE"
    yield row("stop", missing if stop is None else f"{price_text(stop)}{_away(stop, price)}{moved}")
    yield row("target", "none" if target is None else f"{price_text(target)}{_away(target, price)}")


def _paid(position: Mapping[str, Any]) -> str:
    fees, funding = (Decimal(position[name]) for name in ("fees", "funding"))
    settled = (
        f", funding {'paid' if funding > 0 else 'received'} {_usdt(str(abs(funding)))}" if funding else ""
    )
    return f"fees so far {_usdt(str(fees))}{settled}, and the cost of leaving"


def _average(price: Decimal) -> str:
    """An average of fills with eight digits that count, plainly."""
    return f"{_EIGHT_DIGITS.plus(price):,f}"


def _away(level: Decimal, price: Decimal | None) -> str:
    return "" if not price else f", {abs(float(level / price) - 1):.2%} away"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _price(text: str | None) -> str:
    return price_text(_decimal(text))


def _usdt(text: str | None, *, sign: bool = False) -> str:
    if text is None:
        return "unknown"
    amount = Decimal(text)
    return f"{signed_money(amount) if sign else money_text(amount)} USDT"


def _at(ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")
