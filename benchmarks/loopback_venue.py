"""A venue on loopback, in a process of its own: the REST answers and streams a daemon needs to run, no more.

It fills nothing and remembers nothing: an order is stamped on its arrival and refused for lack of funds. A
play (a coroutine) says what its streams send; its result comes back through the pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import multiprocessing as mp
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import WSMsgType, web

MINUTE_MS = 60_000
NO_FUNDS = 110_007
Play = Callable[["LoopbackVenue"], Awaitable[Any]]


def price_at(time_ms: int) -> float:
    """Return the price of every symbol: a slow wave under a quicker one, so that trends come and go."""
    hours = time_ms / 3_600_000
    return 60_000 * (1 + 0.03 * math.sin(hours / 2.3) + 0.012 * math.sin(hours / 0.61))


def bar(open_ms: int, interval: str) -> list[str]:
    """Return a bar as REST writes it: start, open, high, low, close, volume, turnover."""
    close_ms = open_ms + int(interval) * MINUTE_MS
    first, last = price_at(open_ms), price_at(close_ms)
    volume = 100 + 80 * math.sin(open_ms / 7e6)
    prices = (first, max(first, last) + 25, min(first, last) - 25, last)
    return [str(open_ms), *(f"{price:.1f}" for price in prices), f"{volume:.3f}", f"{volume * last:.1f}"]


def kline_frame(symbol: str, interval: str, open_ms: int, confirm: bool = True) -> str:
    """Return a stream frame of a bar."""
    names = ("start", "open", "high", "low", "close", "volume", "turnover")
    end_ms = open_ms + int(interval) * MINUTE_MS
    row: dict[str, Any] = dict(zip(names, bar(open_ms, interval), strict=True))
    row |= {
        "start": open_ms,
        "end": end_ms - 1,
        "interval": interval,
        "confirm": confirm,
        "timestamp": end_ms,
    }
    topic = f"kline.{interval}.{symbol}"
    return json.dumps({"topic": topic, "type": "snapshot", "ts": end_ms, "data": [row]})


def ticker_frame(symbol: str, now_ms: int) -> str:
    """Return a whole ticker."""
    price = price_at(now_ms)
    data = {
        "symbol": symbol,
        "lastPrice": f"{price:.1f}",
        "markPrice": f"{price:.1f}",
        "indexPrice": f"{price:.1f}",
        "bid1Price": f"{price - 0.1:.1f}",
        "ask1Price": f"{price:.1f}",
        "fundingRate": "0.0001",
        "nextFundingTime": str(now_ms + 4 * 3_600_000),
    }
    return json.dumps({"topic": f"tickers.{symbol}", "type": "snapshot", "data": data, "ts": now_ms})


def book_frame(symbol: str, now_ms: int, u: int) -> str:
    """Return a whole book of 50 levels."""
    price = round(price_at(now_ms), 1)
    bids = [[f"{price - 0.1 * (i + 1):.1f}", "1.5"] for i in range(50)]
    asks = [[f"{price + 0.1 * i:.1f}", "1.2"] for i in range(50)]
    data = {"s": symbol, "b": bids, "a": asks, "u": u, "seq": u}
    return json.dumps({"topic": f"orderbook.50.{symbol}", "type": "snapshot", "ts": now_ms, "data": data})


def wallet_frame(number: int) -> str:
    """Return a wallet whose balance carries a number, so that its way can be followed."""
    balance = f"1000.{number:06d}"
    coin = {"coin": "USDT", "equity": "1000", "walletBalance": balance}
    row = {"accountType": "UNIFIED", "totalAvailableBalance": "1000", "coin": [coin]}
    now_ms = time.time_ns() // 1_000_000
    return json.dumps({"topic": "wallet", "creationTime": now_ms, "data": [row]})


class LoopbackVenue:
    """Serves one daemon. `market_ms` is the market's time; a play moves it on."""

    def __init__(self, symbols: tuple[str, ...], market_ms: int) -> None:
        self.symbols = symbols
        self.market_ms = market_ms
        self.orders: asyncio.Queue[int] = asyncio.Queue()
        self.ready = asyncio.Event()
        self.leverages: set[str] = set()
        self._topics: dict[str, web.WebSocketResponse] = {}
        self._asked = 0

    async def send(self, topic: str, frame: str) -> None:
        """Send a frame to whoever subscribed to the topic."""
        await self._topics[topic].send_str(frame)

    def subscribed(self, topic: str) -> bool:
        """True once the topic was asked for."""
        return topic in self._topics

    def application(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.router.add_get("/v5/public/linear", self._stream)
        app.router.add_get("/v5/private", self._stream)
        app.router.add_route("*", "/v5/{path:.*}", self._rest)
        return app

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                continue
            asked = json.loads(message.data)
            told = {"success": True, "ret_msg": "", "req_id": asked.get("req_id", ""), "op": asked["op"]}
            if asked["op"] == "subscribe":
                self._topics.update(dict.fromkeys(asked["args"], ws))
            elif asked["op"] == "ping":
                told["op"] = "pong"
            await ws.send_str(json.dumps(told))
        return ws

    async def _rest(self, request: web.Request) -> web.Response:
        arrived_ns = time.monotonic_ns()
        path = request.match_info["path"]
        if path == "order/create":
            await request.read()
            self.orders.put_nowait(arrived_ns)
            return _answer({}, NO_FUNDS, "ab not enough for new order")
        if path == "position/set-leverage":
            self.leverages.add((await request.json())["symbol"])
            return _answer({})
        return _answer(self._result(path, dict(request.query)))

    def _result(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if path == "market/time":
            now_ns = time.time_ns()
            return {"timeSecond": str(now_ns // 10**9), "timeNano": str(now_ns)}
        if path == "market/instruments-info":
            return {"list": [_instrument(symbol) for symbol in self.symbols], "nextPageCursor": ""}
        if path == "market/kline":
            return {"list": self._bars(query)}
        if path == "user/query-api":
            rights = {"ContractTrade": ["Order", "Position"]}
            return {"readOnly": 0, "permissions": rights, "ips": ["127.0.0.1"], "userID": 1, "uta": 1}
        if path == "account/wallet-balance":
            coin = {"coin": "USDT", "equity": "1000", "walletBalance": "1000"}
            return {"list": [{"accountType": "UNIFIED", "totalAvailableBalance": "1000", "coin": [coin]}]}
        if path == "position/list" and "symbol" in query:
            flat = {"symbol": query["symbol"], "side": "", "size": "0", "leverage": "5", "positionIdx": 0}
            return {"list": [flat], "nextPageCursor": ""}
        return {"list": [], "nextPageCursor": ""}

    def _bars(self, query: dict[str, str]) -> list[list[str]]:
        interval, limit = query["interval"], int(query.get("limit", 200))
        step_ms = int(interval) * MINUTE_MS
        newest = min(int(query.get("end", self.market_ms)), self.market_ms) // step_ms * step_ms
        return [bar(newest - i * step_ms, interval) for i in range(limit)]


def _instrument(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "quoteCoin": "USDT",
        "status": "Trading",
        "fundingInterval": 480,
        "leverageFilter": {"maxLeverage": "100"},
        "priceFilter": {"tickSize": "0.1"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "maxOrderQty": "1000"},
    }


def _answer(result: dict[str, Any], code: int = 0, text: str = "OK") -> web.Response:
    now_ms = time.time_ns() // 1_000_000
    body = {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": now_ms}
    return web.json_response(body)


def _serve(pipe: Connection, symbols: tuple[str, ...], market_ms: int, play: Play) -> None:
    asyncio.run(_run(pipe, LoopbackVenue(symbols, market_ms), play))


async def _run(pipe: Connection, venue: LoopbackVenue, play: Play) -> None:
    runner = web.AppRunner(venue.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipe.send(runner.addresses[0][1])
    try:
        pipe.send(await play(venue))
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    finally:
        with contextlib.suppress(OSError):
            await runner.cleanup()


class RunningVenue:
    """The venue's process, seen from outside."""

    def __init__(self, port: int, pipe: Connection) -> None:
        self.port = port
        self._pipe = pipe

    def has_result(self, timeout_s: float) -> bool:
        """Wait so long for the end of the play."""
        return self._pipe.poll(timeout_s)

    def result(self) -> Any:
        """Return what the play returned. Raises EOFError where the venue broke."""
        return self._pipe.recv()


@contextmanager
def running_venue(symbols: tuple[str, ...], market_ms: int, play: Play) -> Iterator[RunningVenue]:
    """Start a venue whose streams follow `play`; it ends with the block."""
    ours, theirs = mp.Pipe()
    process = mp.get_context("spawn").Process(target=_serve, args=(theirs, symbols, market_ms, play))
    process.start()
    theirs.close()
    try:
        yield RunningVenue(ours.recv(), ours)
    finally:
        with contextlib.suppress(OSError):
            ours.send("end")
        process.join(3)
        if process.is_alive():
            process.terminate()
            process.join()
