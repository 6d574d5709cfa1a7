"""A local exchange on a free port, in a thread of its own, over bars made up here."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from whalebot.adapters.exchange.market.bars import bars_from_candles
from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.adapters.exchange.market.views import FundingRow
from whalebot.adapters.exchange.server.build import build_parts
from whalebot.adapters.exchange.server.clock import MachineClock, SystemClock
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.server import ExchangeServer
from whalebot.domain.instrument import Instrument
from whalebot.domain.market import Candle

KEY, SECRET = "test-key", "test-secret"
START_MS = 1_750_000_200_000 // 60_000 * 60_000
MINUTE = 60_000
HOUR = 60 * MINUTE
D = Decimal


def instrument(symbol: str = "BTCUSDT", tick: str = "0.1", step: str = "0.001") -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=D(tick),
        qty_step=D(step),
        min_qty=D(step),
        max_qty=D(1190),
        max_market_qty=D(500),
        min_notional=D(5),
        max_leverage=D(100),
    )


def candles(symbol: str, count: int, price: int = 60_000, interval: str = "1") -> list[Candle]:
    """A saw-tooth: ten bars up, ten bars down, 30 a bar, with wicks of 20."""
    made, last = [], D(price)
    for number in range(count):
        close = last + (30 if number // 10 % 2 == 0 else -30)
        high, low = max(last, close) + 20, min(last, close) - 20
        made.append(Candle(symbol, interval, START_MS + number * MINUTE, last, high, low, close, D("12.345")))
        last = close
    return made


def track(symbol: str = "BTCUSDT", count: int = 600, price: int = 60_000) -> PlaybackTrack:
    bars = bars_from_candles(candles(symbol, count, price))
    hours = range(START_MS // (8 * HOUR) * 8 * HOUR, START_MS + count * MINUTE, 8 * HOUR)
    return PlaybackTrack(instrument(symbol), bars, None, tuple(FundingRow(at, D("0.0001")) for at in hours))


class Running:
    """A server that listens. `call` runs something on its loop and returns the result."""

    def __init__(self, server: ExchangeServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        self.url = f"http://127.0.0.1:{server.port}"
        self.ws = f"ws://127.0.0.1:{server.port}"

    def call(self, work: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(30)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        query = f"?{urlencode(params)}" if params else ""
        with urllib.request.urlopen(f"{self.url}{path}{query}", timeout=30) as answer:
            return json.loads(answer.read())

    def post(self, path: str, document: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(document).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def signed(self, method: str, path: str, payload: str, **changed: str) -> tuple[int, Any, dict[str, str]]:
        """Send a signed request with raw payload text; returns status, JSON (or text) and headers."""
        stamp = changed.pop("stamp", str(int(time.time() * 1000)))
        window = changed.pop("window", "5000")
        sign = hmac.new(
            SECRET.encode(), f"{stamp}{KEY}{window}{payload}".encode(), hashlib.sha256
        ).hexdigest()
        headers = {
            "X-BAPI-API-KEY": KEY,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": window,
            "X-BAPI-SIGN": sign,
            "Content-Type": "application/json",
            **changed,
        }
        url = f"{self.url}{path}"
        body = None
        if method == "GET":
            url += f"?{payload}" if payload else ""
        else:
            body = payload.encode()
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), dict(error.headers)


@contextmanager
def running(
    tracks: list[PlaybackTrack] | None = None, machine: MachineClock | None = None, **changes: Any
) -> Iterator[Running]:
    """Serve a few hours of BTCUSDT bars, from the 300th minute on, until the block ends."""
    chosen = [track()] if tracks is None else tracks
    settings: dict[str, Any] = {
        "port": 0,
        "data": ("made-up",),
        "from_ms": START_MS + 300 * MINUTE,
        "speed": "1",
        "api_key": KEY,
        "api_secret": SECRET,
        "rate_limits": False,
        "check": True,
        "wait_for_client": False,
    }
    options = ExchangeOptions(**{**settings, **changes})
    ready: threading.Event = threading.Event()
    held: dict[str, Any] = {}

    async def serve() -> None:
        try:
            parts, held["notices"] = build_parts(options, chosen)
            server = ExchangeServer(options, parts, machine or SystemClock())
            await server.start()
            held["server"], held["loop"] = server, asyncio.get_running_loop()
        finally:
            ready.set()
        await server.stopped.wait()
        held["failure"] = server.failure()
        await server.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - the thread's root: told to the test
            held["error"] = error

    thread = threading.Thread(target=run, name="exchange")
    thread.start()
    assert ready.wait(30)
    if "server" not in held:
        thread.join(30)
        raise held["error"]
    alive = Running(held["server"], held["loop"])
    alive.notices = held["notices"]
    try:
        yield alive
    finally:
        held["loop"].call_soon_threadsafe(held["server"].stopped.set)
        thread.join(30)
    assert not thread.is_alive(), "the server did not stop"
    if held.get("failure") is not None:
        raise held["failure"]
    if "error" in held:
        raise held["error"]
