"""Every key of the venue's recorded payloads exists in ours, with the same JSON type."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket
from exchange_harness import KEY, SECRET, Running, running, track

from whalebot.adapters.exchange.market.events import Liquidation
from whalebot.domain.enums import Side

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "../shared/data/bybit_v5"
DIFFERENCES = json.loads((Path(__file__).parent / "shape_differences.json").read_text())["differences"]
pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded payloads are not here"),
]
DEADLINE_S = 30


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "list", dict: "object", type(None): "null"}[type(value)]


def compare(recorded: Any, ours: Any, path: str, found: set[str]) -> None:
    """Add the paths that are missing or of another type; lists are compared by their first entry."""
    if kind_of(recorded) != kind_of(ours):
        found.add(f"{path}: {kind_of(recorded)} there, {kind_of(ours)} here")
    elif isinstance(recorded, dict):
        for key, value in recorded.items():
            if key not in ours:
                found.add(f"{path}.{key}: missing here")
            else:
                compare(value, ours[key], f"{path}.{key}", found)
    elif isinstance(recorded, list) and recorded:
        if not ours:
            found.add(f"{path}: empty here")
        else:
            compare(recorded[0], ours[0], f"{path}[]", found)


def unexplained(name: str, recorded: Any, ours: Any) -> set[str]:
    found: set[str] = set()
    compare(recorded, ours, name, found)
    return {line for line in found if line.partition(": ")[0] not in DIFFERENCES}


@pytest.fixture(scope="module")
def exchange() -> Iterator[Running]:
    with running([track()], speed="60") as alive:
        order = {
            "category": "linear",
            "symbol": "BTCUSDT",
            "side": "Buy",
            "orderType": "Limit",
            "qty": "0.01",
        }
        for change in (
            {"price": "61000", "stopLoss": "59000", "takeProfit": "62000"},
            {"price": "58000"},
            {"side": "Sell", "price": "59000", "qty": "0.005", "reduceOnly": True},
            {"price": "57000", "orderLinkId": "gone"},
        ):
            alive.signed("POST", "/v5/order/create", json.dumps({**order, **change}))
        alive.signed("POST", "/v5/order/cancel", json.dumps({**order, "orderLinkId": "gone"}))
        yield alive


LINEAR = "category=linear&symbol=BTCUSDT"
ENDPOINTS = {
    "account_fee-rate": ("account/fee-rate", LINEAR),
    "account_info": ("account/info", ""),
    "account_wallet-balance": ("account/wallet-balance", "accountType=UNIFIED"),
    "execution_list": ("execution/list", LINEAR),
    "market_account-ratio": ("market/account-ratio", LINEAR + "&period=5min"),
    "market_funding_history": ("market/funding/history", LINEAR),
    "market_index-price-kline": ("market/index-price-kline", LINEAR + "&interval=1"),
    "market_instruments-info": ("market/instruments-info", "category=linear"),
    "market_kline": ("market/kline", LINEAR + "&interval=1"),
    "market_mark-price-kline": ("market/mark-price-kline", LINEAR + "&interval=1"),
    "market_open-interest": ("market/open-interest", LINEAR + "&intervalTime=5min"),
    "market_orderbook": ("market/orderbook", LINEAR),
    "market_premium-index-price-kline": ("market/premium-index-price-kline", LINEAR + "&interval=1"),
    "market_recent-trade": ("market/recent-trade", LINEAR),
    "market_risk-limit": ("market/risk-limit", LINEAR),
    "market_tickers": ("market/tickers", LINEAR),
    "market_time": ("market/time", ""),
    "order_history": ("order/history", LINEAR),
    "order_realtime": ("order/realtime", LINEAR),
    "position_closed-pnl": ("position/closed-pnl", LINEAR),
    "position_list": ("position/list", LINEAR),
}
POSTS = {
    "order_amend": ("order/amend", {"orderLinkId": "shape", "qty": "0.002"}),
    "order_cancel": ("order/cancel", {"orderLinkId": "shape"}),
    "position_set-leverage": ("position/set-leverage", {"buyLeverage": "7", "sellLeverage": "7"}),
    "position_trading-stop": ("position/trading-stop", {"stopLoss": "58500", "positionIdx": 0}),
}


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_answers_to_reads(exchange: Running, name: str) -> None:
    recorded = json.loads((RECORDED / "rest" / f"{name}.json").read_text())[0]
    path, query = ENDPOINTS[name]
    status, ours, _ = exchange.signed("GET", f"/v5/{path}", query)
    assert status == 200
    assert ours["retCode"] == 0
    assert unexplained(name, recorded, ours) == set()


def test_answers_to_writes(exchange: Running) -> None:
    base = {"category": "linear", "symbol": "BTCUSDT"}
    order = {**base, "side": "Buy", "orderType": "Limit", "qty": "0.001", "price": "58000"}
    _, created, _ = exchange.signed("POST", "/v5/order/create", json.dumps({**order, "orderLinkId": "shape"}))
    answers = {"order_create": created}
    for name, (path, change) in POSTS.items():
        _, answers[name], _ = exchange.signed("POST", f"/v5/{path}", json.dumps({**base, **change}))
    exchange.signed("POST", "/v5/order/create", json.dumps(order))
    every = {"category": "linear", "symbol": "BTCUSDT", "orderFilter": "Order"}
    _, answers["order_cancel-all"], _ = exchange.signed("POST", "/v5/order/cancel-all", json.dumps(every))
    for name, ours in answers.items():
        recorded = json.loads((RECORDED / "rest" / f"{name}.json").read_text())[0]
        assert ours["retCode"] == 0, (name, ours)
        assert unexplained(name, recorded, ours) == set(), name


def recorded_frames(pattern: str) -> list[dict[str, Any]]:
    frames = []
    for file in sorted((RECORDED / "ws").glob(pattern)):
        if ".docs." not in file.name or "execution.fast" in file.name:
            frames += [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    return frames


def frames_until(socket: websocket.WebSocket, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Read until every wanted topic (by its first word and type) was seen; return one frame of each."""
    seen: dict[str, dict[str, Any]] = {}
    end = time.monotonic() + DEADLINE_S
    while wanted - seen.keys():
        assert time.monotonic() < end, f"did not come: {wanted - seen.keys()}"
        frame = json.loads(socket.recv())
        if "topic" in frame:
            seen.setdefault(f"{frame['topic'].split('.')[0]}/{frame.get('type', '')}", frame)
            seen.setdefault(f"{frame['topic']}", frame)
    return seen


