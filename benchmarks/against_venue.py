"""The whole daemon as a child process, pointed at a loopback venue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.loopback_venue import RunningVenue

ROOT = Path(__file__).absolute().parents[1]


class RunningDaemon:
    """A daemon under watch; `report` is there once it has ended."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def outcome(self, venue: RunningVenue, timeout_s: float) -> Any:
        """Return what the venue's play returns. Raises RuntimeError with the daemon's last words."""
        deadline_s = time.monotonic() + timeout_s
        while not venue.has_result(0.5):
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"the play did not come to its end: {self.output()[-2000:]}")
        return venue.result()

    def stop(self) -> dict[str, Any]:
        """End it in order and return what was noted. Raises RuntimeError when it ended badly."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        if code != 0:
            raise RuntimeError(f"the daemon ended with {code}: {self.output()[-2000:]}")
        told: dict[str, Any] = json.loads((self._folder / "report.json").read_text())
        return told

    def output(self) -> str:
        """Return what it has printed so far."""
        return (self._folder / "output.txt").read_text(errors="replace")


@contextmanager
def daemon_at(port: int, config: dict[str, Any], place: str | None = None) -> Iterator[RunningDaemon]:
    """Start the daemon against a venue on a port; what is left of it is ended with the block.

    `place` is where its folder is made, by default where temporary files go.
    """
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        exchange = {
            "rest_url": f"http://127.0.0.1:{port}",
            "ws_public_url": f"ws://127.0.0.1:{port}/v5/public/linear",
            "ws_private_url": f"ws://127.0.0.1:{port}/v5/private",
            **config.pop("exchange", {}),
        }
        (folder / "config.json").write_text(json.dumps({"mode": "testnet", "exchange": exchange, **config}))
        environment = {**os.environ, "BYBIT_API_KEY": "benchmark-key", "BYBIT_API_SECRET": "benchmark-secret"}
        command = [sys.executable, "-m", "benchmarks.watched_daemon", str(folder / "report.json")]
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [*command, "run", "--dir", name],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )
        try:
            yield RunningDaemon(process, folder)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
