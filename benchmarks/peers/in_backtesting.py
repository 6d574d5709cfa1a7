"""The EMA cross in backtesting.py; the peers' interpreter: python -m benchmarks.peers.in_backtesting JOB."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from benchmarks.peers.job import (
    CASH,
    Columns,
    Deal,
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

AHEAD = "backtesting.py, crosses made ahead"
UNROUNDED = "stop not on the tick grid"


def frame(bars: Columns) -> Any:
    """Return bars as the DataFrame that backtesting.py reads."""
    pd: Any = importlib.import_module("pandas")
    columns = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close}
    return pd.DataFrame(columns, index=pd.to_datetime(bars.open_ms, unit="ms"))


def make_strategy(base: Any, job: Job, asked: Any, spans: Any, opens: Any) -> Any:
    """Return the strategy class. Stops lie at their distance from the next open, at which the order fills;
    an entry whose stop the library would refuse is left out.
    """

    class Cross(base):  # type: ignore[misc]
        def init(self) -> None:
            pass

        def next(self) -> None:
            i = len(self.data) - 1
            side = int(asked[i])
            # An order of the last bar is never filled.
            if side == 0 or i + 1 >= len(opens) or side * self.position.size > 0:
                return
            self.position.close()
            order = self.buy if side > 0 else self.sell
            level = self.stop(i, side)
            # The library takes no stop beyond the last close, though the order fills at the open after it.
            if level is None or side * (self.data.Close[-1] - level) > 0:
                order(size=1, sl=level)

        def stop(self, i: int, side: int) -> float | None:
            if not job.stop_atr:
                return None
            distance = job.stop_atr * spans[i]
            if job.variant == UNROUNDED:
                return float(opens[i + 1] - side * distance)
            return stop_at(opens[i + 1], side, distance, job.tick)

    return Cross


def run(job: Job, bars: Columns, data: Any, asked: Any, spans: Any) -> list[Deal]:
    """Trade; return the trades in the order they ended."""
    library: Any = importlib.import_module("backtesting")
    strategy = make_strategy(library.Strategy, job, asked, spans, bars.open)
    test = library.Backtest(data, strategy, cash=CASH, commission=job.fee, finalize_trades=True)
    rows = test.run()["_trades"]
    columns = (rows.EntryBar, rows.ExitBar, rows.Size, rows.EntryPrice, rows.ExitPrice, rows.PnL)
    last, deals = len(bars) - 1, []
    for first, end, size, entry, leave, pnl in zip(*(column.tolist() for column in columns), strict=True):
        net = (leave - entry) * size - job.fee * (leave + entry) * abs(size)
        assert abs(net - pnl) < 1e-6 or abs((leave - entry) * size - pnl) < 1e-6
        deals.append(Deal(first, end, int(np.sign(size)), entry, leave, net, end < last))
    return deals


def make_usual(library: Any, job: Job, bars: Columns, pair: tuple[int, int]) -> Any:
    """Return the strategy as the library's own pages write one: indicators told to it, crosses looked for."""
    pd: Any = importlib.import_module("pandas")
    crossover = importlib.import_module("backtesting.lib").crossover

    def average(close: Any, span: int) -> Any:
        return pd.Series(close).ewm(span=span, adjust=False).mean()

    def true_range(high: Any, low: Any, close: Any) -> Any:
        before = pd.Series(close).shift().bfill()
        spans = np.maximum(high, before) - np.minimum(low, before)
        return spans.ewm(alpha=1 / job.atr_period, adjust=False).mean()

    class Cross(library.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, pair[0])
            self.slow = self.I(average, self.data.Close, pair[1])
            self.spans = self.I(true_range, self.data.High, self.data.Low, self.data.Close)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.position.close()
                self.buy(size=1, sl=self.data.Close[-1] - job.stop_atr * self.spans[-1])
            elif crossover(self.slow, self.fast):
                self.position.close()
                self.sell(size=1, sl=self.data.Close[-1] + job.stop_atr * self.spans[-1])

    return Cross


def usual(job: Job, bars: Columns, data: Any, pair: tuple[int, int]) -> int:
    """Trade as a user of the library would; return the number of trades."""
    library: Any = importlib.import_module("backtesting")
    strategy = make_usual(library, job, bars, pair)
    test = library.Backtest(data, strategy, cash=CASH, commission=job.fee, finalize_trades=True)
    return len(test.run()["_trades"])


def columns_by_pandas(job: Job, bars: Columns) -> tuple[Any, Any]:
    """Return crosses and ATR made ahead by pandas, so that the strategy only has to look them up."""
    pd: Any = importlib.import_module("pandas")
    close, before = pd.Series(bars.close), pd.Series(bars.close).shift()
    away = [close.ewm(span=span, adjust=False).mean().to_numpy() for span in (job.fast, job.slow)]
    spans = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    asked = crosses(*away)
    asked[: job.slow] = 0
    return asked, spans.ewm(alpha=1 / job.atr_period, adjust=False).mean().bfill().to_numpy()


def main() -> None:
    """Answer one job."""
    warnings.simplefilter("ignore")
    job = read_job()
    importlib.import_module("backtesting")
    bars = read_columns(job)
    data = frame(bars)
    if job.task == "trades":
        asked = crosses(ema(bars.close, job.fast), ema(bars.close, job.slow))
        answer(deals=tell_deals(run(job, bars, data, asked, atr(bars, job.atr_period))))
        return
    pairs = job.pairs if job.task == "sweep" else ((job.fast, job.slow),)

    def once() -> int:
        if job.variant == AHEAD:
            return len(run(job, bars, data, *columns_by_pandas(job, bars)))
        return sum(usual(job, bars, data, pair) for pair in pairs)

    answer(**timed(job, once))


if __name__ == "__main__":
    main()
