"""Deaths at bad moments: what is open is found again, nothing is doubled and nothing is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from market_files import FIVE_MINUTES, START_MS
from processes import Daemon, ExchangeProcess, children_of, write_config, write_keys
from test_demo_run import EAGER, HOLDING
from waiting import until

from whalebot.adapters.audit.reading import records
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import judge_folder
from whalebot.research.chaos.trail import trail_holds

WARM_MS = START_MS + 150 * FIVE_MINUTES
SHORT_HOLD = {"trade_management": {"max_hold_bars": 20}}


def test_killed_with_an_open_position(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER, HOLDING, SHORT_HOLD)
    with Daemon(folder, "--data", bars, "--speed", "6000") as first:
        first.wait_for_event("entry")
        first.wait_for_event("trade_closed")
        first.wait_for_event("entry", count=2)
        exchanges = children_of(first.child.pid)
        until(lambda: knows_a_position(first), "a position is on disk, and its order is not any more", 60)
        first.kill()
    until(lambda: not any(map(is_alive, exchanges)), "the exchange ends with its parent", 60)
    recorded = first.trades()[0]

    with Daemon(folder, "--data", bars, "--speed", "6000") as second:
        second.wait_for_event("trade_closed")
        assert second.interrupt()[0] == 0
    assert not second.events("foreign_position")
    assert second.trades()[0] == recorded
    assert not list(trail_holds(folder))
    audited = {r.fields.get("order_link_id") for r in records(FileSystem(), folder / "state" / "audit.jsonl")}
    assert set(recorded["order_link_ids"]) <= audited
    verdict = judge_folder(folder)
    assert not verdict.findings, verdict
    assert verdict.trades >= 2


def knows_a_position(daemon: Daemon) -> bool:
    """Before that the next start would learn of it from the order alone."""
    document = daemon.state()
    return bool(document["positions"]) and not document["intents"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_killed_right_after_an_order_left(tmp_path: Path, bars: str, zygote: Zygote) -> None:
    """The order arrives, its answer never does, and the daemon dies before it hears of the fill."""
    folder = tmp_path / "d"
    options = ("--data", bars, "--from", str(WARM_MS), "--speed", "1200", "--balance", "100000")
    with ExchangeProcess(tmp_path / "x", *options, zygote=zygote) as exchange:
        scale = {"exchange": {"time_scale": 1200}}
        write_config(folder, exchange.config, scale, EAGER, HOLDING, SHORT_HOLD)
        write_keys(folder)
        exchange.fault({"do": "timeout_after", "path": "order/create"}, {"do": "lose_private", "count": 50})
        with Daemon(folder, zygote=zygote) as first:
            until(lambda: created(exchange), "an order at the exchange", 90, lambda: first.output[-3000:])
            first.kill()
        [intent] = first.state("testnet")["intents"]
        assert not first.trades()

        exchange.fault({"do": "lose_private", "count": 1})
        with Daemon(folder, zygote=zygote) as second:
            second.wait_for_event("trade_closed")
            assert second.interrupt()[0] == 0
        exchange.stop()
    assert not second.events("foreign_position")
    [trade, *_] = second.trades()
    assert trade["order_link_ids"][0] == intent["intent"]["order_link_id"]
    assert trade["entry_score"] is not None
    verdict = judge_folder(folder, "testnet", exchange.log)
    assert not verdict.findings, verdict


def created(exchange: ExchangeProcess) -> list[dict[str, Any]]:
    """The orders that the exchange has taken."""
    return [line for line in exchange.log_now() if line["kind"] == "order" and line["order_link_id"]]


def test_the_end_of_the_exchange_ends_the_demo_with_a_message(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER, HOLDING)
    with Daemon(folder, "--data", bars, "--speed", "6000") as daemon:
        daemon.wait_for_event("entry")
        [exchange] = children_of(daemon.child.pid)
        os.kill(exchange, signal.SIGKILL)
        assert daemon.wait() == 4
    assert "the local exchange has ended" in daemon.output
    assert "exchange.log" in daemon.output
    assert len(daemon.state()["positions"]) == 1


def test_a_second_daemon_in_the_same_folder_is_refused(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER)
    with Daemon(folder, "--data", bars, "--speed", "60") as first:
        first.wait_for_event("reconciled")
        with Daemon(folder, "--data", bars) as second:
            assert second.wait() == 2
        assert f"process {first.child.pid} already runs a daemon" in second.output
        assert "--dir" in second.output
        assert first.interrupt()[0] == 0
