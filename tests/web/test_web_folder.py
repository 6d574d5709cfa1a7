"""The dashboard over folders in which nothing runs: a backtest's result, a stopped daemon's files."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from web_desk import MINUTE, NOON, Stage, served, trade

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.state import StateFile
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.adapters.web.gate import GateRules
from whalebot.app.commands import web
from whalebot.app.paths import find_paths
from whalebot.app.web.folder import backtest_shown, desk_of, is_result
from whalebot.decisions.performance.summary import summarise
from whalebot.domain.enums import Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.state import GuardrailMemory, PositionMemory, StateDocument, SymbolMemory
from whalebot.research.report.as_json import report_json

TRADES = [trade(1), trade(2, NOON, "3.5")]
READ_ONLY = GateRules("nobody-knows-this-one", is_read_only=True)


def _result(folder: Path) -> Path:
    manifest = {"interval": "5", "data": {"BTCUSDT-5m.csv": "00"}, "starting_balance": "1000"}
    report = report_json(summarise("demo", TRADES, Decimal(1000)))
    summary = {"cost_in_r": {"BTCUSDT": 0.1}, "report": report, "notes": ["It made money."]}
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "trades.json").write_bytes(encode_trades(TRADES))
    (folder / "config.json").write_text(json.dumps({"web": {"token": "***"}, "interval": "5"}))
    return folder


def _args(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(
        paths=find_paths(str(folder), None), masker=SecretMasker(), folder=None, data=[]
    )


def _daemon_folder(folder: Path) -> Path:
    folder.mkdir()
    paths = find_paths(str(folder), None)
    paths.prepare()
    paths.history.write_bytes(encode_trades(TRADES))
    held = PositionMemory(
        symbol="BTCUSDT",
        side=Side.BUY,
        entry_link_id="wb-1",
        first_exec_id="e1",
        opened_ms=NOON,
        entry_score=2.5,
        breakdown=(("vwap", 1.5),),
        atr=100.0,
        initial_stop=Decimal(42000),
        target=None,
        stop=Decimal(42500),
        best_price=None,
        worst_price=None,
        stop_moved=True,
        bars_held=4,
        bought=Decimal(860),
        bought_qty=Decimal("0.02"),
        sold=Decimal(0),
        sold_qty=Decimal(0),
        fees=Decimal("0.5"),
        funding=Decimal(0),
        link_ids=("wb-1",),
        closing_as=None,
        foreign=False,
        leverage=Decimal(5),
    )
    memory = GuardrailMemory(peak_equity=Decimal(1100), last_equity=Decimal(1045), manual_pause=True)
    saved_ms = NOON + 400 * 24 * 60 * MINUTE
    symbols = (SymbolMemory("BTCUSDT"),)
    document = StateDocument(
        "abc", 3, saved_ms=saved_ms, positions=(held,), symbols=symbols, guardrails=memory
    )
    StateFile(paths.state_file("demo")).save(document)
    record = {"ts": "2025-01-01T12:00:00.000+00:00", "level": "info", "kind": "entry", "symbol": "BTCUSDT"}
    lines = [json.dumps({**record, "text": "in"}), '{"half": ', json.dumps({**record, "kind": "analysis"})]
    paths.event_log.write_text("\n".join(lines) + "\n")
    return folder


def _stage(shown: object) -> Stage:
    return Stage(desk_of(shown), None, None)  # type: ignore[arg-type]


def test_a_result_is_shown_with_its_own_figures(tmp_path: Path) -> None:
    folder = _result(tmp_path / "run")
    assert is_result(folder)
    with served(_stage(backtest_shown(folder, SecretMasker())), READ_ONLY) as client:
        status = client.api("status").data
        assert (status["kind"], status["state"], status["read_only"]) == ("backtest", "ended", True)
        found = client.api("performance").data
        assert (found["trades"], found["notes"]) == (2, ["It made money."])
        assert found["report"]["totals"]["pnl"] == "2.25"
        assert client.api("performance?symbol=BTCUSDT").data["notes"] != ["It made money."]
        assert [one["trade_id"] for one in client.api("trades").data["items"]] == ["BTCUSDT-2", "BTCUSDT-1"]
        assert client.api("decisions").data["total"] == 2
        account = client.api("account").data
        assert (account["trades_closed"], account["session_pnl"]) == (2, "2.25")
        assert account["equity"] == "1002.25"
        (path, _) = client.api("bars?symbol=BTCUSDT").data["stop_path"]
        assert path["points"][0]["stop"] == "42700"
        assert client.api("health").data["status"] == "ok"
        assert client.api("config").data["config"]["web"]["token"] is None
        assert client.get("/healthz").status == 200
        for method, place, body in (
            ("POST", "/api/v1/commands/panic", {"confirm": "PANIC"}),
            ("PUT", "/api/v1/config", {"changes": {"interval": "1"}}),
        ):
            assert client.ask(method, place, body).json["code"] == "read_only"


def test_the_bars_of_a_run_are_known_by_their_digest(tmp_path: Path) -> None:
    folder, data = _result(tmp_path / "run"), tmp_path / "BTCUSDT-1m-bybit_linear-made.csv"
    first = NOON - 60 * MINUTE
    rows = [f"{first + n * MINUTE},{100 + n}.5,{103 + n},{99 + n},{101 + n},2.5" for n in range(62)]
    data.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    other = tmp_path / "BTCUSDT-1m-bybit_linear-other.csv"
    other.write_text(data.read_text().replace("2.5\n", "2.6\n"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["data"] = {data.name: hashlib.sha256(data.read_bytes()).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ConfigError, match="SHA-256"):
        backtest_shown(folder, SecretMasker(), [other])
    with served(_stage(backtest_shown(folder, SecretMasker())), READ_ONLY) as client:
        chart = client.api("bars?symbol=BTCUSDT&limit=2").data
        fine = client.api("bars?symbol=BTCUSDT&timeframe=1&limit=1000").data
        early = client.api("bars?symbol=BTCUSDT&to=2025-01-01T11:10:00Z").data
    assert (chart["timeframe"], chart["timeframes"]) == ("5", ["5", "1"])
    newest = {"time": "2025-01-01T11:55:00.000Z", "open": "155.5", "high": "162.0", "low": "154.0"}
    assert {key: chart["bars"][-1][key] for key in newest} == newest
    assert (chart["bars"][-1]["close"], Decimal(chart["bars"][-1]["volume"])) == ("160.0", Decimal("12.5"))
    assert len(fine["bars"]) == 62
    assert {mark["kind"] for mark in fine["markers"]} == {"entry", "exit"}
    assert [bar["time"] for bar in early["bars"]] == [f"2025-01-01T11:{m}:00.000Z" for m in ("00", "05")]
    assert early["markers"] == []


def test_half_a_result_is_refused(tmp_path: Path) -> None:
    folder = _result(tmp_path / "run")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="not a whole result"):
        backtest_shown(folder, SecretMasker())
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        backtest_shown(folder, SecretMasker())


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"notes": ["\\ud800"]}'], ids=["nested", "half a character"]
)
def test_a_hostile_result_is_refused(tmp_path: Path, content: str) -> None:
    folder = _result(tmp_path / "run")
    (folder / "summary.json").write_text(content)
    with pytest.raises(ConfigError, match=r"summary\.json: cannot be read"):
        backtest_shown(folder, SecretMasker())


def test_a_pipe_in_a_result_is_not_waited_for(tmp_path: Path) -> None:
    folder = _result(tmp_path / "run")
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    with pytest.raises(ConfigError, match=r"config\.json: cannot be read"):
        backtest_shown(folder, SecretMasker())


def test_a_stopped_daemon_shows_what_it_left(tmp_path: Path) -> None:
    folder = _daemon_folder(tmp_path / "bot")
    with served(_stage(web.shown_of(_args(folder))), READ_ONLY) as client:
        status = client.api("status").data
        assert (status["kind"], status["state"], status["manual_pause"]) == ("folder", "ended", True)
        assert status["simulated_prices"]
        assert status["market_time"] == "2025-01-01T12:00:00.000Z"
        (held,) = client.api("positions").data
        assert (held["entry_price"], held["stop_loss"], held["last_price"]) == ("43000", "42500", None)
        assert (held["unrealised_pnl"], held["bars_held"]) == (None, 4)
        # A demo's market has a time of its own: the moment of saving says nothing of how long it was held.
        assert held["age_s"] == 0
        assert held["entry_breakdown"] == [{"name": "vwap", "value": 1.5}]
        account = client.api("account").data
        assert (account["equity"], account["drawdown"]) == ("1045", pytest.approx(0.05))
        assert [one["text"] for one in client.api("decisions").data["items"]] == ["in"]
        assert client.api("trades").data["total"] == 2


def test_looking_changes_no_file_even_where_one_is_damaged(tmp_path: Path) -> None:
    folder = _daemon_folder(tmp_path / "bot")
    state = folder / "state" / "demo.json"
    state.write_text("{")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match="no whole state"):
        web.shown_of(_args(folder))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither"):
        web.shown_of(_args(tmp_path))
