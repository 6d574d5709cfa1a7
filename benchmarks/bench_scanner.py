"""The scanner: tickers it can take, closes of many symbols at once, memory, start-up within the rate limit.

python -m benchmarks.bench_scanner [--symbols 200 600]

Times are those of one core (CPU time), the start-up's by the wall clock.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import threading
import time
import tracemalloc
from collections.abc import Sequence
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.figures import Figure
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.day_ticker import day_ticker_events
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.domain.market import Candle
from whalebot.runtime.clock import SystemClock
from whalebot.scanner.asking import Asking, Patience
from whalebot.scanner.bootstrap import History
from whalebot.scanner.desk import ScanDesk, make_frames
from whalebot.scanner.once import scan_once
from whalebot.scanner.rule_guard import RuleGuard
from whalebot.scanner.sink import ScanSink
from whalebot.scanner.view import TableQuery, rows_of

START_MS = 1_750_032_000_000
BAR_MS = 900_000
LATENCY_S = 0.05
BARS = 201


def candle(symbol: str, number: int, rng: random.Random, before: Decimal) -> Candle:
    """The next bar of a random walk on ticks of 0.01."""
    close = max(before + Decimal(rng.randint(-60, 60)) / 100, Decimal(1))
    spread = Decimal(rng.randint(1, 40)) / 100
    high, low = max(before, close) + spread, max(min(before, close) - spread, Decimal("0.01"))
    volume = Decimal(rng.randint(100, 9_999))
    return Candle(symbol, "15", START_MS + number * BAR_MS, before, high, low, close, volume)


def histories(count: int) -> dict[str, list[Candle]]:
    """A window of bars and the one after it, for each symbol."""
    found = {}
    for number in range(count):
        rng, name, last = random.Random(number), f"S{number:04d}USDT", Decimal(100)
        bars = []
        for at in range(BARS):
            bars.append(candle(name, at, rng, last))
            last = bars[-1].close
        found[name] = bars
    return found


def loaded_desk(bars: dict[str, list[Candle]], analysis_ms: int = 30_000) -> ScanDesk:
    """A desk with every symbol live, its last bar not closed yet."""
    settings = ScanSettings()
    frames = list(make_frames(settings, ("15",), RuleGuard(SystemClock())))
    desk = ScanDesk(frames, Announcer(settings), analysis_ms, 60.0, 0, time.monotonic)
    for name, own in bars.items():
        desk.add(name, Decimal("0.01"))
        desk.on_history(History(name, "15", tuple(own[:-1]), own[-1], None, 0))
    return desk


def time_close(bars: dict[str, list[Candle]]) -> float:
    """Return ms of one core from the close of every bar at once to the ranked table."""
    desk = loaded_desk(bars)
    gc.collect()
    started_s = time.process_time()
    for own in bars.values():
        desk.on_closed(own[-1])
    table = TableQuery().apply(rows_of(desk))
    took_ms = (time.process_time() - started_s) * 1000
    assert len(table) == len(bars)
    return took_ms


def memory_kb(bars: dict[str, list[Candle]]) -> float:
    """Return KB that a loaded symbol holds."""
    tracemalloc.start()
    try:
        desk = loaded_desk(bars)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 1024 / len(desk.cards)
    finally:
        tracemalloc.stop()


def time_tickers(
    bars: dict[str, list[Candle]], rounds: int = 40, *, judges_each: bool = False
) -> tuple[float, float]:
    """Return µs a ticker frame costs from its bytes to its price, and frames a second of one core.

    judges_each: nothing is conflated, and every symbol is judged at every frame.
    """
    desk, sink, rng = loaded_desk(bars, 0 if judges_each else 30_000), ScanSink(), random.Random(3)
    most = 1 if judges_each else len(bars) // 2  # else the loop looks twenty times a second
    topics = [f"tickers.{name}" for name in bars]
    decoder = FrameDecoder(topics, StreamCounters("bench"), {"tickers": day_ticker_events})
    first = START_MS + (BARS - 1) * BAR_MS
    frames = []
    for at in range(rounds):
        for name in bars:
            price = f"{100 + rng.randint(-99, 99) / 100:.2f}"
            data = {"symbol": name, "lastPrice": price, "bid1Price": price, "turnover24h": "5000000"}
            frame = {
                "topic": f"tickers.{name}",
                "type": "delta",
                "data": data,
                "cs": 1,
                "ts": first + at * 100,
            }
            frames.append(json.dumps(frame, separators=(",", ":")).encode())
    started_s = time.process_time()
    for number, frame_bytes in enumerate(frames, 1):
        for event in decoder.decode(frame_bytes, 0):
            sink.put(event)
        if number % most == 0:
            for ticker in sink.take_tickers():
                desk.on_ticker(ticker)
    took_s = time.process_time() - started_s
    return took_s / len(frames) * 1e6, len(frames) / took_s


def time_evaluation(bars: dict[str, list[Candle]]) -> float:
    """Return µs of one evaluation between closes."""
    desk = loaded_desk(bars)
    names = list(bars)
    first = START_MS + (BARS - 1) * BAR_MS + 1
    started_s = time.process_time()
    for at in range(5):
        for name in names:
            desk.judge_now(name, first + at)
    return (time.process_time() - started_s) / (5 * len(names)) * 1e6


class _Venue:
    """REST of many symbols whose every answer takes 50 ms."""

    def __init__(self, bars: dict[str, list[Candle]]) -> None:
        rows = {
            name: [
                [
                    f"{bar.open_ms}",
                    *(f"{v}" for v in (bar.open, bar.high, bar.low, bar.close, bar.volume)),
                    "1",
                ]
                for bar in reversed(own)
            ]
            for name, own in bars.items()
        }
        tickers = [{"symbol": name, "lastPrice": f"{own[-1].close}"} for name, own in bars.items()]
        self.count = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.count += 1
                parts = urlsplit(self.path)
                name = dict(parse_qsl(parts.query)).get("symbol", "")
                result: dict[str, Any] = {"list": rows[name] if name else tickers}
                body = {"retCode": 0, "retMsg": "OK", "result": result, "time": START_MS + BARS * BAR_MS - 9}
                data = json.dumps(body).encode()
                threading.Event().wait(LATENCY_S)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def endpoints(self) -> Endpoints:
        """Where it listens."""
        return Endpoints(f"http://127.0.0.1:{self.http.server_address[1]}", "ws://127.0.0.1:1/x", None)

    def stop(self) -> None:
        """End it."""
        self.http.shutdown()
        self.http.server_close()


def time_start(bars: dict[str, list[Candle]]) -> float:
    """Return seconds until every symbol is loaded and judged, 40 requests a second at most."""
    venue = _Venue(bars)
    asking = Asking(venue.endpoints, Patience(3, 0.5, 10.0), SystemClock(), random.Random(1))
    settings = ScanSettings()
    frames = list(make_frames(settings, ("15",), RuleGuard(SystemClock())))
    desk = ScanDesk(frames, Announcer(settings), 30_000, 60.0, 0, time.monotonic)
    for name in bars:
        desk.add(name, Decimal("0.01"))
    started_s = time.perf_counter()
    failed = scan_once(asking, desk)
    took_s = time.perf_counter() - started_s
    asking.close()
    venue.stop()
    assert not failed
    return took_s


def figures(counts: Sequence[int] = (200, 600)) -> list[Figure]:
    """Measure everything."""
    found = []
    goals = {200: 250.0, 600: 1000.0}
    bars = histories(max(counts))
    for count in counts:
        part = dict(list(bars.items())[:count])
        took_ms = min(time_close(part) for _ in range(3))
        found.append(
            Figure("scanner", f"close of {count} symbols to ranked table", took_ms, "ms", goals.get(count))
        )
    part = dict(list(bars.items())[: max(counts)])
    cost_us, per_s = time_tickers(part)
    found.append(Figure("scanner", f"a ticker frame to its price, {len(part)} symbols", cost_us, "µs"))
    found.append(Figure("scanner", "ticker frames a second on one core", per_s, "/s"))
    judged_us, judged_per_s = time_tickers(part, judges_each=True)
    found.append(Figure("scanner", "a ticker frame with its symbol judged at once", judged_us, "µs"))
    text = f"updates a second before judging each falls behind, {len(part)} symbols"
    found.append(Figure("scanner", text, judged_per_s, "/s"))
    few = dict(list(bars.items())[:200])
    found.append(Figure("scanner", "memory a symbol", memory_kb(few), "KB"))
    found.append(Figure("scanner", "one evaluation between closes", time_evaluation(part), "µs"))
    found.append(Figure("scanner", "start-up of 200 symbols, 50 ms latency", time_start(few), "s", 8.0))
    return found


def _row(bar: Candle) -> list[str]:
    values = (bar.open_ms, bar.open, bar.high, bar.low, bar.close, bar.volume, 1)
    return [f"{value}" for value in values]


def main() -> None:
    """Measure and print."""
    from benchmarks.figures import table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, nargs="+", default=[200, 600])
    args = parser.parse_args()
    print(table(figures(args.symbols)))


if __name__ == "__main__":
    main()
