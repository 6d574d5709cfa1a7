"""`report` from the command line: modes apart, every output, every refusal."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from report_trades import history

from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.cli import main
from whalebot.decisions.performance.exact import exact_sum
from whalebot.decisions.performance.summary import summarise
from whalebot.research.report.as_json import report_json
from whalebot.research.report.as_page import Source, report_page
from whalebot.research.report.as_text import sparkline

DEMO = history("demo", 40)
LIVE = history("live", 9, seed=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trade_history.json").write_bytes(encode_trades(DEMO + LIVE))
    return tmp_path


def run(folder: Path, *more: str) -> int:
    return main(["report", "--dir", str(folder), *more])


def test_modes_stand_apart_and_are_never_added(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--json") == 0
    shown = json.loads(capsys.readouterr().out)["modes"]
    assert list(shown) == ["demo", "live"]
    for mode, trades in (("demo", DEMO), ("live", LIVE)):
        assert D(shown[mode]["totals"]["pnl"]) == exact_sum(trade.pnl for trade in trades)
        assert shown[mode]["totals"]["trades"] == len(trades)
    both = exact_sum(trade.pnl for trade in DEMO + LIVE)
    assert format(both, "f") not in json.dumps(shown)


def test_an_output_without_unicode_still_shows_the_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    assert run(folder) == 0
    sys.stdout.flush()
    assert "Trades of" in written.getvalue().decode("latin-1")


def test_one_mode_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--json", "--mode", "live") == 0
    assert list(json.loads(capsys.readouterr().out)["modes"]) == ["live"]
    assert run(folder, "--mode", "paper") == 2
    assert "has no trade of it; it has demo, live" in capsys.readouterr().err


def test_json_is_strict_and_complete(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    winners = [replace(trade, pnl=D(1), r_multiple=None) for trade in history(count=2)]
    (tmp_path / "trade_history.json").write_bytes(encode_trades(winners))
    assert run(tmp_path, "--json", "--start-equity", "500.5") == 0
    text = capsys.readouterr().out
    shown = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["modes"]["demo"]
    assert shown["totals"]["profit_factor"] is None
    assert shown["totals"]["expectancy_r"] is None
    assert shown["risk"]["max_drawdown"] is None
    assert (shown["start_equity"], shown["end_equity"]) == ("500.5", "502.5")
    assert shown["first_entry"] == "2026-01-01T00:00:00.000+00:00"
    assert shown["equity"][-1]["equity"] == "502.5"
    assert shown["totals"]["fees"] == "2.000000000000000002"


@pytest.mark.parametrize("name", ["pnl", "mae", "mfe", "qty", "r_multiple"])
@pytest.mark.parametrize("amount", ["1e300", "-1e300", "1e31", "1e999999"])
def test_an_amount_that_cannot_be_is_named(
    name: str, amount: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trades = json.loads(encode_trades(history("demo", 3)))
    trades[1][name] = amount
    (tmp_path / "trade_history.json").write_text(json.dumps(trades))
    for more in ((), ("--json",), ("--mode", "demo")):
        assert run(tmp_path, *more) == 2
        told = capsys.readouterr().err
        assert f"{tmp_path / 'trade_history.json'}: trade BTCUSDT-1 of mode demo: {name} " in told
        assert "is no amount that can be; put the right one there" in told


@pytest.mark.parametrize("name", ["pnl", "mae", "mfe", "qty", "r_multiple"])
def test_an_amount_that_is_only_odd_is_counted(name: str, tmp_path: Path) -> None:
    trades = json.loads(encode_trades(history("demo", 3)))
    trades[1][name] = "1e30"
    (tmp_path / "trade_history.json").write_text(json.dumps(trades))
    assert run(tmp_path) == 0
    assert run(tmp_path, "--json") == 0


def test_text_names_what_people_ask_for(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(folder) == 0
    out = capsys.readouterr().out
    for name in (
        *(
            "Mode demo",
            "Mode live",
            "Net PnL",
            "Fees",
            "Funding paid",
            "Max drawdown",
            "Sharpe",
            "Sortino",
            "Calmar",
        ),
        *(
            "Profit factor",
            "Expectancy in R",
            "SQN",
            "Exposure",
            "By symbol",
            "By side",
            "By month",
            "By exit",
            "By day, newest 14",
            "By weekday of the entry",
            "By hour of the entry",
            "By holding time",
        ),
        *("take profit", "stop loss", "2026-01", "Rebuilt from the venue", "Fewer than 30 trades"),
    ):
        assert name in out
    assert max(map(len, out.splitlines()[1:])) <= 80, "all but the line with the path"
    assert run(folder, "-q") == 0
    assert capsys.readouterr().out == ""


def test_a_period_without_a_trade_is_told_from_an_empty_history(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--to", "2001-01-01") == 0
    assert "No trade was closed in this period" in capsys.readouterr().out


def test_no_trade_yet_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trade_history.json").write_bytes(b"[]\n")
    page, table = tmp_path / "r.html", tmp_path / "r.csv"
    assert run(tmp_path, "--html", str(page), "--csv", str(table)) == 0
    told = capsys.readouterr()
    assert "No trade was closed yet" in told.out
    assert "no picture or table was written" in told.err
    assert "No trade was closed yet" in page.read_text(encoding="utf-8")
    assert not table.exists()
    assert run(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["modes"] == {}


def test_a_wrong_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 2
    assert "there is no trade history; name the daemon's folder with --dir" in capsys.readouterr().err


def test_a_damaged_history_is_read_as_far_as_it_goes_and_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "trade_history.json"
    path.write_bytes(path.read_bytes()[:-30])
    before = path.read_bytes()
    assert run(folder, "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["modes"]["live"]["totals"]["trades"] == len(LIVE) - 1
    assert "is damaged" in told.err
    assert path.read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == ["trade_history.json"]


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "much"])
def test_a_start_equity_must_be_an_amount(
    folder: Path, amount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(folder, f"--start-equity={amount}")
    assert ended.value.code == 2
    assert "a number above 0" in capsys.readouterr().err


def test_csv_keeps_every_decimal(folder: Path) -> None:
    target = folder / "trades.csv"
    assert run(folder, "-q", "--csv", str(target)) == 0
    rows = list(csv.DictReader(target.read_text(encoding="utf-8").splitlines()))
    assert [row["trade_id"] for row in rows] == [trade.trade_id for trade in DEMO + LIVE]
    assert [D(row["gross_pnl"]) for row in rows] == [trade.gross_pnl for trade in DEMO + LIVE]
    assert rows[0]["order_link_ids"] == "wb-1 wb-2"
    assert json.loads(rows[0]["breakdown"]) == {"vwap": 0.22, "psar": -0.1}


def test_parquet_is_ready_for_a_notebook(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    target = folder / "trades.parquet"
    assert run(folder, "-q", "--mode", "demo", "--csv", str(target)) == 0
    frame = pd.read_parquet(target)
    assert frame["pnl"].sum() == pytest.approx(float(exact_sum(trade.pnl for trade in DEMO)))
    assert str(frame["exit_time"].dtype).endswith("UTC]")
    assert len(frame) == len(DEMO)


@pytest.mark.parametrize(
    ("module", "option", "name"), [("matplotlib.figure", "--png", "r.png"), ("pyarrow", "--csv", "r.parquet")]
)
def test_a_missing_extra_is_named(
    folder: Path,
    module: str,
    option: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert run(folder, "-q", "--mode", "demo", option, str(folder / name)) == 2
    assert f"pip install {module.partition('.')[0]}" in capsys.readouterr().err
    assert not (folder / name).exists()


def test_pictures_are_made_one_a_mode(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    assert run(folder, "-q", "--png", str(folder / "r.png")) == 0
    pictures = [folder / "r-demo.png", folder / "r-live.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert run(folder, "-q", "--mode", "live", "--png", str(folder / "one.png")) == 0
    assert (folder / "one.png").read_bytes() == pictures[1].read_bytes()


def test_a_file_that_cannot_be_written_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "-q", "--html", str(folder / "absent" / "r.html")) == 2
    assert f"there is no folder {folder / 'absent'}" in capsys.readouterr().err


def test_the_page_holds_every_mode_and_needs_nothing_else(folder: Path) -> None:
    assert run(folder, "-q", "--html", str(folder / "r.html")) == 0
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert re.findall(r'<span class="mode">(\w+)</span>', page) == ["demo", "live"]
    assert not re.search(r"src=|href=\"[^#]|https?://|@import|url\(", page)
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) == 2 * 10 + 1, "the nine charts, the curve twice; the days beside one month"
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert "NaN" not in page.split("<script>")[0]
    assert run(folder, "-q", "--html", str(folder / "again.html")) == 0
    assert (folder / "again.html").read_text(encoding="utf-8") == page


def test_names_from_the_file_cannot_break_the_page() -> None:
    evil = "</script><script>alert(1)</script>&\"'"
    trades = [replace(trade, mode=evil, symbol=evil) for trade in history(count=3)]
    page = report_page([(summarise(evil, trades, D(1000)), trades)], Source(evil, evil, evil))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("pnl", ["5", "-5", "0"])
def test_tiny_histories_have_a_page_and_json(count: int, pnl: str) -> None:
    trades = [replace(trade, pnl=D(pnl), r_multiple=None) for trade in history(count=count)]
    report = summarise("demo", trades, D(1000))
    assert "Realised equity" in report_page([(report, trades)], Source("x", "y"))
    assert json.dumps(report_json(report), allow_nan=False)


def test_the_sparkline_follows_the_curve() -> None:
    assert sparkline([1, 2, 3, 2]) == "▁▅█▅"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert len(sparkline([float(n) for n in range(1000)])) == 60
    assert sparkline([]) == ""
