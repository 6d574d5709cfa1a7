"""Each scoring group by hand: rules, edges, and the same answer for one live bar and for a column."""

from __future__ import annotations

import math

import numpy as np
import pytest

from whalebot.decisions.analysis.columns import COLUMN_NAMES, Columns
from whalebot.decisions.analysis.groups import GROUPS, Group, volatility_index, volume_filter
from whalebot.decisions.analysis.settings import IndicatorSettings

NAN = math.nan
SETTINGS = IndicatorSettings()
W = 0.5
BY_NAME = {group.name: group for group in GROUPS}


def tails(**given: object) -> Columns:
    """Live columns: a triple as it is, a single number on all three bars, NaN for the rest."""
    series = {}
    for name, value in given.items():
        series[name] = tuple(map(float, value)) if isinstance(value, tuple) else (float(value),) * 3
    return Columns(**{name: series.get(name, (NAN,) * 3) for name in COLUMN_NAMES})


def history(live: Columns) -> Columns:
    return Columns(*(np.array(getattr(live, name)) for name in COLUMN_NAMES))


def contribution(name: str, **given: object) -> float:
    """The group's contribution with weight W, the same in both forms."""
    live = tails(**given)
    one = BY_NAME[name].contribute(live, SETTINGS, W)
    whole = BY_NAME[name].contribute(history(live), SETTINGS, W)
    assert np.asarray(whole)[2] == one
    assert np.asarray(whole).shape == (3,)
    return float(one)


def check(name: str, expected: float, **given: object) -> None:
    assert contribution(name, **given) == pytest.approx(expected * W, abs=1e-15)


@pytest.mark.parametrize(("short", "long", "expected"), [(2, 1, 1), (1, 2, -1), (1, 1, 0), (1 + 1e-10, 1, 0)])
def test_ema_alignment(short: float, long: float, expected: float) -> None:
    check("ema_alignment", expected, ema_short=short, ema_long=long)


@pytest.mark.parametrize(("close", "expected"), [(51, 1), (49, -1), (50, 0), (NAN, 0)])
def test_moving_average_filters(close: float, expected: float) -> None:
    check("sma_trend_filter", expected, close=close, sma_long=50)
    check("sma_10", expected, close=close, sma_short=50)


# --- momentum ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "low", "high", "share"),
    [
        ("rsi", 30, 70, 0.5),
        ("cci", -100, 100, 0.4),
        ("williams_r", -80, -20, 0.4),
        ("mfi", 20, 80, 0.4),
    ],
)
def test_oscillators_speak_only_strictly_beyond_their_zones(
    column: str, low: float, high: float, share: float
) -> None:
    name = "momentum_rsi_stoch_cci_wr_mfi"
    check(name, share, **{column: low - 0.01})
    check(name, 0, **{column: low})
    check(name, 0, **{column: low - 1e-11})  # rounding noise is not beyond
    check(name, 0, **{column: (low + high) / 2})
    check(name, 0, **{column: high})
    check(name, -share, **{column: high + 0.01})


@pytest.mark.parametrize(
    ("k", "d", "expected"),
    [
        ((0, 10, 15), (0, 12, 12), 0.6),  # crosses above below 20
        ((0, 10, 20), (0, 12, 12), 0.2),  # K stands at 20: only leans
        ((0, 10, 25), (0, 12, 12), 0.2),  # crosses outside the zone, leans below 50
        ((0, 15, 25), (0, 12, 12), 0.2),
        ((0, 10, 55), (0, 12, 12), 0.0),  # above D but not below 50
        ((0, 10, 50), (0, 12, 12), 0.0),
        ((0, 90, 85), (0, 88, 88), -0.6),
        ((0, 90, 80), (0, 88, 88), -0.2),
        ((0, 85, 60), (0, 88, 88), -0.2),
        ((0, 85, 45), (0, 88, 88), 0.0),
        ((0, 90, 15), (0, 88, 88), 0.0),  # crosses below D in the oversold zone
        ((0, NAN, 15), (0, 12, 12), 0.2),  # no cross known, but the lean is
        ((0, 10, NAN), (0, 12, 12), 0.0),
    ],
)
def test_stoch_rsi(k: tuple, d: tuple, expected: float) -> None:
    check("momentum_rsi_stoch_cci_wr_mfi", expected, stoch_rsi_k=k, stoch_rsi_d=d)


def test_momentum_adds_its_parts_and_a_nan_silences_only_its_own() -> None:
    name = "momentum_rsi_stoch_cci_wr_mfi"
    check(name, 0.5 + 0.4 + 0.4, rsi=20, cci=NAN, williams_r=-90, mfi=10)


