"""The server as the daemon starts it: what it refuses before anything is traded; its end ends nothing."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from web_desk import trade, view

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.server import WebServer, bind
from whalebot.app.config.problems import ConfigProblems
from whalebot.app.paths import find_paths
from whalebot.app.setup import Setup, read_setup
from whalebot.app.web import room as web
from whalebot.app.web.room import WebRoom
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import Event
from whalebot.runtime.clock import SystemClock


class Sink:
    """Takes no event."""

    def put(self, event: Event) -> None:
        raise AssertionError(event)

    def wait_settled(self, timeout_s: float) -> bool:
        return True


def _setup(folder: Path, env: str = "", **table: Any) -> Setup:
    (folder / "config.json").write_text(json.dumps({"web": {"enabled": True, "port": 0, **table}}))
    (folder / ".env").write_text(env)
    (folder / ".env").chmod(0o600)
    args = argparse.Namespace(paths=find_paths(str(folder), None), masker=SecretMasker())
    args.paths.prepare()
    return read_setup(args)


def _room(setup: Setup) -> WebRoom:
    return WebRoom(setup, Sink(), SystemClock())


def test_where_it_is_not_asked_for_nothing_happens(tmp_path: Path) -> None:
    room = _room(_setup(tmp_path, enabled=False))
    room.open()
    engine = object()
    assert room.noted(engine) is engine  # type: ignore[arg-type, comparison-overlap]
    room.say(Notice(Level.INFO, "note", "text"))
    room.progress()
    room.stop()
    assert not (tmp_path / "state" / "web.token").exists()


def test_a_port_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    with bind("127.0.0.1", 0) as taken:
        room = _room(_setup(tmp_path, port=taken.getsockname()[1]))
        with pytest.raises(ConfigError, match="another program listens"):
            room.open()


def test_other_machines_need_a_token_of_the_owners(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    every = ".".join("0" * 4)
    with pytest.raises(ConfigError, match="needs a token of yours"):
        _room(_setup(tmp_path, host=every)).open()
    with pytest.raises(ConfigError, match="printable"):
        _room(_setup(tmp_path, "T=short\n", host=every, token="${T}")).open()
    caplog.set_level(logging.INFO)
    setup = _setup(tmp_path, "T=long-enough-to-be-a-token\n", host=every, token="${T}")
    room = _room(setup)
    room.open()
    room.stop()
    assert "nothing is encrypted" in caplog.text
    assert "long-enough" not in caplog.text
    assert setup.masker.mask("a long-enough-to-be-a-token b") == "a *** b"


def test_without_the_extra_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(ConfigError, match=r'pip install -e "\.\[web\]" in the clone'):
        _room(_setup(tmp_path)).open()


def test_manual_orders_cannot_be_switched_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems, match=r"web\.allow_orders"):
        _setup(tmp_path, allow_orders=True)


def test_equity_before_the_first_trade_is_the_wallet_less_what_trades_brought(tmp_path: Path) -> None:
    config, chronicle = _setup(tmp_path).config, Chronicle()
    chronicle.trades.fill(
        [replace(trade(n), mode=mode) for n, mode in enumerate(("testnet", "testnet", "demo"))]
    )
    configured = Decimal(str(config.trade_management.account_balance))
    of_demo, told = web._start_equity(config, chronicle)
    assert "account_balance" in told
    assert of_demo() == configured
    of_testnet, told = web._start_equity(config.model_copy(update={"mode": "testnet"}), chronicle)
    assert "money moved in or out" in told
    assert of_testnet() == configured  # the wallet is not known yet
    chronicle.look(view(wallet_balance=Decimal("997.50")))
    assert of_testnet() == Decimal("1000.00")
    chronicle.look(view(wallet_balance=Decimal("-2.60")))
    assert of_testnet() == configured  # nothing that a result could be divided by
    chronicle.look(view(wallet_balance=Decimal("1")))
    assert of_demo() == configured


def test_an_end_of_the_server_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = _room(_setup(tmp_path))
    room.open()

    def broken() -> Any:
        raise RuntimeError("boom")

    assert room._listener is not None
    room._server = WebServer(broken, room._listener)
    room._server.start()
    room._server.thread.join(30)
    for _ in range(3):
        room.progress()
    room.stop()
    told = [record for record in caplog.records if "has ended (RuntimeError: boom)" in record.getMessage()]
    assert len(told) == 1
