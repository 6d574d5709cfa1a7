"""A book that cannot be used is asked for again: once at first, and again while no snapshot has come."""

from __future__ import annotations

import pytest

from whalebot.domain.events import BookDelta, BookSnapshot
from whalebot.engine.market import SymbolMarket

T0 = 1_760_000_000_000
LIMIT_MS = 10_000


def snapshot(u: int, at: int) -> BookSnapshot:
    return BookSnapshot("BTCUSDT", [(100.0, 1.0)], [(101.0, 1.0)], u, u, at, at)


def delta(u: int, at: int) -> BookDelta:
    return BookDelta("BTCUSDT", [(100.0, float(u))], [], u, u, at, at)


@pytest.fixture
def market() -> SymbolMarket:
    market = SymbolMarket("BTCUSDT", 50)
    market.on_snapshot(snapshot(1, T0))
    assert not market.on_delta(delta(2, T0))
    return market


def test_a_book_voided_by_the_loss_of_another_connection_comes_back(market: SymbolMarket) -> None:
    """Its own connection goes on and brings no snapshot by itself."""
    market.disconnect(T0)
    assert not market.on_delta(delta(3, T0 + LIMIT_MS - 1))
    assert market.on_delta(delta(4, T0 + LIMIT_MS))
    assert not market.on_delta(delta(5, T0 + LIMIT_MS + 1))
    market.on_snapshot(snapshot(6, T0 + LIMIT_MS + 2))
    assert not market.on_delta(delta(7, T0 + 20_000))
    assert market.book_age_ms(T0 + 20_000) == 0


def test_a_question_without_an_answer_is_asked_again_at_a_measured_pace(market: SymbolMarket) -> None:
    asked = [ms for ms in range(0, 35_000, 500) if market.on_delta(delta(9, T0 + ms))]
    assert asked == [0, 10_000, 20_000, 30_000]


def test_a_loss_after_a_snapshot_asks_at_once(market: SymbolMarket) -> None:
    assert market.lose_book("overflow", T0)
    assert not market.lose_book("overflow", T0 + 1)
    market.on_snapshot(snapshot(9, T0 + 2))
    assert market.lose_book("overflow", T0 + 3)


def test_a_clock_set_back_does_not_silence_the_question(market: SymbolMarket) -> None:
    market.disconnect(T0)
    assert market.on_delta(delta(3, T0 - 3_600_000))
