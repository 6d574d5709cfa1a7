"""The doctor: its judgements, its look at this machine, and a whole round at a venue on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from whalebot.adapters.bybit.preflight import AccountFacts, FeeFacts, KeyFacts, PositionFacts
from whalebot.app.cli import main
from whalebot.app.config.document import Config
from whalebot.app.doctor import local
from whalebot.app.doctor.account import judge_account, judge_clock, judge_key, judge_wallet
from whalebot.app.doctor.findings import Mark
from whalebot.app.doctor.instruments import (
    Market,
    judge_cost,
    judge_fees,
    judge_position_mode,
    judge_rules,
    judge_size,
)
from whalebot.domain.events import ClockSkew
from whalebot.domain.instrument import Instrument

KEY, SECRET = "doctor-test-key", "doctor-test-secret"
BTC = Instrument(
    symbol="BTCUSDT",
    tick_size=Decimal("0.1"),
    qty_step=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(1000),
    max_market_qty=Decimal(100),
    min_notional=Decimal(5),
    max_leverage=Decimal(100),
)
GOOD_KEY = KeyFacts("1234", False, False, True, ("10.0.0.1",), True, False, "2027-01-01T00:00:00Z")


def config(**table: object) -> Config:
    return Config.model_validate_json(json.dumps(table))


def marks(findings: object) -> list[Mark]:
    return [finding.mark for finding in findings]  # type: ignore[attr-defined]


# --- judgements -------------------------------------------------------------------------------------------


def test_a_good_key_asks_for_nothing() -> None:
    assert set(marks(judge_key(GOOD_KEY, config(mode="live")))) == {Mark.OK}


@pytest.mark.parametrize(
    ("change", "table", "mark", "words"),
    [
        ({"may_withdraw": True}, {"mode": "live"}, Mark.FAIL, "may withdraw"),
        ({"may_withdraw": True}, {"mode": "testnet"}, Mark.WARN, "may withdraw"),
        ({"may_trade": False, "read_only": True}, {"mode": "live"}, Mark.FAIL, "is read-only"),
        ({"may_trade": False}, {"mode": "live"}, Mark.FAIL, "may not trade"),
        ({"ips": ("*",)}, {"mode": "live"}, Mark.WARN, "works from every address"),
        ({"ips": ()}, {"mode": "live"}, Mark.WARN, "works from every address"),
        ({"is_master": True}, {"mode": "live"}, Mark.WARN, "sub-account"),
        ({}, {"mode": "live", "exchange": {"account_id": "77"}}, Mark.FAIL, "belongs to account 1234"),
    ],
)
def test_what_is_wrong_with_a_key(change, table, mark, words) -> None:
    facts = {name: getattr(GOOD_KEY, name) for name in KeyFacts.__slots__}
    found = [f for f in judge_key(KeyFacts(**{**facts, **change}), config(**table)) if f.mark is not Mark.OK]
    assert [finding.mark for finding in found] == [mark]
    assert words in str(found[0])
    assert found[0].advice


def test_signals_only_needs_no_right_to_trade() -> None:
    facts = {name: getattr(GOOD_KEY, name) for name in KeyFacts.__slots__}
    key = KeyFacts(**{**facts, "may_trade": False})
    assert Mark.FAIL not in marks(judge_key(key, config(trade_management={"enabled": False})))


def test_kinds_of_account() -> None:
    assert marks(judge_account(AccountFacts("REGULAR_MARGIN", True))) == [Mark.OK]
    assert marks(judge_account(AccountFacts("PORTFOLIO_MARGIN", True))) == [Mark.WARN]
    assert marks(judge_account(AccountFacts("REGULAR_MARGIN", False))) == [Mark.FAIL]


def test_an_empty_wallet_and_a_wrong_clock_must_be_mended() -> None:
    assert judge_wallet(Decimal(1000), Decimal(900)).mark is Mark.OK
    assert judge_wallet(Decimal(0), Decimal(0)).mark is Mark.FAIL
    assert judge_clock(ClockSkew(-499, 10, 0), config()).mark is Mark.OK
    assert judge_clock(ClockSkew(-500, 10, 0), config()).mark is Mark.FAIL


def test_an_order_too_small_names_the_equity_it_would_need() -> None:
    market, poor, rich = Market(100_000.0, 400.0), Decimal(50), Decimal(5000)
    small = judge_size(BTC, market, poor, poor, config())
    assert small.mark is Mark.FAIL
    assert "below minOrderQty (min 0.001" in small.text
    # 0.001 BTC loses 1.5 ATR and round-trip costs at a full stop: (600 + 110 + 10.05) * 0.001 = 0.72 = 1 %.
    assert "needs 72 equity" in small.text
    enough = judge_size(BTC, market, rich, rich, config())
    assert (enough.mark, enough.text.split(" (")[0]) == (Mark.OK, "an order now would be 0.069")


def test_costs_are_told_in_r_and_the_gate_is_foretold() -> None:
    calm, lively = Market(100_000.0, 100.0), Market(100_000.0, 500.0)
    found = judge_cost(BTC, calm, config())
    assert (found.mark, "costs 0.44 R" in found.text) == (Mark.WARN, True)
    assert "the target is 1.7 x costs" in found.advice
    assert judge_cost(BTC, lively, config()).mark is Mark.OK
    for off in ({"min_target_to_cost": None}, {"enabled": False}):
        assert judge_cost(BTC, calm, config(risk_guardrails=off)).mark is Mark.OK


def test_rules_fees_and_position_mode() -> None:
    assert marks(judge_rules(BTC, config())) == []
    halted = Instrument("BTCUSDT", *[Decimal(1)] * 6, max_leverage=Decimal(3), status="PreLaunch")
    assert marks(judge_rules(halted, config())) == [Mark.FAIL, Mark.FAIL]
    assert judge_fees("BTCUSDT", FeeFacts(Decimal("0.00055"), Decimal("0.0002")), config()).mark is Mark.OK
    dear = judge_fees("BTCUSDT", FeeFacts(Decimal("0.0010"), Decimal("0.0002")), config())
    assert (dear.mark, dear.advice) == (Mark.WARN, "set trade_management.trading_fee_percent to 0.1")
    [hedge] = judge_position_mode("BTCUSDT", PositionFacts(True, Decimal("10.00")), config())
    assert hedge.text == "hedge mode, leverage 10; set to 5 at the start"


# --- this machine -----------------------------------------------------------------------------------------


def test_demo_is_checked_on_this_machine_alone(tmp_path, capsys) -> None:
    assert main(["doctor", "--dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "there is no venue to ask" in said
    assert "0 to mend" in said
    assert list(tmp_path.iterdir()) == []


def test_open_secrets_foreign_files_and_missing_keys_must_be_mended(tmp_path, capsys) -> None:
    (tmp_path / ".env").write_text(f"BYBIT_API_KEY={KEY}\n")
    (tmp_path / ".env").chmod(0o644)
    (tmp_path / "trade_history.json").write_text('{"not": "ours"}')
    (tmp_path / "state").mkdir()
    (tmp_path / "state/testnet.json").write_text('{"cut off')
    assert main(["doctor", "--dir", str(tmp_path), "--mode", "testnet", "-q"]) == 1
    said = capsys.readouterr().out
    for words in (
        f"FAIL  permissions: {tmp_path}/.env can be read by others -> chmod 600",
        "FAIL  trade history:",
        "FAIL  state:",
        "needs BYBIT_API_SECRET",
        "the venue is not asked before the configuration is complete",
    ):
        assert words in said
    assert not any(line.startswith("ok ") for line in said.splitlines())
    assert KEY not in said


@pytest.mark.parametrize(
    ("free", "mark"), [(2**30, Mark.OK), (2**30 - 1, Mark.WARN), (100 * 2**20 - 1, Mark.FAIL)]
)
def test_room_on_the_disk(free, mark, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(local.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = {f.subject: f for f in local._check_folder(SimpleNamespace(dir=tmp_path))}  # type: ignore[arg-type]
    assert found["disk"].mark is mark


# --- a venue ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def venue() -> Iterator[int]:
    """The local exchange in a process of its own; its port."""
    command = [sys.executable, "-m", "whalebot", "exchange", "--port", "0", "--symbols", "BTCUSDT"]
    command += ["--api-key", KEY, "--api-secret", SECRET, "--die-with-parent"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    ready = "listening on http://127.0.0.1:"
    yield next(int(line.removeprefix(ready)) for line in process.stdout if line.startswith(ready))
    process.stdin.close()
    process.terminate()
    process.wait(30)
    process.stdout.close()


def clinic(folder: Path, port: int, secret: str = SECRET, **more: object) -> int:
    exchange = {
        "rest_url": f"http://127.0.0.1:{port}",
        "ws_public_url": f"ws://127.0.0.1:{port}/v5/public/linear",
        "ws_private_url": f"ws://127.0.0.1:{port}/v5/private",
    }
    (folder / "config.json").write_text(json.dumps({"mode": "testnet", "exchange": exchange, **more}))
    (folder / ".env").write_text(f"BYBIT_API_KEY={KEY}\nBYBIT_API_SECRET={secret}\n")
    (folder / ".env").chmod(0o600)
    return main(["doctor", "--dir", str(folder)])


@pytest.mark.socket
def test_a_healthy_set_up_has_nothing_to_mend(venue, tmp_path, capsys) -> None:
    code, said = clinic(tmp_path, venue), capsys.readouterr().out
    assert code == 0, said
    for words in (
        "ok    clock:",
        "ok    wallet: equity 1000.00",
        "ok    BTCUSDT: an order now",
        "ok    streams:",
    ):
        assert words in said
    assert KEY not in said


@pytest.mark.socket
def test_paper_needs_no_key_and_asks_no_account(venue, tmp_path, capsys) -> None:
    code, said = clinic(tmp_path, venue, mode="paper"), capsys.readouterr().out
    assert code == 0, said
    assert "wallet" not in said
    assert "ok    streams:" in said


@pytest.mark.socket
def test_a_refused_key_and_an_unlisted_symbol_are_findings(venue, tmp_path, capsys) -> None:
    wrong = {"secret": "not-the-secret", "symbols": ["BTCUSDT", "NOSUCHUSDT"]}
    code, said = clinic(tmp_path, venue, **wrong), capsys.readouterr().out
    assert code == 1
    assert "FAIL  key: " in said
    assert "FAIL  NOSUCHUSDT: is not listed" in said
    assert "check BYBIT_API_KEY and BYBIT_API_SECRET" in said
    assert "not-the-secret" not in said
    assert said.count("FAIL") == 2
    # Without the wallet nobody knows how large an order would be.
    assert "an order now" not in said
    assert "ok    streams:" in said


@pytest.mark.socket
def test_a_venue_that_does_not_answer_is_a_finding(tmp_path, capsys) -> None:
    assert clinic(tmp_path, 1) == 1
    assert "FAIL  venue: " in capsys.readouterr().out
