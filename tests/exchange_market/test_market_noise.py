"""Noise: equal everywhere, readable anywhere, with the moments it claims."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.exchange.market.noise import (
    GAUSS_SD,
    gauss_units,
    make_key,
    mix,
    mix_words,
    uniform,
    uniforms,
    words,
)

KEY = make_key(7, "BTCUSDT", "shock")


def test_known_values() -> None:
    """SplitMix64 from state 0, as published with the algorithm."""
    assert [int(w) for w in words(0, 1, 3)] == [mix(i * 0x9E3779B97F4A7C15 & (2**64 - 1)) for i in (1, 2, 3)]
    assert mix(0) == 0xE220A8397B1DCDAF
    assert mix(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(1, 50), st.integers(0, 49))
def test_any_place_can_be_read_alone(key: int, start: int, count: int, at: int) -> None:
    at %= count
    whole = uniforms(key, start, count)
    assert whole[at] == uniform(key, start + at) == uniforms(key, start + at, 1)[0]
    assert gauss_units(key, start, count)[at] == gauss_units(key, start + at, 1)[0]
    assert int(mix_words(np.array([key], dtype=np.uint64))[0]) == mix(key)


def test_moments() -> None:
    flat = uniforms(KEY, 0, 200_000)
    assert abs(flat.mean() - 0.5) < 0.002
    assert abs(flat.std() - 12**-0.5) < 0.002
    bell = gauss_units(KEY, 0, 200_000) / GAUSS_SD
    assert abs(bell.mean()) < 0.01
    assert abs(bell.std() - 1.0) < 0.01
    assert abs((bell**4).mean() - 3.0) < 0.25
    assert abs(np.corrcoef(bell[1:], bell[:-1])[0, 1]) < 0.01


def test_streams_differ() -> None:
    keys = {make_key(seed, name) for seed in range(50) for name in ("a", "b", "c")}
    assert len(keys) == 150
    other = make_key(8, "BTCUSDT", "shock")
    assert abs(np.corrcoef(uniforms(KEY, 0, 20_000), uniforms(other, 0, 20_000))[0, 1]) < 0.03
