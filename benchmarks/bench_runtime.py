"""The inbox and the loop with an engine that does nothing: what the runtime itself costs.

python -m benchmarks.bench_runtime
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal

from benchmarks.figures import Figure, percentile, table
from whalebot.domain.effects import Effect, Stopped
from whalebot.domain.events import BookDelta, Command, Event, Order, TickerChanged, TimerDue, TradesPrinted
from whalebot.runtime.clock import SystemClock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.loop import EngineLike, Loop, LoopOutputs
from whalebot.runtime.tally import CountedEngine, Tally

GROUP = "inbox and loop (50 symbols, an engine that does nothing)"
EVENTS = 200_000
RATE, SECONDS = 10_000, 5
ACCOUNT_EVERY = 200
_ONE = Decimal(1)


class IdleEngine:
    """Takes every event; notes how late the account events (here: TimerDue with a number) come."""

    def __init__(self) -> None:
        self.put_at_ns: dict[int, int] = {}
        self.late_us: list[float] = []

    def start(self, real_ms: int) -> Sequence[Effect]:
        """Ask for nothing."""
        return ()

    def process(self, event: Event) -> Sequence[Effect]:
        """Do nothing, but stop when told to."""
        if type(event) is TimerDue:
            self.late_us.append((time.perf_counter_ns() - self.put_at_ns[event.recv_ms]) / 1000)
        elif type(event) is Command:
            return (Stopped("measured"),)
        return ()

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        """Have no timers."""
        return None


class NoLanes:
    """Nothing is ever dispatched."""

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        """Take what never comes."""


def market_events(count: int) -> list[Event]:
    """Return the mix of a busy market: 60 % book deltas, 25 % trades, 15 % tickers."""
    return [_event(f"S{number % 50}", number // 50 % 20, number) for number in range(count)]


def _event(symbol: str, kind: int, at: int) -> Event:
    if kind < 12:
        return BookDelta(symbol, [(1.0, 2.0)], [(2.0, 1.0)], at, at, at, at)
    if kind < 17:
        return TradesPrinted(symbol, _ONE, _ONE, _ONE, 1.0, 1.0, 1, at, at)
    return TickerChanged(symbol, _ONE, None, None, None, None, None, None, at, at)


def put_and_get_us(events: list[Event]) -> float:
    """Return what one put and one get take together, on one thread."""
    inbox = Inbox()
    began_ns = time.perf_counter_ns()
    for event in events:
        inbox.put(event)
        inbox.get(0)
    return (time.perf_counter_ns() - began_ns) / len(events) / 1000


def counting_us(events: list[Event]) -> float:
    """Return what counting takes of an event, the least of several rounds."""

    def taken_ns(engine: EngineLike) -> float:
        process = engine.process
        began_ns = time.perf_counter_ns()
        for event in events:
            process(event)
        return (time.perf_counter_ns() - began_ns) / len(events)

    rounds = range(5)
    counted = min(taken_ns(CountedEngine(IdleEngine(), Tally(keeps_time=True))) for _ in rounds)
    return (counted - min(taken_ns(IdleEngine()) for _ in rounds)) / 1000


def flat_out(events: list[Event]) -> float:
    """Return events a second from one thread through the loop, as fast as both can."""
    inbox, engine = Inbox(), IdleEngine()
    loop = _loop(engine, inbox)

    def produce() -> None:
        for event in events:
            inbox.put(event)
        while inbox.counters().depth:
            time.sleep(0.001)
        inbox.put(Command(Order.STOP, "bench", 0))

    began_ns = time.perf_counter_ns()
    thread = threading.Thread(target=produce)
    thread.start()
    loop.run()
    taken_s = (time.perf_counter_ns() - began_ns) / 1e9
    thread.join()
    return len(events) / taken_s


def steady(events: list[Event]) -> tuple[list[float], int, float]:
    """Return account delays in µs, the deepest queue, and CPU seconds per second at a steady rate."""
    inbox, engine = Inbox(), IdleEngine()
    loop = _loop(engine, inbox)
    burst = RATE // 100

    def produce() -> None:
        began_s = time.perf_counter()
        for start in range(0, len(events), burst):
            pause_s = began_s + start / RATE - time.perf_counter()
            if pause_s > 0:
                time.sleep(pause_s)
            for number, event in enumerate(events[start : start + burst], start):
                inbox.put(event)
                if number % ACCOUNT_EVERY == 0:
                    engine.put_at_ns[number] = time.perf_counter_ns()
                    inbox.put(TimerDue(number))
        inbox.put(Command(Order.STOP, "bench", 0))

    thread = threading.Thread(target=produce)
    began_cpu_s = time.process_time()
    thread.start()
    loop.run()
    thread.join()
    cpu_s = time.process_time() - began_cpu_s
    return engine.late_us, inbox.counters().high_water, cpu_s * RATE / len(events)


def _loop(engine: IdleEngine, inbox: Inbox) -> Loop:
    outputs = LoopOutputs(ViewHolder(), lambda notice: None, lambda: None)
    return Loop(engine, inbox, NoLanes(), SystemClock(), outputs)


def figures() -> list[Figure]:
    """Measure."""
    events = market_events(EVENTS)
    late_us, deepest, cpu = steady(market_events(RATE * SECONDS))
    return [
        Figure(GROUP, "put + get, one thread", put_and_get_us(events), "us", 3.0),
        Figure(GROUP, "counting an event for metrics", counting_us(events), "us", 1.0),
        Figure(GROUP, "through the loop, flat out", flat_out(events), "ev/s", 10_000, more_is_better=True),
        Figure(GROUP, f"account event at {RATE:,}/s, p50", percentile(late_us, 0.5) / 1000, "ms"),
        Figure(GROUP, f"account event at {RATE:,}/s, p99", percentile(late_us, 0.99) / 1000, "ms", 50.0),
        Figure(GROUP, f"deepest queue at {RATE:,}/s", float(deepest), "events"),
        Figure(GROUP, f"CPU of both threads at {RATE:,}/s", cpu * 100, "% core"),
    ]


if __name__ == "__main__":
    print(table(figures()))
