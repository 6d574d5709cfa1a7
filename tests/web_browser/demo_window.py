"""The daemon as its owner runs it, and a window of a real browser before it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY = "agree with the venue"
CONFIG = {
    "mode": "demo",
    "interval": "5",
    "timezone": "UTC",
    "signal_score_threshold": 0.8,
    "demo": {"speed": 600, "seed": 7},
    "risk_guardrails": {"max_consecutive_losses": 1000, "max_day_loss_pct": 90, "max_drawdown_pct": 90},
}
"""Bars twice a second and a low threshold, so that there are trades to look at; no pause after losses."""


def child_environment() -> dict[str, str]:
    """The environment of a child: no keys of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BYBIT_", "WHALEBOT_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


class DemoDaemon:
    """`whalebot run` with the web server on; may be stopped and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None
        self._drain: threading.Thread | None = None
        config = {**CONFIG, "web": {"enabled": True, "port": self.port}}
        (folder / "config.json").write_text(json.dumps(config))

    @property
    def token(self) -> str:
        """What the server made for commands."""
        return (self.folder / "state" / "web.token").read_text().strip()

    def start(self) -> None:
        """Start it unless it runs, and wait until it has compared itself with the venue."""
        if self._process is not None:
            return
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "whalebot", "run", "--dir", str(self.folder)],
            cwd=ROOT,
            env=child_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if READY in line:
                break
        else:
            raise AssertionError("the daemon ended early:\n" + "".join(said))
        self._drain = threading.Thread(target=process.stdout.read, daemon=True)
        self._drain.start()

    def stop(self) -> None:
        """End it in order."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        if self._drain is not None:
            self._drain.join(timeout=30)
        if process.stdout is not None:
            process.stdout.close()

    def data(self, path: str) -> Any:
        """Return what the server answers to a read."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:
            return json.load(answer)["data"]

    def resume(self) -> None:
        """Allow entries again where a test left them paused."""
        if self._process is None or not self.data("status")["manual_pause"]:
            return
        request = urllib.request.Request(
            f"{self.url}/api/v1/commands/resume",
            data=b'{"confirm": "RESUME"}',
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202


class Window:
    """A page of the browser and what its console complained of."""

    def __init__(self, context: Any, url: str) -> None:
        self.context = context
        self.url = url
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def open(self, path: str = "/") -> Any:
        """Go to a page and wait until nothing on it is still to come."""
        self.page.goto(self.url + path)
        from playwright.sync_api import expect

        expect(self.page.locator("main h1")).to_be_attached()
        expect(self.page.locator("main .skeleton, .bar .skeleton")).to_have_count(0)
        return self.page

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()
