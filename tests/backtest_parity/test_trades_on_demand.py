"""Trades of a result that are made as they are read."""

from __future__ import annotations

import weakref
from copy import deepcopy

import pytest
from parity_cases import make_case

from whalebot.research.column.running import run_column_tier
from whalebot.research.result import TradesOnDemand
from whalebot.research.strategy import make_strategy


def found() -> tuple[TradesOnDemand, list[int]]:
    case = make_case(3)
    strategy = make_strategy("ema_cross", case.settings.engine)
    trades = run_column_tier(case.settings, case.dataset, strategy, columns=case.columns).trades
    asked: list[int] = []

    def make(place: int) -> object:
        asked.append(place)
        return trades[place]

    assert len(trades) > 3
    return TradesOnDemand(len(trades), make), asked  # type: ignore[arg-type]


def test_each_trade_is_made_once_and_only_when_read() -> None:
    trades, asked = found()
    assert trades
    assert not asked
    assert trades[-1] is trades[len(trades) - 1]
    assert asked == [len(trades) - 1]
    assert trades[:2] == (trades[0], trades[1])
    assert asked == [len(trades) - 1, 0, 1]


def test_what_they_are_made_of_is_let_go_with_the_last() -> None:
    class Source:
        def make(self, place: int) -> str:
            return f"trade {place}"

    source = Source()
    watched = weakref.ref(source)
    trades = TradesOnDemand(2, source.make)  # type: ignore[arg-type]
    del source
    assert (trades[1], watched() is None) == ("trade 1", False)
    assert (trades[0], watched() is None) == ("trade 0", True)
    assert list(trades) == ["trade 0", "trade 1"]


def test_they_are_a_sequence_like_any_other() -> None:
    trades, _ = found()
    whole = tuple(trades)
    assert len(whole) == len(trades)
    assert trades == whole
    assert whole == trades
    assert hash(trades) == hash(whole)
    assert trades != whole[:-1]
    assert deepcopy(trades) == whole
    with pytest.raises(IndexError):
        trades[len(trades)]


def test_nothing_is_a_result_too() -> None:
    assert TradesOnDemand(0, lambda place: pytest.fail(f"{place} was asked for")) == ()
