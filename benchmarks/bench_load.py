"""Fifty symbols at 10,000 frames a second over loopback sockets into the whole daemon.

    python -m benchmarks.bench_load [--rate 10000] [--seconds 15]

Each symbol has orderbook.50, publicTrade, tickers and three klines; the mix is 60 % book, 20 % trades, 15 %
tickers, 5 % klines. Meanwhile a wallet event comes on the private stream every 20 ms, and its delay from the
venue's write to its being applied by the engine is taken; twice all fifty bars close at once.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from benchmarks.against_venue import daemon_at
from benchmarks.figures import Figure, percentile, table
from benchmarks.loopback_venue import (
    MINUTE_MS,
    LoopbackVenue,
    kline_frame,
    running_venue,
    wallet_frame,
)
from benchmarks.synthetic_frames import SYMBOL, make_frames

GROUP = "50 symbols over loopback sockets (whole daemon)"
SYMBOLS = tuple(f"B{number:02d}USDT" for number in range(50))
INTERVALS = ("15", "60", "240")
BAR_MS = 15 * MINUTE_MS
START_MS = 1_773_374_400_000
RATE, SECONDS = 10_000, 15
WALLET_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Played:
    """What the venue sent. `wallets_ns` is when wallet number n left (monotonic)."""

    frames: int
    began_ns: int
    ended_ns: int
    wallets_ns: list[int]


async def play(rate: int, seconds: float, venue: LoopbackVenue) -> Played:
    """Send the frames at the rate, and the wallets."""
    per_symbol = int(rate * seconds / len(SYMBOLS)) + 2
    frames = [(kind, payload.decode()) for kind, payload in make_frames(per_symbol, 7, 50)[0]]
    while not (venue.subscribed("wallet") and len(venue.leverages) == len(SYMBOLS)):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    for _, text in frames[:2]:
        await _to_all(venue, text)
    await asyncio.sleep(1.0)
    wallets: list[int] = []
    telling = asyncio.create_task(_tell_wallets(venue, wallets))
    began_ns = time.monotonic_ns()
    sent = await _send_paced(venue, frames[2:], rate)
    ended_ns = time.monotonic_ns()
    telling.cancel()
    await asyncio.sleep(1.0)
    return Played(sent, began_ns, ended_ns, wallets)


async def _send_paced(venue: LoopbackVenue, frames: list[tuple[str, str]], rate: int) -> int:
    sent = 0
    closes = {len(frames) // 3, 2 * len(frames) // 3}
    due_s = time.monotonic()
    for number, (kind, text) in enumerate(frames):
        if number in closes:
            sent += await _close_all(venue)
        if kind == "kline":
            text = text.replace("15", INTERVALS[number % 3], 1)
        sent += await _to_all(venue, text)
        due_s += len(SYMBOLS) / rate
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
    return sent


async def _to_all(venue: LoopbackVenue, text: str) -> int:
    topic = text[text.index(':"') + 2 : text.index('",')]
    for symbol in SYMBOLS:
        await venue.send(topic.replace(SYMBOL, symbol), text.replace(SYMBOL, symbol))
    return len(SYMBOLS)


async def _close_all(venue: LoopbackVenue) -> int:
    venue.market_ms += BAR_MS
    for symbol in SYMBOLS:
        frame = kline_frame(symbol, "15", venue.market_ms - BAR_MS)
        await venue.send(f"kline.15.{symbol}", frame)
    return len(SYMBOLS)


async def _tell_wallets(venue: LoopbackVenue, wallets: list[int]) -> None:
    while True:
        wallets.append(time.monotonic_ns())
        await venue.send("wallet", wallet_frame(len(wallets) - 1))
        await asyncio.sleep(WALLET_EVERY_S)


def figures(rate: int = RATE, seconds: float = SECONDS) -> list[Figure]:
    """Measure."""
    config: dict[str, Any] = {"symbols": list(SYMBOLS), "interval": "15"}
    with (
        running_venue(SYMBOLS, START_MS, partial(play, rate, seconds)) as venue,
        daemon_at(venue.port, config) as daemon,
    ):
        played: Played = daemon.outcome(venue, 90)
        report = daemon.stop()
    return _figures(played, report, rate)


def _figures(played: Played, report: dict[str, Any], rate: int) -> list[Figure]:
    seconds = (played.ended_ns - played.began_ns) / 1e9
    delays = [(at_ns - played.wallets_ns[number]) / 1e6 for number, at_ns in _numbered(played, report)]
    during = [s for s in report["samples"] if played.began_ns <= s["at_ns"] <= played.ended_ns]
    half = len(during) // 2
    first, second = (median(s["depth"] for s in part) for part in (during[:half], during[half:]))
    taken = {key: during[-1][key] - during[0][key] for key in ("cpu_s", "received", "coalesced")}
    cpu_s, coalesced = (taken[key] / taken["received"] for key in ("cpu_s", "coalesced"))
    per_s = played.frames / seconds
    lost = len(played.wallets_ns) - len(delays)
    return [
        Figure(GROUP, "frames sent a second", per_s, "1/s", 0.95 * rate, more_is_better=True),
        Figure(GROUP, "queue depth, first half (median)", first, ""),
        Figure(GROUP, "queue depth, second half (median)", second, ""),
        Figure(GROUP, "longest waiting event (worst sample)", max(s["waiting_ms"] for s in during), "ms"),
        Figure(GROUP, "joined with a newer event of its kind", 100 * coalesced, "%"),
        Figure(GROUP, "CPU of the daemon per event", 1e6 * cpu_s, "us"),
        Figure(GROUP, f"account event delay, p50 of {len(delays)}", percentile(delays, 0.5), "ms"),
        Figure(GROUP, "account event delay, p99", percentile(delays, 0.99), "ms", 50.0),
        Figure(GROUP, "account event delay, most", max(delays), "ms"),
        Figure(GROUP, "account events lost", lost, "", 0),
        Figure(GROUP, "resident memory at the end", during[-1]["resident_mb"], "MB", 200),
    ]


def _numbered(played: Played, report: dict[str, Any]) -> list[tuple[int, int]]:
    """Return (number, when applied) of the wallets of the play; the answers of REST are no such."""
    found: dict[int, int] = {}
    for number, at_ns in report["wallets"]:
        if number < len(played.wallets_ns) and at_ns >= played.wallets_ns[number]:
            found.setdefault(number, at_ns)
    return list(found.items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    print(table(figures(options.rate, options.seconds)))
