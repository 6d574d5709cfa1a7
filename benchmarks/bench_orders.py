"""From a closing bar on the wire to the order request at the venue: the whole daemon, sockets on both sides.

    python -m benchmarks.bench_orders

Streams, inbox, loop, engine, the state document on disk (synced before the order leaves), order lane and REST
client are the daemon's own; the venue's process stamps its frame and the request that answers it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time

from benchmarks.against_venue import daemon_at
from benchmarks.figures import Figure, percentile, table
from benchmarks.loopback_venue import (
    MINUTE_MS,
    LoopbackVenue,
    book_frame,
    kline_frame,
    running_venue,
    ticker_frame,
)

GROUP = "frame in -> order request at the venue (whole daemon)"
SYMBOL = "BTCUSDT"
BAR_MS = 15 * MINUTE_MS
START_MS = 1_773_374_400_000
EVERY_S = 0.13
"""One bar: slower than the ten orders a second that the venue allows."""
WANTED = 200
SETTLE_S = 1.5
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
CONFIG = {
    "symbol": SYMBOL,
    "interval": "15",
    "signal_score_threshold": 0.3,
    "cooldown_sec": 0,
    "exchange": {"time_scale": BAR_MS / (EVERY_S * 1000)},
    "risk_guardrails": {"min_target_to_cost": None, "spread_filter_bps": 50},
}


async def close_bars(venue: LoopbackVenue) -> list[float]:
    """Close bar after bar; return, in ms, how long after its frame each order arrived."""
    while not (venue.subscribed(f"kline.15.{SYMBOL}") and venue.subscribed("wallet") and venue.leverages):
        await asyncio.sleep(0.05)
    await _refresh(venue, 1)
    await asyncio.sleep(SETTLE_S)
    taken: list[float] = []
    due_s = time.monotonic()
    for number in range(WANTED * 2):
        sent_ns = await _close(venue)
        due_s += EVERY_S
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        if not venue.orders.empty():
            taken.append((venue.orders.get_nowait() - sent_ns) / 1e6)
        if len(taken) == WANTED:
            break
        await _refresh(venue, number + 2)
    return taken


async def _close(venue: LoopbackVenue) -> int:
    """Close the bar at hand, the higher timeframes first; return when the last frame left."""
    close_ms = venue.market_ms = venue.market_ms + BAR_MS
    for interval in ("240", "60"):
        length_ms = int(interval) * MINUTE_MS
        if close_ms % length_ms == 0:
            frame = kline_frame(SYMBOL, interval, close_ms - length_ms)
            await venue.send(f"kline.{interval}.{SYMBOL}", frame)
    frame = kline_frame(SYMBOL, "15", close_ms - BAR_MS)
    sent_ns = time.monotonic_ns()
    await venue.send(f"kline.15.{SYMBOL}", frame)
    return sent_ns


async def _refresh(venue: LoopbackVenue, u: int) -> None:
    """Bring ticker and book to where the next bar will close, so that no guard finds them old."""
    now_ms = venue.market_ms + BAR_MS
    await venue.send(f"tickers.{SYMBOL}", ticker_frame(SYMBOL, now_ms))
    await venue.send(f"orderbook.50.{SYMBOL}", book_frame(SYMBOL, now_ms, u))
    await asyncio.sleep(0.01)


def sync_ms(count: int = 100) -> list[float]:
    """Return what a synced write of a state document's size costs on this disk, alone."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(count):
            file.seek(0)
            file.write(b"x" * 4000)
            file.flush()
            began_ns = time.perf_counter_ns()
            os.fsync(file.fileno())
            taken.append((time.perf_counter_ns() - began_ns) / 1e6)
    return taken


def time_orders(place: str | None) -> list[float]:
    """Return how long each order took, in ms, with the daemon's folder made in `place`."""
    with (
        running_venue((SYMBOL,), START_MS, close_bars) as venue,
        daemon_at(venue.port, dict(CONFIG), place) as daemon,
    ):
        taken: list[float] = daemon.outcome(venue, 120)
        if len(taken) < WANTED:
            raise RuntimeError(f"only {len(taken)} orders came: {daemon.output()[-3000:]}")
        daemon.stop()
    return taken


def figures() -> list[Figure]:
    """Measure on the disk, and in memory where the machine has such a folder."""
    found: list[Figure] = []
    for where, place in (("disk", None), ("memory", MEMORY)):
        if where == "memory" and place is None:
            continue
        taken = time_orders(place)
        found.append(Figure(GROUP, f"state in {where}: p50 of {len(taken)}", percentile(taken, 0.5), "ms"))
        found.append(Figure(GROUP, f"state in {where}: p90", percentile(taken, 0.9), "ms"))
        found.append(Figure(GROUP, f"state in {where}: p99", percentile(taken, 0.99), "ms", 5.0))
    syncs = sync_ms()
    return [
        *found,
        Figure(GROUP, "one fsync of this disk (an order waits for two), p50", percentile(syncs, 0.5), "ms"),
        Figure(GROUP, "one fsync of this disk, p99", percentile(syncs, 0.99), "ms"),
    ]


if __name__ == "__main__":
    print(table(figures()))
