"""Settings of every test: the same examples each time, no deadline on a busy machine, long tests first."""

from __future__ import annotations

import decimal
import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from whalebot.research.chaos.forking import Zygote

settings.register_profile(
    "whalebot", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("whalebot"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "whalebot"))

# Tests start a hundred processes: what these import is compiled once and not each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that starts this in the background has it ignore Ctrl-C, and with it every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("tests/scenario/", "tests/e2e/", "tests/service/", "tests/optimise/", "tests/web_browser/")
"""Folders whose tests last for seconds: begun last, one of them would leave the other worker idle."""
PROCESSES_LAST_S = 300
"""Most of such a test is waiting for processes, which on a slow machine under load takes its time."""


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What has made the imports of daemon and exchange and forks them: a start takes no second of them."""
    from whalebot.app.commands.chaos import PRELOADED
    from whalebot.research.chaos.process import make_zygote

    with make_zygote(PRELOADED) as made:
        yield made


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Round as ever: ccxt sets another rounding for its thread, which the tests after it would inherit."""
    decimal.setcontext(decimal.DefaultContext)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, those of one browser side by side; else leave the (random) order as it is."""
    for item in items:
        if item.nodeid.startswith(LONG) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PROCESSES_LAST_S))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if "test_random_campaign" in item.nodeid:
        return 0
    if not item.nodeid.startswith(LONG):
        return 3
    return 2 if "/web_browser/" in item.nodeid else 1
