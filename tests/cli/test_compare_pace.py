"""`compare` tells the speed at which its recording ran."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from whalebot.app.commands.compare import pace_of


@pytest.mark.parametrize(
    ("mode", "speed", "told"),
    [
        ("demo", 3600, "recorded at 3600 times real time: 1 ms of this machine was 3.6 s of market time"),
        ("replay", 60.0, "recorded at 60 times real time: 1 ms of this machine was 0.06 s of market time"),
        ("demo", "max", "recorded as fast as it could: delays of this machine mean nothing in market time"),
        ("demo", 1, "recorded in real time"),
        ("live", 3600, "recorded in real time"),
        ("paper", "max", "recorded in real time"),
    ],
)
def test_the_pace_of_a_session(mode: str, speed: float | str, told: str) -> None:
    journal: Any = SimpleNamespace(header=SimpleNamespace(mode=mode, config={"demo": {"speed": speed}}))
    assert pace_of(journal) == told
