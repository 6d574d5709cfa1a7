"""The bars of the golden vector, and short ways to a history and an evaluation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from whalebot.decisions.scan.compute import compute
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import Direction, Evaluation
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import FormingBar, History, make_history

DEFAULT = ScanSettings()
QUARTER_MS = 900_000


def golden_history() -> History:
    """240 bars of 15 minutes from 00:00 UTC."""
    i = np.arange(240)
    close = np.round(100 + 8 * np.sin(i / 9) + 3 * np.sin(i / 2.5) + 0.02 * i, 2)
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.round(np.maximum(opened, close) + 0.3 + 0.2 * ((7 * i) % 5), 2)
    low = np.round(np.minimum(opened, close) - 0.3 - 0.2 * ((11 * i) % 4), 2)
    volume = 1000.0 + 10.0 * ((37 * i) % 101)
    return history_of(close, high, low, volume)


def history_of(
    close: Any, high: Any = None, low: Any = None, volume: Any = None, step: int = QUARTER_MS
) -> History:
    """A history of 15-minute bars from plain columns; flat bars with volume 1 where they are not given."""
    close = np.asarray(close, dtype=np.float64)
    columns = [close if c is None else np.asarray(c, dtype=np.float64) for c in (high, low)]
    traded = np.ones(len(close)) if volume is None else np.asarray(volume, dtype=np.float64)
    open_ms = np.arange(len(close), dtype=np.int64) * step
    return make_history("BTCUSDT", "15", open_ms, columns[0], columns[1], close, traded)


def with_config(settings: ScanSettings = DEFAULT, **changes: Any) -> ScanSettings:
    """Settings with other values in `signal_config`."""
    return replace(settings, signal_config=replace(settings.signal_config, **changes))


def evaluate_last(
    history: History,
    settings: ScanSettings = DEFAULT,
    *,
    price: Decimal | None = None,
    tick: str = "0.01",
    held: Direction = Direction.NONE,
    forming: FormingBar | None = None,
    weight_set: str = "low_volatility",
) -> Evaluation:
    """Judge the last bar of a history."""
    bar = compute(history.window(len(history) - 1, settings.kline_history), settings)
    return Evaluator(settings).evaluate(
        bar,
        Decimal(str(bar.close)) if price is None else price,
        symbol=history.symbol,
        interval=history.interval,
        ts_ms=bar.close_ms,
        tick_size=Decimal(tick),
        held=held,
        weight_set=weight_set,
        forming=forming,
    )
