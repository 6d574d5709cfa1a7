"""The table: default rank, sorting with missing values, the filter language, presets, breadth, confluence."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import pytest
from golden_bars import evaluate_last, golden_history, with_config
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.scan.breadth import breadth, confluence
from whalebot.decisions.scan.filtering import parse_filter
from whalebot.decisions.scan.presets import PRESETS
from whalebot.decisions.scan.queries import ScanQueryError
from whalebot.decisions.scan.ranking import (
    COLUMNS,
    DEFAULT_COLUMNS,
    MarketFacts,
    rank_rows,
    row_of,
    sort_keys,
    sort_rows,
)
from whalebot.domain.errors import ConfigError

GOLDEN = evaluate_last(golden_history(), with_config(rsi_mode="momentum", stoch_rsi_mode="momentum"))
ROW = row_of(GOLDEN, MarketFacts(1.5, 2.0, 0.25, 6e6, -3.0, 0.01), age_bars=3)


def _row(**values):
    return {**dict.fromkeys(COLUMNS), **values}


def test_row_of_the_golden_vector() -> None:
    assert set(ROW) == set(COLUMNS)
    assert (ROW["signal"], ROW["confidence"], ROW["status"], ROW["age"]) == ("Long", "Medium", "live", 3.0)
    assert ROW["score"] == pytest.approx(0.6585366)
    assert ROW["ema_distance"] == pytest.approx((115.62 - 107.950528) / 2.268886, abs=1e-5)
    assert ROW["r1_distance"] == pytest.approx((120.276667 - 115.62) / 2.268886, abs=1e-5)
    assert ROW["funding"] == 0.01
    idle = row_of(evaluate_last(golden_history()), MarketFacts())
    assert (idle["signal"], idle["confidence"], idle["spread_bps"], idle["agreement"]) == (
        "none",
        None,
        None,
        None,
    )


def test_default_rank() -> None:
    rows = [
        _row(symbol="A", signal="none", score=0.29),
        _row(symbol="B", signal="Long", score=0.4, agreement=0.5, turnover24h=1.0),
        _row(symbol="C", signal="Short", score=-0.5, agreement=0.1),
        _row(symbol="D", signal="Long", score=0.4, agreement=0.5, turnover24h=9.0),
        _row(symbol="E", signal="Long", score=0.4, agreement=0.6),
        _row(symbol="F", signal="none", score=-0.3),
        _row(symbol="G", signal="none", score=None),
        _row(symbol="H", signal="none", score=None),
    ]
    ranked = rank_rows(rows)
    assert "".join(row["symbol"] for row in ranked) == "CEDBFAGH"
    assert [row["rank"] for row in ranked] == [float(k) for k in range(1, 9)]


@given(
    st.lists(st.one_of(st.none(), st.floats(-5, 5).map(lambda x: round(x))), max_size=12),
    st.lists(st.one_of(st.none(), st.sampled_from("abc")), min_size=12, max_size=12),
    st.booleans(),
)
def test_sort_against_a_reference(scores, signals, ascending) -> None:
    rows = [
        _row(symbol=str(k), score=s, signal=t) for k, (s, t) in enumerate(zip(scores, signals, strict=False))
    ]

    def compare(one, other) -> int:
        for name in ("score", "signal"):
            a, b = one[name], other[name]
            if a is None or b is None:
                if (a is None) != (b is None):
                    return 1 if a is None else -1
            elif a != b:
                return (1 if a > b else -1) * (1 if ascending else -1)
        return 0

    assert sort_rows(rows, "score,signal", ascending=ascending) == sorted(
        rows, key=functools.cmp_to_key(compare)
    )


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_sorts_with_missing_values_last(name) -> None:
    values = ["b", None, "a"] if COLUMNS[name].is_text else [2.0, None, 1.0]
    rows = [_row(**{name: value}) for value in values]
    assert [row[name] for row in sort_rows(rows, name, ascending=True)] == [values[2], values[0], None]
    assert [row[name] for row in sort_rows(rows, name)] == [values[0], values[2], None]


def test_unknown_sort_key_names_the_nearest() -> None:
    with pytest.raises(ScanQueryError, match="column 7: unknown sort key 'scoer'; the nearest is 'score'"):
        sort_keys("rsi,  scoer")
    assert issubclass(ScanQueryError, ConfigError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('score > 0.4 and turnover24h > 5e6 and spread_bps < 5 and signal == "Long"', True),
        ("score > 0.4 and not spread_bps < 5", False),
        ("abs(0 - score) >= 0.65 or rsi < 0", True),
        ("-score < -0.6", True),
        ("(rsi + 10) * 2 / 4 - 1 > 46", True),
        ("rsi + 10 * 2 > 105", True),
        ("signal != 'Short'", True),
        ("not not signal == 'Long'", True),
        ("score > 1 or score > 0.5 and signal == 'Short'", False),
        ("(score > 1 or score > 0.5) and signal == 'Long'", True),
        ("confluence > 0", False),
        ("confluence <= 0", False),
        ("not confluence > 0", True),
        ("score / 0 > 1", False),
        ("1e300 * 1e300 > 5", True),
        (".5 < score", True),
    ],
)
def test_filters(text, expected) -> None:
    assert parse_filter(text).matches(ROW) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: a value is expected before the end"),
        ("score", "column 1: a comparison is needed"),
        ("scroe > 1", "column 1: unknown column 'scroe'; the nearest is 'score'"),
        ("score > 1 and", "column 14: a value is expected before the end"),
        ("score >", "column 8: a value is expected"),
        ("(score > 1", r"column 11: a \) is missing"),
        ("score > 1)", r"column 10: unexpected '\)'"),
        ("score > 'a'", "column 7: cannot compare a number with a text"),
        ("1 < score < 2", "chained"),
        ("score > 1 $ 2", "column 11: unexpected '\\$'"),
        ("not score", "'not' needs a truth, not a number"),
        ("(score > 1) + 2 > 3", r"'\+' needs a number, not a truth"),
        ("signal > -'a'", "'-' needs a number, not a text"),
        ("1e999 > 1", "too large"),
        ("(" * 60 + "score > 1" + ")" * 60, "nested deeper"),
        ("not " * 60 + "score > 1", "nested deeper"),
        ("1 + " * 900 + "score > 1", "longer than"),
        ("__import__('os') == 1", "unknown column '__import__'"),
        ("score.real > 1", "column 6: unexpected"),
    ],
)
def test_bad_filters_say_where(text, message) -> None:
    with pytest.raises(ScanQueryError, match=message):
        parse_filter(text)


WORDS = st.sampled_from(
    [
        "score",
        "signal",
        "rsi",
        "and",
        "or",
        "not",
        "abs",
        "(",
        ")",
        "<",
        "<=",
        "==",
        "!=",
        ">",
        "+",
        "-",
        "*",
        "/",
        "1",
        "2.5e3",
        "'Long'",
        '"',
        ".",
        "x",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_read_or_refused(text) -> None:
    found, column = None, 1
    try:
        found = parse_filter(text)
    except ScanQueryError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1
    for row in (ROW, _row(), {}) if found else ():
        assert found.matches(row) in (True, False)


def test_presets_can_be_read_and_show_known_columns() -> None:
    assert list(PRESETS) == ["liquid", "oversold", "breakout", "squeeze", "funding_extreme"]
    for preset in PRESETS.values():
        parse_filter(preset.filter)
        sort_keys(preset.sort)
        assert set(preset.columns) <= set(COLUMNS)
    assert parse_filter(PRESETS["oversold"].filter).matches(_row(rsi=20.0, stoch_k=0.1))
    assert parse_filter(PRESETS["breakout"].filter).matches(_row(r1_distance=-0.1, relative_volume=2.0))
    assert parse_filter(PRESETS["squeeze"].filter).matches(_row(armed=1.0))
    assert parse_filter(PRESETS["funding_extreme"].filter).matches(_row(funding=-0.06))
    assert not {"confluence", "depth_10bps"} & set(DEFAULT_COLUMNS)
    assert parse_filter("depth_10bps > 50e3").matches(row_of(GOLDEN, MarketFacts(depth_10bps=60e3)))


def test_breadth_of_the_market() -> None:
    rows = [
        _row(signal="Long", ema_distance=1.0, rsi=60.0),
        _row(signal="Long", ema_distance=-1.0, rsi=40.0),
        _row(signal="none", ema_distance=2.0),
        _row(signal="Short", rsi=30.0),
    ]
    found = breadth(rows)
    assert (found.long, found.short, found.none, found.median_rsi) == (2, 1, 1, 40.0)
    assert found.above_ema == pytest.approx(2 / 3)
    assert breadth([]).median_rsi is None


def test_confluence_is_the_weighted_mean_of_the_frames() -> None:
    scores = {"15": 0.6, "60": 0.2, "240": None, "D": math.nan}
    assert confluence(scores, {}) == pytest.approx(0.4)
    assert confluence(scores, {"60": 3.0}) == pytest.approx(0.3)
    assert confluence({"15": None}, {}) is None
    assert confluence({"15": 0.5}, {"15": 0.0}) is None


def test_signal_rows_survive_missing_market_facts() -> None:
    row = row_of(replace(GOLDEN, score=math.nan), MarketFacts())
    assert row["score"] is None
    assert rank_rows([row])[0]["rank"] == 1.0
