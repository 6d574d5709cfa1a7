"""Opening and reading the trade history, saving the state document, and reading a history beside its writer.

    python -m benchmarks.bench_files

What the code costs is CPU time without the disk's sync; what a lane waits is real time with it.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.bench_storage import WithoutSync, trade, write_history
from benchmarks.figures import Figure, percentile, table
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateFile
from whalebot.domain.enums import Side, Signal
from whalebot.domain.state import PositionMemory, StateDocument, SymbolMemory

READ = "opening and reading the trade history"
STATE = "saving the state document"
BESIDE = "a program that reads the history while trades are recorded without a pause"
LENGTHS = (10_000, 100_000)
SYMBOLS = (1, 50)
TIMES = 200
BESIDE_S = 4.0


def timed_ms(work: Callable[[int], object], count: int, clock_ns: Callable[[], int]) -> list[float]:
    """Return what each of `count` calls took by a clock; each gets its number."""
    taken = []
    for number in range(count):
        began_ns = clock_ns()
        work(number)
        taken.append((clock_ns() - began_ns) / 1e6)
    return taken


def reading(length: int) -> list[Figure]:
    """Open and load a history; beside it json.loads, which makes plain dicts of the same file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trade_history.json"
        write_history(path, length)
        history = TradeHistory.open(path)

        def cpu_ms(work: Callable[[], object]) -> float:
            return statistics.median(timed_ms(lambda _: work(), 3, time.thread_time_ns))

        opened, loaded = cpu_ms(lambda: TradeHistory.open(path)), cpu_ms(history.load)
        peer = cpu_ms(lambda: json.loads(path.read_bytes()))
    return [
        Figure(READ, f"open {length:,} trades, CPU", opened, "ms", None, "json.loads", peer),
        Figure(READ, f"load {length:,} trades, CPU", loaded, "ms", None, "json.loads", peer),
    ]


def document(symbols: int) -> StateDocument:
    """Return a state with one position and a full memory a symbol."""
    one = trade(0)
    position = PositionMemory(
        symbol=one.symbol,
        side=Side.BUY,
        entry_link_id=one.order_link_ids[0],
        first_exec_id="12345678-1234-5678-9abc-def012345678",
        opened_ms=one.entry_ms,
        entry_score=one.entry_score,
        breakdown=one.breakdown,
        atr=120.5,
        initial_stop=one.initial_stop,
        target=Decimal("61000"),
        stop=one.initial_stop,
        best_price=Decimal("60500.1"),
        worst_price=Decimal("59900.5"),
        stop_moved=False,
        bars_held=2,
        bought=one.entry_price * one.qty,
        bought_qty=one.qty,
        sold=Decimal(0),
        sold_qty=Decimal(0),
        fees=one.fees,
        funding=one.funding,
        link_ids=one.order_link_ids,
        closing_as=None,
        foreign=False,
        leverage=Decimal(5),
    )
    memory = SymbolMemory(one.symbol, Signal.BUY, recent_exec_ids=tuple(f"{n:036d}" for n in range(20)))
    names = [f"SYMBOL{n}USDT" for n in range(symbols)]
    return StateDocument(
        run_id="0123456789",
        positions=tuple(replace(position, symbol=name) for name in names),
        symbols=tuple(replace(memory, symbol=name) for name in names),
    )


def saving(symbols: int) -> list[Figure]:
    """Save documents of growing revision."""
    base = document(symbols)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, files, clock_ns in (
            ("CPU", WithoutSync(), time.thread_time_ns),
            ("sync and all", FileSystem(), time.perf_counter_ns),
        ):
            store = StateFile(Path(folder) / name / "live.json", files)
            fresh = [replace(base, revision=number) for number in range(TIMES)]
            taken = timed_ms(lambda n, s=store, f=fresh: s.save(f[n]), TIMES, clock_ns)  # type: ignore[misc]
            for share in (0.5, 0.99):
                what = f"{symbols} with position, {name}, p{share * 100:.0f}"
                found.append(Figure(STATE, what, percentile(taken, share), "ms"))
    return found


def record_until(path: Path, stop: Event) -> None:
    """Record as fast as it goes: a worse neighbour than any daemon."""
    history = TradeHistory.open(path, files=WithoutSync())
    number = 0
    while not stop.is_set():
        history.append(trade(number))
        number += 1


def reading_beside() -> list[Figure]:
    """Count how often a reader finds no closing bracket."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trade_history.json"
        path.write_bytes(b"[]\n")
        stop = mp.Event()
        recorder = mp.Process(target=record_until, args=(path, stop))
        recorder.start()
        looks = torn = 0
        end_s = time.monotonic() + BESIDE_S
        while time.monotonic() < end_s:
            looks += 1
            torn += not path.read_bytes().endswith(b"]\n")
        stop.set()
        recorder.join()
        count = len(json.loads(path.read_bytes()))
    return [
        Figure(BESIDE, "trades recorded", count, ""),
        Figure(BESIDE, "looks", looks, ""),
        Figure(BESIDE, "of them in the middle of a write", torn, ""),
    ]


def figures() -> list[Figure]:
    """Measure."""
    found = [figure for length in LENGTHS for figure in reading(length)]
    found += [figure for symbols in SYMBOLS for figure in saving(symbols)]
    return found + reading_beside()


if __name__ == "__main__":
    print(table(figures()))