# --- bands, lines, directions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "bollinger", "keltner"), [(89, 0.5, -1), (90, 0, 0), (100, 0, 0), (110, 0, 0), (111, -0.5, 1)]
)
def test_bollinger_reverts_and_keltner_follows(close: float, bollinger: float, keltner: float) -> None:
    check("bollinger_bands", bollinger, close=close, bollinger_lower=90, bollinger_upper=110)
    check("keltner_breakout", keltner, close=close, keltner_lower=90, keltner_upper=110)


@pytest.mark.parametrize(
    ("close", "session_start", "expected"),
    [
        ((0, 9, 11), 0, 0.5),
        ((0, 11, 12), 0, 0.2),
        ((0, 11, 9), 0, -0.5),
        ((0, 9, 8), 0, -0.2),
        ((0, 9, 10), 0, 0.0),
        ((0, 9, 11), 1, 0.2),  # a session's first bar has a side but no cross
    ],
)
def test_vwap(close: tuple, session_start: float, expected: float) -> None:
    check("vwap", expected, close=close, vwap=10, vwap_session_start=session_start)


@pytest.mark.parametrize(
    ("direction", "expected"), [((1, -1, 1), 0.9), ((1, 1, 1), 0.5), ((-1, 1, -1), -0.9), ((0, 0, 1), 0.5)]
)
def test_psar(direction: tuple, expected: float) -> None:
    check("psar", expected, psar_direction=direction)


@pytest.mark.parametrize(
    ("fast", "slow", "expected"),
    [
        ((1, -1, 1), 1, 1.0),  # fresh and aligned: w, not w + .3w
        ((1, -1, 1), -1, 0.0),  # fresh against the slow one
        ((1, 1, 1), 1, 0.3),
        ((1, 1, 1), -1, 0.0),
        ((1, 1, -1), -1, -1.0),
        ((-1, -1, -1), -1, -0.3),
        ((NAN, NAN, 1), 1, 0.3),  # the first value is no flip
        ((1, -1, 1), NAN, 0.0),
        (1, (0, -1, 1), 0.3),  # the slow one flips to the fast one
    ],
)
def test_ehlers_supertrend(fast: object, slow: object, expected: float) -> None:
    name = "ehlers_supertrend_alignment"
    check(name, expected, ehlers_fast_direction=fast, ehlers_slow_direction=slow)


@pytest.mark.parametrize(
    ("name", "line"),
    [("vwma_cross", "vwma"), ("kaufman_ama_cross", "kama"), ("dema_crossover", "dema")],
)
def test_price_crosses(name: str, line: str) -> None:
    check(name, 1, close=(0, 9, 11), **{line: 10})
    check(name, -1, close=(0, 11, 9), **{line: 10})
    check(name, 0, close=(0, 11, 12), **{line: 10})
    check(name, 1, close=10, **{line: (0, 11, 9)})
    check(name, 0, close=(0, 9, 11), **{line: (10, NAN, 10)})


def test_macd_speaks_on_the_cross_only() -> None:
    check("macd_alignment", 1, macd=(0, -1, 1), macd_signal=0)
    check("macd_alignment", -1, macd=(0, 1, -1), macd_signal=0)
    check("macd_alignment", 0, macd=(0, 1, 2), macd_signal=0)


@pytest.mark.parametrize(
    ("adx", "expected"), [(19, 0), (20, 0), (22, 0.4), (24.5, 0.9), (25, 1), (60, 1), (NAN, 0)]
)
def test_adx_rises_from_20_to_25(adx: float, expected: float) -> None:
    check("adx_strength", expected, adx=adx, plus_di=30, minus_di=10)
    check("adx_strength", -expected, adx=adx, plus_di=10, minus_di=30)
    check("adx_strength", 0, adx=adx, plus_di=10, minus_di=10)


def test_ichimoku_adds_three_crosses() -> None:
    name = "ichimoku_confluence"
    check(name, 0.5, tenkan=(0, 1, 3), kijun=2)
    check(name, -0.5, tenkan=(0, 3, 1), kijun=2)
    check(name, 0.7, close=(0, 9, 11), cloud_top=10, cloud_bottom=5)
    check(name, 0.0, close=(0, 4, 6), cloud_top=10, cloud_bottom=5)  # enters from below
    check(name, 0.0, close=(0, 11, 9), cloud_top=10, cloud_bottom=5)  # enters from above
    check(name, -0.7, close=(0, 6, 4), cloud_top=10, cloud_bottom=5)
    check(name, -0.7, close=(0, 11, 4), cloud_top=10, cloud_bottom=5)  # through the whole cloud
    check(name, 0.3, close=(0, 9, 11), lagged_close=(0, 9, 10))
    check(name, -0.3, close=(0, 9, 8), lagged_close=(0, 9, 10))
    check(
        name, 1.5, close=(0, 9, 11), cloud_top=10, cloud_bottom=5, tenkan=(0, 1, 3), kijun=2, lagged_close=10
    )


