"""Stops that fire in part, and disks that refuse, while a position is open."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from processes import environment
from stage import Stage
from waiting import until

from whalebot.research.chaos import disk


def test_the_rest_of_a_stop_that_was_filled_in_part_is_closed(stage: Stage) -> None:
    stage.exchange.fault(
        {"do": "partial_fills", "share": "0.3", "after": {"executions": 1}},
        {"do": "partial_fills", "share": "1", "after": {"executions": 2}},
    )
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed", count=2)
        verdict = stage.end(daemon)
    assert verdict.worst_bare_ms <= 2_000


def test_a_disk_that_refuses_stops_entries_and_loses_no_trade(stage: Stage) -> None:
    with stage.daemon() as daemon:
        daemon.wait_for_event("entry")
        disk.fill(daemon.child.pid)
        until(lambda: not held(stage), "the position closes", 90)
        sent = len(orders(stage))
        begun = stage.exchange.state_now()["bars"]
        until(lambda: stage.exchange.state_now()["bars"] > begun + 30, "bars go by", 90)
        assert len(orders(stage)) == sent, "no entry while the state cannot be saved"
        assert not daemon.trades()
        disk.empty(daemon.child.pid)
        until(daemon.trades, "the trade is recorded", 60)
        daemon.wait_for_event("storage_back")
        stage.end(daemon)


def held(stage: Stage) -> bool:
    """Whether anything is open at the exchange."""
    return stage.lines("stop")[-1]["size"] != "0"


def orders(stage: Stage) -> set[str]:
    """The link ids of the daemon's orders at the exchange."""
    return {line["order_link_id"] for line in stage.lines("order") if line["order_link_id"]}


def test_a_start_on_a_full_disk_is_refused_with_the_code_of_the_owner(tmp_path: Path) -> None:
    """Also where the message goes to a file on the same disk: a service manager acts on the code."""
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "output").open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "whalebot", "run", "--dir", str(tmp_path)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            check=False,
        )
    assert done.returncode == 2
