"""Turns the core's events into the frames of the private stream, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from whalebot.adapters.exchange.core.events import (
    Event,
    Executed,
    OrderUpdated,
    PositionUpdated,
    WalletUpdated,
)
from whalebot.adapters.exchange.server.envelope import encode
from whalebot.adapters.exchange.server.wire_orders import (
    execution_frame_row,
    fast_execution_row,
    order_frame_row,
)
from whalebot.adapters.exchange.server.wire_positions import position_frame_row, wallet_row
from whalebot.domain.enums import ExecType

ACCOUNT_NUMBER = "100000001"


def private_frames(events: Iterable[Event], now_ms: int) -> Iterator[tuple[str, bytes]]:
    """Yield (topic, message). Fills of one order in one go share a frame, everything else has its own."""
    fills: list[Executed] = []
    for event in events:
        if isinstance(event, Executed):
            if fills and fills[-1].execution.order_id != event.execution.order_id:
                yield from _execution_frames(fills, now_ms)
                fills = []
            fills.append(event)
            continue
        if fills and not isinstance(event, OrderUpdated):
            yield from _execution_frames(fills, now_ms)
            fills = []
        frame = _frame_of(event, now_ms)
        if frame is not None:
            yield frame
    if fills:
        yield from _execution_frames(fills, now_ms)


def _frame_of(event: Event, now_ms: int) -> tuple[str, bytes] | None:
    if isinstance(event, OrderUpdated):
        order = event.order
        key = f"{ACCOUNT_NUMBER}_{order.symbol}_{order.seq}"
        return "order", _frame("order", key, now_ms, [order_frame_row(order)])
    if isinstance(event, PositionUpdated):
        key = f"{ACCOUNT_NUMBER}_position_{now_ms}"
        return "position", _frame("position", key, now_ms, [position_frame_row(event.position)])
    if isinstance(event, WalletUpdated):
        key = f"{ACCOUNT_NUMBER}_wallet_{now_ms}"
        return "wallet", _frame("wallet", key, now_ms, [wallet_row(event.wallet)])
    return None


def _execution_frames(fills: list[Executed], now_ms: int) -> Iterator[tuple[str, bytes]]:
    first = fills[0].execution
    fast = [
        fast_execution_row(fill.execution) for fill in fills if fill.execution.exec_type is ExecType.TRADE
    ]
    if fast:
        message = {"topic": "execution.fast", "creationTime": now_ms, "data": fast}
        yield "execution.fast", encode(message)
    key = f"{ACCOUNT_NUMBER}_{first.symbol}_{first.seq}"
    rows = [execution_frame_row(fill.execution) for fill in fills]
    yield "execution", _frame("execution", key, now_ms, rows)


def _frame(topic: str, key: str, now_ms: int, rows: list[dict[str, Any]]) -> bytes:
    return encode({"topic": topic, "id": key, "creationTime": now_ms, "data": rows})
