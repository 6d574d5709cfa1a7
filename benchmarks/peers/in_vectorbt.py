"""The EMA cross in vectorbt. Run by the peers' interpreter: python -m benchmarks.peers.in_vectorbt JOB."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from benchmarks.peers.job import (
    CASH,
    Columns,
    Deal,
    Floats,
    Job,
    answer,
    atr,
    crosses,
    ema,
    read_columns,
    read_job,
    stop_at,
    tell_deals,
    timed,
)

SPLIT = "three rows a bar"
OWN = "its own averages"
_NUDGE = 1e-12
"""A fraction of the fill cannot hold a tick exactly: the stop lies so much nearer that a touch counts."""


def fractions(job: Job, bars: Columns, asked: Any, spans: Floats) -> Floats:
    """Return the stop of an entry that fills at each bar's open, as a fraction of the open."""
    found = np.full(len(bars), np.nan)
    for i in np.flatnonzero(asked[:-1]):
        entry, side = bars.open[i + 1], int(asked[i])
        level = stop_at(entry, side, job.stop_atr * spans[i], job.tick)
        found[i + 1] = side * (entry - level) / entry - _NUDGE
    return found


def simulate(library: Any, job: Job, columns: dict[str, Any], longs: Any, shorts: Any, stops: Any) -> Any:
    """Return the portfolio: one unit, orders at the open of the row that asks."""
    return library.Portfolio.from_signals(
        columns["close"],
        entries=longs,
        short_entries=shorts,
        price=columns["open"],
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        size=1.0,
        fees=job.fee,
        init_cash=CASH,
        sl_stop=stops,
        upon_opposite_entry="reverse",
        stop_entry_price="fillprice",
        freq="5min",
    )


def trades(job: Job, bars: Columns) -> list[Deal]:
    """Trade with crosses as the job wants them; return the trades in the order they were opened."""
    library: Any = importlib.import_module("vectorbt")
    if job.variant == OWN:
        away = [library.MA.run(bars.close, span, ewm=True).ma.to_numpy() for span in (job.fast, job.slow)]
    else:
        away = [ema(bars.close, span) for span in (job.fast, job.slow)]
    asked = crosses(*away)
    waiting = np.concatenate(([0], asked[:-1]))
    stops = fractions(job, bars, asked, atr(bars, job.atr_period)) if job.stop_atr else None
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    rows = 1
    if job.variant == SPLIT:
        # A row for what the open jumps over, one for orders at the open, one for the path after it.
        rows = 3
        opens = np.repeat(bars.open, 3)
        columns = {name: opens.copy() for name in columns}
        for name in ("high", "low", "close"):
            columns[name][2::3] = getattr(bars, name)
        wide = np.zeros(3 * len(bars), dtype=np.int8)
        wide[1::3] = waiting
        waiting = wide
        stops = None if stops is None else np.repeat(stops, 3)
    portfolio = simulate(library, job, columns, waiting > 0, waiting < 0, stops)
    return _deals(portfolio.trades.records, rows)


def _deals(records: Any, rows: int) -> list[Deal]:
    names = ("entry_idx", "exit_idx", "direction", "entry_price", "exit_price", "pnl", "status")
    columns = [records[name].tolist() for name in names]
    return [
        Deal(first // rows, end // rows, -1 if short else 1, entry, leave, pnl, status == 1)
        for first, end, short, entry, leave, pnl, status in zip(*columns, strict=True)
    ]


def natural(library: Any, job: Job, bars: Columns, pairs: tuple[tuple[int, int], ...]) -> int:
    """Trade pairs as a user of the library would: its own indicators, all pairs in one call."""
    fast = library.MA.run(bars.close, [pair[0] for pair in pairs], ewm=True, short_name="fast")
    slow = library.MA.run(bars.close, [pair[1] for pair in pairs], ewm=True, short_name="slow")
    spans = library.ATR.run(bars.high, bars.low, bars.close, window=job.atr_period, ewm=True).atr.to_numpy()
    longs = fast.ma_crossed_above(slow).to_numpy()
    shorts = fast.ma_crossed_below(slow).to_numpy()
    longs, shorts = np.roll(longs, 1, axis=0), np.roll(shorts, 1, axis=0)
    longs[: max(map(max, pairs))] = shorts[: max(map(max, pairs))] = False
    stops = np.roll(job.stop_atr * spans.reshape(-1, 1), 1, axis=0) / bars.open.reshape(-1, 1)
    if longs.ndim == 1:
        stops = stops[:, 0]
    names = ("open", "high", "low", "close")
    shape = longs.shape
    columns = {
        name: getattr(bars, name) if longs.ndim == 1 else np.broadcast_to(getattr(bars, name)[:, None], shape)
        for name in names
    }
    return len(simulate(library, job, columns, longs, shorts, stops).trades.records)


def main() -> None:
    """Answer one job."""
    warnings.simplefilter("ignore")
    job = read_job()
    library = importlib.import_module("vectorbt")
    bars = read_columns(job)
    if job.task == "trades":
        answer(deals=tell_deals(trades(job, bars)))
        return
    pairs = job.pairs if job.task == "sweep" else ((job.fast, job.slow),)
    answer(**timed(job, lambda: natural(library, job, bars, pairs)))


if __name__ == "__main__":
    main()
