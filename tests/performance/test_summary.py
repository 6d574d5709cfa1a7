"""The whole report of one mode."""

from __future__ import annotations

import math
from decimal import Decimal as D

import pytest
from made_trades import DAY, START, made

from whalebot.decisions.performance.summary import summarise
from whalebot.domain.enums import ClosedBy, Side


def test_a_small_history_by_hand() -> None:
    trades = [
        made(0, "100", r="2", fees="1", closed_by=ClosedBy.TAKE_PROFIT, bars=4),
        made(1, "-220", r="-1", fees="2", symbol="ETHUSDT", side=Side.SELL, bars=2, reconciled=True),
        made(3, "120", r="1", funding="0.5", bars=3),
    ]
    report = summarise("demo", trades, D(1000))
    assert (report.start_equity, report.end_equity) == (D(1000), D(1000))
    assert (report.first_ms, report.last_ms) == (START, START + 3 * DAY + 3_600_000)
    assert report.reconciled == 1
    assert report.totals.pnl == 0
    assert report.risk.days == 4
    # returns: +10 %, -20 %, 0, +120/880
    assert report.risk.total_return == pytest.approx(0)
    assert report.risk.max_drawdown is not None
    assert report.risk.max_drawdown.depth == pytest.approx(0.2)
    assert not report.risk.max_drawdown.recovered
    assert report.risk.max_drawdown.duration_ms == 3 * DAY
    mean = (0.1 - 0.2 + 120 / 880) / 4
    downside = math.sqrt(0.04 / 4)
    assert report.risk.sortino == pytest.approx(mean / downside * math.sqrt(365))
    assert math.isnan(report.risk.annual_return)
    assert report.pace.mean_bars_held == 3
    assert report.pace.exposure == pytest.approx(3 / 73)
    assert report.pace.turnover == D(1206)
    assert report.pace.trades_a_day == pytest.approx(3 / (73 / 24))
    assert (report.pace.mean_mae, report.pace.mean_mfe) == (D(1), D(3))
    assert list(report.by_exit) == ["stop_loss", "take_profit"]
    assert list(report.by_symbol) == ["BTCUSDT", "ETHUSDT"]
    assert report.by_month["2026-01"].trades == 3
    assert sum(one.count for one in report.r_distribution) == 3


def test_modes_are_never_added_up() -> None:
    with pytest.raises(ValueError, match=r"\['live'\] in the report of 'demo'"):
        summarise("demo", [made(0, "1"), made(1, "1", mode="live")], D(1000))


def test_nothing_and_no_equity_are_refused() -> None:
    with pytest.raises(ValueError, match="no trades"):
        summarise("demo", [], D(1000))
    with pytest.raises(ValueError, match="not above zero"):
        summarise("demo", [made(0, "1")], D(0))


def test_a_single_trade_of_no_length_is_reported() -> None:
    report = summarise("demo", [made(0, "1", exit_ms=START)], D(1000))
    assert math.isnan(report.pace.exposure)
    assert math.isnan(report.pace.trades_a_day)
    assert report.risk.max_drawdown is None
    assert math.isnan(report.risk.recovery_factor)
