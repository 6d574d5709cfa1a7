"""Stops and targets at their edges; pivots and sessions."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from golden_bars import DEFAULT, golden_history
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.levels import pivot_levels, signal_levels
from whalebot.decisions.scan.window import last_session, pivot_session, session_open_ms, session_sums

CONFIG = DEFAULT.signal_config
DAY = 86_400_000


def _levels(entry: str, atr: float, direction: Direction, tick: str):
    found = signal_levels(Decimal(entry), atr, direction, Decimal(tick), CONFIG)
    return str(found.stop), str(found.target), found.notes


@pytest.mark.parametrize(
    ("entry", "atr", "direction", "tick", "expected"),
    [
        ("100", 1.004, Direction.LONG, "0.01", ("97.99", "104.01", ())),
        ("100", 1.004, Direction.SHORT, "0.01", ("102.01", "95.99", ())),
        ("100", 0.004, Direction.LONG, "0.01", ("99.98", "100.04", ("stop widened to two ticks",))),
        ("100", 0.004, Direction.SHORT, "0.01", ("100.02", "99.96", ("stop widened to two ticks",))),
        ("1.00", 0.3, Direction.SHORT, "0.01", ("1.60", "0.01", ("target raised to one tick",))),
        ("1.00", 0.6, Direction.LONG, "0.01", ("0.01", "3.40", ("stop raised to one tick",))),
        ("0.0000123", 0.0000002, Direction.LONG, "0.0000001", ("0.0000119", "0.0000131", ())),
    ],
)
def test_levels_by_hand(entry, atr, direction, tick, expected) -> None:
    assert _levels(entry, atr, direction, tick) == expected


@given(
    st.decimals("0.001", "100000", places=3),
    st.floats(1e-5, 0.2),
    st.sampled_from([Direction.LONG, Direction.SHORT]),
    st.sampled_from(["0.001", "0.1", "5", "0.0000001"]),
)
def test_stop_is_never_tighter_and_target_never_farther(entry, share, direction, tick) -> None:
    atr, tick_size, sign = float(entry) * share, Decimal(tick), direction.sign
    found = signal_levels(entry, atr, direction, tick_size, CONFIG)
    assert found.stop % tick_size == 0
    assert found.target % tick_size == 0
    assert found.stop > 0
    assert found.target > 0
    slack = 1e-5 * float(tick_size) + 1e-9 * float(entry)
    if "stop raised to one tick" not in found.notes:
        assert float(entry - found.stop) * sign >= 2 * atr - slack
        assert abs(entry - found.stop) > tick_size
    if not found.notes:
        assert float(found.target - entry) * sign <= 4 * atr + slack


def test_pivots_by_hand() -> None:
    assert pivot_levels(110.0, 90.0, 100.0) == (100.0, 110.0, 90.0, 120.0, 80.0)


@pytest.mark.parametrize(
    ("interval", "session", "start"),
    [("15", "D", "2024-05-16"), ("D", "W", "2024-05-13"), ("W", "M", "2024-05-01"), ("M", "Y", "2024-01-01")],
)
def test_session_of_an_interval(interval, session, start) -> None:
    at = int(np.datetime64("2024-05-16T13:45", "ms").astype(np.int64))
    assert pivot_session(interval) == session
    assert session_open_ms(at, session) == int(np.datetime64(start, "ms").astype(np.int64))


def test_previous_session_equals_the_aggregate_of_its_bars() -> None:
    h = golden_history()
    for now, day in ((2 * DAY, 1), (2 * DAY + 1, 1), (2 * DAY - 1, 0)):
        part = slice(96 * day, 96 * day + 96)
        found = last_session(h.open_ms, h.high, h.low, h.close, "15", now)
        assert (found.high, found.low, found.close) == (
            h.high[part].max(),
            h.low[part].min(),
            h.close[part][-1],
        )
    assert last_session(h.open_ms, h.high, h.low, h.close, "15", DAY - 1) is None
    assert last_session(h.open_ms[5:], h.high[5:], h.low[5:], h.close[5:], "15", DAY) is None


def test_session_sums_need_the_days_start() -> None:
    h = golden_history()
    columns = (h.high, h.low, h.close, h.volume)
    assert session_sums(h.open_ms[100:150], *(c[100:150] for c in columns)) is None
    whole = session_sums(h.open_ms, *columns)
    assert whole == session_sums(h.open_ms[150:], *(c[150:] for c in columns))
    assert whole.volume == h.volume[192:].sum()
    assert session_sums([], [], [], [], []) is None
