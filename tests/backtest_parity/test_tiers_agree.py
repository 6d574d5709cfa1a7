"""Both tiers of a backtest give the same trades on the same decisions."""

from __future__ import annotations

import os
from dataclasses import fields

import numpy as np
import pytest
from parity_cases import Case, make_case, make_ruinous_case

from whalebot.domain.errors import ConfigError
from whalebot.domain.trade import ClosedTrade
from whalebot.research.column.running import run_column_tier
from whalebot.research.event.run import run_event_tier
from whalebot.research.result import BacktestResult
from whalebot.research.strategy import make_strategy

SOAK = int(os.environ.get("WHALEBOT_SOAK", "0"))
_OWN = ("trade_id", "order_link_ids")


def differences(one: ClosedTrade, other: ClosedTrade) -> list[str]:
    """Name the fields in which two trades differ; ids are each tier's own."""
    return [
        f"{f.name}: {getattr(one, f.name)!r} != {getattr(other, f.name)!r}"
        for f in fields(ClosedTrade)
        if f.name not in _OWN and getattr(one, f.name) != getattr(other, f.name)
    ]


def assert_same(event: BacktestResult, column: BacktestResult) -> None:
    """The same trades in the same order, the same refusals, the same equity."""
    for number, (one, other) in enumerate(zip(event.trades, column.trades, strict=False)):
        found = differences(one, other)
        assert not found, f"trade {number} of {len(event.trades)} ({one.symbol}): " + "; ".join(found)
    assert len(event.trades) == len(column.trades)
    assert event.refused == column.refused
    np.testing.assert_array_equal(event.curve.ts_ms, column.curve.ts_ms)
    scale = float(event.starting_balance)
    np.testing.assert_allclose(event.curve.equity, column.curve.equity, rtol=0, atol=1e-7 * scale)


def compare(case: Case, keeps_all: bool = True) -> int:
    """Run both tiers; return the number of trades, -1 where columns cannot express the case."""
    strategy = make_strategy("ema_cross", case.settings.engine)
    try:
        column = run_column_tier(case.settings, case.dataset, strategy, columns=case.columns)
    except ConfigError:
        return -1
    event = run_event_tier(case.settings, case.dataset, strategy, columns=case.columns, keeps_all=keeps_all)
    assert_same(event, column)
    return len(event.trades)


@pytest.mark.parametrize("block", range(8))
def test_same_trades_on_random_markets(block: int) -> None:
    each = max(18, SOAK // 8)
    trades = [compare(make_case(seed)) for seed in range(block * 100_000, block * 100_000 + each)]
    assert sum(count > 0 for count in trades) > each // 2


@pytest.mark.parametrize(
    "seed",
    [
        2016,  # the margin of a second position, while the mark price is away from the last
        3058,  # an order that takes the last of the margin
        3395,  # order rules that change between a decision and its fill
        3497,
    ],
)
def test_cases_that_once_differed(seed: int) -> None:
    assert compare(make_case(seed)) > 0


@pytest.mark.parametrize("passes_by", [False, True])
@pytest.mark.parametrize(
    "seed",
    [
        3,  # a settlement ends the account, between bars
        8,  # the same, at the open of a bar
        26,  # a settlement reaches a limit where the bar before the decision is missing
    ],
)
def test_settlements_that_ruin_an_account(seed: int, passes_by: bool) -> None:
    assert compare(make_ruinous_case(seed), keeps_all=not passes_by) > 0
