"""Moving money is neutral: every limit is as far away, as a fraction, as it was before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.risk.guardrails import drawdown_of, observe, shift
from whalebot.decisions.risk.settings import GuardrailSettings
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.state import GuardrailMemory

money = st.decimals(1, 10**7, places=2)


@given(peak=money, base=money, equity=money, after=money)
def test_drawdown_day_loss_and_the_days_result_stay(
    peak: Decimal, base: Decimal, equity: Decimal, after: Decimal
) -> None:
    memory = GuardrailMemory(max(peak, equity), 0, base, last_equity=equity)
    moved = shift(memory, after, after - equity)
    assert moved.day_base_equity is not None
    assert drawdown_of(moved, after) == pytest.approx(drawdown_of(memory, equity), abs=1e-9)
    assert float(after / moved.day_base_equity) == pytest.approx(float(equity / base))
    assert float(after - moved.day_base_equity + moved.day_carried) == pytest.approx(float(equity - base))


@given(equity=money, after=money)
def test_no_limit_is_reached_by_moving_money_alone(equity: Decimal, after: Decimal) -> None:
    settings = GuardrailSettings()
    memory, _ = observe(GuardrailMemory(), equity, DAY_MS, settings)
    _, breach = observe(shift(memory, after, after - equity), after, DAY_MS + 1, settings)
    assert breach is None


def test_an_emptied_account_starts_afresh_with_what_comes_next() -> None:
    memory = GuardrailMemory(Decimal(1000), 0, Decimal(1000), last_equity=Decimal(1000))
    empty = shift(memory, Decimal(0), Decimal(-1000))
    assert (empty.peak_equity, empty.day_base_equity) == (0, 0)
    full = shift(empty, Decimal(500), Decimal(500))
    assert (full.peak_equity, full.day_base_equity, drawdown_of(full, Decimal(500))) == (500, 500, 0.0)


def test_a_new_day_begins_without_what_was_carried() -> None:
    memory = GuardrailMemory(Decimal(1000), 0, Decimal(1000), day_carried=Decimal(7))
    later, _ = observe(replace(memory, last_equity=Decimal(990)), Decimal(990), DAY_MS, GuardrailSettings())
    assert later.day_carried == 0
