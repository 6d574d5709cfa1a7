"""Scenarios are played with the processes, bars and settings of the end-to-end tests next door."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from market_files import write_bars
from stage import Stage

from whalebot.research.chaos.forking import Zygote


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("WHALEBOT_SOAK") == "1":
        return
    for item in items:
        if "slow" in item.keywords and "/scenario/" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="a long run: set WHALEBOT_SOAK=1"))


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of five-minute bars that is worth trading."""
    return str(write_bars(tmp_path_factory.mktemp("lively"), bars=1500))


@pytest.fixture
def stage(tmp_path: Path, lively: str, zygote: Zygote) -> Iterator[Stage]:
    """An exchange that plays the lively bars to a daemon that trades often."""
    with Stage(tmp_path, lively, zygote=zygote) as made:
        yield made
