"""Recording a closed trade, at several lengths of the history, with and without the disk's sync.

    python -m benchmarks.bench_storage

Beside it: what rewriting the whole file as indented JSON costs, which is what a plain history does.
"""

from __future__ import annotations

import json
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from benchmarks.figures import Figure, percentile, table
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.trade_json import encode_trade
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

GROUP = "recording a trade"
LENGTHS = (0, 10_000, 100_000)
TIMES = 60
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Some file systems write a file that was cut to nothing at once, sync or not; memory has none of that."""
START_MS = 1_773_374_400_000
GROUPS = tuple((f"indicator_group_{number}", 0.1 * number) for number in range(24))


class WithoutSync(FileSystem):
    """A file system whose disk is infinitely quick; everything else is done."""

    def sync(self, fd: int) -> None:
        """Leave it to the operating system."""


def trade(number: int) -> ClosedTrade:
    """Return a trade of usual size."""
    return ClosedTrade(
        trade_id=f"BTCUSDT-{number:08d}-bench",
        mode="demo",
        symbol="BTCUSDT",
        side=Side.BUY,
        entry_ms=START_MS + number * 900_000,
        exit_ms=START_MS + number * 900_000 + 600_000,
        entry_price=Decimal("60000.1"),
        exit_price=Decimal("60100.2"),
        qty=Decimal("0.019"),
        gross_pnl=Decimal("1.9019"),
        fees=Decimal("1.25504"),
        funding=Decimal(0),
        pnl=Decimal("0.64686"),
        pnl_percent=Decimal("0.28"),
        r_multiple=Decimal("0.0647"),
        mae=Decimal("0.4"),
        mfe=Decimal("3.1"),
        bars_held=4,
        closed_by=ClosedBy.TRAILING_STOP,
        entry_score=2.06,
        breakdown=GROUPS,
        initial_stop=Decimal("59400.5"),
        order_link_ids=("wb-1a2b3c-000001", "wb-1a2b3c-000002"),
        config_hash="0123456789ab",
    )


def write_history(path: Path, length: int) -> None:
    """Write a history of so many trades at once."""
    if length:
        path.write_bytes(b"[\n" + b",\n".join(encode_trade(trade(n)) for n in range(length)) + b"\n]\n")


def time_appends(folder: Path, length: int, files: FileSystem) -> list[float]:
    """Return what each of some trades took, in ms."""
    path = folder / f"history-{length}-{type(files).__name__}.json"
    write_history(path, length)
    history = TradeHistory.open(path, write_ahead=path.with_suffix(".wal"), files=files)
    taken = []
    for number in range(TIMES):
        began_ns = time.perf_counter_ns()
        added = history.append(trade(length + number))
        taken.append((time.perf_counter_ns() - began_ns) / 1e6)
        if not added:
            raise RuntimeError(f"trade {number} counted as known")
    path.unlink()
    return taken


def rewrite_ms(folder: Path, length: int) -> float:
    """Return what reading, appending to and rewriting an indented JSON file takes, in ms."""
    path = folder / "plain.json"
    rows = [json.loads(encode_trade(trade(number))) for number in range(length)]
    path.write_text(json.dumps(rows, indent=4))
    began_ns = time.perf_counter_ns()
    known = json.loads(path.read_text())
    known.append(rows[0])
    path.write_text(json.dumps(known, indent=4))
    return (time.perf_counter_ns() - began_ns) / 1e6


def figures() -> list[Figure]:
    """Measure."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as on_disk, tempfile.TemporaryDirectory(dir=MEMORY) as in_memory:
        folder, quick = Path(on_disk), Path(in_memory)
        peer = rewrite_ms(quick, 10_000)
        for length in LENGTHS:
            value = percentile(time_appends(quick, length, WithoutSync()), 0.5)
            beside = ("a whole rewrite with indent", peer) if length == 10_000 else ("", None)
            name_ = f"after {length:,} trades, the disk's sync apart, p50"
            found.append(Figure(GROUP, name_, value, "ms", 1.0, *beside))
        for length in LENGTHS[:2]:
            value = percentile(time_appends(folder, length, FileSystem()), 0.5)
            found.append(Figure(GROUP, f"after {length:,} trades, sync and all, p50", value, "ms"))
    return found


if __name__ == "__main__":
    print(table(figures()))
