"""The topics of the stream: each a flat object whose changes can be told key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from whalebot.adapters.web import show_market, show_positions, show_run
from whalebot.adapters.web.desk import Desk

Build: TypeAlias = Callable[[], dict[str, Any]]

_RESTLESS: Final = ("real_time", "uptime_s", "loop_age_s", "reconciled_age_s")
_NEWEST: Final = 100
_NEWEST_TRADES: Final = 50
_MARKET: Final = "market."
_MARKED: Final = 20
_LOOKED_AT: Final = 300
EVERY_S: Final[Mapping[str, float]] = {"system": 2.0}
"""Least time between two looks at a topic, where it is not the shortest."""


def topic_builders(desk: Desk, clients: Callable[[], int]) -> dict[str, Build]:
    """Return how each topic's object is made."""
    chronicle = desk.chronicle
    made: dict[str, Build] = {
        "status": lambda: _without(show_run.status(desk), _RESTLESS),
        "account": lambda: _without(show_run.account(desk), ("equity_curve",)),
        "positions": lambda: _by(show_positions.positions(chronicle), "symbol"),
        "orders": lambda: _by(show_positions.orders(chronicle), "order_link_id"),
        "signals": lambda: _by(show_market.signals(chronicle), "symbol"),
        "trades": lambda: _by(_trades(desk), "trade_id"),
        "decisions": lambda: _by(map(show_run.decision_of, _first(chronicle.decisions.newest())), "id"),
        "alerts": lambda: _by(map(show_run.alert_of, _first(chronicle.newest_alerts())), "id"),
        "system": lambda: show_run.figures(desk, clients()),
    }
    for symbol in desk.facts.symbols:
        made[f"{_MARKET}{symbol}"] = lambda name=symbol: market(desk, name)  # type: ignore[misc]
    return made


def market(desk: Desk, name: str) -> dict[str, Any]:
    """Return what a chart of one symbol needs to stay live."""
    chronicle, facts, view = desk.chronicle, desk.facts, desk.chronicle.view
    candles = show_market.closed_bars(chronicle, name, facts.interval, _LOOKED_AT)
    forming = chronicle.bars.forming(name, facts.interval)
    symbol = next((s for s in view.symbols if s.symbol == name), None) if view is not None else None
    held = symbol.position if symbol is not None else None
    thought = show_market.unknown_signal(name)
    position = None
    if view is not None and symbol is not None:
        thought = show_market.signal_of(symbol, view)
        if held is not None:
            position = show_positions.position_of(chronicle, symbol, held, view.now_ms)
    marks = show_market.markers(chronicle, facts.mode, name, candles, facts.interval, _MARKED)
    return {
        **{key: thought[key] for key in ("symbol", "last_price", "mark_price", "spread_bps", "stale")},
        **{key: thought[key] for key in ("score", "threshold", "signal")},
        "bar": show_market.bar_of(candles[-1], chronicle.bars.analysis_of(candles[-1])) if candles else None,
        "forming": show_market.bar_of(forming, None) if forming is not None else None,
        "markers": marks[-_MARKED:],
        "stop": position["stop_loss"] if position is not None else None,
        "target": position["take_profit"] if position is not None else None,
        "position": position,
    }


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what to set and what to take away so that `before` becomes `now`."""
    changed = {key: value for key, value in now.items() if key not in before or before[key] != value}
    return changed, [key for key in before if key not in now]


def _trades(desk: Desk) -> list[dict[str, Any]]:
    newest = desk.chronicle.trades.newest(desk.facts.mode, _NEWEST_TRADES)
    return [show_positions.trade_of(trade) for trade in newest]


def _first(items: Iterable[Any]) -> Iterator[Any]:
    return islice(items, _NEWEST)


def _by(items: Any, key: str) -> dict[str, Any]:
    return {item[key]: item for item in items}


def _without(item: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in keys}
