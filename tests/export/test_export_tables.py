"""Exports: every digit, every row, no formula for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.audit.record import AuditRecord
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.cli import main
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade
from whalebot.research.export.sources import (
    Choice,
    audit_table,
    equity_table,
    executions_table,
    signals_table,
    trades_table,
)
from whalebot.research.export.table import Kind, Table, columns
from whalebot.research.export.writing import write_csv, write_json, write_parquet

HOUR = 3_600_000
BEGIN = 1_767_225_600_000
LONG = Decimal("1.0000000000000000000000000001")
NO = Choice()


def trade(number: int, pnl: str, *, mode: str = "demo", symbol: str = "BTCUSDT") -> ClosedTrade:
    return ClosedTrade(
        *(f"id-{number}", mode, symbol, Side.BUY, BEGIN + number * HOUR, BEGIN + (number + 1) * HOUR),
        *(Decimal("100.10"), Decimal("101"), LONG, Decimal(pnl), Decimal(0), Decimal("-0.1"), Decimal(pnl)),
        *(Decimal("0.5"), None, Decimal(0), Decimal(1), 4, ClosedBy.STOP_LOSS, 1.5, (("vwap", -0.25),)),
        *(Decimal(99), ("wb-1", "wb-2"), "0123456789abcdef"),
    )


TRADES = [trade(0, "2.50"), trade(1, "-1"), trade(2, "7", mode="paper"), trade(3, "-1E-7", symbol="ETHUSDT")]


def csv_rows(table: Table) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    count = write_csv(table, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert len(rows) == count
    return rows


def test_trades_keep_every_digit_in_every_format(tmp_path: Path) -> None:
    rows = csv_rows(trades_table(TRADES, NO))
    assert [row["trade_id"] for row in rows] == ["id-0", "id-1", "id-2", "id-3"]
    assert rows[0]["qty"] == "1.0000000000000000000000000001"
    assert rows[0]["entry_price"] == "100.10"
    assert (rows[1]["pnl"], rows[3]["pnl"]) == ("-1", "-0.0000001")
    assert rows[0]["r_multiple"] == ""
    file = io.StringIO(newline="")
    assert write_json(trades_table(TRADES, NO), file) == 4
    shown = json.loads(file.getvalue())
    assert shown[0]["qty"] == str(LONG)
    assert shown[0]["r_multiple"] is None
    assert shown[0]["reconciled"] is False
    pq = pytest.importorskip("pyarrow.parquet")
    with (tmp_path / "t.parquet").open("wb") as file:
        assert write_parquet(trades_table(TRADES, NO), file) == 4
    found = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert found[0]["qty"] == str(LONG)
    assert found[0]["exit_time"].isoformat() == "2026-01-01T01:00:00+00:00"
    assert found[0]["bars_held"] == 4


def test_the_span_is_from_inclusive_to_exclusive_by_exit() -> None:
    choice = Choice(since_ms=BEGIN + 2 * HOUR, until_ms=BEGIN + 3 * HOUR)
    assert [row["trade_id"] for row in csv_rows(trades_table(TRADES, choice))] == ["id-1"]
    assert [r["trade_id"] for r in csv_rows(trades_table(TRADES, Choice(mode="paper")))] == ["id-2"]
    assert [r["trade_id"] for r in csv_rows(trades_table(TRADES, Choice(symbol="ETHUSDT")))] == ["id-3"]


def test_equity_adds_up_each_mode_for_itself() -> None:
    rows = csv_rows(equity_table(TRADES, NO, Decimal("1000.00")))
    assert [(r["mode"], r["total"], r["equity"]) for r in rows] == [
        ("demo", "2.50", "1002.50"),
        ("demo", "1.50", "1001.50"),
        ("paper", "7", "1007.00"),
        ("demo", "1.4999999", "1001.4999999"),
    ]


def record(seq: int, kind: str, **fields: str) -> AuditRecord:
    ts = f"2026-01-01T00:00:{seq:02d}.000+00:00"
    return AuditRecord(seq, ts, "1", "demo", "c", kind, "venue", fields, "p", "h")


def test_executions_are_the_fills_of_the_trail_each_once() -> None:
    stamp = str(BEGIN + 500)
    fill = {"exec_id": "e1", "symbol": "BTCUSDT", "price": "50000.10", "fee": "-0.275", "ts_ms": stamp}
    trail = [record(1, "order", symbol="BTCUSDT"), record(2, "fill", **fill), record(3, "fill", **fill)]
    (row,) = csv_rows(executions_table(trail, NO))
    assert (row["time"], row["price"], row["fee"]) == ("2026-01-01T00:00:00.500+00:00", "50000.10", "-0.275")
    assert row["seen"] == "2026-01-01T00:00:02.000+00:00"
    assert csv_rows(executions_table(trail, Choice(symbol="ETHUSDT"))) == []


def test_the_trail_as_a_table() -> None:
    rows = csv_rows(audit_table([record(1, "command", order="pause")], NO))
    assert json.loads(rows[0]["fields"]) == {"order": "pause"}
    assert rows[0]["seq"] == "1"


def test_scores_come_from_the_event_log() -> None:
    events = [
        {"ts": "2026-01-01T00:00:01.000+00:00", "kind": "start"},
        {"ts": "2026-01-01T00:00:02.000+00:00", "kind": "analysis", "symbol": "BTCUSDT", "text": "t",
         "fields": {"score": "1.25", "vwap": "-0.5"}},
        {"ts": "2026-01-01T00:00:03.000+00:00", "kind": "analysis", "symbol": "BTCUSDT",
         "fields": {"score": "nan"}},
        {"ts": "2026-01-01T00:00:04.000+00:00", "kind": "analysis", "fields": "?"},
    ]  # fmt: skip
    rows = csv_rows(signals_table(events, NO))
    assert [row["score"] for row in rows] == ["1.25", "", ""]
    assert json.loads(rows[0]["breakdown"]) == {"vwap": "-0.5"}


@given(text=st.text(max_size=30), amount=st.decimals(allow_nan=False, allow_infinity=False))
def test_no_text_becomes_a_formula_and_no_amount_changes(text: str, amount: Decimal) -> None:
    shown = format(amount, "f")
    table = Table(
        columns(name=Kind.TEXT, amount=Kind.AMOUNT, claimed=Kind.AMOUNT),
        iter([{"name": text, "amount": shown, "claimed": f"={text}"}]),
    )
    file = io.StringIO(newline="")
    write_csv(table, file)
    _, (name, found, claimed) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert not name.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert name.removeprefix("'") == text.removeprefix("'") or name == text
    assert found == shown
    assert claimed.startswith("'=")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trade_history.json").write_bytes(encode_trades([replace(t) for t in TRADES]))
    return tmp_path


def test_the_command_writes_to_a_file_or_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "trades", "--mode", "paper", "--dir", str(folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    out = folder / "equity.json"
    assert main(["export", "equity", "--out", str(out), "--start-equity", "10", "--dir", str(folder)]) == 0
    assert json.loads(out.read_text())[0]["equity"] == "12.50"
    assert "4 rows" in capsys.readouterr().err
    assert main(["export", "trades", "--from", "2027-01-01", "--format", "json", "--dir", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["signals", "--mode", "demo"], "does not name the mode"),
        (["signals"], "there is no event log"),
        (["audit"], "there is no audit trail"),
        (["executions"], "there is no audit trail"),
        (["trades", "--out", "x.xls"], "end it in .csv, .json or .parquet"),
        (["trades", "--format", "parquet"], "needs --out FILE"),
    ],
)
def test_what_cannot_be_written_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["export", *arguments, "--dir", str(folder)]) == 2
    assert said in capsys.readouterr().err
