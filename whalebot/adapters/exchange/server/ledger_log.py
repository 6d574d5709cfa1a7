"""Writes what the core did into the event log: orders, fills, positions, stops, wallets, funding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from whalebot.adapters.exchange.core.events import (
    Event,
    Executed,
    FundingSettled,
    Liquidated,
    OrderUpdated,
    PositionUpdated,
    Rejected,
    WalletUpdated,
)
from whalebot.adapters.exchange.core.records import ExecutionRecord, OrderRecord, PositionRecord, WalletRecord
from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.exchange.server.wire import plain, plain_or, side_or_empty
from whalebot.domain.enums import ExecType

_Protection = tuple[str, str, str, str]


class LedgerLog:
    """Remembers each position's stops, so that every change of protection is a line of its own."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._protection: dict[tuple[str, int], _Protection] = {}

    def write(self, events: Iterable[Event]) -> None:
        """Add the lines of one call of the core."""
        for event in events:
            if isinstance(event, OrderUpdated):
                self._log.write("order", **_order(event.order))
            elif isinstance(event, Executed):
                if event.execution.exec_type is not ExecType.FUNDING:
                    self._log.write("execution", **_execution(event.execution))
            elif isinstance(event, PositionUpdated):
                self._position(event.position)
            elif isinstance(event, WalletUpdated):
                self._log.write("wallet", **_wallet(event.wallet))
            elif isinstance(event, FundingSettled):
                self._log.write("funding", **_funding(event))
            elif isinstance(event, Liquidated):
                self._log.write("position", **_liquidation(event))
            elif isinstance(event, Rejected):
                self._log.write("order", **_rejection(event))

    def _position(self, position: PositionRecord) -> None:
        self._log.write("position", **_position(position))
        key = (position.symbol, position.position_idx)
        protection = (
            plain(position.qty),
            plain_or(position.stop_loss, ""),
            plain_or(position.take_profit, ""),
            plain_or(position.trailing_stop, ""),
        )
        if self._protection.get(key, ("0", "", "", "")) == protection:
            return
        self._protection[key] = protection
        self._log.write(
            "stop",
            symbol=position.symbol,
            position_idx=position.position_idx,
            side=side_or_empty(position.side),
            size=protection[0],
            stop_loss=protection[1],
            take_profit=protection[2],
            trailing_stop=protection[3],
            is_protected=position.side is None or position.stop_loss is not None,
        )


def _order(order: OrderRecord) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "order_id": order.order_id,
        "order_link_id": order.order_link_id,
        "side": order.side.value,
        "type": order.order_type.value,
        "status": order.status.value,
        "qty": plain(order.qty),
        "price": plain(order.price),
        "cum_exec_qty": plain(order.cum_exec_qty),
        "reduce_only": order.reduce_only,
        "create_type": order.create_type,
        "stop_order_type": order.stop_order_type,
        "trigger_price": plain_or(order.trigger_price, ""),
        "cancel_type": order.cancel_type,
        "reject_reason": order.reject_reason,
    }


def _execution(execution: ExecutionRecord) -> dict[str, Any]:
    return {
        "symbol": execution.symbol,
        "exec_id": execution.exec_id,
        "exec_type": execution.exec_type.value,
        "order_id": execution.order_id,
        "order_link_id": execution.order_link_id,
        "side": execution.side.value,
        "price": plain(execution.price),
        "qty": plain(execution.qty),
        "fee": plain(execution.fee),
        "closed_size": plain(execution.closed_size),
        "realised": plain(execution.exec_pnl),
        "is_maker": execution.is_maker,
        "create_type": execution.create_type,
        "stop_order_type": execution.stop_order_type,
        "ts_ms": execution.ts_ms,
    }


def _position(position: PositionRecord) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "position_idx": position.position_idx,
        "side": side_or_empty(position.side),
        "size": plain(position.qty),
        "avg_price": plain_or(position.avg_price, ""),
        "leverage": plain(position.leverage),
        "cur_realised": plain(position.cur_realised_pnl),
        "cum_realised": plain(position.cum_realised_pnl),
        "stop_loss": plain_or(position.stop_loss, ""),
        "take_profit": plain_or(position.take_profit, ""),
        "trailing_stop": plain_or(position.trailing_stop, ""),
    }


def _wallet(wallet: WalletRecord) -> dict[str, Any]:
    return {
        "wallet_balance": plain(wallet.wallet_balance),
        "equity": plain(wallet.equity),
        "available": plain(wallet.available_balance),
        "unrealised": plain(wallet.unrealised_pnl),
        "cum_realised": plain(wallet.cum_realised_pnl),
    }


def _funding(event: FundingSettled) -> dict[str, Any]:
    return {
        "symbol": event.symbol,
        "position_idx": event.position_idx,
        "rate": plain(event.rate),
        "mark_price": plain(event.mark_price),
        "qty": plain(event.qty),
        "amount": plain(event.amount),
        "exec_id": event.exec_id,
    }


def _liquidation(event: Liquidated) -> dict[str, Any]:
    return {
        "symbol": event.symbol,
        "position_idx": event.position_idx,
        "side": event.side.value,
        "liquidated": plain(event.qty),
        "price": plain(event.price),
    }


def _rejection(event: Rejected) -> dict[str, Any]:
    return {
        "status": "refused",
        "command": type(event.command).__name__,
        "symbol": getattr(event.command, "symbol", None) or "",
        "order_link_id": getattr(event.command, "order_link_id", ""),
        "ret_code": event.ret_code,
        "ret_msg": event.ret_msg,
    }
