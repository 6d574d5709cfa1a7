"""The file of a space, and comparisons between its parameters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.constraints import parse_constraint
from whalebot.research.optimise.space import read_space, space_of


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(
        'constraints = ["a.short < a.long"]\n[parameters]\n"a.short" = { type = "int", low = 2, high = 9 }\n'
        'a.long = { type = "int", low = 5, high = 30, step = 5 }\n'
        "b = { low = 0.001, high = 1.0, log = true }\nc = { choices = [true, false] }\n"
    )
    space = read_space(path)
    assert [p.key for p in space.parameters] == ["a.short", "a.long", "b", "c"]
    assert space.parameters[1].grid() == [5, 10, 15, 20, 25, 30]
    assert space.parameters[0].ends == (2, 9)
    assert space.broken({"a.short": 5, "a.long": 5}, {}) == "a.short < a.long"
    assert space.broken({"a.short": 4, "a.long": 5}, {}) is None


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"low": 1}, "k: allowed is"),
        ({"low": 2, "high": 1}, "low must be below high"),
        ({"low": 0, "high": 1, "log": True}, "begins above 0"),
        ({"low": 1.5, "high": 2, "type": "int"}, "whole numbers"),
        ({"low": 0, "high": 1, "step": 0}, "above 0"),
        ({"low": 0, "high": 1, "stepp": 1}, "k: allowed is"),
        ({"choices": []}, "not empty"),
        ({"choices": [1, 1]}, "twice"),
        ({"low": float("nan"), "high": 1}, "numbers"),
        (3, "k: allowed is"),
    ],
)
def test_what_is_wrong_is_named(spec: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        space_of({"parameters": {"k": spec}})


def test_steps_that_do_not_fill_a_range_end_inside_it() -> None:
    [parameter] = space_of({"parameters": {"k": {"low": 0.0, "high": 1.0, "step": 0.3}}}).parameters
    assert parameter.high == pytest.approx(0.9)
    assert parameter.neighbours(0.9) == [0.6]


def test_neighbours_stay_inside_and_differ_in_one_parameter() -> None:
    space = space_of(
        {
            "parameters": {
                "a": {"type": "int", "low": 1, "high": 3},
                "b": {"low": 1.0, "high": 100.0, "log": True},
                "c": {"choices": ["x", "y"]},
            }
        }
    )
    found = list(space.neighbours({"a": 1, "b": 10.0, "c": "x"}))
    assert [row["a"] for row in found] == [2, 1, 1]
    assert [row["c"] for row in found] == ["x"] * 3
    assert found[1]["b"] < 10.0 < found[2]["b"]


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_constraint_says_what_python_says(a: int, b: int) -> None:
    values = {"t.a": float(a), "b": float(b)}
    for text, truth in (
        ("t.a < b", a < b),
        ("2 * t.a + 1 >= b - 3", 2 * a + 1 >= b - 3),
        ("-4 <= t.a <= b * b", -4 <= a <= b * b),
        ("t.a != b", a != b),
        ("t.a == b", a == b),
    ):
        assert parse_constraint(text).holds(values) is truth


@pytest.mark.parametrize(
    "text", ["a", "a <", "< a", "a b", "a < b;", "f(a) < 1", "a < __import__('os')", "", "a + < b"]
)
def test_other_texts_are_no_constraints(text: str) -> None:
    with pytest.raises(ConfigError, match="constraint"):
        parse_constraint(text)
