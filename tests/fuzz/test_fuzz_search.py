"""A short search among mutated inputs, the same one each time; HYPOTHESIS_PROFILE=search looks further."""

from __future__ import annotations

import time
from random import Random

import pytest
from fuzz_mutations import mutate
from fuzz_targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

MOST_CPU_S = 5.0
SLOW_ONES = {name for name in TARGETS if name.startswith("exchange_") or name == "engine"}
FAST = [name for name in TARGETS if name not in SLOW_ONES]


def check(name: str, seed: int) -> None:
    rng = Random(seed)
    examples = TARGETS[name].examples()
    if not examples:
        pytest.skip("pyarrow is not installed")
    data = mutate(rng.choice(examples), rng)
    before_s = time.thread_time()
    TARGETS[name].run(data)
    assert time.thread_time() - before_s < MOST_CPU_S, f"slow: {data[:200]!r}"


@pytest.mark.parametrize("name", FAST)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=120)
def test_hostile_input_is_understood_or_refused(name: str, seed: int) -> None:
    check(name, seed)


@pytest.mark.parametrize("name", sorted(SLOW_ONES))
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_hostile_input_ends_neither_engine_nor_exchange(name: str, seed: int) -> None:
    check(name, seed)


@given(data=st.binary(max_size=400))
def test_bytes_without_any_sense_are_refused_everywhere(data: bytes) -> None:
    for name in FAST:
        TARGETS[name].run(data)
