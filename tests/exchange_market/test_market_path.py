"""The path inside a bar, the order of events at one instant, volumes and takers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from market_makers import MINUTE, T0, batches, candle, instrument, play, playback, table, wave

from whalebot.adapters.exchange.market.events import FundingDue, Kline, PricePoint
from whalebot.adapters.exchange.market.playback import PlaybackMarket, PlaybackTrack
from whalebot.adapters.exchange.market.views import FundingRow, PriceKind
from whalebot.domain.enums import Side


def points(events: list[object]) -> list[PricePoint]:
    return [event for event in events if isinstance(event, PricePoint)]


@pytest.mark.parametrize(
    ("prices", "path"),
    [
        ("100 103 98 101", ["100", "98", "103", "101"]),  # the low is nearer
        ("100 101 95 96", ["100", "101", "95", "96"]),  # the high is nearer
        ("100 102 98 100", ["100", "98", "102", "100"]),  # equal distance: low first
        ("100 100 100 100", ["100", "100", "100", "100"]),
    ],
)
def test_nearer_extreme_comes_first(prices: str, path: list[str]) -> None:
    found = points(play(playback([candle(0, prices)])))
    assert [point.last_price for point in found] == [Decimal(price) for price in path]
    assert [point.ts_ms - T0 for point in found] == [0, 20_000, 40_000, 59_999]


def test_an_open_away_from_the_close_is_a_gap() -> None:
    bars = [candle(0, "100 101 99 100"), candle(1, "100 101 99 100"), candle(2, "103 104 102 103")]
    found = points(play(playback(bars)))
    assert [i for i, point in enumerate(found) if point.is_gap] == [8]


def test_volume_of_a_bar_is_split_without_a_rest() -> None:
    found = points(
        play(playback([candle(0, volume="0.007"), candle(1, volume="12.345"), candle(2, volume="0")]))
    )
    for i, whole in enumerate(("0.007", "12.345", "0")):
        parts = [point.volume for point in found[4 * i : 4 * i + 4]]
        assert sum(p for p in parts if p is not None) == Decimal(whole)
        assert all(part is not None and part >= 0 for part in parts)


def test_takers_follow_the_price() -> None:
    bars = [candle(0, "100 103 98 101"), candle(1, "101 101 101 101"), candle(2, "99 99 99 99")]
    sides = [point.taker_side for point in points(play(playback(bars)))]
    assert sides[1:4] == [Side.SELL, Side.BUY, Side.SELL]
    assert sides[4:8] == [Side.SELL] * 4, "a price that stands still keeps the taker before"
    assert sides[8] is Side.SELL


def test_mark_and_index_are_the_last_price_where_nothing_is_known() -> None:
    for point in points(play(playback(wave(range(5))))):
        assert point.mark_price == point.index_price == point.last_price


def test_at_one_instant_higher_timeframes_close_first_then_bars_open() -> None:
    market = playback(wave(range(20)), wave(range(20), "ETHUSDT"))
    at_quarter = [event for event in play(market) if event.ts_ms == T0 + 15 * MINUTE]
    named = [
        f"{event.symbol[:3]} {event.interval}" if isinstance(event, Kline) else f"{event.symbol[:3]} open"
        for event in at_quarter
    ]
    assert named == [
        "BTC 15", "ETH 15", "BTC 5", "ETH 5", "BTC 3", "ETH 3", "BTC 1", "ETH 1", "BTC open", "ETH open",
    ]  # fmt: skip


def test_barrier_stands_between_closed_bars_and_the_opens_of_the_same_instant() -> None:
    market = playback(wave(range(4)), wave(range(4), "ETHUSDT"))
    all_batches = list(batches(market))
    assert [batch.at_barrier for batch in all_batches] == [True] * 4
    for i, batch in enumerate(all_batches, start=1):
        assert batch.now_ms == T0 + i * MINUTE
        assert isinstance(batch.events[-1], Kline)
        assert all(not isinstance(event, Kline) for event in batch.events[:8])
        assert isinstance(batch.events[0], PricePoint)
        assert batch.events[0].ts_ms == T0 + (i - 1) * MINUTE, "the opens held back come first"


def test_advance_stops_at_barriers_on_the_way_and_then_at_the_instant() -> None:
    market = playback(wave(range(10)))
    first = market.advance(T0 + 2 * MINUTE + 30_000)
    assert (first.at_barrier, first.now_ms) == (True, T0 + MINUTE)
    second = market.advance(T0 + 2 * MINUTE + 30_000)
    assert (second.at_barrier, second.now_ms) == (True, T0 + 2 * MINUTE)
    third = market.advance(T0 + 2 * MINUTE + 30_000)
    assert (third.at_barrier, third.now_ms) == (False, T0 + 2 * MINUTE + 30_000)
    assert [event.ts_ms - T0 - 2 * MINUTE for event in third.events] == [0, 20_000]
    again = market.advance(T0 + 2 * MINUTE + 30_000)
    assert (again.events, again.now_ms) == ((), T0 + 2 * MINUTE + 30_000)


def test_time_never_falls_whatever_is_merged() -> None:
    market = playback(
        wave(range(7), "AUSDT", "5"), wave(range(3, 90), "BUSDT"), wave(range(2), "CUSDT", "15")
    )
    events = play(market)
    times = [event.ts_ms for event in events]
    assert times == sorted(times)
    assert {event.symbol for event in events} == {"AUSDT", "BUSDT", "CUSDT"}
    inside_five = [e for e in events if e.symbol == "AUSDT" and isinstance(e, PricePoint)][:4]
    assert [e.ts_ms - T0 for e in inside_five] == [0, 100_000, 200_000, 299_999]


def test_funding_comes_before_the_bars_and_the_open_of_its_instant() -> None:
    eight = 480 * MINUTE
    bars = [candle(479), candle(480, "107 108 106 107"), candle(481, "107 108 106 107")]
    track = PlaybackTrack(instrument(), table(bars), funding=[FundingRow(T0 + eight, Decimal("0.0001"))])
    at = [event for event in play(PlaybackMarket([track])) if event.ts_ms == T0 + eight]
    assert isinstance(at[0], FundingDue)
    assert (at[0].rate, at[0].mark_price) == (Decimal("0.0001"), Decimal(107)), (
        "mark: the open at the instant"
    )
    assert [type(event) for event in at[1:]] == [Kline, PricePoint]


def test_funding_inside_a_hole_is_paid_at_its_time_on_the_last_price() -> None:
    eight = 480 * MINUTE
    bars = [candle(470, "100 101 99 100.5"), candle(490, "107 108 106 107")]
    track = PlaybackTrack(instrument(), table(bars), funding=[FundingRow(T0 + eight, Decimal("0.0001"))])
    due = [event for event in play(PlaybackMarket([track])) if isinstance(event, FundingDue)]
    assert [(d.ts_ms, d.mark_price) for d in due] == [(T0 + eight, Decimal("100.5"))]


def test_funding_inside_a_long_bar_is_paid_at_its_time_on_the_price_then() -> None:
    bars = [candle(i, "100 110 99 105", interval="D") for i in range(2)]
    rows = [FundingRow(T0 + h * 3_600_000, Decimal("0.0001")) for h in (8, 16, 24)]
    track = PlaybackTrack(instrument(), table(bars), funding=rows)
    events = play(PlaybackMarket([track]))
    due = [event for event in events if isinstance(event, FundingDue)]
    assert [d.mark_price for d in due] == [Decimal(99), Decimal(110), Decimal(100)]
    assert [e.ts_ms for e in events] == sorted(e.ts_ms for e in events)


def test_recorded_mark_prices_are_played_and_served() -> None:
    bars = [candle(i, "100 101 99 100", interval="5") for i in range(24)]
    mark = [candle(i, f"{90 + i} 95 85 92", interval="60") for i in range(2)]
    market = PlaybackMarket([PlaybackTrack(instrument(), table(bars), mark=table(mark))])
    found = points(play(market))
    marks = {point.ts_ms - T0: point.mark_price for point in found}
    assert marks[0] == Decimal(90)
    assert marks[20 * MINUTE] == Decimal(85), "equal distance: low first"
    assert marks[60 * MINUTE] == Decimal(91)
    assert marks[80 * MINUTE] == Decimal(95), "the high is nearer"
    assert all(point.index_price == point.last_price for point in found)
    rows = market.klines("BTCUSDT", "60", PriceKind.MARK)
    assert [(row.open, row.high, row.low, row.close) for row in rows] == [
        (Decimal(open_), Decimal(95), Decimal(85), Decimal(92)) for open_ in (91, 90)
    ]
