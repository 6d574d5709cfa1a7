"""The account loses more than a day may cost: what is open is closed, and no restart forgets the pause."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from market_files import FIVE_MINUTES, START_MS
from stage import Stage
from test_account_truth import write_calm_bars
from test_demo_run import HOLDING
from waiting import until

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.ledger import read_lines

DAY_MS = 86_400_000
AFTER_MIDNIGHT_MS = START_MS + DAY_MS + FIVE_MINUTES
MIDNIGHT_MS = START_MS + 2 * DAY_MS
# A day of the market lasts 96 s: two starts and the bars between fit into it.
SLOW = 900
TIGHT = {"risk_guardrails": {"max_day_loss_pct": 0.03}}


def test_a_day_loss_closes_what_is_open_and_its_pause_survives_a_kill(tmp_path: Path, zygote: Zygote) -> None:
    """Prices swing by one percent, so that what is open is under water soon, far from its stop."""
    bars = str(write_calm_bars(tmp_path, days=4))
    with Stage(tmp_path, bars, SLOW, "--from", str(AFTER_MIDNIGHT_MS), zygote=zygote) as stage:
        with stage.daemon(HOLDING, TIGHT) as first:
            told = first.wait_for_event("kill")
            closed = first.wait_for_event("trade_closed")
            first.kill()
        entered = entries(stage.exchange.log_now())
        with stage.daemon(HOLDING, TIGHT) as second:
            until(lambda: refused_for_the_day(second), "entries refused after the restart", 60)
            stage.end(second)
        memory = second.state("testnet")["guardrails"]
    assert "max_day_loss_pct" in told["text"]
    assert closed["fields"]["closed_by"] == "kill"
    assert memory["pause_rule"] == "max_day_loss_pct"
    assert memory["paused_until_ms"] == MIDNIGHT_MS
    assert entered == entries(read_lines(stage.exchange.log))
    assert len(entered) == 1


def entries(lines: Iterable[dict[str, Any]]) -> set[str]:
    """The link ids of the orders that open something, of those before the pause is over."""
    return {
        line["order_link_id"]
        for line in lines
        if line["kind"] == "order"
        and line["order_link_id"]
        and not line["reduce_only"]
        and line["sim_ms"] < MIDNIGHT_MS
    }


def refused_for_the_day(daemon: Any) -> bool:
    """Whether three signals were refused for the pause."""
    return len([event for event in daemon.events("entry_refused") if "day_loss" in event["text"]]) >= 3
