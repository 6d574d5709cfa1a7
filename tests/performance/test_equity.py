"""The equity curve, its days and its falls."""

from __future__ import annotations

import math
from decimal import Decimal as D

import pandas as pd
import pytest
from hypothesis import given
from made_trades import DAY, START, made, some_trades

from whalebot.decisions.performance.equity import (
    EquityPoint,
    daily_closes,
    deepest,
    drawdowns,
    realised_curve,
    simple_returns,
    ulcer_index,
)
from whalebot.domain.trade import ClosedTrade


def points(*values: int, step: int = DAY) -> list[EquityPoint]:
    return [EquityPoint(START + i * step, D(value)) for i, value in enumerate(values)]


def test_realised_curve_by_hand() -> None:
    late, early = made(3, "-7"), made(1, "5")
    curve = realised_curve([late, early], D(100))
    assert [point.equity for point in curve] == [D(100), D(105), D(98)]
    assert [point.ts_ms for point in curve] == [early.entry_ms, early.exit_ms, late.exit_ms]
    assert realised_curve([], D(100)) == []


def test_days_without_a_trade_are_days() -> None:
    noon = [EquityPoint(START + DAY // 2 + n * DAY, D(v)) for n, v in ((0, 100), (0, 110), (3, 99))]
    closes = daily_closes(noon)
    assert [(point.ts_ms - START) // DAY for point in closes] == [0, 1, 2, 3, 4]
    assert [point.equity for point in closes] == [100, 110, 110, 110, 99]
    assert simple_returns(closes) == pytest.approx([0.1, 0, 0, -0.1])
    assert daily_closes([]) == []


def test_returns_end_where_equity_is_gone() -> None:
    assert simple_returns(points(100, 50, -10, 40)) == pytest.approx([-0.5, -1.2])


def test_drawdowns_by_hand() -> None:
    falls = drawdowns(points(100, 120, 90, 110, 120, 130, 117, 125))
    assert [fall.depth for fall in falls] == pytest.approx([0.25, 0.1])
    first, last = falls
    assert (first.amount, first.recovered, first.duration_ms) == (D(30), True, 3 * DAY)
    assert (first.peak_ms, first.trough_ms, first.end_ms) == tuple(START + n * DAY for n in (1, 2, 4))
    assert (last.recovered, last.duration_ms) == (False, 2 * DAY)
    assert deepest(falls) is first
    assert drawdowns(points(1, 2, 2, 3)) == []
    assert drawdowns([]) == []
    assert deepest([]) is None


def test_a_flat_peak_is_left_from_its_end() -> None:
    (fall,) = drawdowns(points(100, 100, 100, 80, 100))
    assert fall.peak_ms == START + 2 * DAY


def test_the_golden_series_falls_by_two_hundredths() -> None:
    equity, curve = D(1), [EquityPoint(START, D(1))]
    for number, r in enumerate(("0.01", "-0.02", "0.015", "0", "-0.005", "0.012", "0.003"), start=1):
        equity *= 1 + D(r)
        curve.append(EquityPoint(START + number * DAY, equity))
    worst = deepest(drawdowns(curve))
    assert worst is not None
    assert worst.depth == pytest.approx(0.02)


@given(some_trades)
def test_falls_equal_those_of_pandas(trades: list[ClosedTrade]) -> None:
    curve = realised_curve(trades, D(10) ** 12)
    equity = pd.Series([float(point.equity) for point in curve])
    depths = 1 - equity / equity.cummax()
    worst = deepest(drawdowns(curve))
    assert (worst.depth if worst else 0.0) == pytest.approx(depths.max(), rel=1e-6, abs=1e-12)
    assert ulcer_index(curve) == pytest.approx(math.sqrt((depths**2).mean()), rel=1e-6, abs=1e-12)


@given(some_trades)
def test_daily_closes_equal_the_resampling_of_pandas(trades: list[ClosedTrade]) -> None:
    curve = realised_curve(trades, D(10) ** 12)
    stamps = pd.to_datetime([point.ts_ms for point in curve], unit="ms", utc=True)
    series = pd.Series([float(point.equity) for point in curve], index=stamps).sort_index(kind="stable")
    expected = series.resample("1D").last().ffill()
    assert [float(point.equity) for point in daily_closes(curve)[1:]] == pytest.approx(list(expected))


def test_ulcer_index_by_hand() -> None:
    assert ulcer_index(points(100, 90, 80, 100)) == pytest.approx(math.sqrt((0.01 + 0.04) / 4))
    assert ulcer_index([]) == 0
