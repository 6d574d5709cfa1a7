"""What dashboards cost the trading loop: how late it takes an event with 20 of them and with none.

python -m benchmarks.bench_web
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from benchmarks.figures import Figure, percentile, table
from benchmarks.web_clients import ask
from whalebot.adapters.web.application import make_application
from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.desk import Desk, RunFacts
from whalebot.adapters.web.feed import Feed
from whalebot.adapters.web.gate import GateRules
from whalebot.adapters.web.rates import RateLimit
from whalebot.adapters.web.server import WebServer, bind
from whalebot.app.daemon import _SWITCH_S
from whalebot.app.web.reports import TradeReports
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.effects import Effect, PublishView, Stopped
from whalebot.domain.enums import ClosedBy, Side, Signal, Trend
from whalebot.domain.events import CandleClosed, Command, Event, Order, TickerChanged
from whalebot.domain.market import Candle
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import SymbolView, View
from whalebot.runtime.clock import SystemClock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.loop import Loop, LoopOutputs
from whalebot.runtime.recorded import RecordedEngine

GROUP = "web server (10 symbols, 1,000 views a second)"
SYMBOLS = tuple(f"S{number}USDT" for number in range(10))
RATE, SECONDS, DASHBOARDS, REQUESTS = 1_000, 10, 20, 60
START = 1_735_689_600_000
MINUTE = 60_000
_WEIGHTS = tuple((f"weight_{number}", 0.1) for number in range(25))


class PublishingEngine:
    """Publishes a new picture at every event, and notes how late each event comes."""

    def __init__(self) -> None:
        self.late_us: list[float] = []
        self.put_at_ns: dict[int, int] = {}
        self._view = _view()

    def start(self, real_ms: int) -> Sequence[Effect]:
        """Ask for nothing."""
        return ()

    def process(self, event: Event) -> Sequence[Effect]:
        """Publish a picture with another price; stop when told to."""
        if type(event) is Command:
            return (Stopped("measured"),)
        assert isinstance(event, TickerChanged)
        self.late_us.append((time.perf_counter_ns() - self.put_at_ns.pop(event.ts_ms)) / 1000)
        first = replace(self._view.symbols[0], last_price=event.last_price)
        return (PublishView(replace(self._view, symbols=(first, *self._view.symbols[1:]))),)

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        """Have no timers."""
        return None


class NoLanes:
    """Nothing is ever dispatched."""

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        """Take what never comes."""


class NoConfig:
    """Shows nothing and takes nothing."""

    def shown(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def limits(self) -> dict[str, float]:
        """Return two limits."""
        return {"max_day_loss_pct": 3.0, "max_drawdown_pct": 8.0}

    def change(self, changes: Any, dry_run: bool) -> dict[str, Any]:
        """Refuse."""
        raise AssertionError("nobody edits here")


class NoAudit:
    """Records nothing."""

    def record(self, kind: str, actor: str, fields: Any) -> None:
        """Take it."""

    def newest(self, limit: int, before: int | None, kind: str | None) -> tuple[list[Any], None, int]:
        """Return nothing."""
        return [], None, 0


def _view() -> View:
    symbols = tuple(_symbol(name) for name in SYMBOLS)
    nothing: Any = (None, None, 0.0, 0, 0, Decimal(0), 0, 0, (), START, None, False)
    wallet, equity = Decimal(1000), Decimal(1001)
    return View(
        START, START, True, (), (("public", True, ""),), symbols, wallet, equity, Decimal(1), *nothing[2:]
    )


def _symbol(name: str) -> SymbolView:
    trends = tuple(TrendReading(i, "ema", Trend.UP) for i in ("60", "240"))
    head: Any = (name, "1", START - MINUTE, START, Decimal(100), 1.0, 2.0, _WEIGHTS, Signal.BUY, trends)
    thought = Analysis(*head, 1.0, (), (), True, 2.0)
    return SymbolView(name, Decimal(100), Decimal(100), 1.0, 10, False, thought, None, (), ())


def _desk(feed: Feed) -> Desk:
    facts = RunFacts("daemon", "demo", "0", "1", SYMBOLS, "UTC", "-", "made up")
    desk = Desk(
        facts=facts,
        feed=feed,
        chronicle=Chronicle(),
        reports=TradeReports(lambda: Decimal(1000)),
        config=NoConfig(),
        audit=NoAudit(),
        vitals=dict,
        machine=lambda: dict.fromkeys(("cpu_pct", "rss_bytes", "threads", "fds", "disk_free_bytes"), 0),
        checks=tuple,
    )
    prices = (Decimal("100.5"), Decimal(101), Decimal(99), Decimal(100), Decimal(5))
    for number in range(-1000, 0):
        open_ms = START + number * MINUTE
        desk.chronicle.bars.add(Candle(name, "1", open_ms, *prices) for name in SYMBOLS)
    desk.chronicle.trades.fill(_trade(number) for number in range(10_000))
    return desk


def _trade(number: int) -> ClosedTrade:
    exit_ms = START - (10_000 - number) * MINUTE
    one = Decimal(1)
    times = (exit_ms - MINUTE, exit_ms)
    money: Any = (one, one, one, one, one, one, one, one, one, one, one)
    tail: Any = (3, ClosedBy.STOP_LOSS, 2.0, _WEIGHTS[:5], one, ("a", "b"), "hash")
    return ClosedTrade(f"t{number}", "demo", SYMBOLS[number % 10], Side.BUY, *times, *money, *tail)


@contextmanager
def serving(feed: Feed) -> Iterator[int]:
    """Serve a desk; give the port."""
    rates = RateLimit(1e6, 1e6)
    server = WebServer(
        lambda: make_application(_desk(feed), GateRules("t" * 20), str, rates), bind("127.0.0.1", 0)
    )
    server.start()
    try:
        yield server.address[1]
    finally:
        server.stop()


@contextmanager
def clients(what: str, port: int, count: int) -> Iterator[subprocess.Popen[str]]:
    """Run clients in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.web_clients", what, str(port), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate()