# --- levels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "expected"),
    [
        ((0, 149.9, 150.1), 0.1),  # rises through 50 %
        ((0, 150.0, 150.1), 0.1),  # from at the level
        ((0, 150.1, 149.9), -0.1),
        ((0, 150.0, 149.9), -0.1),
        ((0, 149.9, 150.0), 0.0),  # reaches it only
        ((0, 149.0, 150.15), 0.1),  # 0.1 % away counts
        ((0, 149.0, 150.16), 0.0),  # further does not
        ((0, 199.0, 200.0), 0.0),  # the ends are no levels
        ((0, 100.1, 100.0), 0.0),
        ((0, NAN, 150.1), 0.0),
    ],
)
def test_fibonacci(close: tuple, expected: float) -> None:
    check("fibonacci_levels", expected, close=close, fibonacci_high=200, fibonacci_low=100)


def test_fibonacci_levels_add_up_in_a_narrow_range() -> None:
    check("fibonacci_levels", 0.5, close=(0, 99.99, 100.05), fibonacci_high=100.04, fibonacci_low=100.0)
    check("fibonacci_levels", -0.5, close=(0, 100.05, 99.99), fibonacci_high=100.04, fibonacci_low=100.0)


def test_fibonacci_holds_both_closes_against_the_present_level() -> None:
    check(
        "fibonacci_levels",
        0.1,
        close=(0, 149.9, 150.1),
        fibonacci_high=(200, 180, 200),
        fibonacci_low=(100, 100, 100),
    )


def test_market_structure_needs_both_ends() -> None:
    name = "market_structure_confluence"
    check(name, 1, recent_high=5, earlier_high=4, recent_low=2, earlier_low=1)
    check(name, -1, recent_high=4, earlier_high=5, recent_low=1, earlier_low=2)
    check(name, 0, recent_high=5, earlier_high=4, recent_low=1, earlier_low=1)
    check(name, 0, recent_high=5, earlier_high=4, recent_low=1, earlier_low=2)
    check(name, 0, recent_high=5, earlier_high=5, recent_low=1, earlier_low=1)
    check(name, 0, recent_high=5, earlier_high=NAN, recent_low=1, earlier_low=NAN)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ((0, 4, 6), -1),
        ((0, 5, 6), -1),
        ((0, 6, 7), 0),
        ((0, 4, 5), 0),
        ((0, -4, -6), 1),
        ((0, -6, -7), 0),
        ((0, -6, 6), -1),
        ((0, 6, -6), 1),
        ((0, NAN, 6), 0),
    ],
)
def test_roc_speaks_on_entry_only(rate: tuple, expected: float) -> None:
    check("roc_signal", expected, roc=rate)


# --- volume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obv", "line", "expected"),
    [
        ((1, 2, 3), 9, 0.2),
        ((3, 2, 1), 0, -0.2),
        ((3, 1, 3), 2, 0.5),
        ((1, 1.5, 3), 2, 0.7),
        ((1, 2, 3), NAN, 0.2),
    ],
)
def test_obv(obv: tuple, line: float, expected: float) -> None:
    check("obv_momentum", expected, obv=obv, obv_ema=line)


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ((0.3, 0.2, 0.1), 0.2),
        ((0.1, 0.2, 0.3), 0.8),
        ((0.1, 0.2, 0.2), 0.5),
        ((-0.1, -0.2, -0.3), -0.8),
        ((0.2, 0.1, 0), -0.3),
        ((NAN, 0.1, 0.2), 0.5),
    ],
)
def test_cmf(flow: tuple, expected: float) -> None:
    check("cmf_flow", expected, cmf=flow)


@pytest.mark.parametrize(
    ("delta", "expected"), [(0.3, 1), (0.2, 0.3), (0.1, 0.3), (0, 0), (-0.2, -0.3), (-0.21, -1), (NAN, 0)]
)
def test_volume_delta(delta: float, expected: float) -> None:
    check("volume_delta_signal", expected, volume_delta=delta)


