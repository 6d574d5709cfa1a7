"""The table of scores: complete, adding up, the same in both formats."""

from __future__ import annotations

import gzip
import math
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.app.cli import main
from whalebot.app.score_table import primary_bars
from whalebot.decisions.analysis.settings import DEFAULT_WEIGHTS
from whalebot.domain.analysis import VOLUME_FILTER

MINUTE_MS = 60_000
START_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z


def bars_file(folder: Path, minutes: int, count: int, hole: range = range(0)) -> Path:
    rng, price, lines = random.Random(3), 100.0, ["timestamp,open,high,low,close,volume"]
    for row in range(count):
        step = math.sin(row / 40) * 0.1 + rng.gauss(0, 0.4)
        open_, close = price, max(price + step, 1.0)
        high, low = max(open_, close) + rng.random() * 0.3, min(open_, close) - rng.random() * 0.3
        price = close
        if row not in hole:
            at = START_MS + row * minutes * MINUTE_MS
            lines.append(f"{at},{open_:.2f},{high:.2f},{low:.2f},{close:.2f},{1 + rng.random() * 9:.3f}")
    path = folder / f"BTCUSDT-{minutes}m-bybit_linear.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def score(folder: Path, data: Path, out: str, *more: str) -> int:
    return main(["score", "--dir", str(folder), "--data", str(data), "--out", str(folder / out), *more])


def test_the_table_holds_every_bar_and_every_group_and_adds_up(tmp_path, capsys) -> None:
    data = bars_file(tmp_path, 15, 600)
    assert score(tmp_path, data, "t.csv") == 0
    table = pd.read_csv(tmp_path / "t.csv", parse_dates=["open_time", "close_time"])
    assert len(table) == 600
    assert (table.close_time - table.open_time).eq(pd.Timedelta(minutes=15)).all()
    groups = [name for name in table.columns if name.startswith("group.")]
    assert set(groups) == {f"group.{name}" for name in (*DEFAULT_WEIGHTS, VOLUME_FILTER)}
    total = np.zeros(600)
    for name in groups:
        total += table[name].to_numpy()
    assert (total == table.score.to_numpy()).all()
    assert set(table.signal) <= {"BUY", "SELL", "HOLD"}
    assert {"rsi", "atr", "ehlers_slow_direction", "threshold", "may_enter"} <= set(table.columns)
    assert "600 bars of BTCUSDT, interval 15" in capsys.readouterr().out


def test_csv_gzip_and_parquet_say_the_same(tmp_path) -> None:
    data = bars_file(tmp_path, 15, 200)
    for out in ("t.csv", "t.csv.gz", "t.parquet"):
        assert score(tmp_path, data, out, "-q") == 0
    assert gzip.decompress((tmp_path / "t.csv.gz").read_bytes()) == (tmp_path / "t.csv").read_bytes()
    csv = pd.read_csv(tmp_path / "t.csv")
    parquet = pd.read_parquet(tmp_path / "t.parquet").reset_index()
    for name in csv.columns.drop(["open_time", "close_time"]):
        np.testing.assert_array_equal(csv[name].to_numpy(), parquet[name].to_numpy(), err_msg=name)
    assert not list(tmp_path.glob(".*.part"))


def test_finer_bars_are_joined_inside_a_data_set_only(tmp_path) -> None:
    # 200 missing minutes are more than ten bars of 15 minutes: what follows is another data set.
    data = bars_file(tmp_path, 1, 1200, hole=range(607, 807))
    primary = primary_bars(read_bars("BTCUSDT", data), "15")
    opens = (primary.bars.open_ms - START_MS) // MINUTE_MS
    assert list(primary.starts) == [0, 40]
    assert opens[39] == 585
    assert opens[40] == 810
    assert score(tmp_path, data, "t.csv", "--interval", "15") == 0


def test_the_configuration_decides_weights_and_interval(tmp_path) -> None:
    data = bars_file(tmp_path, 5, 300)
    (tmp_path / "config.json").write_text('{"interval": "5", "indicators": {"roc_signal": false}}')
    assert score(tmp_path, data, "t.csv", "-q") == 0
    table = pd.read_csv(tmp_path / "t.csv")
    assert len(table) == 300
    assert "group.roc_signal" not in table.columns


@pytest.mark.parametrize(
    ("out", "more", "words"),
    [
        ("t.txt", (), "its ending names no kind of table"),
        ("gone/t.csv", (), "is not there"),
        ("t.csv", ("--interval", "5"), "cannot make interval 5"),
        ("t.csv", ("--interval", "W"), "holds no complete bar"),
    ],
)
def test_what_cannot_be_scored_says_why(out, more, words, tmp_path, capsys) -> None:
    assert score(tmp_path, bars_file(tmp_path, 15, 50), out, *more) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / out).exists()
