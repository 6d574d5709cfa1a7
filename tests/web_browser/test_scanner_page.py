"""The scanner's page before a real scan of a local exchange, and before none."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_window import ROOT, Window, child_environment

from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.runtime.clock import SystemClock
from whalebot.scanner.desk import ScanDesk, make_frames
from whalebot.scanner.outputs import OutputPlaces, OutputWriter
from whalebot.scanner.publishing import RunIdentity, TablePublisher
from whalebot.scanner.rule_guard import RuleGuard

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
SCAN = ("scan", "--demo", "--demo-symbols", "6", "--demo-speed", "30", "--format", "jsonl")
ENDS_S = 120
"""Ending takes two seconds; the rest is for a machine with other things to do."""


@contextmanager
def _child(*words: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "whalebot", *words],
        cwd=ROOT,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=ENDS_S)
        finally:
            child.kill()
            child.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("fastapi", reason="needs the extra web")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "trade_history.json").write_text("[]")
    return tmp_path


@pytest.fixture
def shown(browser: Any, folder: Path) -> Iterator[Window]:
    with _child("web", str(folder), "--port", "0") as server:
        assert server.stdout is not None
        found = ADDRESS.search(server.stdout.readline())
        assert found is not None
        with Window(browser.new_context(viewport={"width": 1440, "height": 900}), found.group()) as opened:
            yield opened


def test_the_page_follows_a_scan_from_before_its_start_until_after_its_end(
    shown: Window, folder: Path
) -> None:
    page = shown.open("/scanner")
    expect(page.locator("main .empty .command")).to_have_text(f"whalebot scan --all --dir {folder}")
    _leave_old_table(folder / "output")
    expect(page.locator("tr.scan-row")).to_contain_text("waiting")
    expect(page.locator("[data-banner=scan-stale]")).to_contain_text(
        re.compile(r"written nothing for \d+ min")
    )
    expect(page.locator(".page-tools")).to_contain_text("Silent")
    with _child(*SCAN, "--dir", str(folder)):
        _look_at(page)
    expect(page.locator("[data-banner=scan-ended]")).to_contain_text("has ended")
    # A browser notes every answer of 404 by itself.
    assert [text for text in shown.complaints if "404" not in text] == []


def _look_at(page: Any) -> None:
    rows = page.locator("tr.scan-row")
    expect(rows).to_have_count(6)
    expect(page.locator(".page-tools")).to_contain_text("Simulated market")
    expect(page.locator(".page-tools")).to_contain_text("Running")
    expect(rows.first.locator("td[data-label=RSI]")).to_have_text(re.compile(r"\d"))
    page.get_by_role("button", name="Symbol", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Symbol")
    names = rows.locator("td[data-label=Symbol]").all_inner_texts()
    assert names == sorted(names)
    page.get_by_label("Symbol, signal, confidence or status").fill("btc live")
    expect(rows).to_have_count(1)
    rows.get_by_role("button").click()
    expect(page.locator(".scan-votes > li")).to_have_count(11)
    expect(page.locator(".trade-details")).to_contain_text("beyond ±0.30")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.table-wrap').scrollWidth <= innerWidth")


def _leave_old_table(folder: Path) -> None:
    """What a scan that was killed five minutes ago has left."""
    settings = ScanSettings()
    frames = list(make_frames(settings, ("15",), RuleGuard(SystemClock())))
    desk = ScanDesk(frames, Announcer(settings), 30_000, 60.0, 0, time.monotonic)
    desk.add("BTCUSDT", Decimal("0.1"))
    writer = OutputWriter(OutputPlaces(None, None, folder / "signals.log", folder / "scan_state.json"))
    then_ms = round(time.time() * 1000) - 300_000
    run = RunIdentity("before", "0.1.0", "https://venue.example", False, then_ms)
    TablePublisher(writer, run, lambda: then_ms, time.monotonic).publish(desk)
    assert writer.stop(30)
