"""The schedule: which market instant is due after so much real time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.exchange.market.pacing import Schedule, Speed, parse_speed
from whalebot.domain.errors import ConfigError


@pytest.mark.parametrize(("text", "factor"), [("1", 1.0), ("3600", 3600.0), ("0.5", 0.5), (" MAX ", None)])
def test_speeds(text: str, factor: float | None) -> None:
    assert parse_speed(text) == Speed(factor)
    assert parse_speed(text).is_max is (factor is None)


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", ""])
def test_wrong_speeds_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--speed"):
        parse_speed(text)


def test_a_quarter_of_an_hour_takes_a_quarter_of_a_second() -> None:
    schedule = Schedule(1_000_000, Speed(3600.0), 50.0)
    assert schedule.due_ms(50.0) == 1_000_000
    assert schedule.due_ms(300.0) == 1_000_000 + 15 * 60_000
    assert schedule.real_ms_until(1_000_000 + 15 * 60_000, 100.0) == 200.0
    assert schedule.real_ms_until(1_000_000, 100.0) == 0.0
    assert schedule.due_ms(0.0) == 1_000_000, "the clock before the start"


def test_pause_stands_still_and_resume_goes_on_from_there() -> None:
    schedule = Schedule(0, Speed(10.0)).paused(real_ms=100.0, market_ms=990)
    assert schedule.due_ms(5_000.0) == 990
    assert schedule.real_ms_until(2_000, 5_000.0) is None
    resumed = schedule.resumed(5_000.0)
    assert resumed.due_ms(5_000.0) == 990
    assert resumed.due_ms(5_001.0) == 1_000
    assert resumed.resumed(9_000.0) == resumed


def test_maximum_has_no_limit_unless_paused() -> None:
    schedule = Schedule(0, Speed(None))
    assert schedule.due_ms(1.0) is None
    assert schedule.real_ms_until(10**12, 1.0) == 0.0
    assert schedule.paused(1.0, 500).due_ms(99.0) == 500


def test_change_of_speed_goes_on_without_a_jump() -> None:
    faster = Schedule(0, Speed(1.0)).with_speed(Speed(100.0), real_ms=50.0, market_ms=50)
    assert [faster.due_ms(ms) for ms in (50.0, 51.0)] == [50, 150]


@given(
    factor=st.floats(0.01, 1e6),
    anchor=st.floats(0, 1e9),
    wait=st.floats(0, 1e7),
    market=st.integers(0, 2**42),
)
def test_what_is_awaited_is_then_due(factor: float, anchor: float, wait: float, market: int) -> None:
    schedule = Schedule(market, Speed(factor), anchor)
    due = schedule.due_ms(anchor + wait)
    assert due is not None
    assert due >= market
    left = schedule.real_ms_until(due + 1, anchor + wait)
    assert left is not None
    # Clocks of that size are exact to about a microsecond, at these speeds up to a second of market time.
    later = schedule.due_ms(anchor + wait + left + 0.001)
    assert later is not None
    assert later >= due
