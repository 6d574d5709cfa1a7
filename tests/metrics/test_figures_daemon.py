"""The figures of a daemon that runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
CONFIG = {"mode": "demo", "demo": {"speed": 600}, "metrics": {"textfile": "figures.prom"}}


@pytest.mark.socket
def test_a_running_daemon_tells_its_figures_and_takes_them_along_when_it_ends(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    path = tmp_path / "figures.prom"
    command = [sys.executable, "-m", "whalebot", "run", "--dir", str(tmp_path), "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as daemon:
        try:
            text = _figures(path, daemon)
        finally:
            daemon.send_signal(signal.SIGTERM)
            said = daemon.communicate(timeout=LIMIT_S)[0]
    assert daemon.returncode == 0, said
    assert not path.exists(), "figures of a daemon that is gone look like those of one that stands still"
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["whalebot_equity",] == found["whalebot_wallet_balance",] == 1000
    assert found["whalebot_ws_connected", "public"] == found["whalebot_ws_connected", "private"] == 1
    assert found["whalebot_unprotected_positions",] == 0
    assert found["whalebot_loop_seconds_count",] > 0
    assert found["whalebot_loop_seconds_count",] == found["whalebot_loop_seconds_bucket", "+Inf"]
    assert found["process_resident_memory_bytes",] > 10_000_000
    promtool = shutil.which("promtool")
    if promtool is not None:
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def _figures(path: Path, daemon: subprocess.Popen[bytes]) -> str:
    """Wait for the first figures that know of an account; each file is whole."""
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s and daemon.poll() is None:
        if path.exists():
            text = path.read_text(encoding="utf-8")
            assert text.endswith("\n")
            if "\nwhalebot_equity " in text:
                return text
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(0.05)
    raise AssertionError("no figures came")