def late_us(engine: PublishingEngine, feed: Feed) -> list[float]:
    """Return how late the loop took each of the events of ten seconds."""
    inbox = Inbox()
    loop = Loop(
        RecordedEngine(engine, feed),
        inbox,
        NoLanes(),
        SystemClock(),
        LoopOutputs(ViewHolder(), lambda _: None, feed.beat),
    )
    producer = threading.Thread(target=_produce, args=(engine, inbox), daemon=True)
    producer.start()
    loop.run()
    producer.join()
    return engine.late_us[RATE:]


def _produce(engine: PublishingEngine, inbox: Inbox) -> None:
    began_s = time.perf_counter()
    for number in range(RATE * SECONDS):
        wait_s = began_s + number / RATE - time.perf_counter()
        if wait_s > 0:
            time.sleep(wait_s)
        price = Decimal(100 + number % 7)
        engine.put_at_ns[number] = time.perf_counter_ns()
        inbox.put(
            TickerChanged(SYMBOLS[number % 10], price, None, None, None, None, None, None, number, number)
        )
    inbox.put(Command(Order.STOP, "benchmark", 0))


def note_us() -> float:
    """Return what leaving an event for the web thread costs the loop."""
    feed, count = Feed(), 200_000
    event = CandleClosed(Candle("S0USDT", "1", START, *(Decimal(1),) * 5), START)
    began_ns = time.perf_counter_ns()
    for _ in range(count):
        feed.note(event, ())
    return (time.perf_counter_ns() - began_ns) / count / 1000


def figures() -> list[Figure]:
    """Measure."""
    sys.setswitchinterval(_SWITCH_S)
    found = [Figure(GROUP, "leaving an event for the web thread", note_us(), "µs", 5.0)]
    feed = Feed()
    alone = late_us(PublishingEngine(), feed)
    with serving(Feed()) as port:
        ask(port, 2)
        began_s = time.process_time()
        with clients("ask", port, REQUESTS) as asking:
            assert asking.stdout is not None
            asked = json.loads(asking.stdout.readline())
        cpu_ms = (time.process_time() - began_s) * 1000 / sum(map(len, asked.values()))
    with_server: list[float] = []
    feed = Feed()
    with serving(feed) as port:
        with_server = late_us(PublishingEngine(), feed)
        with clients("listen", port, DASHBOARDS) as listening:
            assert listening.stdout is not None
            listening.stdout.readline()
            watched = late_us(PublishingEngine(), feed)
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        base = percentile(alone, share)
        found.append(Figure(GROUP, f"event late, no server, {name}", base, "µs"))
        found.append(
            Figure(
                GROUP, f"event late, server without dashboards, {name}", percentile(with_server, share), "µs"
            )
        )
        goal = base + 5_000 if share == 0.99 else None
        late = percentile(watched, share)
        found.append(
            Figure(GROUP, f"event late, {DASHBOARDS} dashboards, {name}", late, "µs", goal, "none", base)
        )
    found.append(Figure(GROUP, "processor time of a request, mean of all below", cpu_ms, "ms"))
    for endpoint, times in asked.items():
        name = endpoint.partition("?")[0]
        found.append(Figure(GROUP, f"GET {name}, p50 of {len(times)}", percentile(times[3:], 0.50), "ms"))
        found.append(
            Figure(GROUP, f"GET {name}, p99 of {len(times)}", percentile(times[3:], 0.99), "ms", 20.0)
        )
    found.append(Figure(GROUP, "lost by the feed", feed.lost, "events", 0))
    return found


if __name__ == "__main__":
    print(table(figures()))