def test_frames_of_the_public_stream(exchange: Running) -> None:
    socket = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
    topics = ["kline.1", "tickers", "orderbook.50", "publicTrade", "allLiquidation"]
    socket.send(json.dumps({"op": "subscribe", "args": [f"{topic}.BTCUSDT" for topic in topics]}))
    wanted = {"kline/snapshot", "tickers/snapshot", "tickers/delta", "publicTrade/snapshot"}
    seen = frames_until(socket, wanted | {"orderbook/snapshot", "orderbook/delta"})
    feed, now_ms = exchange.server._venue.feed, exchange.server._parts.market.now_ms
    event = Liquidation(
        now_ms, "BTCUSDT", Side.BUY, track().instrument.tick_size, track().instrument.qty_step
    )
    exchange.call(lambda: feed.liquidate(event))
    seen |= frames_until(socket, {"allLiquidation/snapshot"})
    socket.close()
    files = {
        "kline/snapshot": "kline.1.BTC*",
        "publicTrade/snapshot": "publicTrade.*",
        "allLiquidation/snapshot": "allLiquidation.PIPPIN*",
        "orderbook/snapshot": "orderbook.50*",
        "orderbook/delta": "orderbook.50*",
        "tickers/snapshot": "tickers.*",
    }
    for key, pattern in files.items():
        frames = [frame for frame in recorded_frames(pattern) if frame["type"] == key.split("/")[1]]
        assert frames, pattern
        for recorded in frames:
            assert unexplained(key, recorded, seen[key]) == set()
    delta = seen["tickers/delta"]
    assert set(delta) == {"topic", "type", "data", "cs", "ts"}
    assert set(delta["data"]) <= set(seen["tickers/snapshot"]["data"])


def test_frames_of_the_private_stream(exchange: Running) -> None:
    socket = websocket.create_connection(f"{exchange.ws}/v5/private", timeout=DEADLINE_S)
    expires = int(time.time() * 1000) + 10_000
    sign = hmac.new(SECRET.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    socket.send(json.dumps({"op": "auth", "args": [KEY, expires, sign]}))
    assert json.loads(socket.recv())["success"] is True
    names = ["order", "execution", "execution.fast", "position", "wallet"]
    socket.send(json.dumps({"op": "subscribe", "args": names}))
    assert json.loads(socket.recv())["success"] is True
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.001"}
    exchange.signed("POST", "/v5/order/create", json.dumps(order))
    seen = frames_until(socket, set(names))
    socket.close()
    for name in names:
        files = {"execution": "private.execution.SOL*", "execution.fast": "private.execution.fast*"}
        frames = recorded_frames(files.get(name, f"private.{name}*"))
        assert frames, name
        for recorded in frames:
            assert unexplained(name, recorded, seen[name]) == set()


def test_every_difference_that_is_listed_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in DIFFERENCES.values())
