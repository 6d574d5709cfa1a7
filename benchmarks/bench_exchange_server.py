"""How many stream messages the local exchange sends a second, and how long an order takes there and back.

    python benchmarks/bench_exchange_server.py [--seconds 5] [--clients 1 20] [--rate 100 1000]

The server is a process of its own; the clients share another core with each other. Streams: every client
subscribes trades, books, tickers and klines of ten symbols at speed 36000 and throws away what it reads.
Orders: one keep-alive connection sends resting limit orders and their cancellations at a fixed rate, open
loop, so that a pause of the server counts for every order that waited.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET = "bench-key", "bench-secret"
SERVER = """
import argparse, sys
from whalebot.adapters.exchange.main import add_arguments, options_from_args, run_exchange
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run_exchange(options_from_args(parser.parse_args())))
"""


@contextmanager
def served(*arguments: str) -> Iterator[tuple[int, int]]:
    """Run a server and yield its port and its process id."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            SERVER,
            "--port",
            "0",
            "--rate-limits",
            "off",
            "--die-with-parent",
            *arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "WHALEBOT_EXCHANGE_KEY": KEY, "WHALEBOT_EXCHANGE_SECRET": SECRET},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rpartition(":")[2]), process.pid
    finally:
        process.stdin.close()
        process.wait(10)


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used so far (Linux; 0 elsewhere)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def state(port: int) -> dict[str, int]:
    """Return what the server says of itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/state") as answer:
        return json.loads(answer.read())


async def listen(port: int, topics: list[str], ready: asyncio.Event) -> None:
    """Subscribe, then read as fast as the socket gives, looking at nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(
        b"GET /v5/public/linear HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    payload = json.dumps({"op": "subscribe", "args": topics}).encode()
    writer.write(b"\x81\xfe" + len(payload).to_bytes(2, "big") + b"\x00\x00\x00\x00" + payload)
    ready.set()
    while await reader.read(2**20):
        pass


async def bench_streams(port: int, pid: int, clients: int, seconds: float) -> None:
    """Print messages out per second, the server's own count."""
    symbols = state(port)["symbols"]
    kinds = ("publicTrade", "tickers", "orderbook.50", "orderbook.1", "kline.1", "kline.5")
    topics = [f"{kind}.{symbol}" for symbol in symbols for kind in kinds]
    events = [asyncio.Event() for _ in range(clients)]
    tasks = [asyncio.ensure_future(listen(port, topics, event)) for event in events]
    await asyncio.gather(*(event.wait() for event in events))
    await asyncio.sleep(1)
    loop = asyncio.get_running_loop()
    used_s = -cpu_s(pid)
    before, started = await loop.run_in_executor(None, state, port), time.perf_counter()
    await asyncio.sleep(seconds)
    after, ended = await loop.run_in_executor(None, state, port), time.perf_counter()
    used_s += cpu_s(pid)
    sent = after["messages_out"] - before["messages_out"]
    market_s = (after["sim_ms"] - before["sim_ms"]) / 1000
    print(
        f"streams: {sent / (ended - started):,.0f} messages/s out to {clients} clients "
        f"({sent / used_s if used_s > 0 else 0:,.0f} a second of the server's CPU), "
        f"{after['connections']} still connected, market {market_s / (ended - started):,.0f} x real time"
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def request(path: str, body: dict[str, str]) -> bytes:
    """Return a signed POST as bytes."""
    payload, stamp = json.dumps(body), str(int(time.time() * 1000))
    sign = hmac.new(SECRET.encode(), f"{stamp}{KEY}60000{payload}".encode(), hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-BAPI-API-KEY: {KEY}\r\nX-BAPI-TIMESTAMP: {stamp}\r\nX-BAPI-RECV-WINDOW: 60000\r\n"
        f"X-BAPI-SIGN: {sign}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload.encode()


async def bench_orders(port: int, rate: int, seconds: float) -> None:
    """Print the round trip of orders and cancellations sent at `rate` a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent_at: list[float] = []
    took: list[float] = []
    count = int(rate * seconds)

    async def read() -> None:
        while len(took) < count:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
            took.append(time.perf_counter() - sent_at[len(took)])
            if answer["retCode"] != 0:
                raise SystemExit(f"refused: {answer}")

    reading = asyncio.ensure_future(read())
    started = time.perf_counter()
    order = {"category": "linear", "symbol": "BTCUSDT"}
    limit = {"side": "Buy", "orderType": "Limit", "qty": "0.001", "price": "30000", "timeInForce": "PostOnly"}
    for number in range(count):
        due = started + number / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        name = {"orderLinkId": f"bench-{number // 2}"}
        is_new = number % 2 == 0
        body = {**order, **name, **limit} if is_new else {**order, **name}
        sent_at.append(max(due, started))
        writer.write(request("/v5/order/create" if is_new else "/v5/order/cancel", body))
    await reading
    writer.close()
    took.sort()
    p50, p99 = (took[int(len(took) * share)] * 1000 for share in (0.50, 0.99))
    worst = took[-1] * 1000
    print(f"orders: {count} at {rate}/s, round trip p50 {p50:.2f}, p99 {p99:.2f}, worst {worst:.2f} ms")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--rate", type=int, nargs="+", default=[100, 1000])
    args = parser.parse_args()
    for clients in args.clients:
        with served("--symbols", "10", "--speed", "36000") as (port, pid):
            asyncio.run(bench_streams(port, pid, clients, args.seconds))
    for rate in args.rate:
        with served("--symbols", "1", "--speed", "1") as (port, pid):
            before = cpu_s(pid)
            asyncio.run(bench_orders(port, rate, args.seconds))
            used_us = (cpu_s(pid) - before) * 1e6 / (rate * args.seconds)
            print(f"        the server used {used_us:.0f} us of CPU an order")


if __name__ == "__main__":
    main()
