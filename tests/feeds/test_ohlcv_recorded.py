"""The reader on real recordings: every price equals the text of the file."""

from __future__ import annotations

import gzip
import time
from decimal import Decimal
from pathlib import Path

import pytest

from whalebot.adapters.feeds.funding import read_funding
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.adapters.feeds.rules import instrument_of

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="recorded market data is not here")

FILES = sorted(path.name for path in (DATA / "ohlcv").glob("*.csv.gz")) if DATA.is_dir() else []


@pytest.mark.parametrize("name", FILES)
def test_decimals_equal_the_text_and_shipped_rules_fit_the_prices(name: str) -> None:
    bars = read_ohlcv(str(DATA / "ohlcv" / name))
    lines = gzip.decompress((DATA / "ohlcv" / name).read_bytes()).decode().split()[1:]
    assert len(bars) == len(lines)
    for i in range(0, len(lines), 97):
        line, candle = lines[i].split(","), bars.candle(i)
        found = (candle.open, candle.high, candle.low, candle.close)
        assert found == tuple(map(Decimal, line[1:5])), (name, line)
        assert candle.open_ms == int(line[0])
        assert abs(candle.volume - Decimal(line[5])) < Decimal("1e-9")
    floats = bars.prices(bars.close)
    assert floats.tolist() == [float(line.split(",", 5)[4]) for line in lines]
    instrument = instrument_of(bars)
    assert instrument.symbol == bars.symbol
    coarser = bars.close[:2000] % int((instrument.tick_size * 10).scaleb(bars.price_decimals))
    assert (coarser != 0).mean() > 0.3, "a tick ten times as large would fit as well"


def test_known_holes_are_found() -> None:
    holes = read_ohlcv(str(DATA / "ohlcv" / "BTCUSDT-1m-binance_spot-20210326_20210430.csv.gz")).gaps
    assert [gap.bars for gap in holes] == [150, 284]


def test_large_file_is_read_at_once() -> None:
    path = DATA / "ohlcv" / "BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz"
    started = time.process_time()
    bars = read_ohlcv(str(path))
    assert len(bars) == 63_072
    assert time.process_time() - started < 1.0


def test_tick_of_ape_changes_with_its_date() -> None:
    bars = read_ohlcv(str(DATA / "ohlcv" / "APEUSDT-5m-bybit_linear-20250924_20260430.csv.gz"))
    change = 1_768_444_500_000  # 2026-01-15 02:35 UTC
    assert instrument_of(bars, change - 1).tick_size == Decimal("0.0001")
    assert instrument_of(bars, change).tick_size == Decimal("0.00001")
    fine = bars.open_ms[bars.close % 10 != 0]
    assert int(fine[0]) == change


def test_funding_files() -> None:
    rows = read_funding(DATA / "funding" / "BTCUSDT-funding-bybit_linear-20250924_20260430.csv.gz")
    assert len(rows) == 656
    assert all(row.ts_ms % 28_800_000 == 0 for row in rows)
    assert all(abs(row.rate) < Decimal("0.01") for row in rows)


def test_mark_price_files_have_no_volume() -> None:
    bars = read_ohlcv(str(DATA / "mark_ohlcv" / "BTCUSDT-1h-mark-bybit_linear-20250924_20260430.csv.gz"))
    assert bars.interval == "60"
    assert not bars.has_volume
