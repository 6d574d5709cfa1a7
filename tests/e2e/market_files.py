"""Recorded-looking OHLCV files made up here: the same bytes every time."""

from __future__ import annotations

import random
from pathlib import Path

START_MS = 1_735_689_600_000
FIVE_MINUTES = 300_000


def write_bars(
    folder: Path, symbol: str = "BTCUSDT", bars: int = 600, seed: int = 3, price: int = 60_000
) -> Path:
    """Write five-minute bars from 2025-01-01 on: swings with trends long enough to be traded.

    Volatile on purpose, so that costs are small beside the stop and the cost gate lets entries through.
    """
    draw = random.Random(f"{symbol}/{seed}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{symbol}-5m-bybit_linear-made_up.csv"
    rows, last, drift = ["timestamp,open,high,low,close,volume"], float(price), 0.0
    for number in range(bars):
        if number % 24 == 0:
            drift = draw.choice((-1, 1)) * draw.uniform(0.0006, 0.0025)
        close = last * (1 + drift + draw.gauss(0, 0.0028))
        high = max(last, close) * (1 + abs(draw.gauss(0, 0.0012)))
        low = min(last, close) * (1 - abs(draw.gauss(0, 0.0012)))
        volume = draw.uniform(50, 150) * (2.5 if (close - last) * drift > 0 else 1)
        rows.append(
            f"{START_MS + number * FIVE_MINUTES},{last:.1f},{high:.1f},{low:.1f},{close:.1f},{volume:.3f}"
        )
        last = float(f"{close:.1f}")
    path.write_text("\n".join(rows) + "\n")
    return path
