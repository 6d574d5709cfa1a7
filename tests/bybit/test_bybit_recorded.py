"""Every recorded stream frame decodes, or is refused by name because it is of another product."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from whalebot.adapters.bybit.conventions import BadValue
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder, make_route
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.domain.enums import ExecType, OrderStatus, Side
from whalebot.domain.events import (
    BookDelta,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    Event,
    Filled,
    FundingPaid,
    Liquidated,
    OrderUpdated,
    PositionReported,
    TickerChanged,
    TradesPrinted,
    WalletReported,
)

KIND_OF_TOPIC = {
    "orderbook": (BookSnapshot, BookDelta),
    "tickers": (TickerChanged,),
    "publicTrade": (TradesPrinted,),
    "kline": (CandleClosed, CandleForming),
    "allLiquidation": (Liquidated,),
    "order": (OrderUpdated,),
    "execution": (Filled, FundingPaid),
    "position": (PositionReported,),
    "wallet": (WalletReported,),
}
REFUSED = {
    "refused: legacy liquidation topic",
    "refused: execution.fast carries no fee",
    "refused: option or dated future",
    "refused: option",
    "refused: spot",
    "refused: wallet without USDT",
}
RECV_MS = 1_700_000_000_123


def decode(frame: bytes) -> tuple[list[Event] | ControlFrame, StreamCounters]:
    counters = StreamCounters("test")
    topic = json.loads(frame).get("topic")
    try:
        topics = [make_route(topic, counters).topic] if topic else []
    except BadValue:
        topics = []
    return FrameDecoder(topics, counters).decode(frame, RECV_MS), counters


def events_of(frame: bytes | str | dict[str, Any]) -> list[Any]:
    if isinstance(frame, dict):
        frame = json.dumps(frame)
    result, counters = decode(frame.encode() if isinstance(frame, str) else frame)
    assert counters.error_counts() == {}
    assert isinstance(result, list)
    return result


def first_line(recorded: Path, name: str, line: int = 0) -> bytes:
    return (recorded / "ws" / name).read_bytes().splitlines()[line]


def test_every_recorded_frame_is_decoded_or_refused_by_name(recorded: Path) -> None:
    frames = [
        (p.name, f) for p in sorted((recorded / "ws").glob("*.jsonl")) for f in p.read_bytes().splitlines()
    ]
    assert len(frames) > 130
    refused: set[str] = set()
    decoded: set[str] = set()
    for name, frame in frames:
        result, counters = decode(frame)
        if isinstance(result, ControlFrame):
            assert "topic" not in json.loads(frame), name
            decoded.add(result.op or result.type)
        elif result:
            kind = json.loads(frame)["topic"].split(".")[0]
            assert isinstance(result[0], KIND_OF_TOPIC[kind]), name
            assert counters.error_counts() == {}, name
            decoded.add(kind)
        else:
            assert set(counters.error_counts()) <= REFUSED, (name, counters.samples())
            refused |= set(counters.error_counts())
    assert refused == REFUSED
    assert decoded >= KIND_OF_TOPIC.keys() | {
        "auth",
        "subscribe",
        "unsubscribe",
        "ping",
        "pong",
        "COMMAND_RESP",
    }


def test_ticker_snapshot_and_delta_say_only_what_they_say(recorded: Path) -> None:
    name = "tickers.BTCUSDT.linear-2026-08-13.jsonl"
    (snapshot,), (delta,) = events_of(first_line(recorded, name)), events_of(first_line(recorded, name, 1))
    assert snapshot == TickerChanged(
        symbol="BTCUSDT",
        last_price=Decimal("63561.60"),
        mark_price=Decimal("63560.80"),
        index_price=Decimal("63585.51"),
        bid_price=Decimal("63561.50"),
        ask_price=Decimal("63561.60"),
        funding_rate=Decimal("0.00005013"),
        next_funding_ms=1786665600000,
        ts_ms=1786659827683,
        recv_ms=RECV_MS,
    )
    nothing = (delta.last_price, delta.mark_price, delta.bid_price, delta.funding_rate, delta.next_funding_ms)
    assert nothing == (None,) * 5
    assert delta.index_price == Decimal("63585.74")


def test_merged_ticker_deltas_reach_the_recorded_end(recorded: Path) -> None:
    """Merging the events by hand gives what merging the raw JSON gives."""
    fields = {
        "lastPrice": "last_price",
        "markPrice": "mark_price",
        "indexPrice": "index_price",
        "bid1Price": "bid_price",
        "ask1Price": "ask_price",
        "fundingRate": "funding_rate",
    }
    raw: dict[str, str] = {}
    merged: dict[str, Decimal] = {}
    for line in (recorded / "ws" / "tickers.BTCUSDT.linear-2026-09-30.jsonl").read_bytes().splitlines():
        raw |= json.loads(line)["data"]
        (event,) = events_of(line)
        merged |= {f: getattr(event, f) for f in fields.values() if getattr(event, f) is not None}
    assert merged == {ours: Decimal(raw[theirs]) for theirs, ours in fields.items()}


def test_empty_ticker_values_are_absent_and_empty_sides_of_the_book_are_told() -> None:
    data = {
        "symbol": "NEWUSDT",
        "lastPrice": "1.5",
        "markPrice": "",
        "bid1Price": "0",
        "ask1Price": "",
        "fundingRate": "0",
        "nextFundingTime": "",
        "preOpenPrice": "",
    }
    (event,) = events_of({"topic": "tickers.NEWUSDT", "type": "snapshot", "ts": 3, "data": data})
    assert (event.mark_price, event.next_funding_ms) == (None, None)
    assert (event.bid_price, event.ask_price) == (0, 0)
    assert (event.last_price, event.funding_rate, event.ts_ms) == (Decimal("1.5"), Decimal(0), 3)


def test_a_sweep_of_the_book_is_one_event(recorded: Path) -> None:
    frame = first_line(recorded, "publicTrade.BTCUSDT.linear-2026-03-20.jsonl", 1)
    trades = json.loads(frame)["data"]
    (event,) = events_of(frame)
    prices = [Decimal(trade["p"]) for trade in trades]
    assert (event.high, event.low, event.last) == (max(prices), min(prices), prices[-1])
    assert event.sell_qty == pytest.approx(sum(float(trade["v"]) for trade in trades))
    assert (event.buy_qty, event.count, event.ts_ms) == (0.0, len(trades), trades[-1]["T"])


def test_forming_bar_and_liquidation(recorded: Path) -> None:
    (bar,) = events_of(first_line(recorded, "kline.1.BTCUSDT.linear-2024-06-29.jsonl"))
    assert isinstance(bar, CandleForming)
    assert (bar.candle.open_ms, str(bar.candle.low), str(bar.candle.volume)) == (
        1719667560000,
        "61015",
        "10.798",
    )
    (liquidated,) = events_of(first_line(recorded, "allLiquidation.PIPPINUSDT.linear-2025-02-25.jsonl"))
    assert liquidated == Liquidated(
        "PIPPINUSDT", False, Decimal("2846"), Decimal("0.02456"), 1740480207110, RECV_MS
    )


def test_a_fill_its_order_position_and_wallet(recorded: Path) -> None:
    (filled,) = events_of(first_line(recorded, "private.execution.SOLUSDT-2025-10-02.jsonl"))
    fill = filled.execution
    # The surcharge of 0.004613796 is taken besides the fee of 0.0256322.
    assert fill.fee == Decimal("0.030245996")
    assert (fill.exec_type, fill.side, fill.price, fill.qty) == (
        ExecType.TRADE,
        Side.BUY,
        Decimal("233.02"),
        Decimal("0.2"),
    )
    assert (fill.stop_order_type, fill.create_type, fill.seq) == ("", "CreateByUser", 227170130491)
    (updated,) = events_of(first_line(recorded, "private.order.SOLUSDT-2025-10-02.jsonl"))
    order = updated.order
    assert (order.status, order.avg_price, order.reject_reason, order.trigger_price) == (
        OrderStatus.FILLED,
        Decimal("233.02"),
        "",
        None,
    )
    (reported,) = events_of(first_line(recorded, "private.position.SOLUSDT-2025-10-02.jsonl"))
    position = reported.position
    assert (position.side, position.qty, position.avg_price) == (Side.BUY, Decimal("0.2"), Decimal("233.02"))
    assert (position.stop_loss, position.take_profit, position.trailing_stop) == (None, None, None)
    assert position.liq_price == Decimal("176.89650029")
    (held,) = events_of(first_line(recorded, "private.wallet-2025-10-02.jsonl"))
    assert held.wallet.wallet_balance == Decimal("11.47724524")
    assert held.wallet.available_balance == Decimal("6.79608275")
    assert held.wallet.updated_ms == 1759432560944


def test_flat_position_and_resting_order(recorded: Path) -> None:
    (flat,) = events_of(first_line(recorded, "private.position.docs.jsonl"))
    assert (flat.position.side, flat.position.qty, flat.position.avg_price) == (None, Decimal(0), None)
    assert (flat.position.position_idx, flat.position.liq_price) == (2, None)
    (resting,) = events_of(first_line(recorded, "private.order.XRPUSDT-new-2025-01-24.jsonl"))
    assert (resting.order.status, resting.order.avg_price) == (OrderStatus.NEW, None)


def execution(**changes: object) -> dict[str, Any]:
    row = {
        "category": "linear",
        "symbol": "BTCUSDT",
        "execId": "e1",
        "execPrice": "100",
        "execQty": "2",
        "execTime": "7",
        "side": "Buy",
        "execType": "Trade",
        "execFee": "0.11",
        "execValue": "200",
        "feeRate": "0.00055",
        "feeCurrency": "",
        "extraFees": "",
        "seq": 4,
    }
    return {"topic": "execution", "id": "1", "creationTime": 9, "data": [row | changes]}


def test_funding_is_a_payment_and_never_a_fill() -> None:
    (paid,) = events_of(execution(execType="Funding", execFee="-0.5", execQty="932", seq="36754582922"))
    assert isinstance(paid, FundingPaid)
    assert (paid.payment.amount, paid.payment.qty, paid.payment.ts_ms) == (Decimal("-0.5"), Decimal(932), 7)


@pytest.mark.parametrize("kind", ["FutureSpread", "MovePosition", "", "SomethingNew"])
def test_an_execution_of_unknown_kind_moves_nothing(kind: str) -> None:
    (filled,) = events_of(execution(execType=kind))
    assert filled.execution.exec_type is ExecType.OTHER
    assert not filled.execution.exec_type.moves_position


def test_a_fee_in_another_coin_is_told_in_quote() -> None:
    (filled,) = events_of(execution(feeCurrency="MNT", execFee="0.2"))
    assert filled.execution.fee == Decimal("0.11000")


def test_several_fills_of_one_frame_are_several_events() -> None:
    frame = execution()
    frame["data"].append(frame["data"][0] | {"execId": "e2"})
    assert [event.execution.exec_id for event in events_of(frame)] == ["e1", "e2"]


@pytest.mark.parametrize("absent", ["", "0", "0.00", "UNKNOWN"])
def test_every_spelling_of_no_stop_is_none(absent: str) -> None:
    row = {"symbol": "BTCUSDT", "side": "Sell", "size": "1", "stopLoss": absent, "takeProfit": absent}
    (event,) = events_of({"topic": "position", "creationTime": 1, "data": [row | {"trailingStop": absent}]})
    position = event.position
    assert (position.stop_loss, position.take_profit, position.trailing_stop) == (None, None, None)


def test_isolated_margin_leaves_the_account_figure_empty() -> None:
    coin = {
        "coin": "USDT",
        "equity": "101",
        "walletBalance": "100",
        "totalOrderIM": "5",
        "totalPositionIM": "20",
    }
    wallet = {"accountType": "UNIFIED", "totalAvailableBalance": "", "coin": [coin]}
    (event,) = events_of({"topic": "wallet", "creationTime": 1, "data": [wallet]})
    assert event.wallet.available_balance == Decimal(75)
