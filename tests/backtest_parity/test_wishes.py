"""The sparse decisions that the compiled pass reads say what the columns say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parity_cases import make_case

from whalebot.indicators import crossing
from whalebot.indicators.streaming.averages import EmaStream
from whalebot.research.column.crossing import cross_averages, crosses_of
from whalebot.research.column.wishing import decided
from whalebot.research.strategy import DecisionColumns

Floats = np.ndarray


def walk(seed: int, count: int) -> Floats:
    """Prices on a coarse grid, so that averages meet now and then."""
    rng = np.random.default_rng(seed)
    return 100.0 + np.cumsum(rng.integers(-1, 2, count) * rng.integers(0, 3, count)).astype(float)


def crosses(quick: Floats, lazy: Floats) -> Floats:
    """+1 and -1 where one comes to stand beyond the other, row by row; unknown rows are no cross."""
    away = quick - lazy
    found = np.zeros(len(away), dtype=np.int8)
    for row in range(1, len(away)):
        up, down = away[row] > 0 and away[row - 1] <= 0, away[row] < 0 and away[row - 1] >= 0
        found[row] = int(up) - int(down)
    return found


def last_of(codes: Floats) -> Floats:
    """The last code that is not zero, up to each row."""
    last = np.maximum.accumulate(np.where(codes != 0, np.arange(len(codes)), 0))
    return codes[last]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("step", [1, 3])
def test_wishes_are_the_rows_that_ask(seed: int, step: int) -> None:
    case = make_case(seed)
    data = case.dataset.symbols[0]
    columns = case.columns[data.symbol]
    score, atr = columns.score.copy(), columns.atr.copy()
    score[::step] = 1.0 - 2.0 * (np.arange(len(score[::step])) % 2)
    atr[3::7] = 0.0
    columns = replace(columns, score=score, atr=atr)
    found, asked = decided(columns, data), columns.asked()
    rows = np.flatnonzero(asked)
    assert len(rows) > 5
    np.testing.assert_array_equal(found.wishes["row"], rows)
    np.testing.assert_array_equal(found.wishes["side"], asked[rows])
    np.testing.assert_array_equal(found.wishes["bar"], data.decisions.fills[rows])
    np.testing.assert_array_equal(found.wishes["atr"], atr[rows])
    np.testing.assert_array_equal(found.signal, columns.signal)


def test_one_threshold_for_all_rows_asks_what_one_each_asks() -> None:
    case = make_case(1)
    data = case.dataset.symbols[0]
    each: DecisionColumns = case.columns[data.symbol]
    one = replace(each, threshold=np.broadcast_to(1.0, len(each)))
    assert len(decided(one, data).wishes) > 3
    np.testing.assert_array_equal(decided(one, data).wishes, decided(each, data).wishes)


@pytest.mark.parametrize("count", [0, 1, 11, 12, 13, 400])
@pytest.mark.parametrize("seed", range(4))
def test_crosses_made_on_the_way_are_those_of_the_streams(seed: int, count: int) -> None:
    close, fast, slow, first = walk(seed, count), 5, 12, 20
    quick, lazy = EmaStream(fast), EmaStream(slow)
    averages = np.array([(quick.step(v), lazy.step(v)) for v in close.tolist()]).reshape(-1, 2)
    wanted = crosses(averages[:, 0], averages[:, 1])
    wanted[:first] = 0
    for loop in (cross_averages, crossing.cross_averages):
        crossed, view = np.zeros(count), np.zeros(count, dtype=np.int8)
        loop(close, fast, slow, first, crossed, view)
        np.testing.assert_array_equal(crossed, wanted)
        np.testing.assert_array_equal(view, last_of(wanted) if count else wanted)
    assert count < 400 or np.count_nonzero(wanted) > 5


@pytest.mark.parametrize("seed", range(6))
def test_crosses_of_averages_that_are_there(seed: int) -> None:
    quick = walk(seed, 300)
    lazy = quick + np.random.default_rng(seed + 100).integers(-1, 2, 300)
    quick[: 3 * seed] = np.nan
    lazy[: 4 * seed] = np.nan
    atr = np.where(np.arange(300) < 5 * seed, 0.0, 2.0)
    asked = crosses(quick, lazy) * (atr > 0)
    rows = np.flatnonzero(asked)
    assert len(rows) > 20
    found = crosses_of(quick, lazy, atr)
    np.testing.assert_array_equal(found.signal, last_of(asked))
    np.testing.assert_array_equal(found.wishes["row"], rows)
    np.testing.assert_array_equal(found.wishes["side"], asked[rows])
    np.testing.assert_array_equal(found.wishes["bar"], rows + 1)
