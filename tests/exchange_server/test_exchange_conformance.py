"""Unmodified clients ask for everything the exchange serves: every endpoint, every command, every topic."""

from __future__ import annotations

import asyncio
import inspect
import queue
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import ccxt.pro as ccxt_pro
import pybit._websocket_trading as pybit_trading
import pybit.unified_trading as pybit
import pytest
from conformance import (
    CCXT,
    COMMANDS_SERVED,
    LINEAR,
    PRIVATE_TOPICS,
    PUBLIC_TOPICS,
    PYBIT,
    REFUSED,
    RESTING,
    SERVED,
    SYMBOL,
)
from exchange_harness import KEY, SECRET, Running, running, track
from pybit.exceptions import InvalidRequestError

from whalebot.adapters.exchange.market.events import Liquidation
from whalebot.domain.enums import Side

pytestmark = pytest.mark.socket
DEADLINE_S = 30
Table = list[tuple[str, str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture
def exchange() -> Iterator[Running]:
    with running([track(), track("ETHUSDT", 600, 3000)], speed="60") as alive:
        yield alive


def usage(exchange: Running, kind: str) -> dict[str, int]:
    return exchange.get("/control/usage")[kind]


def redirect(client: Any, exchange: Running) -> Any:
    client.urls["api"]["public"] = client.urls["api"]["private"] = exchange.url
    return client


def filled(value: Any, order_id: str) -> Any:
    """Return arguments with the id of the newest order put in."""
    if isinstance(value, list | tuple):
        return type(value)(filled(item, order_id) for item in value)
    if isinstance(value, dict):
        return {name: filled(item, order_id) for name, item in value.items()}
    return order_id if value == "{resting}" else value


def made_id(answer: Any) -> str | None:
    """Return the id in what a client's creation of one order, or of several, gave back."""
    newest = answer[-1] if isinstance(answer, list) and answer else answer
    return newest.get("id") if isinstance(newest, dict) else None


def ask(exchange: Running, client: Any, table: Table, run: Callable[[Any], Any]) -> None:
    """Make the calls of a table; each must have reached the endpoint that it stands for."""
    order_id = ""
    for endpoint, method, values, named in table:
        before = usage(exchange, "calls").get(endpoint, 0)
        answer = run(getattr(client, method)(*filled(values, order_id), **named))
        assert answer is not None, method
        assert usage(exchange, "calls").get(endpoint, 0) > before, (method, endpoint)
        if method.startswith("create_order"):
            order_id = made_id(answer) or order_id


def at_once(answer: Any) -> Any:
    return answer


def test_the_tables_name_every_endpoint() -> None:
    assert {endpoint for endpoint, *_ in PYBIT} == SERVED
    assert {endpoint for endpoint, *_ in CCXT} == SERVED


def test_pybit_asks_for_every_endpoint(exchange: Running) -> None:
    session = pybit.HTTP(api_key=KEY, api_secret=SECRET)
    session.endpoint = exchange.url
    ask(exchange, session, PYBIT, at_once)
    assert usage(exchange, "calls").keys() >= SERVED
    with pytest.raises(InvalidRequestError, match="unified account is forbidden"):
        session.switch_margin_mode(**LINEAR, tradeMode=1, buyLeverage="5", sellLeverage="5")
    assert REFUSED not in usage(exchange, "calls")


def test_ccxt_asks_for_every_endpoint(exchange: Running) -> None:
    client = redirect(ccxt.bybit({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False}), exchange)
    ask(exchange, client, CCXT, at_once)
    client.session.close()
    assert usage(exchange, "calls").keys() >= SERVED


@pytest.mark.parametrize("module", [ccxt_async, ccxt_pro])
def test_asynchronous_ccxt_asks_for_every_endpoint(exchange: Running, module: Any) -> None:
    loop = asyncio.new_event_loop()

    def run(answer: Any) -> Any:
        return loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer

    async def make() -> Any:
        return redirect(module.bybit({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False}), exchange)

    client = run(make())
    try:
        ask(exchange, client, CCXT, run)
    finally:
        run(client.close())
        loop.close()
    assert usage(exchange, "calls").keys() >= SERVED


def liquidate(exchange: Running) -> None:
    """Let the public hear of somebody's liquidation, which bars alone do not tell of."""
    feed, now_ms = exchange.server._venue.feed, exchange.server._parts.market.now_ms
    event = Liquidation(now_ms, "BTCUSDT", Side.BUY, Decimal(60_000), Decimal("0.5"))
    exchange.call(lambda: feed.liquidate(event))


def subscribed(exchange: Running, wanted: set[str]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not usage(exchange, "topics").keys() >= wanted:
        assert time.monotonic() < end, wanted - usage(exchange, "topics").keys()


@pytest.fixture
def pybit_sockets(exchange: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(pybit, "PUBLIC_WSS", exchange.ws + "/v5/public/{CHANNEL_TYPE}")
    monkeypatch.setattr(pybit, "PRIVATE_WSS", exchange.ws + "/v5/private")
    monkeypatch.setattr(pybit_trading, "TRADE_WSS", exchange.ws + "/v5/trade")
    opened: list[Any] = []

    def keep(socket: Any) -> Any:
        opened.append(socket)
        return socket

    yield keep
    for socket in opened:
        socket.exit()


def test_pybit_hears_every_topic_and_sends_every_command(exchange: Running, pybit_sockets: Any) -> None:
    boxes: dict[str, queue.Queue[Any]] = {topic: queue.Queue() for topic in PUBLIC_TOPICS | PRIVATE_TOPICS}
    public = pybit_sockets(pybit.WebSocket(testnet=False, channel_type="linear"))
    for depth in (1, 50, 200, 1000):
        public.orderbook_stream(depth, "BTCUSDT", boxes[f"orderbook.{depth}.BTCUSDT"].put)
    public.trade_stream("BTCUSDT", boxes["publicTrade.BTCUSDT"].put)
    public.ticker_stream("BTCUSDT", boxes["tickers.BTCUSDT"].put)
    public.kline_stream(1, "BTCUSDT", boxes["kline.1.BTCUSDT"].put)
    public.all_liquidation_stream("BTCUSDT", boxes["allLiquidation.BTCUSDT"].put)
    keys = {"testnet": False, "api_key": KEY, "api_secret": SECRET}
    private = pybit_sockets(pybit.WebSocket(channel_type="private", **keys))
    private.order_stream(boxes["order"].put)
    private.execution_stream(boxes["execution"].put)
    private.fast_execution_stream(boxes["execution.fast"].put)
    private.position_stream(boxes["position"].put)
    private.wallet_stream(boxes["wallet"].put)
    subscribed(exchange, set(boxes))
    liquidate(exchange)
    trade, answers = pybit_sockets(pybit.WebSocketTrading(**keys)), queue.Queue()
    ids = {"symbol": "BTCUSDT", "orderLinkId": "b"}

    def command(method: str, **arguments: Any) -> Any:
        getattr(trade, method)(answers.put, answers.put, **arguments)
        answer = answers.get(timeout=DEADLINE_S)
        assert answer["retCode"] == 0, answer
        return answer

    command("place_order", **{**RESTING, "price": "62000"})
    command("place_order", **RESTING, orderLinkId="a")
    command("amend_order", **LINEAR, orderLinkId="a", price="58100")
    command("cancel_order", **LINEAR, orderLinkId="a")
    command("place_batch_order", category="linear", request=[{**RESTING, "orderLinkId": "b"}])
    command("amend_batch_order", category="linear", request=[{**ids, "price": "58100"}])
    command("cancel_batch_order", category="linear", request=[ids])
    for topic, box in boxes.items():
        assert box.get(timeout=DEADLINE_S)["data"], topic
    assert usage(exchange, "calls").keys() >= COMMANDS_SERVED


def test_ccxt_pro_hears_every_topic_and_sends_commands(exchange: Running) -> None:
    asyncio.run(watch_everything(exchange))
    topics = usage(exchange, "topics").keys()
    # One client of ccxt listens to executions of either kind, by an option, and never to both; see pybit.
    assert topics >= (PUBLIC_TOPICS | PRIVATE_TOPICS) - {"execution.fast"}
    assert usage(exchange, "calls").keys() >= {"order.create", "order.amend", "order.cancel"}


async def held(client: Any) -> Any:
    # The first answer is the snapshot from before the first order, without a subscription: an empty list.
    while not (positions := await client.watch_positions()):
        pass
    return positions


async def watch_everything(exchange: Running) -> None:
    client = redirect(ccxt_pro.bybit({"apiKey": KEY, "secret": SECRET}), exchange)
    client.urls["api"]["ws"]["public"]["linear"] = f"{exchange.ws}/v5/public/linear"
    private = client.urls["api"]["ws"]["private"]
    for name in private:
        private[name] = f"{exchange.ws}/v5/private"
    private["trade"] = f"{exchange.ws}/v5/trade"
    loop = asyncio.get_running_loop()
    try:
        await client.load_markets()
        seen = [
            await asyncio.wait_for(work, DEADLINE_S)
            for work in (
                client.watch_ticker(SYMBOL),
                client.watch_tickers([SYMBOL]),
                client.watch_bids_asks([SYMBOL]),
                client.watch_trades(SYMBOL),
                client.watch_ohlcv(SYMBOL, "1m"),
            )
        ]
        for depth in (50, 200, 1000):
            seen.append(await asyncio.wait_for(client.watch_order_book(SYMBOL, depth), DEADLINE_S))
            await client.un_watch_order_book(SYMBOL, {"limit": depth})
        private_topics = [
            asyncio.ensure_future(work)
            for work in (
                client.watch_liquidations(SYMBOL),
                client.watch_orders(),
                client.watch_my_trades(),
                held(client),
                client.watch_balance(),
            )
        ]
        wanted = PRIVATE_TOPICS - {"execution.fast"} | {"allLiquidation.BTCUSDT"}
        await loop.run_in_executor(None, subscribed, exchange, wanted)
        await loop.run_in_executor(None, liquidate, exchange)
        await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 58_000)
        await client.edit_order_ws(order["id"], SYMBOL, "limit", "buy", 0.01, 58_100)
        await client.cancel_order_ws(order["id"], SYMBOL)
        seen += await asyncio.wait_for(asyncio.gather(*private_topics), DEADLINE_S)
        assert all(answer is not None for answer in seen)
    finally:
        await client.close()
