"""What the reader of bars accepts, and what it says about what it refuses."""

from __future__ import annotations

import builtins
import gzip
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whalebot.adapters.feeds.bar_file import Gap
from whalebot.adapters.feeds.funding import read_funding
from whalebot.adapters.feeds.ohlcv import read_bars, read_ohlcv, split_name
from whalebot.domain.errors import ConfigError

HEADER = "timestamp,open,high,low,close,volume"
T0 = 1_700_000_100_000  # on the grid of 5 minutes


def row(i: int, prices: str = "10.5,11.25,10,10.75", volume: str = "3.5", minutes: int = 5) -> str:
    return f"{T0 + i * minutes * 60_000},{prices},{volume}"


def rows(n: int) -> list[str]:
    return [row(i) for i in range(n)]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def _save(lines: list[str], name: str = "BTCUSDT-5m-bybit_linear.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        data = "\n".join([header, *lines]) + "\n"
        path.write_bytes(gzip.compress(data.encode()) if name.endswith(".gz") else data.encode())
        return path

    return _save


def test_reads_prices_as_they_are_written(save: Callable[..., Path]) -> None:
    bars = read_ohlcv(str(save([row(0), row(1, "10.75,12.125,10.75,12.10", "0.001")])))
    assert (bars.symbol, bars.venue, bars.interval) == ("BTCUSDT", "bybit_linear", "5")
    second = bars.candle(1)
    assert (second.open, second.high, second.low, second.close, second.volume) == tuple(
        Decimal(text) for text in ("10.75", "12.125", "10.75", "12.1", "0.001")
    )
    assert bars.price_decimals == 3
    assert second.close_ms - second.open_ms == 300_000
    assert bars.prices(bars.high).tolist() == [11.25, 12.125]
    assert bars.volumes().tolist() == [3.5, 0.001]


def test_gzip_parquet_and_crlf_give_the_same_bars(save: Callable[..., Path], tmp_path: Path) -> None:
    plain = read_ohlcv(str(save(rows(4))))
    packed = read_ohlcv(str(save(rows(4), "BTCUSDT-5m.csv.gz")))
    windows = tmp_path / "ETHUSDT.csv"
    windows.write_bytes(plain.path.read_bytes().replace(b"\n", b"\r\n"))
    columns = {name: [] for name in HEADER.split(",")}
    for line in rows(4):
        for name, text in zip(columns, line.split(","), strict=True):
            columns[name].append(int(text) if name == "timestamp" else float(text))
    pq.write_table(pa.table(columns), tmp_path / "SOLUSDT.parquet")
    for other in (packed, read_ohlcv(str(windows)), read_ohlcv(str(tmp_path / "SOLUSDT.parquet"))):
        assert list(other.candles())[1:] == [
            type(c)(other.symbol, *(getattr(c, f) for f in list(c.__dataclass_fields__)[1:]))
            for c in plain.candles(1)
        ]


def test_parquet_keeps_decimals_and_reads_timestamps(tmp_path: Path) -> None:
    times = pa.array([T0 * 1000, (T0 + 300_000) * 1000], pa.timestamp("us", tz="UTC"))
    price = pa.array([Decimal("0.10000001"), Decimal("0.2")], pa.decimal128(18, 8))
    path = tmp_path / "BTCUSDT.parquet"
    names = HEADER.split(",")
    volume = pa.array([None, None], pa.float64())
    pq.write_table(pa.table(dict(zip(names, [times, price, price, price, price, volume], strict=True))), path)
    bars = read_ohlcv(str(path))
    assert bars.open_ms.tolist() == [T0, T0 + 300_000]
    assert bars.candle(0).open == Decimal("0.10000001")
    assert not bars.has_volume


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "BTCUSDT.parquet"
    path.write_bytes(b"PAR1")
    real = builtins.__import__

    def without_pyarrow(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(ConfigError, match="extra research"):
        read_ohlcv(str(path))


def test_exact_beyond_float_precision(save: Callable[..., Path]) -> None:
    price = "12345678.9012345678"
    bars = read_ohlcv(str(save([row(i, f"{price},{price},{price},{price}") for i in range(2)])))
    assert bars.candle(0).open == Decimal(price)


def test_scientific_notation_and_trailing_zeros(save: Callable[..., Path]) -> None:
    bars = read_ohlcv(str(save([row(i, "1e-05,2.50E-5,1e-05,1.10e-05", "100.000") for i in range(2)])))
    assert [bars.candle(0).open, bars.candle(0).high, bars.candle(0).close] == [
        Decimal("0.00001"),
        Decimal("0.000025"),
        Decimal("0.000011"),
    ]
    assert bars.volume_decimals == 0


def test_digits_of_volume_are_cut_where_they_do_not_fit(save: Callable[..., Path]) -> None:
    bars = read_ohlcv(str(save([row(i, volume="5000000000.123456789012345") for i in range(2)])))
    cut = bars.candle(0).volume
    assert 0 <= Decimal("5000000000.123456789012345") - cut < Decimal("1e-6")


def test_columns_in_another_order_and_more_of_them(save: Callable[..., Path]) -> None:
    header = "close,low,high,open,timestamp,turnover,volume"
    path = save([f"3,1,4,2,{T0 + i * 60_000},99,5" for i in range(3)], "XRPUSDT.csv", header)
    candle = read_ohlcv(str(path)).candle(0)
    assert [candle.open, candle.high, candle.low, candle.close] == [Decimal(n) for n in (2, 4, 1, 3)]


def test_gaps_are_listed_not_filled(save: Callable[..., Path]) -> None:
    bars = read_ohlcv(str(save([row(0), row(1), row(4), row(5), row(6), row(20)])))
    assert len(bars) == 6
    assert bars.gaps == (
        Gap(T0 + 600_000, T0 + 1_200_000, 2),
        Gap(T0 + 7 * 300_000, T0 + 20 * 300_000, 13),
    )


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        ("W", ["2024-01-01", "2024-01-08", "2024-01-15"]),
        ("M", ["2024-01-01", "2024-02-01", "2024-03-01", "2024-05-01"]),
        ("D", ["2024-01-01", "2024-01-02"]),
    ],
)
def test_weeks_and_months(save: Callable[..., Path], interval: str, starts: list[str]) -> None:
    lines = [f"{int(np.datetime64(day, 'ms').astype(int))},1,1,1,1,1" for day in starts]
    bars = read_ohlcv(str(save(lines)))
    assert bars.interval == interval
    assert [gap.bars for gap in bars.gaps] == ([1] if interval == "M" else [])


