"""Positions, orders and trades as the API shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.orders_seen import Seen
from whalebot.adapters.web.values import (
    because,
    direction,
    known_money,
    moment,
    money,
    number,
    parts,
    percent_of,
    ratio_of,
)
from whalebot.domain.enums import Side
from whalebot.domain.orders import Purpose
from whalebot.domain.state import PositionMemory
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, SymbolView


def positions(chronicle: Chronicle) -> list[dict[str, Any]]:
    """Return the open positions."""
    view = chronicle.view
    if view is None:
        return []
    return [
        position_of(chronicle, symbol, symbol.position, view.now_ms)
        for symbol in view.symbols
        if symbol.position is not None
    ]


def position_of(
    chronicle: Chronicle, symbol: SymbolView, position: PositionView, now_ms: int
) -> dict[str, Any]:
    """Return one open position."""
    memory = _memory(chronicle, position)
    last, stop = position.last_price, position.stop_loss
    path = chronicle.paths.open_path(position)
    points = path.points if path is not None else []
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "direction": direction(position.side),
        "qty": known_money(position.qty),
        "entry_price": known_money(position.entry_price),
        "last_price": money(last),
        "mark_price": money(symbol.mark_price),
        "stop_loss": money(stop),
        "take_profit": money(position.take_profit),
        "initial_stop": money(position.initial_stop),
        "best_price": money(position.best_price),
        "unrealised_pnl": money(position.unrealised_pnl) if last is not None else None,
        "unrealised_r": _r_of(position),
        "fees": known_money(position.fees),
        "funding": known_money(position.funding),
        "opened": moment(position.opened_ms),
        "age_s": max(0, now_ms - position.opened_ms) / 1000,
        "entry_score": number(position.entry_score),
        "entry_breakdown": parts(memory.breakdown) if memory is not None else [],
        "entry_words": _entry_words(position, memory),
        "foreign": position.foreign,
        "stop_moved": position.stop_moved,
        "bars_held": memory.bars_held if memory is not None else None,
        "value": money(position.qty * last) if last is not None else None,
        "stop_path": [{"time": moment(at_ms), "stop": money(at)} for at_ms, at, _ in points],
        **_distances(chronicle, position),
    }


def risk_to_stop(position: PositionView) -> Decimal | None:
    """Return what is lost from the entry if the stop fills exactly there, before costs; never below zero."""
    if position.stop_loss is None:
        return None
    move = (position.entry_price - position.stop_loss) * position.side.sign
    return max(Decimal(0), move * position.qty)


def _distances(chronicle: Chronicle, position: PositionView) -> dict[str, Any]:
    last = position.last_price
    report = chronicle.reported.get(position.symbol)
    liquidation = report.liq_price if report is not None and report.side is position.side else None
    leverage = report.leverage if report is not None else None
    return {
        "leverage": money(leverage),
        "liquidation_price": money(liquidation),
        "risk_to_stop": money(risk_to_stop(position)),
        "distance_to_stop_pct": _distance(last, position.stop_loss),
        "distance_to_target_pct": _distance(last, position.take_profit),
        "distance_to_liquidation_pct": _distance(last, liquidation),
    }


def _distance(last: Decimal | None, level: Decimal | None) -> float | None:
    return None if last is None or level is None else percent_of(abs(level - last), last)


def _r_of(position: PositionView) -> float | None:
    """Return the unrealised result in units of the initial risk."""
    if position.initial_stop is None or position.last_price is None:
        return None
    risk = abs(position.entry_price - position.initial_stop) * position.qty
    return ratio_of(position.unrealised_pnl, risk)


def _memory(chronicle: Chronicle, position: PositionView) -> PositionMemory | None:
    held = chronicle.document.positions if chronicle.document is not None else ()
    return next((m for m in held if (m.symbol, m.opened_ms) == (position.symbol, position.opened_ms)), None)


def _entry_words(position: PositionView, memory: PositionMemory | None) -> str:
    what = f"{direction(position.side)} {position.qty:f} {position.symbol} at {position.entry_price:f}"
    if position.foreign:
        return f"{what}: not opened by this daemon, which only protects it"
    if position.entry_score is None:
        return f"{what}: why is not known (found at the venue)"
    reasons = because(memory.breakdown) if memory is not None else ""
    return f"{what}: score {position.entry_score:+.2f}{f', most of it {reasons}' if reasons else ''}"


def orders(chronicle: Chronicle) -> list[dict[str, Any]]:
    """Return the orders of this run, newest first."""
    return [order_of(seen) for seen in chronicle.orders.newest()]


def order_of(seen: Seen) -> dict[str, Any]:
    """Return one order."""
    intent = seen.intent
    average = seen.filled_value / seen.filled_qty if seen.filled_qty else None
    return {
        "order_link_id": intent.order_link_id,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "purpose": "entry" if intent.purpose is Purpose.ENTRY else "exit",
        "order_type": intent.order_type.value,
        "qty": known_money(intent.qty),
        "price": money(intent.price),
        "stop_loss": money(intent.stop_loss),
        "take_profit": money(intent.take_profit),
        "reduce_only": intent.reduce_only,
        "created": moment(intent.created_ms),
        "status": seen.status,
        "filled_qty": known_money(seen.filled_qty),
        "average_price": money(_shortened(average)),
        "fee": known_money(seen.fee),
        "closes_as": intent.closes_as.value if intent.closes_as is not None else None,
        "updated": moment(seen.updated_ms),
        "detail": seen.detail,
    }


def _shortened(price: Decimal | None) -> Decimal | None:
    return None if price is None else round(price, 10).normalize()


def trade_of(trade: ClosedTrade) -> dict[str, Any]:
    """Return a closed trade."""
    return {
        "trade_id": trade.trade_id,
        "mode": trade.mode,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "direction": direction(trade.side),
        "entry_time": moment(trade.entry_ms),
        "exit_time": moment(trade.exit_ms),
        "duration_s": (trade.exit_ms - trade.entry_ms) / 1000,
        "entry_price": known_money(trade.entry_price),
        "exit_price": known_money(trade.exit_price),
        "qty": known_money(trade.qty),
        "gross_pnl": known_money(trade.gross_pnl),
        "fees": known_money(trade.fees),
        "funding": known_money(trade.funding),
        "pnl": known_money(trade.pnl),
        "pnl_percent": known_money(trade.pnl_percent),
        "r_multiple": money(trade.r_multiple),
        "mae": known_money(trade.mae),
        "mfe": known_money(trade.mfe),
        "bars_held": trade.bars_held,
        "closed_by": trade.closed_by.value,
        "entry_score": number(trade.entry_score),
        "breakdown": parts(trade.breakdown),
        "initial_stop": money(trade.initial_stop),
        "order_link_ids": list(trade.order_link_ids),
        "reconciled": trade.reconciled,
        "words": trade_words(trade),
    }


def trade_words(trade: ClosedTrade) -> str:
    """Say in words what a trade was, why it was entered and how it ended."""
    what = "long" if trade.side is Side.BUY else "short"
    score = "" if trade.entry_score is None else f" on score {trade.entry_score:+.2f}"
    reasons = because(trade.breakdown)
    why = f" ({reasons})" if reasons else ""
    brought = "lost" if trade.pnl < 0 else "made"
    in_r = "" if trade.r_multiple is None else f" ({trade.r_multiple:+.2f} R)"
    return (
        f"{what} {trade.qty:f} {trade.symbol} at {trade.entry_price:f}{score}{why}, out at "
        f"{trade.exit_price:f} by {trade.closed_by.value.replace('_', ' ')}: {brought} "
        f"{abs(trade.pnl):.2f} USDT net{in_r}"
    )
