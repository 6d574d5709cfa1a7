"""The generated market: equal to the byte, saved and continued, like a market in its figures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from market_makers import instrument, numbers_of, play

from whalebot.adapters.exchange.market.events import FundingDue, Kline, Liquidation, MarketEvent, PricePoint
from whalebot.adapters.exchange.market.regimes import CLIMATES, Regime
from whalebot.adapters.exchange.market.state import StateMismatch
from whalebot.adapters.exchange.market.synthetic import DEFAULT_START_MS, SyntheticMarket, make_specs
from whalebot.adapters.exchange.market.views import PriceKind, SymbolSpec
from whalebot.adapters.exchange.market.walk import Walk
from whalebot.adapters.exchange.market.weather import WeatherLog, WeatherState
from whalebot.domain.enums import Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, MINUTE_MS, bar_open_ms

HOUR = 60 * MINUTE_MS
TRIO = "BTCUSDT,ETHUSDT,SOLUSDT"
GOLDEN_DIGEST = "d8e8ddd712793c816e60b0bb453eabcf412b288027023c013eefe358e232b5b9"


def digest(events: list[MarketEvent]) -> str:
    return hashlib.sha256("\n".join(repr(astuple(event)) for event in events).encode()).hexdigest()


def played(market: SyntheticMarket, hours: int) -> list[MarketEvent]:
    return play(market, market.now_ms + hours * HOUR)


@cache
def history(seed: int, symbols: str = "BTCUSDT") -> dict[str, np.ndarray]:
    """Quarter-hour bars of the weeks before the start, (n, 5): open, high, low, close, volume."""
    market = SyntheticMarket(make_specs(symbols), seed)
    out = {}
    for symbol in market.symbols:
        rows = reversed(market.klines(symbol, "15", limit=4000))
        out[symbol] = np.array([[float(v) for v in (r.open, r.high, r.low, r.close, r.volume)] for r in rows])
    return out


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    evening_ms = DEFAULT_START_MS + 20 * HOUR
    markets = (SyntheticMarket(make_specs(TRIO), seed, evening_ms) for seed in (7, 7, 8))
    first, second, other = (played(market, 9) for market in markets)
    assert digest(first) == digest(second)
    assert digest(first) != digest(other)


def test_market_of_seed_seven_is_the_same_on_every_machine_and_for_ever() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    assert digest(played(market, 50)) == GOLDEN_DIGEST


def test_steps_do_not_matter() -> None:
    one, many = (SyntheticMarket(make_specs("BTCUSDT,ETHUSDT"), 7) for _ in range(2))
    whole = played(one, 26)
    stepped: list[MarketEvent] = []
    for ts_ms in range(many.start_ms, many.start_ms + 26 * HOUR + 1, 7_777_777):
        stepped += play(many, ts_ms)
        many.quote("BTCUSDT")
        many.klines("ETHUSDT", "60")
    stepped += play(many, many.start_ms + 26 * HOUR)
    assert stepped == whole


def test_a_symbol_does_not_depend_on_its_company() -> None:
    alone = played(SyntheticMarket(make_specs("ETHUSDT"), 7), 5)
    beside = [e for e in played(SyntheticMarket(make_specs(TRIO), 7), 5) if e.symbol == "ETHUSDT"]
    assert alone == beside


@pytest.mark.parametrize(
    "at", [0, 1, 19_999, 20_000, 59_999, 60_000, 15 * MINUTE_MS, 8 * HOUR, 47 * HOUR + 7]
)
def test_a_saved_market_goes_on_to_the_byte(at: int) -> None:
    market = SyntheticMarket(make_specs("BTCUSDT,ETHUSDT"), 7)
    play(market, market.start_ms + at)
    saved = json.loads(json.dumps(market.export_state()))
    again = SyntheticMarket(make_specs("BTCUSDT,ETHUSDT"), 7, state=saved)
    assert (again.now_ms, again.start_ms) == (market.now_ms, market.start_ms)
    for symbol in market.symbols:
        assert again.quote(symbol) == market.quote(symbol)
        assert again.book(symbol, 50) == market.book(symbol, 50)
        assert again.recent_trades(symbol) == market.recent_trades(symbol)
        assert again.forming(symbol, "240") == market.forming(symbol, "240")
        for interval in ("1", "15", "240"):
            assert again.klines(symbol, interval, limit=500) == market.klines(symbol, interval, limit=500)
    assert played(again, 3) == played(market, 3)
    assert again.export_state() == market.export_state()


def test_saved_at_a_barrier_it_goes_on_with_the_opens() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    for _ in range(15):
        batch = market.advance(None)
    assert batch.at_barrier
    again = SyntheticMarket(make_specs("BTCUSDT"), 7, state=json.loads(json.dumps(market.export_state())))
    assert again.advance(None) == market.advance(None)


def test_saved_states_chain_over_weeks() -> None:
    straight, chained = (SyntheticMarket(make_specs("BTCUSDT"), 11) for _ in range(2))
    for day in (1, 8, 15):
        until = straight.start_ms + day * DAY_MS
        play(straight, until)
        play(chained, until)
        chained = SyntheticMarket(make_specs("BTCUSDT"), 11, state=chained.export_state())
    assert digest(played(straight, 6)) == digest(played(chained, 6))
    assert len(json.dumps(chained.export_state())) < 10_000


@pytest.mark.parametrize(
    ("specs", "seed", "change", "says"),
    [
        ("BTCUSDT", 8, {}, "seed 7, this one 8"),
        ("ETHUSDT", 7, {}, "symbols"),
        ("BTCUSDT", 7, {"version": 0}, "version 0"),
        ("BTCUSDT", 7, {"identity": None}, "no identity"),
        ("BTCUSDT", 7, {"body": None}, "no body"),
    ],
)
def test_a_foreign_state_is_refused(specs: str, seed: int, change: dict[str, object], says: str) -> None:
    saved = SyntheticMarket(make_specs("BTCUSDT"), 7).export_state() | change
    with pytest.raises(StateMismatch, match=says):
        SyntheticMarket(make_specs(specs), seed, state=saved)


def test_history_serves_a_thousand_bars_that_agree_with_one_another() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    market.advance(market.start_ms)
    served = {name: market.klines("BTCUSDT", name, limit=1000) for name in ("1", "5", "15", "60", "240")}
    for name, rows in served.items():
        assert len(rows) == 1000, name
        opens = [row.open_ms for row in rows]
        assert opens == list(range(opens[0], opens[-1] - 1, opens[1] - opens[0])), name
        assert rows[0].open_ms == bar_open_ms(market.now_ms, name)
    for fine, coarse in (("1", "15"), ("5", "60"), ("15", "240"), ("60", "240")):
        known = {row.open_ms: row for row in served[coarse]}
        grouped: dict[int, list[Kline]] = {}
        for row in served[fine]:
            grouped.setdefault(bar_open_ms(row.open_ms, coarse), []).append(row)
        whole = [key for key in grouped if key > served[fine][-1].open_ms]
        assert len(whole) >= 60
        for key in whole:
            members, one = grouped[key][::-1], known[key]
            assert (one.open, one.close) == (members[0].open, members[-1].close)
            assert one.high == max(m.high for m in members)
            assert one.low == min(m.low for m in members)
            assert one.volume == sum(m.volume for m in members)
            assert one.turnover == sum(m.turnover for m in members)


def test_closed_bars_of_play_join_the_history() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7, DEFAULT_START_MS + 7 * HOUR + 13 * MINUTE_MS + 5)
    closed = [e for e in played(market, 30) if isinstance(e, Kline)]
    for interval in ("1", "15", "60", "240", "D"):
        mine = [kline for kline in closed if kline.interval == interval]
        served = [row for row in market.klines("BTCUSDT", interval, limit=1000) if row.confirmed]
        assert served[: len(mine)] == mine[::-1][: len(served)]
        assert mine[0].open_ms == bar_open_ms(market.start_ms, interval)


def test_what_lies_ahead_is_not_served() -> None:
    one = SyntheticMarket(make_specs("BTCUSDT"), 7)
    until = one.start_ms + 23 * HOUR + 59 * MINUTE_MS + 1
    play(one, until)
    for interval in ("1", "60", "D"):
        for kind in PriceKind:
            rows = one.klines("BTCUSDT", interval, kind, limit=1000)
            assert rows[0].open_ms == bar_open_ms(until, interval)
            assert all(row.ts_ms <= until for row in rows)
    assert one.klines("BTCUSDT", "1", end_ms=until + DAY_MS)[0].open_ms <= until
    assert all(row.ts_ms <= until for row in one.funding_history("BTCUSDT"))
    assert all(row.ts_ms <= until for row in one.open_interest("BTCUSDT", 300_000, end_ms=until + DAY_MS))
    assert all(point.ts_ms <= until for point in one.recent_trades("BTCUSDT"))


def test_prices_and_volumes_lie_on_their_grids() -> None:
    specs = (SymbolSpec(instrument("ODDUSDT", "0.05", "10"), Decimal(800), Decimal(50_000_000)),)
    for event in played(SyntheticMarket(specs, 3), 12):
        if isinstance(event, PricePoint):
            for price in (event.last_price, event.mark_price, event.index_price):
                assert price is not None
                assert price % Decimal("0.05") == 0
            assert event.volume is not None
            assert event.volume % 10 == 0
        elif isinstance(event, Liquidation):
            assert (event.price % Decimal("0.05"), event.qty % 10) == (0, 0)


@pytest.mark.parametrize("seed", range(1, 9))
def test_default_market_moves_as_much_as_it_should(seed: int) -> None:
    bars = history(seed)["BTCUSDT"]
    high, low, close = bars[1:, 1], bars[1:, 2], bars[1:, 3]
    before = bars[:-1, 3]
    true_range = np.maximum(high, before) - np.minimum(low, before)
    atr = np.convolve(true_range, np.ones(14) / 14, "valid") / close[13:]
    assert 0.003 <= np.median(atr) <= 0.006
    assert 0.003 <= atr.mean() <= 0.0065
    assert np.quantile(atr, 0.05) > 0.0012
    assert np.quantile(atr, 0.95) < 0.015


@pytest.mark.parametrize("seed", [7, 8])
def test_returns_are_like_those_of_a_market(seed: int) -> None:
    by_symbol = {symbol: np.diff(np.log(bars[:, 3])) for symbol, bars in history(seed, TRIO).items()}
    btc = by_symbol["BTCUSDT"]
    size = np.abs(btc)
    assert (btc - btc.mean()).__pow__(4).mean() / btc.var() ** 2 > 4.5, "tails are fat"
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1, "volatility clusters"
    assert np.corrcoef(size[4:], size[:-4])[0, 1] > 0.05
    assert abs(np.corrcoef(btc[1:], btc[:-1])[0, 1]) < 0.15, "returns do not repeat themselves"
    volume = history(seed)["BTCUSDT"][1:, 4]
    assert np.corrcoef(volume, size)[0, 1] > 0.3, "volume follows volatility"
    for other in ("ETHUSDT", "SOLUSDT"):
        assert 0.5 < np.corrcoef(btc, by_symbol[other])[0, 1] < 0.97


def test_the_day_has_a_season() -> None:
    sums = np.zeros(24)
    for seed in range(1, 9):
        bars = history(seed)["BTCUSDT"]
        ranges = (bars[:, 1] - bars[:, 2]) / bars[:, 3]
        hours = (np.arange(len(ranges)) - len(ranges)) // 4 % 24
        sums += np.array([ranges[hours == h].mean() for h in range(24)])
    assert sums[13:17].mean() > 1.2 * sums[3:7].mean()


def test_all_regimes_occur_and_do_what_they_are_called() -> None:
    moves: dict[Regime, list[float]] = {regime: [] for regime in Regime}
    for seed in (7, 8, 9):
        market = SyntheticMarket(make_specs("BTCUSDT"), seed)
        hours = [row for row in market.klines("BTCUSDT", "60", limit=3900) if row.confirmed]
        for row in hours:
            regime = market.regime(row.open_ms // DAY_MS, row.open_ms % DAY_MS // HOUR)
            moves[regime].append(float(row.close / row.open - 1))
    counts = {regime: len(found) for regime, found in moves.items()}
    assert min(counts.values()) >= 50, counts
    mean = {regime: float(np.mean(found)) for regime, found in moves.items()}
    spread = {regime: float(np.std(found)) for regime, found in moves.items()}
    assert mean[Regime.TREND_UP] > 0.001
    assert mean[Regime.TREND_DOWN] < -0.001
    assert mean[Regime.CRASH] < 1.5 * mean[Regime.TREND_DOWN]
    assert abs(mean[Regime.RANGE]) < 0.0006
    assert spread[Regime.SQUEEZE] < 0.75 * spread[Regime.RANGE]
    assert spread[Regime.CRASH] > 1.5 * spread[Regime.RANGE]


def test_chances_of_regimes_add_up() -> None:
    for regime, climate in CLIMATES.items():
        assert sum(chance for _, chance in climate.followers) == pytest.approx(1.0)
        assert regime not in dict(climate.followers)


def test_prices_stay_near_where_they_started_for_years() -> None:
    (spec,) = make_specs("BTCUSDT")
    for seed in (1, 2):
        log, walk = WeatherLog(seed, 0, WeatherState()), Walk(spec, seed)
        state, closes = walk.first_state(), []
        for day in range(1000):
            _, state = walk.make_day(day, state, log.day(day))
            closes.append(state.price / float(spec.start_price))
        assert min(closes) > 0.3
        assert max(closes) < 3.0
        assert max(closes) / min(closes) > 1.5, "it does move"


def test_funding_and_open_interest_follow_pressure() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    market.advance(market.start_ms)
    rows = market.funding_history("BTCUSDT", limit=200)[::-1]
    assert len(rows) == 200
    assert all(row.ts_ms % (8 * HOUR) == 0 for row in rows)
    assert len({row.rate for row in rows}) > 100
    closes = {row.close_ms: row.close for row in market.klines("BTCUSDT", "60", limit=1700)}
    before = [float(closes[row.ts_ms] / closes[row.ts_ms - 12 * HOUR] - 1) for row in rows]
    rates = [float(row.rate) for row in rows]
    assert np.corrcoef(before, rates)[0, 1] > 0.5
    interest = market.open_interest("BTCUSDT", HOUR, limit=200)
    shares = market.account_ratio("BTCUSDT", HOUR, limit=200)
    assert len(interest) == len(shares) == 200
    assert len({row.open_interest for row in interest}) > 150
    assert all(row.buy_ratio + row.sell_ratio == 1 for row in shares)
    first = market.open_interest("BTCUSDT", 5 * MINUTE_MS, start_ms=interest[-1].ts_ms, limit=3)
    assert [row.ts_ms - interest[-1].ts_ms for row in first] == [600_000, 300_000, 0]


def test_funding_is_settled_at_the_rate_shown_and_at_its_interval() -> None:
    specs = (SymbolSpec(instrument("BTCUSDT", funding=240), Decimal(60_000), Decimal(8_000_000_000)),)
    market = SyntheticMarket(specs, 7)
    due: list[FundingDue] = []
    shown: dict[int, Decimal] = {}
    for minute in range(0, 25 * 60, 5):
        due += [e for e in play(market, market.start_ms + minute * MINUTE_MS) if isinstance(e, FundingDue)]
        quote = market.quote("BTCUSDT")
        assert quote is not None
        shown[quote.next_funding_ms] = quote.funding_rate
    assert [d.ts_ms - market.start_ms for d in due] == [h * HOUR for h in (4, 8, 12, 16, 20, 24)]
    assert [d.rate for d in due] == [shown[d.ts_ms] for d in due]
    settled = market.funding_history("BTCUSDT", limit=6)
    assert [(row.ts_ms, row.rate) for row in settled] == [(d.ts_ms, d.rate) for d in reversed(due)]


def test_mark_and_index_stay_near_the_last_price_and_make_the_mark_bars() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    points = [e for e in played(market, 6) if isinstance(e, PricePoint)]
    differences = [float(p.mark_price / p.last_price - 1) for p in points if p.mark_price and p.last_price]
    assert 1e-6 < np.mean(np.abs(differences)) < 2e-3
    for kind, name in ((PriceKind.MARK, "mark_price"), (PriceKind.INDEX, "index_price")):
        for row in market.klines("BTCUSDT", "60", kind, limit=6)[1:]:
            prices = [getattr(p, name) for p in points if row.open_ms <= p.ts_ms < row.close_ms]
            assert (row.open, row.high, row.low, row.close) == (
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
            )
    old = market.klines("BTCUSDT", "240", PriceKind.MARK, limit=1000)
    assert len(old) == 1000
    premium = market.klines("BTCUSDT", "60", PriceKind.PREMIUM, limit=50)
    assert all(abs(row.close) < Decimal("0.003") for row in premium)
    assert len({row.close for row in premium}) > 25


@cache
def twenty_days() -> tuple[MarketEvent, ...]:
    return tuple(played(SyntheticMarket(make_specs("BTCUSDT"), 7), 24 * 20))


def test_liquidations_come_in_bursts_where_prices_run() -> None:
    events = twenty_days()
    found = [e for e in events if isinstance(e, Liquidation)]
    assert 20 < len(found) < 5_000
    minutes = {e.ts_ms // MINUTE_MS for e in found}
    bars = {e.open_ms // MINUTE_MS: e for e in events if isinstance(e, Kline) and e.interval == "1"}
    usual = np.mean([abs(float(bar.close / bar.open - 1)) for bar in bars.values()])
    for minute in minutes:
        assert abs(float(bars[minute].close / bars[minute].open - 1)) > 2 * usual
    for e in found:
        bar = bars[e.ts_ms // MINUTE_MS]
        assert e.side is (Side.BUY if bar.close < bar.open else Side.SELL), (
            "longs in a fall, shorts in a rise"
        )
        assert e.price <= bar.low if e.side is Side.BUY else e.price >= bar.high


def test_gaps_jump_now_and_then() -> None:
    points = [e for e in twenty_days() if isinstance(e, PricePoint)]
    gaps = [i for i, point in enumerate(points) if point.is_gap]
    assert 2 <= len(gaps) <= 60
    for i in gaps:
        here, before = points[i].last_price, points[i - 1].last_price
        assert here is not None
        assert before is not None
        assert abs(here / before - 1) > Decimal("0.002")


def test_bars_of_play_are_what_the_prints_were() -> None:
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    events = played(market, 3)
    for kline in (e for e in events if isinstance(e, Kline) and e.interval in ("1", "15", "60")):
        prints = [
            e for e in events if isinstance(e, PricePoint) and kline.open_ms <= e.ts_ms < kline.close_ms
        ]
        prices = [p.last_price for p in prints if p.last_price is not None]
        volume = sum(p.volume for p in prints if p.volume is not None)
        assert numbers_of(kline) == (
            kline.open_ms, prices[0], max(prices), min(prices), prices[-1], volume,
        )  # fmt: skip


def test_many_symbols_and_wrong_ones() -> None:
    market = SyntheticMarket(make_specs("24"), 7)
    assert len(market.symbols) == 24
    assert market.is_synthetic
    market.advance(market.start_ms)
    assert all(len(market.klines(symbol, "60", limit=1000)) == 1000 for symbol in market.symbols[:3])
    assert len({event.symbol for event in played(market, 1)}) == 24
    with pytest.raises(ConfigError, match="none twice"):
        SyntheticMarket((*make_specs("BTCUSDT"), *make_specs("BTCUSDT")), 7)
    with pytest.raises(ConfigError, match="at least one"):
        SyntheticMarket((), 7)
