"""Markets and signals for the judge's tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from whalebot.decisions.scan.window import History, make_history
from whalebot.scanner.judge_outcomes import JudgedSignal

QUARTER_MS = 900_000


def market(close: Any, high: Any = None, low: Any = None, symbol: str = "BTCUSDT") -> History:
    """Bars of 15 minutes from midnight with volume 1; flat where high and low are not given."""
    close = np.asarray(close, dtype=np.float64)
    columns = [close if c is None else np.asarray(c, dtype=np.float64) for c in (high, low)]
    open_ms = np.arange(len(close), dtype=np.int64) * QUARTER_MS
    return make_history(symbol, "15", open_ms, columns[0], columns[1], close, np.ones(len(close)))


def random_walk(rng: np.random.Generator, bars: int, deviation: float = 0.003) -> np.ndarray:
    """Closes of a walk without an edge."""
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, deviation, bars)))


def signal_at(history: History, row: int, sign: int, **changes: Any) -> JudgedSignal:
    """A signal at the close of a bar, stop 1 % away and target 2 %."""
    entry = float(history.close[row])
    opened = int(history.open_ms[row])
    fields: dict[str, Any] = {
        "symbol": history.symbol,
        "interval": "15",
        "sign": sign,
        "entry": entry,
        "stop": entry * (1 - 0.01 * sign),
        "target": entry * (1 + 0.02 * sign),
        "bar_start_ms": opened,
        "ts_ms": opened + QUARTER_MS,
        "score": 0.4 * sign,
        "confidence": "Medium",
        "weight_set": "low_volatility",
        "votes": {"rsi": sign, "macd": -sign, "momentum": 0},
        "weights": {"rsi": 0.6, "macd": 0.5, "momentum": 0.3},
    }
    return JudgedSignal(**(fields | changes))


def random_signals(
    rng: np.random.Generator, history: History, count: int, room: int = 100
) -> list[JudgedSignal]:
    """Signals that follow the last 20 bars' direction, at random bars."""
    rows = np.sort(rng.choice(np.arange(50, len(history) - room), count, replace=False))
    return [
        signal_at(history, r, 1 if history.close[r] > history.close[r - 20] else -1) for r in rows.tolist()
    ]
