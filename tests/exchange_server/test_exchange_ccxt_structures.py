"""ccxt's orders, trades, positions and balances: what it finds in recorded payloads it finds in ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest
from conformance import SYMBOL
from exchange_harness import KEY, SECRET, Running, running, track

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "../shared/data/bybit_v5"
pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded payloads are not here"),
]
STOPS: Final = {"stopLoss": {"triggerPrice": 50_000}, "takeProfit": {"triggerPrice": 70_000}}
# Recorded orders that executed nothing have paid a fee in another coin, and some are stops of positions.
FEES: Final = {"fee.cost", "fee.currency"}
TRIGGERS: Final = {"triggerPrice", "stopPrice"}


@pytest.fixture
def client() -> Iterator[Any]:
    with running([track()], balance=400) as exchange:
        made = connect(exchange)
        yield made
        made.session.close()


def connect(exchange: Running) -> Any:
    client = ccxt.bybit({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    client.urls["api"]["public"] = client.urls["api"]["private"] = exchange.url
    client.load_markets()
    return client


def recorded(name: str) -> list[dict[str, Any]]:
    return json.loads((RECORDED / "rest" / f"{name}.json").read_text())[0]["result"]["list"]


def frames(pattern: str) -> list[dict[str, Any]]:
    files = sorted((RECORDED / "ws").glob(pattern))
    return [
        row for file in files for line in file.read_text().splitlines() for row in json.loads(line)["data"]
    ]


def known(structure: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the dotted names of everything in a structure that has a value."""
    names: set[str] = set()
    for name, value in structure.items():
        if isinstance(value, dict) and name != "info":
            names |= known(value, f"{prefix}{name}.")
        elif value is not None and name != "info":
            names.add(prefix + name)
    return names


def test_an_open_order(client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 0.01, 58_000, {**STOPS, "clientOrderId": "mine"})
    (ours,) = client.fetch_open_orders(SYMBOL)
    (row,) = recorded("order_realtime")
    assert known(client.parse_order(row, client.market(SYMBOL))) <= known(ours) | FEES
    assert ours["clientOrderId"] == "mine"


def test_orders_that_have_ended(client: Any) -> None:
    market = client.market(SYMBOL)
    client.create_order(SYMBOL, "market", "buy", 0.01, None, {**STOPS, "clientOrderId": "in"})
    client.create_order(SYMBOL, "limit", "buy", 0.01, 58_000, {"clientOrderId": "out"})
    client.cancel_order(None, SYMBOL, {"orderLinkId": "out"})
    ours = {order["status"]: order for order in client.fetch_canceled_and_closed_orders(SYMBOL)}
    rows = [*recorded("order_history"), *frames("private.order.*")]
    theirs = [order for order in (client.parse_order(row, market) for row in rows) if order["status"] in ours]
    assert {order["status"] for order in theirs} == {"closed", "canceled"}
    for order in theirs:
        assert known(order) <= known(ours[order["status"]]) | TRIGGERS | FEES
    filled = ours["closed"]
    assert filled["fee"] == {"cost": pytest.approx(filled["cost"] * 0.00055), "currency": "USDT"}
    assert filled["average"] == pytest.approx(filled["cost"] / filled["filled"])
    assert (filled["remaining"], filled["clientOrderId"]) == (0, "in")
    assert (filled["stopLossPrice"], filled["takeProfitPrice"]) == (50_000, 70_000)


def test_a_trade(client: Any) -> None:
    order = client.create_order(SYMBOL, "market", "buy", 0.01)
    (ours,) = client.fetch_my_trades(SYMBOL)
    for row in [*recorded("execution_list"), *frames("private.execution.SOL*")]:
        assert known(client.parse_trade(row, client.market(SYMBOL))) <= known(ours)
    assert (ours["order"], ours["takerOrMaker"], ours["side"]) == (order["id"], "taker", "buy")
    assert ours["cost"] == pytest.approx(ours["price"] * ours["amount"])


@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_a_position(client: Any, mode: str) -> None:
    client.set_margin_mode(mode, SYMBOL)
    client.create_order(SYMBOL, "market", "buy", 0.06, None, STOPS)
    (ours,) = client.fetch_positions([SYMBOL])
    market = client.market(SYMBOL)
    # The recorded REST row has a margin of its own (isolated); the recorded frames are of a cross account.
    rows = recorded("position_list") if mode == "isolated" else frames("private.position.SOL*")
    for row in rows:
        assert known(client.parse_position(row, market)) <= known(ours)
    wanted = {"liquidationPrice", "entryPrice", "markPrice", "unrealizedPnl", "leverage", "initialMargin"}
    assert wanted <= known(ours)
    assert (ours["side"], ours["contracts"], ours["hedged"]) == ("long", 0.06, False)
    assert (ours["stopLossPrice"], ours["takeProfitPrice"]) == (50_000, 70_000)


@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_a_balance(client: Any, mode: str) -> None:
    client.set_margin_mode(mode, SYMBOL)
    client.create_order(SYMBOL, "market", "buy", 0.01)
    ours = client.fetch_balance()
    row = json.loads((RECORDED / "rest" / "account_wallet-balance.json").read_text())[0]
    assert known(client.parse_balance(row)["BTC"]) <= known(ours["USDT"])
    assert ours["USDT"]["used"] == pytest.approx(client.fetch_positions([SYMBOL])[0]["initialMargin"])
    assert ours["USDT"]["free"] + ours["USDT"]["used"] == pytest.approx(ours["USDT"]["total"])


def test_a_ticker_a_market_and_a_funding_rate(client: Any) -> None:
    market = client.market(SYMBOL)
    (row,) = recorded("market_tickers")[:1]
    assert known(client.parse_ticker(row, market)) <= known(client.fetch_ticker(SYMBOL))
    assert known(client.parse_funding_rate(row, market)) <= known(client.fetch_funding_rate(SYMBOL))
    never = {"lowercaseId", "margin", "index", "expiry", "expiryDatetime", "strike", "optionType"}
    missing = market.keys() - known(market)
    assert {name for name in missing if not isinstance(market[name], dict | list)} <= never | {"info"}


def test_a_closed_position_and_the_ledger(client: Any) -> None:
    client.create_order(SYMBOL, "market", "buy", 0.01)
    client.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    (ours,) = client.fetch_positions_history([SYMBOL])
    (row,) = recorded("position_closed-pnl")[:1]
    assert known(client.parse_position(row, client.market(SYMBOL))) <= known(ours)
    entries = client.fetch_ledger("USDT")
    assert sorted(entry["type"] for entry in entries) == ["trade", "trade", "transaction"]
    assert min(entry["after"] for entry in entries) == pytest.approx(client.fetch_balance()["USDT"]["total"])
