"""Bars of every interval: confirmed ones, forming ones, history; never a glimpse of what is to come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_makers import MINUTE, T0, batches, candle, numbers_of, play, playback, resampled, wave

from whalebot.adapters.exchange.market.events import Kline, PricePoint
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, INTERVALS, interval_ms


@st.composite
def holed_minutes(draw: Any) -> list[int]:
    """Numbers of minutes that exist: runs of bars, holes between them, any start."""
    at, numbers = draw(st.integers(0, 3000)), []
    for length, hole in draw(
        st.lists(st.tuples(st.integers(1, 150), st.integers(1, 400)), min_size=1, max_size=6)
    ):
        numbers += range(at, at + length)
        at += length + hole
    return numbers


@given(numbers=holed_minutes())
@settings(max_examples=60)
def test_confirmed_bars_equal_plain_resampling(numbers: list[int]) -> None:
    bars = wave(numbers)
    closed = [event for event in play(playback(bars)) if isinstance(event, Kline)]
    for interval in INTERVALS:
        found = [numbers_of(kline) for kline in closed if kline.interval == interval]
        assert found == resampled(bars, interval), interval
    assert all(kline.ts_ms == kline.close_ms and kline.confirmed for kline in closed)


@given(numbers=holed_minutes(), cut=st.integers(0, 10_000), interval=st.sampled_from(INTERVALS))
def test_served_bars_equal_those_that_were_confirmed(numbers: list[int], cut: int, interval: str) -> None:
    bars = wave(numbers)
    market = playback(bars)
    until = bars[0].open_ms + cut % (bars[-1].close_ms - bars[0].open_ms)
    confirmed = [e for e in play(market, until) if isinstance(e, Kline) and e.interval == interval]
    rows = market.klines("BTCUSDT", interval, limit=1000)
    assert list(reversed([row for row in rows if row.confirmed])) == confirmed
    assert sum(not row.confirmed for row in rows) <= 1
    assert all(row.ts_ms <= until for row in rows)


@given(
    numbers=holed_minutes(),
    cut=st.integers(1, 10_000),
    future=st.integers(1, 5),
    interval=st.sampled_from(("1", "5", "60")),
)
@settings(max_examples=60)
def test_no_answer_depends_on_the_future(numbers: list[int], cut: int, future: int, interval: str) -> None:
    bars = wave(numbers)
    keep = 1 + cut % len(bars)
    changed = bars[:keep] + [
        candle((c.open_ms - T0) // MINUTE, f"{future} {future + 2} {future} {future}", "7")
        for c in bars[keep:]
    ]
    one, other = playback(bars), playback(changed)
    until = bars[keep - 1].close_ms - 1
    assert play(one, until) == play(other, until)
    for kind in (PriceKind.LAST, PriceKind.MARK, PriceKind.PREMIUM):
        assert one.klines("BTCUSDT", interval, kind) == other.klines("BTCUSDT", interval, kind)
        assert one.forming("BTCUSDT", interval, kind) == other.forming("BTCUSDT", interval, kind)
    assert one.quote("BTCUSDT") == other.quote("BTCUSDT")
    assert one.recent_trades("BTCUSDT") == other.recent_trades("BTCUSDT")
    assert one.book("BTCUSDT", 50) == other.book("BTCUSDT", 50)


def test_forming_bar_follows_the_prints() -> None:
    market = playback(wave(range(40)))
    high: dict[str, Decimal] = {}
    volume = Decimal(0)
    for minute in range(37):
        for third in (0, 20_000, 40_000, 59_999):
            for event in play(market, T0 + minute * MINUTE + third):
                if isinstance(event, PricePoint):
                    assert event.last_price is not None
                    assert event.volume is not None
                    volume += event.volume
                    high["D"] = max(high.get("D", event.last_price), event.last_price)
            day = market.forming("BTCUSDT", "D")
            assert day is not None
            assert (day.high, day.volume, day.confirmed) == (high["D"], volume, False)
            assert day.open_ms == T0
            quarter = market.forming("BTCUSDT", "15")
            assert quarter is not None
            assert quarter.open_ms == T0 + minute // 15 * 15 * MINUTE
            assert market.klines("BTCUSDT", "15", limit=1)[0] == quarter


def test_between_a_close_and_the_next_open_nothing_forms() -> None:
    market = playback(wave(range(40)))
    for batch in batches(market):
        if batch.at_barrier and batch.now_ms == T0 + 15 * MINUTE:
            assert market.forming("BTCUSDT", "15") is None
            newest = market.klines("BTCUSDT", "15", limit=1)[0]
            assert (newest.open_ms, newest.confirmed) == (T0, True)
            break


def test_history_before_from_is_served_and_not_played() -> None:
    bars = wave(range(600))
    market = playback(bars, from_ms=T0 + 500 * MINUTE - 5)
    assert market.now_ms == market.start_ms == T0 + 500 * MINUTE
    rows = market.klines("BTCUSDT", "5", limit=1000)
    assert [numbers_of(row) for row in reversed(rows)] == resampled(bars[:500], "5")
    events = play(market)
    assert events[0].ts_ms == T0 + 500 * MINUTE
    hours = [e for e in events if isinstance(e, Kline) and e.interval == "60"]
    assert [numbers_of(hour) for hour in hours] == resampled(bars, "60")[8:], (
        "bars that span the start are whole"
    )


@pytest.mark.parametrize("start", [0, 7, 60 * 24 * 3 + 61])
def test_whole_bars_span_any_start_of_play(start: int) -> None:
    bars = wave(range(start, 60 * 24 * 9))
    from_ms = T0 + 60 * 24 * 6 * MINUTE + 133 * MINUTE
    closed = [e for e in play(playback(bars, from_ms=from_ms)) if isinstance(e, Kline)]
    for interval in INTERVALS:
        expected = [row for row in resampled(bars, interval) if row[0] + interval_ms(interval) > from_ms]  # type: ignore[operator]
        found = [numbers_of(k) for k in closed if k.interval == interval]
        assert found == expected, interval


def test_rows_between_start_and_end() -> None:
    market = playback(wave(range(300)))
    play(market)
    opens = lambda rows: [(row.open_ms - T0) // MINUTE for row in rows]  # noqa: E731
    ask = market.klines
    assert opens(ask("BTCUSDT", "5", limit=3)) == [295, 290, 285]
    assert opens(ask("BTCUSDT", "5", end_ms=T0 + 52 * MINUTE, limit=2)) == [50, 45]
    assert opens(ask("BTCUSDT", "5", start_ms=T0 + 51 * MINUTE, limit=2)) == [60, 55]
    span = {"start_ms": T0 + 50 * MINUTE, "end_ms": T0 + 65 * MINUTE}
    assert opens(ask("BTCUSDT", "5", **span)) == [65, 60, 55, 50]
    assert opens(ask("BTCUSDT", "5", **span, limit=2)) == [65, 60]
    assert ask("BTCUSDT", "5", start_ms=T0 + 900 * MINUTE) == ()
    assert ask("BTCUSDT", "5", end_ms=T0 - 1) == ()
    assert opens(ask("BTCUSDT", "5", start_ms=0, limit=1)) == [0]


def test_enough_rows_are_found_across_holes() -> None:
    market = playback(wave([*range(100), *range(5000, 5003)]))
    play(market)
    assert len(market.klines("BTCUSDT", "1", limit=50)) == 50
    forward = market.klines("BTCUSDT", "1", start_ms=T0 + 98 * MINUTE, limit=4)
    assert [(row.open_ms - T0) // MINUTE for row in forward] == [5001, 5000, 99, 98]


def test_interval_shorter_than_the_data_is_refused() -> None:
    market = playback(wave(range(3), interval="15"))
    with pytest.raises(ValueError, match="available: 15, 30, 60"):
        market.klines("BTCUSDT", "5")
    with pytest.raises(KeyError):
        market.klines("NOSUCH", "15")


def test_statistics_of_the_day() -> None:
    bars = wave(range(60 * 30))
    market = playback(bars)
    play(market, T0 + 27 * 60 * MINUTE)
    quote = market.quote("BTCUSDT")
    assert quote is not None
    day = [c for c in bars if T0 + 3 * 60 * MINUTE <= c.open_ms < T0 + 27 * 60 * MINUTE]
    now_open = bars[27 * 60].open
    assert quote.last_price == now_open
    assert quote.high_24h == max(*(c.high for c in day), now_open)
    assert quote.low_24h == min(*(c.low for c in day), now_open)
    assert quote.prev_price_24h == day[0].open
    assert quote.prev_price_1h == bars[26 * 60].open
    assert 0 <= quote.volume_24h - sum(c.volume for c in day) < bars[27 * 60].volume
    assert quote.price_change_24h == round((now_open - day[0].open) / day[0].open, 6)
    assert quote.next_funding_ms == T0 + DAY_MS + 480 * MINUTE
    assert quote.bid_price < quote.ask_price


def test_turnover_adds_up() -> None:
    market = playback([candle(0, "100 110 90 105", "10"), candle(1, "105 105 105 105", "2")])
    closed = [e for e in play(market) if isinstance(e, Kline)]
    assert closed[0].turnover == Decimal(2) * 100 + Decimal(3) * 90 + Decimal(3) * 110 + Decimal(2) * 105
    assert closed[1].turnover == Decimal(210)


def test_recent_trades_come_newest_first_and_reach_into_history() -> None:
    bars = wave(range(700))
    whole = [e for e in play(playback(bars)) if isinstance(e, PricePoint) and e.volume]
    market = playback(bars, from_ms=T0 + 650 * MINUTE)
    play(market, T0 + 660 * MINUTE + 25_000)
    trades = market.recent_trades("BTCUSDT", 2000)
    facts = [(p.ts_ms, p.last_price, p.volume, p.taker_side, p.is_gap) for p in trades]
    expected = [
        (p.ts_ms, p.last_price, p.volume, p.taker_side, p.is_gap)
        for p in reversed(whole)
        if p.ts_ms <= T0 + 660 * MINUTE + 25_000
    ]
    assert facts == expected[:2000]


def test_before_its_first_bar_a_symbol_has_no_price() -> None:
    market = playback(wave(range(10)), wave(range(5, 10), "ETHUSDT"))
    play(market, T0 + 2 * MINUTE)
    assert market.quote("ETHUSDT") is None
    assert market.book("ETHUSDT", 1) is None
    assert market.klines("ETHUSDT", "1") == ()
    assert market.forming("ETHUSDT", "1") is None
    assert market.recent_trades("ETHUSDT") == ()


def test_end_of_the_data() -> None:
    market = playback(wave(range(17)))
    play(market)
    assert market.is_finished
    assert market.next_ms() is None
    assert market.advance(None).events == ()
    assert market.advance(T0 + DAY_MS).now_ms == T0 + DAY_MS
    assert not market.klines("BTCUSDT", "15", limit=1)[0].confirmed, "the data ended inside this bar"
    assert market.klines("BTCUSDT", "15", limit=2)[1].confirmed


def test_nothing_to_play_is_refused() -> None:
    with pytest.raises(ConfigError, match="data ends: BTCUSDT at 2024-01-01T00:10"):
        playback(wave(range(10)), from_ms=T0 + DAY_MS)
    with pytest.raises(ConfigError, match="ascend"):
        playback([*wave(range(3)), *wave(range(2))])
    with pytest.raises(ConfigError, match="above zero"):
        playback([candle(0, "0 1 0 1"), candle(1)])
