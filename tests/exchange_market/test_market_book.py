"""The synthetic book: shape, grid, steadiness, deltas."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_makers import MINUTE, T0, play, playback, wave

from whalebot.adapters.exchange.market.book import BookShape, book_changes, make_book
from whalebot.adapters.exchange.market.units import make_units
from whalebot.adapters.exchange.market.views import Book
from whalebot.domain.enums import Side

UNITS = make_units(1, 3)
SHAPE = BookShape(last=650_000, last_side=Side.BUY, tick=1, spread_ticks=1, touch_qty=2_000, step=1)


def book_at(ts_ms: int, depth: int = 50, shape: BookShape = SHAPE) -> Book:
    return make_book(99, "BTCUSDT", ts_ms, shape, UNITS, depth)


@pytest.mark.parametrize("depth", [1, 50, 200, 1000])
def test_levels_are_sorted_on_the_grid_and_never_cross(depth: int) -> None:
    book = book_at(T0, depth)
    assert len(book.bids) == len(book.asks) == depth
    bids, asks = [p for p, _ in book.bids], [p for p, _ in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(qty > 0 for _, qty in book.bids + book.asks)
    assert all(price % Decimal("0.1") == 0 for price in bids + asks)


def test_the_touch_is_where_the_last_taker_traded() -> None:
    bought, sold = book_at(T0, 1), book_at(T0, 1, BookShape(650_000, Side.SELL, 1, 3, 2_000, 1))
    assert bought.asks[0][0] == Decimal("65000.0")
    assert bought.bids[0][0] == Decimal("64999.9")
    assert sold.bids[0][0] == Decimal("65000.0")
    assert sold.asks[0][0] == Decimal("65000.3")


def test_a_shallow_book_is_the_top_of_a_deep_one() -> None:
    deep = book_at(T0, 1000)
    for depth in (1, 5, 12, 13, 50, 200):
        shallow = book_at(T0, depth)
        assert shallow.bids == deep.bids[:depth]
        assert shallow.asks == deep.asks[:depth]


def test_depth_grows_away_from_the_touch() -> None:
    near, far = Decimal(0), Decimal(0)
    for i in range(40):
        levels = book_at(T0 + i * 60_000, 1000).bids
        near += sum(q for _, q in levels[:100])
        far += sum(q for _, q in levels[-100:])
    assert far > near * Decimal("1.5")


def test_books_a_moment_apart_are_alike_and_change_in_time() -> None:
    now, soon, later = book_at(T0), book_at(T0 + 100), book_at(T0 + 60_000)
    same = len(set(now.bids) & set(soon.bids))
    assert 35 <= same < 50
    assert len(set(now.bids) & set(later.bids)) < 10
    assert book_at(T0) == now


@given(st.integers(0, 10_000), st.integers(-30, 30), st.sampled_from([1, 50, 200]))
def test_a_delta_leads_from_one_book_to_the_other(wait: int, move: int, depth: int) -> None:
    before = book_at(T0, depth)
    after = book_at(T0 + wait, depth, BookShape(650_000 + move, Side.SELL, 1, 2, 2_000, 1))
    for side, changes in zip(("bids", "asks"), book_changes(before, after), strict=True):
        levels = dict(getattr(before, side))
        for price, qty in changes:
            if qty == 0:
                del levels[price]
            else:
                assert levels.get(price) != qty, "an unchanged level is left out"
                levels[price] = qty
        assert levels == dict(getattr(after, side))


def test_a_price_near_zero_still_has_a_book() -> None:
    book = book_at(T0, 200, BookShape(3, Side.SELL, 1, 1, 2_000, 1))
    assert 1 <= len(book.bids) <= 3
    assert len(book.asks) == 200


def test_a_market_has_one_book_per_symbol_and_instant() -> None:
    market, same = (playback(wave(range(100)), wave(range(100), "ETHUSDT"), seed=3) for _ in range(2))
    other = playback(wave(range(100)), wave(range(100), "ETHUSDT"), seed=4)
    for m in (market, same, other):
        play(m, T0 + 80 * MINUTE)
    assert market.book("BTCUSDT", 50) == same.book("BTCUSDT", 50)
    assert market.book("BTCUSDT", 50) != other.book("BTCUSDT", 50)
    btc, eth = market.book("BTCUSDT", 50), market.book("ETHUSDT", 50)
    assert btc is not None
    assert eth is not None
    assert btc.bids != eth.bids


def test_the_spread_grows_with_volatility() -> None:
    calm, wild = wave(range(100)), wave(range(100))
    wild = [
        type(c)(c.symbol, c.interval, c.open_ms, c.open, c.high + 400, c.low - 400, c.close, c.volume)
        for c in wild
    ]
    spreads = []
    for bars in (calm, wild):
        market = playback(bars)
        play(market, T0 + 90 * MINUTE)
        quote = market.quote("BTCUSDT")
        assert quote is not None
        spreads.append(quote.ask_price - quote.bid_price)
    assert spreads[0] < spreads[1]
