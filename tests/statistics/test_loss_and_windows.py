"""The loss of a result, and the spans of walk-forward."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.research.optimise.loss import TOO_FEW, guarded_loss, sortino_loss, target_trades
from whalebot.research.optimise.windows import Fold, folds


@pytest.mark.parametrize(
    ("sortino", "trades", "years", "minutes", "drawdown", "expected"),
    [
        (2.0, 40, 2.0, 240, 0.25, -1.315068),
        (2.0, 10, 2.0, 240, 0.25, -0.328767),
        (-1.0, 40, 2.0, 240, 0.25, 1.520833),
        (1.5, 200, 1.0, 60, 0.1, -1.35),
        (1.5, 8, 2.0, 1440, 0.2, -1.2),
    ],
)
def test_known_values(
    sortino: float, trades: int, years: float, minutes: float, drawdown: float, expected: float
) -> None:
    assert sortino_loss(sortino, trades, years, minutes, drawdown) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("trades", "years", "enough"), [(11, 2.0, False), (12, 2.0, True), (2, 0.01, False)])
def test_too_few_trades_are_not_judged(trades: int, years: float, enough: bool) -> None:
    judged = guarded_loss(2.0, trades, years, 240, 0.25)
    assert judged == (sortino_loss(2.0, trades, years, 240, 0.25) if enough else TOO_FEW)


def test_target_is_one_trade_a_day_at_a_quarter_of_an_hour() -> None:
    assert [target_trades(m, 1.0) for m in (15, 60, 240, 1440)] == pytest.approx(
        [365, 91.25, 22.8125, 3.802083], abs=1e-6
    )


_ratios = st.floats(-20, 20)
_drawdowns = st.floats(0, 0.99)


@given(_ratios, st.integers(0, 400), st.integers(0, 400), _drawdowns)
def test_more_trades_never_hurt(sortino: float, one: int, other: int, drawdown: float) -> None:
    few, many = sorted((one, other))
    args = (1.0, 15.0, drawdown)
    assert sortino_loss(sortino, many, *args) <= sortino_loss(sortino, few, *args)
    assert guarded_loss(sortino, many, *args) <= guarded_loss(sortino, few, *args)


@given(_ratios, _ratios, st.integers(0, 400), _drawdowns)
def test_better_ratio_never_hurts(one: float, other: float, trades: int, drawdown: float) -> None:
    low, high = sorted((one, other))
    assert sortino_loss(high, trades, 1.0, 15.0, drawdown) <= sortino_loss(low, trades, 1.0, 15.0, drawdown)


@given(_ratios, st.integers(0, 400), _drawdowns, _drawdowns)
def test_deeper_drawdown_never_helps(sortino: float, trades: int, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert sortino_loss(sortino, trades, 1.0, 15.0, small) <= sortino_loss(sortino, trades, 1.0, 15.0, large)


def test_ratio_that_is_no_number_is_worst() -> None:
    assert guarded_loss(float("nan"), 400, 1.0, 15.0, 0.1) == TOO_FEW


def test_rolling_folds() -> None:
    assert list(folds(0, 100, 40, 20, 20, purge_ms=5)) == [
        Fold(0, 35, 40, 60),
        Fold(20, 55, 60, 80),
        Fold(40, 75, 80, 100),
    ]


def test_anchored_folds_with_a_short_last_one() -> None:
    assert list(folds(0, 70, 40, 20, 20, anchored=True)) == [Fold(0, 40, 40, 60), Fold(0, 60, 60, 70)]


@given(
    st.integers(1, 50), st.integers(1, 50), st.integers(0, 30), st.integers(0, 300), st.booleans(), st.data()
)
def test_no_fold_sees_its_test(
    train: int, test: int, more: int, length: int, anchored: bool, data: st.DataObject
) -> None:
    purge = data.draw(st.integers(0, train - 1))
    found = list(folds(7, 7 + length, train, test, test + more, purge, anchored))
    for fold in found:
        assert 7 <= fold.train_from_ms < fold.train_until_ms == fold.test_from_ms - purge
        assert fold.test_from_ms < fold.test_until_ms <= 7 + length
    for before, after in itertools.pairwise(found):
        assert before.test_until_ms <= after.test_from_ms


@pytest.mark.parametrize(
    "spans", [(0, 10, 10, 0), (10, 0, 10, 0), (10, 10, 5, 0), (10, 10, 10, 10), (10, 10, 10, -1)]
)
def test_refuses_spans_without_sense(spans: tuple[int, int, int, int]) -> None:
    train, test, step, purge = spans
    with pytest.raises(ValueError, match=r"train|step|purge"):
        list(folds(0, 100, train, test, step, purge))
