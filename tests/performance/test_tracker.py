"""The running result of a daemon."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from made_trades import DAY, START, made, some_trades

from whalebot.decisions.performance.totals import totals_of
from whalebot.decisions.performance.tracker import PerformanceTracker
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.trade import ClosedTrade


def test_money_moved_changes_neither_returns_nor_drawdown() -> None:
    plain, moved = PerformanceTracker("demo"), PerformanceTracker("demo")
    half = D("0.5")
    for day, equity in enumerate((1000, 1100, 990, 1050)):
        share = D(1) if day < 2 else half
        if day == 2:
            moved.shift(half)
        plain.mark_equity(day * DAY_MS, D(equity))
        moved.mark_equity(day * DAY_MS, equity * share)
    assert moved.daily_returns() == pytest.approx(plain.daily_returns())
    assert (moved.drawdown, moved.max_drawdown) == pytest.approx((plain.drawdown, plain.max_drawdown))


def test_history_counts_for_all_time_and_the_session_begins_empty() -> None:
    tracker = PerformanceTracker("demo", [made(0, "5"), made(1, "7", mode="live"), made(0, "5")])
    assert (tracker.all_time.trades, tracker.all_time.pnl) == (1, D(5))
    assert tracker.session.trades == 0
    assert tracker.record(made(2, "-3"))
    assert (tracker.all_time.pnl, tracker.session.pnl) == (D(2), D(-3))


def test_a_trade_counts_once() -> None:
    tracker = PerformanceTracker("demo", [made(0, "5")])
    assert not tracker.record(made(0, "5"))
    assert tracker.record(made(1, "1"))
    assert not tracker.record(made(1, "1"))
    assert tracker.session.trades == 1


def test_a_trade_of_another_mode_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="mode 'live' told to the tracker of 'demo'"):
        PerformanceTracker("demo").record(made(0, "5", mode="live"))


@given(some_trades)
def test_told_one_by_one_or_from_history_is_the_same(trades: list[ClosedTrade]) -> None:
    tracker = PerformanceTracker("demo")
    for trade in trades:
        tracker.record(trade)
    assert tracker.all_time == tracker.session == totals_of(trades)
    assert PerformanceTracker("demo", trades[::-1]).all_time == tracker.all_time


def test_equity_is_kept_by_day_and_its_fall_followed() -> None:
    tracker = PerformanceTracker("demo")
    assert (tracker.drawdown, tracker.max_drawdown, tracker.daily_returns()) == (0, 0, [])
    for ts_ms, equity in (
        (START + 1, 1000),
        (START + DAY - 1, 1100),
        (START + DAY + 5, 550),
        (START + 3 * DAY, 880),
        (START + 2 * DAY, 990),
    ):
        tracker.mark_equity(ts_ms, D(equity))
    assert tracker.daily_returns() == pytest.approx([0.1, -0.5, 0.0, 0.8])
    assert tracker.drawdown == pytest.approx(0.1)
    assert tracker.max_drawdown == pytest.approx(0.5)


def test_a_drawdown_is_never_more_than_everything() -> None:
    tracker = PerformanceTracker("demo")
    tracker.mark_equity(START, D(10))
    tracker.mark_equity(START, D(-10))
    assert tracker.drawdown == 1.0
    broke = PerformanceTracker("demo")
    broke.mark_equity(START, D(0))
    assert broke.drawdown == 0.0
