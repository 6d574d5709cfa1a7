"""The examples of the page for outsiders run as they are printed, on another port."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from exchange_harness import Running, running

from whalebot.adapters.exchange.server.fault_actions import FaultActions
from whalebot.adapters.exchange.server.options import DEFAULT_KEY, DEFAULT_SECRET

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "local-exchange.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.socket
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int) -> None:
    with running(api_key=DEFAULT_KEY, api_secret=DEFAULT_SECRET, speed="60") as exchange:
        code = EXAMPLES[number].replace("127.0.0.1:8899", f"127.0.0.1:{exchange.server.port}")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_page_names_every_fault_and_no_other() -> None:
    with running() as exchange:
        known = set(faults_of(exchange))
    table = PAGE.partition("| `do` |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == known


def faults_of(exchange: Running) -> list[str]:
    actions = exchange.server._faults._actions
    assert isinstance(actions, FaultActions)
    return list(actions.table)
