"""The command: what it prints and writes, that two runs are equal to the byte, that bad input is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from made_markets import walk

from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.adapters.storage.trade_json import decode_trade
from whalebot.app.cli import main

FILES = (
    *("config.json", "equity.parquet", "equity.png", "manifest.json", "report.html", "summary.json"),
    "trades.json",
)


def write(folder: Path, bars: BarTable, name: str) -> Path:
    rows = ["timestamp,open,high,low,close,volume"]
    for i in range(len(bars.open_ms)):
        prices = ",".join(f"{int(getattr(bars, c)[i]) / 10:.1f}" for c in ("open", "high", "low", "close"))
        rows.append(f"{bars.open_ms[i]},{prices},{int(bars.volume[i]) / 1000:.3f}")
    path = folder / name
    path.write_bytes(gzip.compress("\n".join(rows).encode(), mtime=0))
    return path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return write(tmp_path, walk(8, 900), "BTCUSDT-5m-made.csv.gz")


def backtest(folder: Path, *arguments: object) -> int:
    common = ("--dir", str(folder), "--strategy", "ema_cross", "--interval", "5")
    return main(["backtest", *map(str, arguments), *common])


def test_two_runs_write_the_same_bytes(tmp_path: Path, recorded: Path) -> None:
    for name in ("one", "two"):
        assert backtest(tmp_path, "--data", recorded, "--out", tmp_path / name, "-q") == 0
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == list(FILES)


def test_files_agree_with_each_other(tmp_path: Path, recorded: Path) -> None:
    import pyarrow.parquet as pq

    out = tmp_path / "out"
    assert backtest(tmp_path, "--data", recorded, "--out", out, "-q") == 0
    rows = json.loads((out / "trades.json").read_text())
    trades = [decode_trade(json.dumps(row).encode()) for row in rows]
    equity = pq.read_table(out / "equity.parquet").column("equity").to_numpy()
    assert len(equity) == 900
    assert equity[-1] == pytest.approx(1000 + float(sum(trade.pnl for trade in trades)), abs=1e-8)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["report"]["totals"]["trades"] == len(trades) > 5
    page = (out / "report.html").read_text()
    assert page.count("<circle") == 4 * len(trades), "on all candles, on its own, and in both scatters"
    assert "http" not in page.replace("http://www.w3.org", "")


def test_both_tiers_print_the_same_figures(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = []
    for tier in ("event", "column"):
        assert backtest(tmp_path, "--data", recorded, "--tier", tier, "--format", "json") == 0
        report = json.loads(capsys.readouterr().out)["report"]
        shown.append((report["totals"], report["by_exit"]))
    assert shown[0] == shown[1]


def test_each_file_and_interval_has_a_line(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write(tmp_path, walk(9, 600, "ETHUSDT"), "ETHUSDT-5m-made.csv.gz")
    arguments = ("--data", recorded, other, "--each", "--format", "markdown", "--interval", "5", "15")
    assert main(["backtest", *map(str, arguments), "--dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:2] for line in lines[2:]] == [
        [f"| {symbol}-5m-made", interval] for symbol in ("BTCUSDT", "ETHUSDT") for interval in ("5", "15")
    ]


def test_several_symbols_share_one_account(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write(tmp_path, walk(9, 900, "ETHUSDT"), "ETHUSDT-5m-made.csv.gz")
    assert backtest(tmp_path, "--data", recorded, other, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert set(report["by_symbol"]) == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--strategy", "nothing"), "--strategy nothing"),
        (("--interval", "1"), "cannot make interval 1"),
        (("--symbols", "ETHUSDT"), "no file of ETHUSDT"),
        (("--to", "2024-09-30T00:00"), "fewer than two bars"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path,
    recorded: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    named: str,
) -> None:
    assert main(["backtest", "--data", str(recorded), "--dir", str(tmp_path), *arguments]) != 0
    assert named in capsys.readouterr().err


def test_costs_of_the_command_line_count(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fees = []
    for fee in ("0", "0.1"):
        backtest(tmp_path, "--data", recorded, "--format", "json", "--fee-taker", fee)
        fees.append(float(json.loads(capsys.readouterr().out)["report"]["totals"]["fees"]))
    assert fees[0] == 0 < fees[1]
    assert np.isfinite(fees[1])
