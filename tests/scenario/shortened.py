"""Waits of the daemon, made shorter or longer in the processes of one test."""

from __future__ import annotations

import os
from pathlib import Path

import processes
import pytest
from stage import Stage

# The daemon's own two seconds are measured with a clock that no other process can hold up.
LIMIT_MS = 30_000
PATIENT = f"""
from whalebot.engine.settings import Timing
_times = dict(zip(Timing.__annotations__, Timing.__init__.__defaults__, strict=True))
Timing.__init__.__defaults__ = tuple({{**_times, "stop_limit_ms": {LIMIT_MS}}}.values())
"""


def shorten(stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Run `change`, a line of Python, at the start of every daemon that `stage` starts from now on."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(change)
    # What is forked has begun long ago, without the change.
    stage.zygote = None
    kept = processes.environment
    path = os.pathsep.join((str(site), str(processes.ROOT)))
    monkeypatch.setattr(processes, "environment", lambda: kept(PYTHONPATH=path))
