"""`whalebot tax`: perpetuals by trade and day, currencies, the year's boundary, files."""

from __future__ import annotations

import csv
from decimal import Decimal as D
from pathlib import Path

import pytest

from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.cli import main
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

NEW_YEAR = 1_767_225_600_000  # 2026-01-01 00:00 UTC
HOUR = 3_600_000


def trade(number: int, exit_ms: int, gross: str, fees: str, funding: str, mode: str = "live") -> ClosedTrade:
    net = D(gross) - D(fees) - D(funding)
    return ClosedTrade(
        *(f"id-{number}", mode, "BTCUSDT", Side.BUY, exit_ms - HOUR, exit_ms, D(100), D(101), D(1)),
        *(D(gross), D(fees), D(funding), net, D(1), None, D(0), D(1), 4, ClosedBy.STOP_LOSS, None, (), None),
        *((), "0123456789abcdef"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trades = [
        trade(0, NEW_YEAR - 30 * HOUR, "10.5", "1", "0.25"),
        trade(1, NEW_YEAR - 29 * HOUR, "-4", "1", "-0.05"),
        trade(2, NEW_YEAR - 30 * 60_000, "100", "2", "0"),
        trade(3, NEW_YEAR + 30 * 60_000, "1000", "3", "0"),
        trade(4, NEW_YEAR - 40 * HOUR, "77777", "0", "0", mode="demo"),
    ]
    (tmp_path / "trade_history.json").write_bytes(encode_trades(trades))
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return main(["tax", *arguments, "--dir", str(folder)])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_year_ends_where_its_zone_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--year", "2025", "--tz", "UTC") == 0
    out = capsys.readouterr().out
    assert "not legal or tax advice" in out
    assert "3 positions closed on 2 days" in out
    assert "USDT: realised 106.50, fees 4.00, funding 0.20, net 102.30" in out
    assert run(folder, "--year", "2025", "--tz", "America/New_York") == 0
    assert "4 positions closed" in capsys.readouterr().out
    assert run(folder, "--year", "2025", "--tz", "Europe/Berlin") == 0
    assert "2 positions closed" in capsys.readouterr().out
    assert run(folder, "--year", "2026", "--tz", "UTC") == 0
    assert "1 position closed on 1 day\n" in capsys.readouterr().out
    assert run(folder, "--year", "2026", "--tz", "Europe/Berlin") == 0
    assert "realised 1,100.00" in capsys.readouterr().out


def test_another_currency_by_the_rate_of_each_day(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = folder / "rates.csv"
    rates.write_text("date,currency,EUR\n2025-12-30,USDT,0.5\n2025-12-31,USDT,2\n")
    out = folder / "out"
    arguments = ["--year", "2025", "--tz", "UTC", "--currency", "EUR", "--rates", str(rates)]
    assert run(folder, *arguments, "--out", str(out)) == 0
    assert "EUR: realised 203.25, fees 5.00, funding 0.10, net 198.15" in capsys.readouterr().out
    trades = rows(out / "tax-2025-perpetual-trades.csv")
    assert [(r["day"], r["net_usdt"], r["rate"], r["net"]) for r in trades] == [
        ("2025-12-30", "9.25", "0.5", "4.625"),
        ("2025-12-30", "-4.95", "0.5", "-2.475"),
        ("2025-12-31", "98", "2", "196"),
    ]
    days = rows(out / "tax-2025-perpetual-days.csv")
    assert [(r["day"], r["trades"], r["funding"], r["net"]) for r in days] == [
        ("2025-12-30", "2", "0.100", "2.150"),
        ("2025-12-31", "1", "0", "196"),
    ]
    assert "not legal or tax advice" in (out / "tax-2025-summary.txt").read_text()


def test_without_a_rate_nothing_is_guessed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--year", "2025", "--tz", "UTC", "--currency", "EUR") == 2
    assert "no rate of USDT in EUR for 2025-12-30" in capsys.readouterr().err


def test_modes_stand_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--year", "2025", "--tz", "UTC", "--mode", "demo") == 0
    assert "realised 77,777.00" in capsys.readouterr().out
    assert run(folder, "--year", "2025", "--tz", "UTC", "--mode", "paper") == 2
    assert "has no trade of it; it has demo, live" in capsys.readouterr().err


def test_spot_disposals_and_lots_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spot = tmp_path / "spot.csv"
    spot.write_text(
        "time,type,sent_coin,sent_qty,received_coin,received_qty,fee_coin,fee_qty,value\n"
        "2024-12-31T10:00:00,trade,EUR,1000,BTC,2,,,\n"
        "2025-06-01T10:00:00,trade,BTC,1,EUR,900,EUR,5,\n"
        "2025-07-01T10:00:00,income,,,ETH,1,,,12.345\n"
        "2026-07-01T10:00:00,trade,BTC,1,EUR,1,,,\n"
    )
    out = tmp_path / "out"
    arguments = ["--year", "2025", "--tz", "UTC", "--currency", "EUR", "--transactions", str(spot)]
    assert run(tmp_path, *arguments, "--out", str(out)) == 0
    text = capsys.readouterr().out
    assert "BTC: 1 disposals, proceeds 900.00, cost 500.00, fees 5.00, gain 395.00" in text
    assert "received as income: 12.35 in 1 receipts" in text
    assert "held at the end of the year: 2 lots at a cost of 512.35" in text
    assert "Perpetuals" not in text
    (sale,) = rows(out / "tax-2025-spot-disposals.csv")
    assert sale == {
        "coin": "BTC", "acquired": "2024-12-31", "sold": "2025-06-01", "qty": "1", "currency": "EUR",
        "proceeds": "900", "cost": "500.000000000000", "fee": "5", "gain": "395.000000000000",
        "holding_days": "152", "reason": "trade",
    }  # fmt: skip
    assert [(r["coin"], r["qty"]) for r in rows(out / "tax-2025-spot-lots.csv")] == [
        ("BTC", "1"),
        ("ETH", "1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--year", "25"], "write a year"),
        (["--year", "2025", "--tz", "Mars/Base"], "write a zone"),
        (["--year", "2025", "--currency", "euro"], "write a code"),
    ],
)
def test_wrong_options_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(folder, *arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_damaged_history_makes_no_statement(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "trade_history.json"
    path.write_bytes(path.read_bytes()[:-40])
    assert run(folder, "--year", "2025", "--tz", "UTC") == 2
    assert "a statement must be complete" in capsys.readouterr().err
