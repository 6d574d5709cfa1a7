"""Long runs wait until they are asked for: WHALEBOT_SOAK=1 takes the tests marked slow too."""

from __future__ import annotations

import os

import pytest
from market_files import write_bars


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("WHALEBOT_SOAK") == "1":
        return
    for item in items:
        if "slow" in item.keywords and "/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="a long run: set WHALEBOT_SOAK=1"))


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of 300 five-minute bars."""
    return str(write_bars(tmp_path_factory.mktemp("bars")))
