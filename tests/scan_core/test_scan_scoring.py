"""Votes, score, signal and confidence: every combination of votes, hysteresis, weights, readiness."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from golden_bars import DEFAULT, QUARTER_MS, evaluate_last, golden_history, history_of, with_config
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.scan.compute import compute, compute_history
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import Confidence, Direction
from whalebot.decisions.scan.scoring import (
    active_weights,
    choose_weight_set,
    confidence_of,
    next_direction,
    reachable_confidences,
    score_of,
)
from whalebot.decisions.scan.settings import (
    DEFAULT_WEIGHT_SETS,
    INDICATORS,
    IndicatorSwitch,
    config_hash,
    longest_warm_up,
    warm_up_bars,
)
from whalebot.decisions.scan.votes import RULES, Sight, sight
from whalebot.decisions.scan.window import FormingBar

WEIGHTS = DEFAULT_WEIGHT_SETS["low_volatility"]
CONFIG = DEFAULT.signal_config
BAR = compute(golden_history().window(239, 200), DEFAULT)


def _vote(name: str, settings=DEFAULT, price: float = 115.62, live: float = 103.0, same=True, **values):
    return RULES[name](BAR._replace(**values), Sight(price, live, same), settings)


@pytest.mark.parametrize("name", ["low_volatility", "high_volatility"])
def test_every_combination_of_votes(name) -> None:
    weights = DEFAULT_WEIGHT_SETS[name]
    scores = np.empty(3**11)
    for place, votes in enumerate(itertools.product((-1, 0, 1), repeat=11)):
        scores[place] = score_of(dict(zip(INDICATORS, votes, strict=True)), weights, "ready").value
    assert np.abs(scores).max() == 1.0
    assert np.array_equal(scores, -scores[::-1])
    for axis in range(11):
        assert (np.diff(scores.reshape((3,) * 11), axis=axis) > 0).all()


def test_the_weights_are_those_of_the_table() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(4.1)
    assert sum(
        WEIGHTS[n] for n in ("ema_alignment", "momentum", "volume_confirmation", "macd")
    ) / 4.1 == pytest.approx(0.3415, abs=5e-5)
    assert sum(WEIGHTS[n] for n in ("stoch_rsi", "rsi", "bollinger_bands")) / 4.1 == pytest.approx(
        0.4146, abs=5e-5
    )
    assert list(DEFAULT_WEIGHT_SETS["high_volatility"].values()) == [
        0.3,
        0.5,
        0.4,
        0.2,
        0.4,
        0.3,
        0.6,
        0.3,
        0.5,
        0.2,
        0.5,
    ]


@given(
    st.lists(st.sampled_from([-1, 0, 1, None]), min_size=11, max_size=11),
    st.sampled_from(["ready", "voting"]),
)
def test_votes_that_are_not_ready_are_in_neither_sum(votes, normalise_by) -> None:
    named = dict(zip(INDICATORS, votes, strict=True))
    found = score_of(named, WEIGHTS, normalise_by)
    ready = {n: v for n, v in named.items() if v is not None}
    assert found.warming_up == tuple(n for n in INDICATORS if named[n] is None)
    divisor = sum(WEIGHTS[n] for n, v in ready.items() if v or normalise_by == "ready")
    total = sum(WEIGHTS[n] * v for n, v in ready.items())
    if not ready:
        assert math.isnan(found.value)
    else:
        assert found.value == pytest.approx(total / divisor if divisor else 0.0, abs=1e-12)
    assert bool(found.obstacle) == (sum(WEIGHTS[n] for n in ready) < 2.05 - 1e-9)


def test_half_of_the_weight_must_be_ready() -> None:
    found = evaluate_last(
        history_of(golden_history().close[:10], golden_history().high[:10], golden_history().low[:10])
    )
    assert found.signal is Direction.NONE
    assert found.reason == "warming up: weight 0.5 of 4.1 is ready"
    nothing = replace(DEFAULT, indicators={name: IndicatorSwitch(False) for name in INDICATORS})
    assert evaluate_last(golden_history(), nothing).reason == "no active weight"
    assert active_weights(
        replace(DEFAULT, weight_sets={"low_volatility": {"rsi": 1.0, "moon": 9.0}}), "low_volatility"
    ) == {"rsi": 1.0}


def test_signal_needs_more_than_the_threshold_and_stays_a_little_below_it() -> None:
    none, long, short = Direction.NONE, Direction.LONG, Direction.SHORT
    table = [
        (0.3, none, none),
        (0.1 + 0.2, none, none),
        (0.301, none, long),
        (-0.301, none, short),
        (0.26, none, none),
        (0.26, long, long),
        (0.255, long, long),
        (0.2549, long, none),
        (-0.26, short, short),
        (-0.254, short, none),
        (0.26, short, none),
        (-0.31, long, short),
        (0.31, short, long),
        (math.nan, long, none),
    ]
    for score, held, expected in table:
        assert next_direction(score, held, CONFIG) is expected, (score, held)


def test_confidence_classes() -> None:
    classes = [confidence_of(s, CONFIG) for s in (0.3, 0.301, 0.7, -0.701, -0.5)]
    medium = Confidence.MEDIUM
    assert classes == [Confidence.LOW, medium, medium, Confidence.HIGH, medium]
    assert reachable_confidences(CONFIG) == (Confidence.MEDIUM, Confidence.HIGH)
    assert len(reachable_confidences(replace(CONFIG, signal_threshold=0.2))) == 3
    assert confidence_of(2.87 / 4.1, CONFIG) is Confidence.MEDIUM


def test_votes_at_their_edges() -> None:
    nan = math.nan
    assert [_vote("rsi", rsi=v) for v in (29.9, 30.0, 50.0, 70.0, 70.1, nan)] == [1, 0, 0, 0, -1, None]
    assert [_vote("stoch_rsi", stoch_k=v) for v in (0.1, 0.2, 0.6 / 3, 0.8, 0.9, nan)] == [
        1,
        0,
        0,
        0,
        -1,
        None,
    ]
    assert [_vote("ema_alignment", ema=v) for v in (115.0, 115.62, 116.0, nan)] == [1, 0, -1, None]
    assert [_vote("macd", macd=v, macd_signal=1.0) for v in (1.1, 1.0, 0.9, nan)] == [1, 0, -1, None]
    assert [_vote("bollinger_bands", price=p) for p in (98.0, 100.0, 116.0)] == [1, 0, -1]
    assert [_vote("bb_squeeze", price=p, armed=1.0) for p in (98.0, 100.0, 116.0)] == [-1, 0, 1]
    assert _vote("bb_squeeze", price=116.0, armed=0.0) == 0
    assert _vote("bb_squeeze", armed=nan) is None
    assert [_vote("pivot_breakout", price=p) for p in (97.0, 100.0, 121.0)] == [-1, 0, 1]
    assert _vote("pivot_breakout", r1=nan) is None
    assert _vote("pivot_breakout", price=0.5, r1=0.0, s1=0.0) == 1
    assert [_vote("divergence", divergence=v) for v in (1.0, 0.0, -1.0, nan)] == [1, 0, -1, None]
    assert [_vote("momentum", strength=v) for v in (0.39, 0.4, nan)] == [0, 1, None]
    assert _vote("momentum", momentum_short=0.0, strength=5.0) == -1
    assert _vote("momentum", strength=nan, atr=0.0) == 0
    assert _vote("volume_confirmation", obv=1.0, obv_before=2.0) == -1


def test_modes_turn_or_replace_a_vote() -> None:
    assert _vote("ema_alignment", with_config(ema_mode="reversion")) == -1
    assert _vote("rsi", with_config(rsi_mode="momentum"), rsi=80.0) == 1
    assert _vote("stoch_rsi", with_config(stoch_rsi_mode="momentum"), stoch_k=0.1) == -1
    cross = with_config(macd_mode="cross")
    assert [_vote("macd", cross, macd_histogram_before=v) for v in (-0.1, 0.0, 0.1, math.nan)] == [
        1,
        1,
        0,
        None,
    ]
    mean = with_config(volume_mode="obv_ma")
    assert [_vote("volume_confirmation", mean, obv_above_mean=v) for v in (5.0, 0.0, -5.0, math.nan)] == [
        1,
        0,
        -1,
        None,
    ]


def test_vwap_bounce_is_a_cross_between_the_close_and_the_live_price() -> None:
    below, above = {"close": 100.0, "vwap": 101.0}, {"close": 102.0, "vwap": 101.0}
    assert _vote("vwap_bounce", price=102.0, live=101.1, **below) == 1
    assert _vote("vwap_bounce", price=100.5, live=101.1, **below) == 0
    assert _vote("vwap_bounce", price=100.5, live=101.1, **above) == -1
    assert _vote("vwap_bounce", price=102.0, live=101.1, close=101.0, vwap=101.0) == 1
    assert _vote("vwap_bounce", price=102.0, live=101.1, same=False, **below) == 0
    assert RULES["vwap_bounce"](BAR._replace(vwap=math.nan), Sight(1.0, 1.0, True), DEFAULT) is None


def test_live_vwap_takes_the_forming_bar_in() -> None:
    history = golden_history()
    forming = FormingBar(240 * QUARTER_MS, 120.0, 110.0, 118.0, 5000.0)
    seen = sight(BAR, 118.0, forming)
    typical = (history.high + history.low + history.close) / 3
    day = slice(192, 240)
    money = (typical[day] * history.volume[day]).sum() + 348.0 / 3 * 5000.0
    assert seen.vwap == pytest.approx(money / (history.volume[day].sum() + 5000.0))
    assert seen.same_session
    next_day = sight(BAR, 118.0, replace(forming, open_ms=288 * QUARTER_MS))
    assert next_day == Sight(118.0, 116.0, False)
    assert sight(BAR, 118.0, replace(forming, open_ms=288 * QUARTER_MS, volume=0.0)).vwap == BAR.close
    rolling = compute(history.window(239, 200), with_config(vwap_mode="rolling"))
    last = slice(221, 240)
    money = (typical[last] * history.volume[last]).sum() + 348.0 / 3 * 5000.0
    assert sight(rolling, 118.0, forming).vwap == pytest.approx(money / (history.volume[last].sum() + 5000.0))


def test_weight_set_follows_volatility_with_hysteresis() -> None:
    auto = replace(DEFAULT, active_weight_set="auto")
    ranks = [
        (55.0, "", "low_volatility"),
        (60.0, "low_volatility", "high_volatility"),
        (55.0, "high_volatility", "high_volatility"),
        (50.0, "high_volatility", "low_volatility"),
        (55.0, "low_volatility", "low_volatility"),
        (math.nan, "", "low_volatility"),
    ]
    for rank, before, after in ranks:
        assert choose_weight_set(BAR._replace(natr_rank=rank), auto, before) == after
    assert choose_weight_set(BAR._replace(natr_rank=99.0), DEFAULT, "high_volatility") == "low_volatility"


def test_rank_of_natr_counts_the_windows_ready_bars() -> None:
    history = golden_history()
    natr = [bar.natr for bar in compute_history(history, replace(DEFAULT, kline_history=240))]
    ready = [value for value in natr if not math.isnan(value)]
    bar = compute(history.window(239, 240), replace(DEFAULT, kline_history=240))
    share = sum(v < ready[-1] for v in ready) + 0.5 * sum(v == ready[-1] for v in ready)
    assert bar.natr_rank == pytest.approx(100 * share / len(ready))


def test_no_look_ahead() -> None:
    history = golden_history()
    settings = replace(DEFAULT, kline_history=300)
    whole = list(compute_history(history, settings))
    for end in (60, 120, 219, 220, 239):
        cut = history_of(history.close[:end], history.high[:end], history.low[:end], history.volume[:end])
        for one, other in zip(compute_history(cut, settings), whole, strict=False):
            assert np.array_equal(np.array(one), np.array(other), equal_nan=True)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1000.0, 0.001, 7.3]))
def test_scale_of_prices_changes_no_vote(seed, factor) -> None:
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0, 0.01, 230)))
    high, low = close * (1 + rng.uniform(0, 0.01, 230)), close * (1 - rng.uniform(0, 0.01, 230))
    volume = rng.uniform(1, 9, 230)
    plain = evaluate_last(history_of(close, high, low, volume), tick="0.00000001")
    scaled = evaluate_last(history_of(close * factor, high * factor, low * factor, volume), tick="0.00000001")
    assert plain.votes == scaled.votes
    assert plain.score == scaled.score


def test_a_rule_that_raises_is_not_ready_where_the_caller_says_so() -> None:
    def careful(name, rule, bar, seen, settings):
        return None if name == "rsi" else rule(bar, seen, settings)

    judged = Evaluator(DEFAULT, careful).judge(BAR, 115.62, held=Direction.NONE, weight_set="low_volatility")
    assert judged.score.warming_up == ("rsi",)
    assert judged.score.value == pytest.approx((1.4 - 0.7) / 3.5)


def test_hash_changes_with_what_decides_and_with_nothing_else() -> None:
    shown = {n: IndicatorSwitch(True, False) for n in INDICATORS}
    assert config_hash(replace(DEFAULT, indicators=shown, output_throttle_seconds=5.0)) == config_hash(
        DEFAULT
    )
    changed = [
        with_config(ema_period=21),
        with_config(rsi_mode="momentum"),
        replace(DEFAULT, interval="5"),
        replace(DEFAULT, indicators={**DEFAULT.indicators, "rsi": IndicatorSwitch(False)}),
        replace(DEFAULT, weight_sets={**DEFAULT_WEIGHT_SETS, "low_volatility": {**WEIGHTS, "rsi": 0.61}}),
    ]
    assert len({config_hash(s) for s in [DEFAULT, *changed]}) == 6


def test_warm_ups() -> None:
    assert longest_warm_up(DEFAULT) == 56
    assert warm_up_bars(DEFAULT) == {
        "ema_alignment": 20,
        "momentum": 36,
        "volume_confirmation": 2,
        "divergence": 56,
        "stoch_rsi": 32,
        "rsi": 15,
        "macd": 34,
        "bollinger_bands": 20,
        "bb_squeeze": 44,
        "vwap_bounce": 1,
        "pivot_breakout": 1,
        "atr": 15,
    }
