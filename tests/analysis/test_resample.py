"""Longer bars from shorter ones: whole buckets only, on the UTC grid; and where data sets begin."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from analysis_markets import DAY, HOUR, MIDNIGHT, MINUTE, walk, without

from whalebot.decisions.analysis.bars import Bars, close_times, data_set_starts
from whalebot.decisions.analysis.resample import can_resample, resample
from whalebot.domain.intervals import INTERVALS, bar_close_ms, bar_open_ms


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)


def test_a_bucket_has_first_open_extremes_last_close_and_all_volume() -> None:
    bars = Bars(
        MIDNIGHT + np.arange(4) * 15 * MINUTE,
        np.array([10.0, 11, 12, 11]),
        np.array([12.0, 15, 13, 12]),
        np.array([9.0, 10, 8, 10]),
        np.array([11.0, 12, 11, 10.5]),
        np.array([1.0, 2, 3, 4]),
    )
    hour = resample(bars, "15", "60")
    assert [getattr(hour, name).tolist() for name in Bars.__slots__] == [
        [MIDNIGHT],
        [10.0],
        [15.0],
        [8.0],
        [10.5],
        [10.0],
    ]


def test_the_first_partial_bucket_is_dropped_and_an_unfinished_one_never_used() -> None:
    bars = walk(1, 11, start=MIDNIGHT + 15 * MINUTE)  # 00:15 to 03:00
    assert resample(bars, "15", "60").open_ms.tolist() == [MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR]
    assert resample(bars.part(0, 10), "15", "60").open_ms.tolist() == [MIDNIGHT + HOUR]
    assert len(resample(bars.part(0, 3), "15", "60")) == 0
    assert len(resample(bars.part(0, 0), "15", "60")) == 0


def test_a_bucket_with_a_hole_is_what_there_is() -> None:
    bars = without(walk(1, 12, start=MIDNIGHT), 4, 6)  # 01:00 and 01:15 are missing
    hours = resample(bars, "15", "60")
    assert hours.open_ms.tolist() == [MIDNIGHT, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR]
    assert hours.open[1] == bars.open[4]
    assert hours.volume[1] == bars.volume[4] + bars.volume[5]


def test_a_bucket_whose_last_bars_are_missing_counts_once_a_later_bar_came() -> None:
    bars = without(walk(1, 12, start=MIDNIGHT), 6, 8)
    assert resample(bars.part(0, 6), "15", "60").open_ms.tolist() == [MIDNIGHT]
    assert len(resample(bars.part(0, 7), "15", "60")) == 2
    assert resample(bars.part(0, 7), "15", "60").close[1] == bars.close[5]


def test_weeks_start_on_monday_and_months_follow_the_calendar() -> None:
    days = walk(2, 70, minutes=24 * 60, start=ms(2024, 1, 30))
    weeks = resample(days, "D", "W")
    assert weeks.open_ms[0] == ms(2024, 2, 5)
    assert {datetime.fromtimestamp(t / 1000, UTC).weekday() for t in weeks.open_ms.tolist()} == {0}
    months = resample(days, "D", "M")
    assert months.open_ms.tolist() == [ms(2024, 2, 1), ms(2024, 3, 1)]
    assert months.close[0] == days.close[days.open_ms == ms(2024, 2, 29)][0]


def test_only_nesting_intervals_are_joined() -> None:
    assert can_resample("1", "15")
    assert can_resample("D", "M")
    assert not can_resample("3", "5")
    assert not can_resample("W", "M")
    assert not can_resample("60", "15")
    with pytest.raises(ValueError, match=r"interval 3 cannot be joined to interval 5"):
        resample(walk(1, 5, minutes=3), "3", "5")


def test_resampling_twice_is_resampling_once() -> None:
    minutes = walk(3, 3000, minutes=1)
    once, twice = resample(minutes, "1", "60"), resample(resample(minutes, "1", "15"), "15", "60")
    for name in ("open_ms", "open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(once, name), getattr(twice, name))
    np.testing.assert_allclose(once.volume, twice.volume)


@pytest.mark.parametrize("interval", INTERVALS)
def test_bucket_times_agree_with_the_grid_of_single_bars(interval: str) -> None:
    times = np.arange(MIDNIGHT, MIDNIGHT + 80 * DAY, 12 * HOUR, dtype=np.int64)
    opens = np.array([bar_open_ms(t, interval) for t in times.tolist()])
    closes = [bar_close_ms(t, interval) for t in opens.tolist()]
    assert close_times(opens, interval).tolist() == closes
    if interval in ("D", "W", "M"):
        half_days = walk(1, len(times), minutes=720, start=MIDNIGHT)
        whole = resample(half_days, "720", interval)
        assert set(whole.open_ms.tolist()) <= set(opens.tolist())


# --- gaps -------------------------------------------------------------------------------------------------


def test_a_gap_is_more_than_ten_bars_of_missing_time() -> None:
    bars = walk(1, 60)
    assert data_set_starts(without(bars, 20, 30).open_ms, "15", "15").tolist() == [0]
    assert data_set_starts(without(bars, 20, 31).open_ms, "15", "15").tolist() == [0, 20]
    assert data_set_starts(bars.open_ms[:0], "15", "15").tolist() == []


def test_a_gap_in_finer_data_is_measured_in_bars_of_the_decisions() -> None:
    minutes = walk(1, 600, minutes=1)
    assert data_set_starts(without(minutes, 100, 250).open_ms, "1", "15").tolist() == [0]
    assert data_set_starts(without(minutes, 100, 251).open_ms, "1", "15").tolist() == [0, 100]


# --- bars -------------------------------------------------------------------------------------------------


def test_bars_refuse_times_that_do_not_rise_and_columns_of_other_lengths() -> None:
    one = np.ones(2)
    with pytest.raises(ValueError, match="bar 1"):
        Bars(np.array([5, 5]), one, one, one, one, one)
    with pytest.raises(ValueError, match="close has shape"):
        Bars(np.array([5, 6]), one, one, one, np.ones(3), one)