@pytest.mark.parametrize(
    ("lines", "header", "says"),
    [
        ([], HEADER, "no bars"),
        (rows(2), "time,open,high,low,close,volume", "without timestamp"),
        (rows(2), "1700000000000,1,1,1,1,1", "found the columns '1700000000000,1,1,1,1,1'"),
        ([row(0).replace(str(T0), str(T0 // 1000))], HEADER, "looks like seconds"),
        ([row(0).replace(str(T0), str(T0 * 1000))], HEADER, "looks like microseconds"),
        ([row(0).replace(str(T0), "2024-01-01")], HEADER, "'2024-01-01' is no whole number of ms"),
        ([row(0).replace(str(T0), "12")], HEADER, "no time between 2000 and 2100"),
        ([row(0), row(2), row(1)], HEADER, "row 3: .* ascending"),
        ([row(0), row(1), row(1)], HEADER, "row 3: .* twice"),
        ([row(0)], HEADER, "one bar alone"),
        ([row(i, minutes=7) for i in range(3)], HEADER, "420000 ms apart"),
        ([row(0), row(1), f"{T0 + 900_001},1,1,1,1,1", row(4), row(5)], HEADER, "row 3: .* grid"),
        ([row(0), row(1, "10,9,11,10")], HEADER, "row 2 .*high is below low"),
        ([row(0), row(1, "10,10.5,9,11")], HEADER, "row 2 .*high is not the highest"),
        ([row(0), row(1, "10,12,10.5,11")], HEADER, "row 2 .*low is not the lowest"),
        ([row(0), row(1, "0,1,0,1")], HEADER, "row 2 .*above zero"),
        ([row(0), row(1, volume="-1")], HEADER, "row 2 .*volume is negative"),
        ([row(0), row(1, "10,x,10,10")], HEADER, r"row 2 \(\d+\): 'x' is no number"),
        ([row(0), row(1, "10,nan,10,10")], HEADER, "'nan' is no number"),
        ([row(0), row(1, "10,,10,10")], HEADER, "'' is no number"),
        ([row(0), row(1) + ",7"], HEADER, "line 3 .*expected 6 fields"),
    ],
)
def test_what_cannot_be_right_is_refused(
    save: Callable[..., Path], lines: list[str], header: str, says: str
) -> None:
    path = save(lines, header=header)
    with pytest.raises(ConfigError, match=says) as caught:
        read_ohlcv(str(path))
    assert str(path) in str(caught.value)
    assert "expected" in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read_bars("BTCUSDT", tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="is a folder"):
        read_bars("BTCUSDT", tmp_path)
    pipe = tmp_path / "BTCUSDT-5m.csv"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="is not a regular file; write what it holds"):
        read_ohlcv(str(pipe))
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_funding(pipe)
    broken = tmp_path / "BTCUSDT.csv.gz"
    broken.write_bytes(gzip.compress(b"timestamp,open\n" * 50)[:-20])
    with pytest.raises(ConfigError, match="cannot be read"):
        read_ohlcv(str(broken))
    picture = tmp_path / "BTCUSDT.csv"
    picture.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ConfigError, match="is no text"):
        read_ohlcv(str(picture))
    parquet = tmp_path / "BTCUSDT.parquet"
    parquet.write_bytes(b"no parquet")
    with pytest.raises(ConfigError, match="as Parquet"):
        read_ohlcv(str(parquet))


def test_symbol_of_a_file(tmp_path: Path) -> None:
    assert split_name("SOLUSDT-5m-x.csv.gz") == ("SOLUSDT", Path("SOLUSDT-5m-x.csv.gz"))
    assert split_name("ethusdt=/data/my.csv") == ("ETHUSDT", Path("/data/my.csv"))
    with pytest.raises(ConfigError, match="SYMBOL="):
        split_name("my data.csv")