@pytest.mark.parametrize(
    ("relative", "close", "expected"),
    [(1.5, 11, 1), (1.5 - 1e-10, 11, 1), (1.49, 11, 0), (2, 9, -1), (2, 10, 0), (NAN, 11, 0)],
)
def test_relative_volume_counts_from_its_threshold_on(relative: float, close: float, expected: float) -> None:
    check("relative_volume_confirmation", expected, relative_volume=relative, open=10, close=close)


# --- from outside -----------------------------------------------------------------------------------------


def test_imbalance_and_trends_scale_the_weight() -> None:
    check("orderbook_imbalance", -0.25, orderbook_imbalance=-0.25)
    check("orderbook_imbalance", 0, orderbook_imbalance=NAN)
    check("mtf_trend_confluence", 2 / 3, mtf_balance=2 / 3)
    check("mtf_trend_confluence", 0, mtf_balance=NAN)


# --- after the groups -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "score", "expected"),
    [
        ((1, 2, 3), 1.4, 0.2 * W),
        ((1, 2, 3), -1.4, -0.2 * W),
        ((1, 2, 3), 0.0, 0.0),
        ((1, 2, 3), 1e-16, 0.0),  # a rounding residue has no sign
        ((3, 2, 1), 1.4, -0.28),
        ((3, 2, 1), -1.4, 0.28),
        ((1, 2, 2), 1.4, 0.0),
        ((NAN, 2, 3), 1.4, 0.0),
    ],
)
def test_volatility_index(index: tuple, score: float, expected: float) -> None:
    live = tails(volatility_index=tuple(x / 1000 for x in index))
    assert volatility_index(live, W, score) == pytest.approx(expected, abs=1e-15)
    whole = volatility_index(history(live), W, np.full(3, score))
    assert np.asarray(whole)[2] == volatility_index(live, W, score)


@pytest.mark.parametrize(
    ("score", "close", "volume", "mean", "delta", "confirmed"),
    [
        (2.0, 11, 16, 10, 0.0, True),
        (2.0, 11, 15, 10, 0.0, False),  # 1.5 times is not more than 1.5 times
        (2.0, 9, 99, 10, 0.0, False),  # loud, but the bar fell
        (2.0, 10, 99, 10, 0.0, False),  # loud, but a doji
        (2.0, 9, 1, 10, 0.3, True),  # by the volume delta
        (2.0, 9, 1, 10, 0.2, False),
        (2.0, 9, 1, 10, -0.3, False),
        (-2.0, 9, 16, 10, 0.0, True),
        (-2.0, 11, 16, 10, 0.0, False),
        (-2.0, 11, 1, 10, -0.3, True),
        (2.0, 11, 99, NAN, NAN, False),  # NaN does not confirm
        (2.0, 11, 1, 0, NAN, True),  # any volume is more than none
    ],
)
def test_volume_filter_takes_half_of_an_unconfirmed_score(
    score: float, close: float, volume: float, mean: float, delta: float, confirmed: bool
) -> None:
    live = tails(open=10, close=close, volume=volume, mean_volume=mean, volume_delta=delta)
    taken = volume_filter(live, SETTINGS, 1.5, score)
    assert taken == (0.0 if confirmed else -score / 2)
    assert np.asarray(volume_filter(history(live), SETTINGS, 1.5, np.full(3, score)))[2] == taken


# --- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_without_any_value_is_silent(group: Group) -> None:
    assert contribution(group.name) == 0.0


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_reads_only_what_it_declares(group: Group) -> None:
    rng = np.random.default_rng(7)
    values = {name: tuple(rng.uniform(-1, 1, 3)) for name in COLUMN_NAMES}
    declared = {*group.inputs, group.outside, "psar_direction", "vwap_session_start"}
    other = {k: v if k in declared else tuple(rng.uniform(-1, 1, 3)) for k, v in values.items()}
    assert contribution(group.name, **values) == contribution(group.name, **other)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_no_group_exceeds_its_declared_most(group: Group) -> None:
    rng = np.random.default_rng(11)
    columns = {name: rng.normal(0, 60, 5000) for name in COLUMN_NAMES}
    for name in ("psar_direction", "ehlers_fast_direction", "ehlers_slow_direction"):
        columns[name] = rng.choice([-1.0, 1.0], 5000)
    for name in ("orderbook_imbalance", "mtf_balance"):
        columns[name] = rng.uniform(-1, 1, 5000)
    out = np.asarray(group.contribute(Columns(**columns), SETTINGS, 1.0))
    assert np.abs(out).max() <= group.most + 1e-12
