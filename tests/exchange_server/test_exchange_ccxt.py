"""Unmodified ccxt (sync, async, pro) against the local exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import ccxt.pro as ccxt_pro
import pytest
from exchange_harness import KEY, SECRET, Running, running, track

pytestmark = pytest.mark.socket
SYMBOL = "BTC/USDT:USDT"
DEADLINE_S = 30


@pytest.fixture
def exchange() -> Iterator[Running]:
    with running([track(), track("ETHUSDT", 600, 3000)], speed="600") as alive:
        yield alive


def redirect(client: Any, exchange: Running) -> Any:
    for name in ("public", "private", "v2", "futures"):
        client.urls["api"][name] = exchange.url
    return client


@pytest.fixture
def client(exchange: Running) -> Any:
    settings = {"apiKey": KEY, "secret": SECRET, "enableRateLimit": False}
    sync = redirect(ccxt.bybit(settings), exchange)
    yield sync
    sync.session.close()


def test_market_data(client: Any) -> None:
    markets = client.load_markets()
    assert sorted(markets) == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert markets[SYMBOL]["precision"] == {"amount": 0.001, "price": 0.1}
    assert markets[SYMBOL]["limits"]["leverage"]["max"] == 100
    rows = client.fetch_ohlcv(SYMBOL, "5m", limit=3)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert client.fetch_ticker(SYMBOL)["last"] > 0
    assert SYMBOL in client.fetch_tickers([SYMBOL])
    book = client.fetch_order_book(SYMBOL, 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert len(client.fetch_trades(SYMBOL, limit=5)) == 5
    assert client.fetch_funding_rate(SYMBOL)["fundingRate"] == 0.0001
    assert client.fetch_funding_rate_history(SYMBOL)
    assert len(client.fetch_mark_ohlcv(SYMBOL, "5m", limit=2)) == 2
    assert client.fetch_status()["status"] == "ok"
    assert client.fetch_market_leverage_tiers(SYMBOL)[0]["maxLeverage"] == 100


def test_orders_of_every_type(client: Any) -> None:
    client.load_markets()
    client.set_leverage(5, SYMBOL)
    limit = client.create_order(SYMBOL, "limit", "buy", 0.01, 58_000, {"timeInForce": "PostOnly"})
    client.edit_order(limit["id"], SYMBOL, "limit", "buy", 0.02, 58_100)
    assert client.fetch_open_orders(SYMBOL)[0]["price"] == 58_100
    assert client.fetch_open_order(limit["id"], SYMBOL)["amount"] == 0.02
    client.cancel_order(limit["id"], SYMBOL)
    assert client.fetch_canceled_orders(SYMBOL)[0]["status"] == "canceled"
    stops = {"stopLoss": {"triggerPrice": 50_000}, "takeProfit": {"triggerPrice": 70_000}}
    entry = client.create_order(SYMBOL, "market", "buy", 0.01, None, stops)
    position = client.fetch_positions([SYMBOL])[0]
    assert (position["side"], position["contracts"], position["stopLossPrice"]) == ("long", 0.01, 50_000)
    assert position["leverage"] == 5
    descending = {"triggerPrice": 55_000, "triggerDirection": "descending", "reduceOnly": True}
    client.create_order(SYMBOL, "market", "sell", 0.01, None, descending)
    client.create_order(SYMBOL, "market", "sell", 0.01, None, {"trailingAmount": 5000, "reduceOnly": True})
    for tif in ("IOC", "FOK"):
        client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, {"timeInForce": tif})
    resting = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.001, "price": p} for p in (5e4, 5.1e4)
    ]
    assert len(client.create_orders(resting)) == 2
    client.cancel_all_orders(SYMBOL)
    assert client.fetch_open_orders(SYMBOL) == []
    client.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert [position["contracts"] for position in client.fetch_positions([SYMBOL])] in ([], [0.0])
    assert client.fetch_closed_order(entry["id"], SYMBOL)["status"] == "closed"
    assert len(client.fetch_my_trades(SYMBOL)) == 2
    assert client.fetch_order_trades(entry["id"], SYMBOL)[0]["order"] == entry["id"]
    assert entry["id"] in {order["id"] for order in client.fetch_closed_orders(SYMBOL)}


def test_account(client: Any) -> None:
    assert client.fetch_balance()["USDT"]["total"] == 1000
    assert client.fetch_currencies()["USDT"]["code"] == "USDT"
    assert client.fetch_ledger("USDT")[0]["amount"] == 1000
    assert client.fetch_trading_fee(SYMBOL)["taker"] == 0.00055
    client.set_position_mode(True, SYMBOL)
    client.set_position_mode(False, SYMBOL)
    assert client.fetch_positions_history([SYMBOL]) == []


def test_refusals_become_the_exceptions_of_ccxt(client: Any) -> None:
    client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(SYMBOL, "limit", "buy", 5, 58_000)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("nothing", SYMBOL)
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_positions([SYMBOL])


def test_the_async_client(exchange: Running) -> None:
    async def session() -> tuple[float, str]:
        client = redirect(ccxt_async.bybit({"apiKey": KEY, "secret": SECRET}), exchange)
        try:
            await client.load_markets()
            balance = await client.fetch_balance()
            order = await client.create_order(SYMBOL, "market", "buy", 0.01)
            trades = await client.fetch_my_trades(SYMBOL)
            assert trades[0]["order"] == order["id"]
            return balance["USDT"]["free"], trades[0]["side"]
        finally:
            await client.close()

    assert asyncio.run(session()) == (1000, "buy")


def test_the_streams_of_ccxt_pro(exchange: Running) -> None:
    async def session() -> dict[str, Any]:
        client = redirect(ccxt_pro.bybit({"apiKey": KEY, "secret": SECRET}), exchange)
        client.urls["api"]["ws"]["public"]["linear"] = f"{exchange.ws}/v5/public/linear"
        private = client.urls["api"]["ws"]["private"]
        for name in private:
            private[name] = f"{exchange.ws}/v5/private"
        private["trade"] = f"{exchange.ws}/v5/trade"
        seen: dict[str, Any] = {}

        async def held() -> Any:
            # The first answer may be the snapshot from before the first order: an empty list.
            while not (positions := await client.watch_positions()):
                pass
            return positions

        async def see(name: str, work: Any) -> None:
            seen[name] = await asyncio.wait_for(work, DEADLINE_S)

        try:
            await client.load_markets()
            await see("ticker", client.watch_ticker(SYMBOL))
            await see("book", client.watch_order_book(SYMBOL))
            await see("trades", client.watch_trades(SYMBOL))
            await see("ohlcv", client.watch_ohlcv(SYMBOL, "1m"))
            waiting = {
                "orders": client.watch_orders(),
                "positions": held(),
                "balance": client.watch_balance(),
            }
            tasks = [asyncio.ensure_future(see(name, work)) for name, work in waiting.items()]
            while not any("wallet" in c.topics for c in exchange.server._hub.connections):
                await asyncio.sleep(0)
            while not all(task.done() for task in tasks):
                await see("created", client.create_order_ws(SYMBOL, "market", "buy", 0.001))
            for task in tasks:
                await task
        finally:
            await client.close()
        return seen

    seen = asyncio.run(session())
    assert seen["ticker"]["last"] > 0
    assert len(seen["book"]["bids"]) == 50
    assert seen["trades"][0]["price"] > 0
    assert seen["ohlcv"][0][4] > 0
    assert seen["orders"][0]["status"] == "closed"
    assert seen["positions"][0]["side"] == "long"
    assert 990 < seen["balance"]["USDT"]["total"] < 1010
    assert seen["created"]["id"]
