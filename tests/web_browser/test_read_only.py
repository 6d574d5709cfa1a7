"""The folder of a daemon that is not running, in the same pages, with nothing to command."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_window import ROOT, Window, child_environment

from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect

NOON = 1_735_732_800_000
HOSTILE = "<img src=x onerror=document.title=1>"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def _trade() -> ClosedTrade:
    return ClosedTrade(
        trade_id=HOSTILE,
        mode="demo",
        symbol="BTCUSDT",
        side=Side.SELL,
        entry_ms=NOON - 3_600_000,
        exit_ms=NOON,
        entry_price=Decimal("60100.5"),
        exit_price=Decimal("59900"),
        qty=Decimal("0.02"),
        gross_pnl=Decimal("4.01"),
        fees=Decimal("1.32"),
        funding=Decimal("0.01"),
        pnl=Decimal("2.68"),
        pnl_percent=Decimal("1.1"),
        r_multiple=Decimal("0.45"),
        mae=Decimal("1.2"),
        mfe=Decimal("5.4"),
        bars_held=4,
        closed_by=ClosedBy.TAKE_PROFIT,
        entry_score=-2.25,
        breakdown=(("macd_alignment", -1.5), ("vwap", -0.75)),
        initial_stop=Decimal("60400"),
        order_link_ids=(HOSTILE,),
        config_hash="0" * 8,
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("fastapi", reason="needs the extra web")
    folder: Path = tmp_path_factory.mktemp("ended")
    (folder / "config.json").write_text("{}")
    (folder / "trade_history.json").write_bytes(encode_trades([_trade()]))
    command = [sys.executable, "-m", "whalebot", "web", str(folder), "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        assert child.stdout is not None
        said = ""
        for line in child.stdout:
            said += line
            if found := ADDRESS.search(line):
                yield found.group()
                break
        else:
            pytest.fail(f"it ended early: {said}")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)


@pytest.fixture
def shown(browser: Any, address: str) -> Iterator[Window]:
    with Window(browser.new_context(viewport={"width": 1280, "height": 800}), address) as opened:
        yield opened


def test_a_stopped_daemon_is_said_and_cannot_be_commanded(shown: Window) -> None:
    page = shown.open("/")
    expect(page.locator("[data-banner=read-only]")).to_contain_text("not running")
    expect(page.locator(".state-badge")).to_have_text("Stopped")
    expect(page.locator("[data-command]")).to_have_count(0)
    shown.open("/settings")
    expect(page.get_by_label("signal_score_threshold", exact=True)).to_be_disabled()
    assert shown.complaints == []


def test_its_trades_are_there_and_their_text_is_text(shown: Window) -> None:
    page = shown.open("/trades")
    row = page.locator("tr.trade-row")
    expect(row).to_contain_text("Short BTCUSDT")
    expect(row).to_contain_text("+2.68")
    row.get_by_role("button").click()
    expect(page.locator(".trade-details")).to_contain_text(HOSTILE)
    expect(page.locator(".trade-details .breakdown-row")).to_have_count(2)
    assert page.locator("main img").count() == 0
    assert page.title() == "Trades · Whalebot"
    shown.open("/performance")
    expect(page.locator(".stats")).to_contain_text("+2.68")
    assert shown.complaints == []
