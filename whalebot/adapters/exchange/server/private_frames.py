"""Turns the core's events into the frames of the private stream, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


def private_frames(
    events: Iterable[Event], now_ms: int, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    """Yield (topic, message) of the topics that somebody wants.

    Fills of one order in one go share a frame, everything else has its own.
    """
    fills: list[Executed] = []
    for event in events:
        if isinstance(event, Executed):
            if fills and fills[-1].execution.order_id != event.execution.order_id:
                yield from _execution_frames(fills, now_ms, is_wanted)
                fills = []
            fills.append(event)
            continue
        if fills and not isinstance(event, OrderUpdated):
            yield from _execution_frames(fills, now_ms, is_wanted)
            fills = []
        frame = _frame_of(event, now_ms, is_wanted)
        if frame is not None:
            yield frame
    if fills:
        yield from _execution_frames(fills, now_ms, is_wanted)


def _frame_of(event: Event, now_ms: int, is_wanted: Callable[[str], bool]) -> tuple[str, bytes] | None:
    if isinstance(event, OrderUpdated) and is_wanted("order"):
        order = event.order
        key = f"{ACCOUNT_NUMBER}_{order.symbol}_{order.seq}"
        return "order", _frame("order", key, now_ms, [order_frame_row(order)])
    if isinstance(event, PositionUpdated) and is_wanted("position"):
        key = f"{ACCOUNT_NUMBER}_position_{now_ms}"
        return "position", _frame("position", key, now_ms, [position_frame_row(event.position)])
    if isinstance(event, WalletUpdated) and is_wanted("wallet"):
        key = f"{ACCOUNT_NUMBER}_wallet_{now_ms}"
        return "wallet", _frame("wallet", key, now_ms, [wallet_row(event.wallet)])
    return None


def _execution_frames(
    fills: list[Executed], now_ms: int, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    first = fills[0].execution
    if first.exec_type is ExecType.TRADE and is_wanted("execution.fast"):
        fast = [fast_execution_row(fill.execution) for fill in fills]
        message = {"topic": "execution.fast", "creationTime": now_ms, "data": fast}
        yield "execution.fast", encode(message)
    if not is_wanted("execution"):
        return
    key = f"{ACCOUNT_NUMBER}_{first.symbol}_{first.seq}"
    rows = [execution_frame_row(fill.execution) for fill in fills]
    yield "execution", _frame("execution", key, now_ms, rows)


def _frame(topic: str, key: str, now_ms: int, rows: list[dict[str, Any]]) -> bytes:
    return encode({"topic": topic, "id": key, "creationTime": now_ms, "data": rows})
