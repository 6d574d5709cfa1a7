"""What the daemon gives to the programs it starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from whalebot.app import demo
from whalebot.app.config.document import Config
from whalebot.app.paths import Paths
from whalebot.app.run_options import RunOptions


def test_the_demo_s_exchange_gets_keys_of_its_own_and_no_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    def start(command: list[str], **options: Any) -> None:
        started.update(options, command=command)

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setenv("BYBIT_API_KEY", "real-key-0123456789")
    monkeypatch.setenv("BYBIT_API_SECRET", "real-secret-0123456789")
    paths = Paths(tmp_path, tmp_path / "config.json")
    paths.prepare()
    starting = demo.launch_demo_exchange(Config(), paths, RunOptions(), lambda _: None)
    shown = " ".join(started["command"])
    assert "real-" not in str(started["env"])
    assert starting.credentials.api_secret in started["env"].values()
    assert starting.credentials.api_secret not in shown
    assert starting.credentials.api_secret not in repr(starting)
    assert not started.get("shell")
