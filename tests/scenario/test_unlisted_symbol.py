"""A configured symbol that the venue does not list, or lists no longer."""

from __future__ import annotations

from typing import Any

import pytest
from stage import Stage

BOTH = {"symbols": ["BTCUSDT", "GONEUSDT"]}


def test_a_symbol_that_is_not_listed_keeps_no_other_from_trading(stage: Stage) -> None:
    with stage.daemon(BOTH) as daemon:
        daemon.wait_for_event("trade_closed", count=2)
        verdict = stage.end(daemon)
    assert verdict.trades >= 2
    assert "GONEUSDT is not listed at the venue and is not traded" in daemon.output
    assert any("GONEUSDT" in alert["text"] for alert in daemon.events("no_instrument"))


@pytest.mark.parametrize("tables", [{}, {"mode": "paper"}], ids=["testnet", "paper"])
def test_a_start_with_no_listed_symbol_at_all_is_refused(stage: Stage, tables: dict[str, Any]) -> None:
    with stage.daemon({"symbols": ["GONEUSDT"]}, tables) as daemon:
        assert daemon.wait() == 2
    assert "GONEUSDT: not listed at the venue; correct symbol or symbols in config.json" in daemon.output


def test_paper_trades_the_listed_symbols(stage: Stage) -> None:
    with stage.daemon(BOTH, {"mode": "paper"}) as daemon:
        daemon.wait_for_event("entry")
        assert daemon.interrupt()[0] == 0
    assert "Traceback" not in daemon.output
