"""A venue of many symbols on loopback: REST and public streams that do what a test tells them."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.domain.intervals import bar_close_ms, interval_ms
from whalebot.domain.market import Candle

START_MS = 1_750_032_000_000  # 2025-06-16 00:00 UTC, a Monday


def candle(symbol: str, number: int, interval: str = "15") -> Candle:
    """The bar `number` of a symbol: a wave with a step of its own for each symbol."""
    step = interval_ms(interval)
    seed = sum(map(ord, symbol)) % 17
    level = 100 + (number * 7 + seed) % 23 + (number // 11 * 5 + seed) % 13
    before = 100 + ((number - 1) * 7 + seed) % 23 + ((number - 1) // 11 * 5 + seed) % 13
    high, low = max(level, before) + 1, min(level, before) - 1
    return Candle(
        symbol,
        interval,
        START_MS + number * step,
        *map(Decimal, (before, high, low, level, 1000 + number % 50)),
    )


class ScanVenue:
    """`bars`: how many bars have begun; the last of them is forming. Any thread."""

    def __init__(self, symbols: list[str], bars: int = 300, page: int = 500) -> None:
        self.symbols = symbols
        self.bars = bars
        self.page = page
        self.refused: set[str] = set()
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.fail: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.unknown: set[str] = set()
        self.subscribed: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.changed = threading.Condition()
        self.rest = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.rest.daemon_threads = True
        self.ws = serve(self._talk, "127.0.0.1", 0)
        self._threads = [
            threading.Thread(target=self.rest.serve_forever, args=(0.02,), daemon=True),
            threading.Thread(target=self.ws.serve_forever, daemon=True),
        ]

    @property
    def endpoints(self) -> Endpoints:
        port = self.ws.socket.getsockname()[1]
        return Endpoints(
            f"http://127.0.0.1:{self.rest.server_address[1]}", f"ws://127.0.0.1:{port}/v5/public/linear", None
        )

    def push(self, topic: str, data: Any, kind: str = "snapshot", ts: int | None = None) -> None:
        """Send a frame to everybody."""
        stamp = START_MS + self.bars * 900_000 - 1 if ts is None else ts
        frame = json.dumps({"topic": topic, "type": kind, "ts": stamp, "data": data})
        with self.changed:
            sockets = list(self.sockets)
        for socket in sockets:
            with contextlib.suppress(ConnectionClosed):
                socket.send(frame)

    def push_bar(self, symbol: str, number: int, confirm: bool, interval: str = "15") -> None:
        """Send a bar as the venue does."""
        self.push(f"kline.{interval}.{symbol}", [kline(symbol, number, confirm, interval)])

    def push_ticker(self, symbol: str, ts: int, kind: str = "delta", **fields: str) -> None:
        """Send a ticker with these fields."""
        self.push(f"tickers.{symbol}", {"symbol": symbol, **fields}, kind, ts)

    def drop_streams(self) -> None:
        """Hang up on everybody."""
        with self.changed:
            sockets, self.sockets = self.sockets, []
        for socket in sockets:
            socket.close()

    def answer(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """Return the result of a request."""
        if path.endswith("/time"):
            return {"timeSecond": "0", "timeNano": f"{START_MS * 1_000_000}"}
        if path.endswith("/instruments-info"):
            return self._instruments(query)
        if path.endswith("/tickers"):
            return {"category": "linear", "list": [ticker(symbol) for symbol in self.symbols]}
        interval, symbol = query["interval"], query["symbol"]
        ratio = interval_ms(interval) // 900_000 or 1
        last = (self.bars - 1) // ratio
        limit, end = int(query["limit"]), query.get("end")
        if end is not None:
            last = min(last, (int(end) - START_MS) // interval_ms(interval))
        numbers = range(last, max(last - limit, -1), -1)
        return {"symbol": symbol, "list": [_row(symbol, number, interval, self.bars) for number in numbers]}

    def _instruments(self, query: dict[str, str]) -> dict[str, Any]:
        start = int(query.get("cursor") or 0)
        size = min(self.page, int(query["limit"]))
        chosen = self.symbols[start : start + size]
        more = start + size < len(self.symbols)
        return {
            "category": "linear",
            "list": [instrument(symbol) for symbol in chosen],
            "nextPageCursor": f"{start + size}" if more else "",
        }

    def _talk(self, socket: ServerConnection) -> None:
        with self.changed:
            self.sockets.append(socket)
        with contextlib.suppress(ConnectionClosed):
            self._converse(socket)

    def _converse(self, socket: ServerConnection) -> None:
        for text in socket:
            message = json.loads(text)
            answer = {
                "success": True,
                "op": message["op"],
                "req_id": message.get("req_id", ""),
                "ret_msg": "",
            }
            if message["op"] == "subscribe":
                bad = [topic for topic in message["args"] if topic in self.refused]
                if len(message["args"]) > 10:
                    bad = message["args"][:1]
                if bad:
                    answer |= {"success": False, "ret_msg": f"error:handler not found,topic:{bad[0]}"}
                else:
                    with self.changed:
                        self.subscribed += message["args"]
                        self.changed.notify_all()
            socket.send(json.dumps(answer))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.rest.shutdown()
        self.rest.server_close()
        self.drop_streams()
        self.ws.shutdown()
        for thread in self._threads:
            thread.join(30)


@contextmanager
def venue(symbols: list[str], bars: int = 300, page: int = 500) -> Iterator[ScanVenue]:
    """Serve until the block ends."""
    served = ScanVenue(symbols, bars, page)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def kline(symbol: str, number: int, confirm: bool, interval: str = "15") -> dict[str, Any]:
    bar = candle(symbol, number, interval)
    end = bar_close_ms(bar.open_ms, interval) - 1
    return {
        "start": bar.open_ms,
        "end": end,
        "interval": interval,
        **{name: f"{getattr(bar, name)}" for name in ("open", "high", "low", "close", "volume")},
        "turnover": "1",
        "confirm": confirm,
        "timestamp": end,
    }


def ticker(symbol: str) -> dict[str, str]:
    return {
        "symbol": symbol,
        "lastPrice": "110",
        "markPrice": "110",
        "bid1Price": "109.9",
        "ask1Price": "110.1",
        "price24hPcnt": "0.01",
        "turnover24h": f"{1_000_000 + len(symbol) * 1000}",
        "volume24h": "5",
        "openInterest": "100",
        "fundingRate": "0.0001",
        "nextFundingTime": "1750060800000",
    }


def instrument(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": "1500000000000",
        "priceFilter": {"tickSize": "0.01"},
        "lotSizeFilter": {"qtyStep": "0.1"},
    }


def _row(symbol: str, number: int, interval: str, bars: int) -> list[str]:
    ratio = interval_ms(interval) // 900_000
    if ratio <= 1:
        bar = candle(symbol, number, interval)
        values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    else:
        part = [candle(symbol, at) for at in range(number * ratio, min((number + 1) * ratio, bars))]
        values = (
            part[0].open,
            max(bar.high for bar in part),
            min(bar.low for bar in part),
            part[-1].close,
            sum(bar.volume for bar in part),
        )
    return [f"{START_MS + number * interval_ms(interval)}", *map(str, values), "1"]


def _handler(owner: ScanVenue) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            owner.requests.append((parts.path, query, dict(self.headers)))
            status, body = 200, None
            waiting = owner.fail.get(query.get("symbol", parts.path)) or owner.fail.get(parts.path)
            if waiting:
                status, body = waiting.pop(0)
            elif query.get("symbol") in owner.unknown:
                body = {"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}}
            if body is None:
                body = {
                    "retCode": 0,
                    "retMsg": "OK",
                    "result": owner.answer(parts.path, query),
                    "time": START_MS,
                }
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return

    return Handler
