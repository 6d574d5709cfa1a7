"""Listeners and askers of the web server, in a process of their own: what they cost is not the daemon's.

python -m benchmarks.web_clients listen PORT COUNT    listens until its input ends
python -m benchmarks.web_clients ask PORT COUNT       asks, prints the ms of each endpoint as JSON
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import time

TOPICS = ("status", "account", "positions", "orders", "signals", "trades", "decisions", "alerts", "system")
ENDPOINTS = (
    "status",
    "account",
    "positions",
    "signals",
    "trades",
    "performance",
    "bars?symbol=S0USDT&limit=300",
)


async def listen(port: int, count: int) -> None:
    """Hold `count` dashboards open, each with every topic of the first page, until the input ends."""
    from websockets.asyncio.client import connect

    heard = [0]

    async def one() -> None:
        async with connect(f"ws://127.0.0.1:{port}/api/v1/stream", compression=None) as socket:
            topics = [*TOPICS, "market.S0USDT"]
            await socket.send(json.dumps({"op": "subscribe", "topics": topics}))
            async for _ in socket:
                heard[0] += 1

    tasks = [asyncio.ensure_future(one()) for _ in range(count)]
    print("listening", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(heard[0], flush=True)


def ask(port: int, count: int) -> dict[str, list[float]]:
    """Return the ms of `count` requests of each endpoint over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    found: dict[str, list[float]] = {name: [] for name in ENDPOINTS}
    for _ in range(count):
        for name in ENDPOINTS:
            began_s = time.perf_counter()
            connection.request("GET", f"/api/v1/{name}")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, f"{name}: {answer.status}"
            found[name].append((time.perf_counter() - began_s) * 1000)
    return found


if __name__ == "__main__":
    what, place, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if what == "listen":
        asyncio.run(listen(place, number))
    else:
        print(json.dumps(ask(place, number)))
