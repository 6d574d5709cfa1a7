"""Private frames into domain events. Rows are decoded one by one, so that a bad one costs no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.rows import make_execution, make_order, make_position, make_wallet
from whalebot.adapters.bybit.wire import ExecutionRow, OrderRow, PositionRow, RowsFrame, WalletRow
from whalebot.domain.events import (
    Event,
    Filled,
    FundingPaid,
    OrderUpdated,
    PositionReported,
    WalletReported,
)
from whalebot.domain.orders import FundingPayment

_rows = msgspec.json.Decoder(RowsFrame, strict=False)
_orders = msgspec.json.Decoder(OrderRow, strict=False)
_executions = msgspec.json.Decoder(ExecutionRow, strict=False)
_positions = msgspec.json.Decoder(PositionRow, strict=False)
_wallets = msgspec.json.Decoder(WalletRow, strict=False)


def order_event(row: bytes, _frame_ms: int, recv_ms: int) -> Event:
    """Decode one row of `order`. Raises BadValue, msgspec.MsgspecError."""
    order = _orders.decode(row)
    _refuse_foreign(order.symbol, order.category)
    return OrderUpdated(make_order(order), recv_ms)


def execution_event(row: bytes, _frame_ms: int, recv_ms: int) -> Event:
    """Decode one row of `execution`: a fill or a funding payment. Raises BadValue, msgspec.MsgspecError."""
    execution = _executions.decode(row)
    _refuse_foreign(execution.symbol, execution.category)
    made = make_execution(execution)
    return FundingPaid(made, recv_ms) if isinstance(made, FundingPayment) else Filled(made, recv_ms)


def position_event(row: bytes, _frame_ms: int, recv_ms: int) -> Event:
    """Decode one row of `position`. Raises BadValue, msgspec.MsgspecError."""
    position = _positions.decode(row)
    _refuse_foreign(position.symbol, position.category)
    return PositionReported(make_position(position), recv_ms)


def wallet_event(row: bytes, frame_ms: int, recv_ms: int) -> Event:
    """Decode one row of `wallet`. Raises BadValue, msgspec.MsgspecError."""
    wallet = make_wallet(_wallets.decode(row), frame_ms)
    if wallet is None:
        raise say.Foreign("wallet without USDT")
    return WalletReported(wallet, recv_ms)


DecodeRow = Callable[[bytes, int, int], Event]

ROW_DECODERS: dict[str, DecodeRow] = {
    "order": order_event,
    "execution": execution_event,
    "position": position_event,
    "wallet": wallet_event,
}


def row_events(frame: bytes, decode: DecodeRow, recv_ms: int, counters: StreamCounters) -> list[Event]:
    """Decode all rows of a private frame; rows that cannot be read are counted and skipped."""
    message = _rows.decode(frame)
    events: list[Event] = []
    for raw in message.data:
        row: Any = raw
        try:
            events.append(decode(row, message.creation_time, recv_ms))
        except say.Foreign as e:
            counters.refuse(f"refused: {e}", message.topic, bytes(raw))
        except (ValueError, ArithmeticError) as e:
            counters.refuse("bad row", f"{message.topic}: {e}", bytes(raw))
    return events


def _refuse_foreign(symbol: str, category: str) -> None:
    if name := say.foreign_category(symbol, category):
        raise say.Foreign(name)
