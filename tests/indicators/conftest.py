"""Recorded bars for the tests of the indicators."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from market_bars import MarketBars

DATA = Path(__file__).resolve().parents[2] / "../shared/data/ohlcv"
FILES = (
    "BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz",
    "APEUSDT-5m-bybit_linear-20250924_20260430.csv.gz",
    "DOGEUSDT-1m-bybit_linear-20250530_20250629.csv.gz",
    "BTCPERP-1m-ftx-20211231_20220201.csv.gz",
    "WIFUSDT-1m-bybit_linear-20250423_20250524.csv.gz",
)


@pytest.fixture(scope="session", params=FILES)
def real(request: pytest.FixtureRequest) -> MarketBars:
    """The first 6000 bars of a recorded file."""
    path = DATA / request.param
    if not path.exists():
        pytest.skip(f"recorded market data {path.name} is not here")
    with gzip.open(path, "rt") as file:
        return MarketBars(np.loadtxt(file, delimiter=",", skiprows=1, max_rows=6000))
