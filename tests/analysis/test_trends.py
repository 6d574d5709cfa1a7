"""Trends of higher timeframes: what each indicator says, when a bar counts, what is unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from analysis_markets import HOUR, MIDNIGHT, walk

from whalebot.decisions.analysis.bars import Bars, close_times
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings
from whalebot.decisions.analysis.trend_feeds import TrendFeed
from whalebot.decisions.analysis.trends import (
    align,
    balance,
    balance_history,
    trend_codes,
    trend_history,
    warm_up_bars,
)
from whalebot.domain.analysis import TrendReading
from whalebot.domain.enums import Trend

NAN = math.nan
INDICATORS = IndicatorSettings()
MTF = MtfSettings(trend_indicators=("sma", "ema", "ehlers_supertrend"), trend_period=5)


def flat(closes: list[float]) -> Bars:
    price = np.array(closes)
    return Bars(MIDNIGHT + np.arange(len(price)) * HOUR, price, price, price, price, np.ones(len(price)))


def feed(bars: Bars, window: int = 1000) -> TrendFeed:
    out = TrendFeed("60", MTF, INDICATORS, window)
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for open_ms, *row in zip(bars.open_ms.tolist(), *(c.tolist() for c in columns), strict=True):
        out.push(open_ms, tuple(row))
    return out


@pytest.mark.parametrize(
    ("last", "expected"),
    [(11.0, Trend.UP), (9.0, Trend.DOWN), (10.0, Trend.SIDEWAYS), (10.0 + 1e-9, Trend.SIDEWAYS)],
)
def test_averages_tell_the_side_of_the_last_close(last: float, expected: Trend) -> None:
    bars = flat([10.0] * 9 + [last])
    assert [r.trend for r in feed(bars).readings()[:2]] == [expected, expected]
    for name in ("sma", "ema"):
        assert trend_codes(bars, name, MTF, INDICATORS)[-1] == {"UP": 1, "DOWN": -1}.get(expected.value, 0)


def test_too_few_bars_are_unknown_never_an_error() -> None:
    assert {r.trend for r in feed(flat([10.0] * 4)).readings()} == {Trend.UNKNOWN}
    assert {r.trend for r in feed(flat([])).readings()} == {Trend.UNKNOWN}
    assert np.isnan(trend_codes(flat([10.0] * 4), "ema", MTF, INDICATORS)).all()


def test_a_missing_bar_makes_every_trend_of_its_timeframe_unknown() -> None:
    known = feed(walk(1, 80, minutes=60))
    assert Trend.UNKNOWN not in {r.trend for r in known.readings()}
    assert {r.trend for r in known.readings(missing=True)} == {Trend.UNKNOWN}


@pytest.mark.parametrize("window", [1000, 8])
def test_a_feed_equals_the_columns_whatever_its_window(window: int) -> None:
    bars = walk(3, 150, minutes=60)
    readings = feed(bars, window).readings()
    for reading, name in zip(readings, MTF.trend_indicators, strict=True):
        code = trend_codes(bars, name, MTF, INDICATORS)[-1]
        assert reading == TrendReading(
            "60", name, {1: Trend.UP, -1: Trend.DOWN}.get(int(code), Trend.SIDEWAYS)
        )


def test_a_bar_known_already_is_passed_over() -> None:
    bars = walk(3, 60, minutes=60)
    once, twice = feed(bars), feed(bars)
    for i in range(60):
        row = tuple(float(getattr(bars, name)[i]) for name in ("open", "high", "low", "close", "volume"))
        twice.push(int(bars.open_ms[i]), row)
    assert len(twice.series) == 60
    assert twice.readings() == once.readings()


def test_restart_forgets_what_opened_before() -> None:
    bars = walk(4, 120, minutes=60)
    whole = feed(bars)
    whole.restart(int(bars.open_ms[50]))
    assert whole.readings() == feed(bars.part(50, 120)).readings()
    assert len(whole.series) == 70


def test_a_higher_bar_counts_at_the_moment_it_closes() -> None:
    closes = np.array([MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR])
    decisions = MIDNIGHT + np.array([0, HOUR - 1, HOUR, 2 * HOUR - 1, 2 * HOUR, 5 * HOUR])
    assert align(np.array([1.0, -1.0]), closes, decisions).tolist()[2:] == [1.0, 1.0, -1.0, -1.0]
    assert np.isnan(align(np.array([1.0, -1.0]), closes, decisions)[:2]).all()
    assert np.isnan(align(np.array([]), np.array([]), decisions)).all()


def test_balance_counts_sideways_as_known_and_unknown_not_at_all() -> None:
    def readings(*trends: Trend) -> list[TrendReading]:
        return [TrendReading("60", "ema", trend) for trend in trends]

    assert balance(readings(Trend.UP, Trend.SIDEWAYS, Trend.UNKNOWN)) == 0.5
    assert balance(readings(Trend.UP, Trend.DOWN, Trend.DOWN)) == -1 / 3
    assert math.isnan(balance(readings(Trend.UNKNOWN)))
    codes = {("60", "a"): np.array([1.0, NAN, 1.0]), ("60", "b"): np.array([0.0, NAN, NAN])}
    np.testing.assert_array_equal(balance_history(codes, 3), [0.5, NAN, 1.0])


def test_history_holds_every_timeframe_and_indicator() -> None:
    bars = walk(5, 200, minutes=60)
    out = trend_history({"60": bars}, close_times(bars.open_ms, "60"), MTF, INDICATORS)
    assert list(out) == [("60", name) for name in MTF.trend_indicators]
    for name in MTF.trend_indicators:
        np.testing.assert_array_equal(out["60", name], trend_codes(bars, name, MTF, INDICATORS))


def test_the_declared_warm_up_is_the_longest_of_the_indicators() -> None:
    assert warm_up_bars(MTF, INDICATORS) == INDICATORS.ehlers_slow_period
    assert Trend.UNKNOWN in {r.trend for r in feed(walk(1, 20, minutes=60)).readings()}
    assert Trend.UNKNOWN not in {r.trend for r in feed(walk(1, 21, minutes=60)).readings()}
