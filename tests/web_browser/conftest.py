"""A real browser before a real daemon: both are started once, the daemon on its own local exchange."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo_window import DemoDaemon, Window

DEMO = pytest.StashKey[DemoDaemon]()
CHROMIUM = Path("/usr/bin/chromium")
WAITS_MS = 30_000
"""How long a page may take to become what a test expects: a slow machine under load takes its time."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDaemon]:
    pytest.importorskip("fastapi", reason="needs the extra web")
    made = request.session.stash[DEMO] = DemoDaemon(tmp_path_factory.mktemp("demo"))
    yield made
    made.stop()


@pytest.fixture
def daemon(demo: DemoDaemon) -> DemoDaemon:
    """It runs: where the test before was the last of this folder it is started again."""
    demo.start()
    return demo


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the daemon with the last test that looks at it: it takes a tenth of a processor all the time."""
    demo = item.session.stash.get(DEMO, None)
    if demo is not None and (nextitem is None or nextitem.path.parent != item.path.parent):
        demo.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"needs chromium at {CHROMIUM}")
    sync_api.expect.set_options(timeout=WAITS_MS)
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def window(browser: Any, daemon: DemoDaemon) -> Iterator[Window]:
    """A fresh desktop window: no token, no preference."""
    with Window(browser.new_context(viewport={"width": 1440, "height": 900}), daemon.url) as opened:
        yield opened
    daemon.resume()


@pytest.fixture
def phone(browser: Any, daemon: DemoDaemon) -> Iterator[Window]:
    """The narrowest phone that has to work."""
    context = browser.new_context(
        viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    with Window(context, daemon.url) as opened:
        yield opened
