"""Forward returns, excursions and first touch: six signals worked out by hand, missing data, order."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from judged_market import QUARTER_MS, market, random_signals, random_walk, signal_at

from whalebot.scanner.judge import JudgeSettings, judge
from whalebot.scanner.judge_outcomes import Touch, outcome_of, outcomes_of

#        0      1      2      3      4      5      6
CLOSE = [100.0, 101.0, 102.5, 99.0, 98.0, 100.0, 104.0]
HIGH = [100.0, 101.5, 103.0, 102.5, 99.5, 100.5, 105.0]
LOW = [100.0, 99.5, 100.8, 98.5, 97.0, 98.0, 97.5]
HORIZONS = (1, 2, 3)
HAND = [
    # row, sign, returns at 1, 2, 3, touch, result in R, doubtful, mfe, mae
    (0, 1, (0.01, 0.025, -0.01), Touch.TARGET, 2.0, False, 3.0, 1.5),
    (0, -1, (-0.01, -0.025, 0.01), Touch.STOP, -1.0, False, 1.5, 3.0),
    (1, 1, (102.5 / 101 - 1, 99 / 101 - 1, 98 / 101 - 1), Touch.STOP, -1.0, False, 2 / 1.01, 4 / 1.01),
    (2, -1, (1 - 99 / 102.5, 1 - 98 / 102.5, 1 - 100 / 102.5), Touch.TARGET, 2.0, False, 5.5 / 1.025, 0.0),
    (3, -1, (1 - 98 / 99, 1 - 100 / 99, 1 - 104 / 99), Touch.TARGET, 2.0, False, 2 / 0.99, 6 / 0.99),
    (5, 1, (0.04, math.nan, math.nan), Touch.STOP, -1.0, True, math.nan, math.nan),
]


@pytest.mark.parametrize(("row", "sign", "returns", "touch", "result", "doubtful", "mfe", "mae"), HAND)
def test_six_signals_by_hand(row, sign, returns, touch, result, doubtful, mfe, mae) -> None:
    history = market(CLOSE, HIGH, LOW)
    found = outcome_of(signal_at(history, row, sign), history, HORIZONS)
    assert found.returns == pytest.approx(returns, nan_ok=True)
    assert (found.touch, found.is_doubtful) == (touch, doubtful)
    assert found.result == pytest.approx(result)
    assert (found.mfe, found.mae) == pytest.approx((mfe, mae), nan_ok=True)


def test_the_six_signals_as_a_table() -> None:
    history = market(CLOSE, HIGH, LOW)
    signals = [signal_at(history, row, sign) for row, sign, *_ in HAND]
    table = judge(signals, {"BTCUSDT": history}, JudgeSettings(HORIZONS, draws=50)).groups[0]
    first = [returns[0] for _, _, returns, *_ in HAND]
    assert (table.n, table.horizons[0].n, table.horizons[1].n) == (6, 6, 5)
    assert table.horizons[0].signals.mean == pytest.approx(np.mean(first))
    assert table.horizons[0].signals.median == pytest.approx(np.median(first))
    assert table.horizons[0].signals.hit_rate == pytest.approx(5 / 6)
    assert table.horizons[0].signals.profit_factor == pytest.approx(sum(r for r in first if r > 0) / 0.01)
    assert (table.target_share, table.stop_share, table.timeout_share) == (0.5, 0.5, 0.0)
    assert table.mean_r == pytest.approx(0.5)
    assert (table.doubtful, table.undecided, table.void, table.is_small) == (1, 0, 0, True)
    assert {figures.verdict for figures in table.horizons} == {"too few"}


def test_baseline_by_hand() -> None:
    history = market(CLOSE, HIGH, LOW)
    signals = [signal_at(history, 0, 1), signal_at(history, 2, 1), signal_at(history, 4, -1)]
    figures = judge(signals, {"BTCUSDT": history}, JudgeSettings((1,), draws=50)).groups[0].horizons[0]
    moves = [CLOSE[k + 1] / CLOSE[k] - 1 for k in range(5)]
    assert figures.baseline.mean == pytest.approx(np.mean(moves) * (2 - 1) / 3)
    assert figures.baseline.hit_rate == pytest.approx(2 / 3 * 3 / 5 + 1 / 3 * 2 / 5)
    own = [moves[0], moves[2], -moves[4]]
    assert figures.difference == pytest.approx(np.mean(own) - np.mean(moves) / 3)


def test_costs_are_taken_off_both_sides() -> None:
    history = market(CLOSE, HIGH, LOW)
    signals = [signal_at(history, 0, 1), signal_at(history, 3, -1)]
    plain = judge(signals, {"BTCUSDT": history}, JudgeSettings((1,), draws=50)).groups[0]
    net = judge(signals, {"BTCUSDT": history}, JudgeSettings((1,), cost=0.0011, draws=50)).groups[0]
    assert net.horizons[0].signals.mean == pytest.approx(plain.horizons[0].signals.mean - 0.0011)
    assert net.horizons[0].baseline.mean == pytest.approx(plain.horizons[0].baseline.mean - 0.0011)
    assert net.horizons[0].difference == pytest.approx(plain.horizons[0].difference)
    assert net.mean_r == pytest.approx(plain.mean_r - 0.11)


def test_shuffled_signals_give_the_same_judgement() -> None:
    rng = np.random.default_rng(3)
    history = market(random_walk(rng, 800))
    signals = random_signals(rng, history, 60)
    shuffled = signals[:]
    random.Random(5).shuffle(shuffled)
    settings = JudgeSettings((1, 4, 16), by="hour", draws=100)
    assert repr(judge(signals, {"BTCUSDT": history}, settings)) == repr(
        judge(shuffled, {"BTCUSDT": history}, settings)
    )


def test_truncation_makes_returns_missing_and_changes_none() -> None:
    rng = np.random.default_rng(4)
    closes = random_walk(rng, 400)
    whole = market(closes, closes * 1.002, closes * 0.998)
    signals = random_signals(rng, whole, 40, room=20)
    full = outcomes_of(signals, {"BTCUSDT": whole}, (1, 4, 16))
    missing = 0
    for end in (120, 250, 390):
        cut = market(closes[:end], closes[:end] * 1.002, closes[:end] * 0.998)
        for before, after in zip(full, outcomes_of(signals, {"BTCUSDT": cut}, (1, 4, 16)), strict=True):
            for horizon, known, left in zip((1, 4, 16), before.returns, after.returns, strict=True):
                reaches = before.row + horizon < end
                assert left == known if reaches else math.isnan(left)
                missing += not reaches
            assert after.touch in (before.touch, Touch.UNKNOWN)
    assert missing > 50


def test_a_hole_is_never_bridged() -> None:
    history = market(CLOSE, HIGH, LOW)
    keep = np.array([0, 1, 3, 4, 5, 6])
    columns = {name: getattr(history, name)[keep] for name in ("open_ms", "high", "low", "close", "volume")}
    holed = replace(history, **columns)
    found = outcome_of(signal_at(history, 0, 1), holed, HORIZONS)
    assert found.returns[0] == pytest.approx(0.01)
    assert all(math.isnan(value) for value in found.returns[1:])


def test_a_signal_in_a_bar_that_is_not_there_is_unknown_or_void() -> None:
    history = market(CLOSE, HIGH, LOW)
    signal = signal_at(history, 6, 1, bar_start_ms=50 * QUARTER_MS)
    assert outcome_of(signal, history, HORIZONS).touch is Touch.UNKNOWN
    assert outcome_of(signal, history, HORIZONS, is_delisted=True).touch is Touch.VOID
    last = signal_at(history, 6, 1)
    assert outcome_of(last, history, HORIZONS, is_delisted=True).touch is Touch.VOID
    assert outcome_of(last, None, HORIZONS).row == -1


def test_timeout_is_counted_in_r() -> None:
    history = market([100.0, 100.2, 100.3, 100.5])
    found = outcome_of(signal_at(history, 0, 1), history, HORIZONS)
    assert found.touch is Touch.TIMEOUT
    assert found.result == pytest.approx(0.5)
