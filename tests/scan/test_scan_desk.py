"""The desk by hand: when a symbol is judged, what is announced, what is left out."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from scan_rig import make_desk
from scan_venue import candle

from whalebot.adapters.bybit.day_ticker import DayTicker
from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.settings import ScanSettings, SignalConfig
from whalebot.domain.events import BookDelta, BookSnapshot
from whalebot.domain.market import Candle
from whalebot.runtime.clock import ManualClock
from whalebot.scanner.bar_store import BarStore, Taken
from whalebot.scanner.bootstrap import History
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.quotes import Quote
from whalebot.scanner.rule_guard import RuleGuard
from whalebot.scanner.sink import ScanSink, merged
from whalebot.scanner.view import TableQuery, columns_of, rows_of, status_of

NAME = "AUSDT"
LOOSE = ScanSettings(signal_config=SignalConfig(signal_threshold=0.01))


def ticker(price: str | None, ts: int, symbol: str = NAME, **fields: float) -> DayTicker:
    values: dict[str, Any] = dict.fromkeys(DayTicker.__slots__)
    last = None if price is None else Decimal(price)
    return DayTicker(**{**values, "symbol": symbol, "last_price": last, "ts_ms": ts, "recv_ms": 0, **fields})


def loaded(desk: ScanDesk, symbol: str = NAME, count: int = 300, interval: str = "15") -> ScanDesk:
    bars = tuple(candle(symbol, number, interval) for number in range(count))
    desk.on_history(History(symbol, interval, bars, candle(symbol, count, interval), None, 0))
    return desk


def at(number: int) -> int:
    return candle(NAME, number).open_ms


def test_a_close_is_judged_at_its_price_and_time() -> None:
    desk = loaded(make_desk([NAME]))
    evaluation = desk.cards[NAME].evaluation
    assert evaluation is not None
    assert evaluation.ts_ms == at(300)
    assert evaluation.bar_start == at(299)
    assert evaluation.price == candle(NAME, 299).close


def test_a_price_is_judged_when_the_last_time_is_long_enough_ago() -> None:
    desk = loaded(make_desk([NAME]))
    card, before = desk.cards[NAME], desk.counts.evaluations
    desk.on_ticker(ticker("112", at(300) + 29_999))
    assert desk.counts.evaluations == before
    desk.on_ticker(ticker(None, at(300) + 30_000))  # no new price, but one that waits
    assert desk.counts.evaluations == before + 1
    assert card.evaluation is not None
    assert card.evaluation.price == 112
    assert card.evaluation.bar_start == at(300)
    desk.on_ticker(ticker("112", at(300) + 90_000))
    assert desk.counts.evaluations == before + 1  # the same price says nothing new
    desk.on_ticker(ticker("113", at(301)))
    assert desk.counts.evaluations == before + 1  # the bar is over: its close decides


def test_zero_seconds_judge_every_change_of_price() -> None:
    desk = loaded(make_desk([NAME], analysis_s=0))
    before = desk.counts.evaluations
    for number in range(50):
        desk.on_ticker(ticker(f"{110 + number % 2}", at(300) + number))
    assert desk.counts.evaluations == before + 50


def test_a_standing_signal_is_announced_once_in_a_thousand_ticks() -> None:
    desk = loaded(make_desk([NAME], LOOSE, analysis_s=0))
    first = len(desk.outbox.announcements)
    evaluation = desk.cards[NAME].evaluation
    assert evaluation is not None
    assert evaluation.signal is not Direction.NONE
    assert first == 1
    for number in range(1000):
        price = float(evaluation.price) + number % 2 * 0.001
        desk.on_ticker(ticker(f"{price}", at(300) + number + 1))
    assert desk.counts.evaluations > 1000
    kinds = [one.event.kind.value for one in desk.outbox.announcements]
    assert kinds == ["new"]


def test_the_same_facts_bring_the_same_events() -> None:
    def run() -> list[tuple[str, int]]:
        desk = loaded(make_desk([NAME], LOOSE, analysis_s=1), count=200)
        for number in range(200, 260):
            for step in range(10):
                price = float(candle(NAME, number).open) + step * 0.3
                desk.on_ticker(ticker(f"{price:.2f}", at(number) + step * 60_000))
            desk.on_closed(candle(NAME, number))
        return [(one.event.id, one.event.evaluation.ts_ms) for one in desk.outbox.announcements]

    assert run() == run()
    assert len(run()) > 3


def test_old_and_repeated_bars() -> None:
    desk = loaded(make_desk([NAME]))
    store = desk.cards[NAME].lanes["15"].store
    desk.on_closed(candle(NAME, 250))
    assert desk.counts.old_bars == 1
    bar = candle(NAME, 299)
    desk.on_closed(
        Candle(NAME, "15", bar.open_ms, bar.open, bar.high + 5, bar.low, bar.close + 1, bar.volume)
    )
    assert store.last_close == float(bar.close + 1)
    desk.on_closed(bar)
    whole = BarStore(NAME, "15", 200)
    whole.load(candle(NAME, number) for number in range(300))
    assert store.window().session == whole.window().session


def test_a_hole_is_asked_for_once_and_filled_before_the_next_judgement() -> None:
    desk = loaded(make_desk([NAME]))
    before = desk.counts.evaluations
    desk.on_closed(candle(NAME, 303))
    desk.on_closed(candle(NAME, 304))
    desk.on_forming(candle(NAME, 305))
    assert list(desk.outbox.wishes) == [("hole", NAME, "15")]
    assert status_of(desk, desk.cards[NAME]) == "filling"
    assert desk.counts.evaluations == before
    desk.on_hole_filled(NAME, "15", [candle(NAME, number) for number in range(298, 304)])
    assert desk.cards[NAME].lanes["15"].store.last_open_ms == at(304)
    assert desk.counts.evaluations == before + 1


def test_a_hole_that_cannot_be_filled_begins_the_window_anew() -> None:
    desk = loaded(make_desk([NAME]))
    desk.on_closed(candle(NAME, 303))
    for _ in range(5):
        desk.on_hole_filled(NAME, "15", [])
    store = desk.cards[NAME].lanes["15"].store
    assert len(store) == 1
    assert status_of(desk, desk.cards[NAME]) == "warming up (1/56)"


def test_few_bars_are_said_once_and_then_warm_up(caplog: Any) -> None:
    caplog.set_level("INFO")
    desk = make_desk([NAME])
    desk.on_history(History(NAME, "15", (candle(NAME, 0),), None, None, 0))
    desk.on_ticker(ticker("110", at(1) + 60_000))
    desk.on_ticker(ticker("111", at(1) + 120_000))
    assert sum("insufficient data" in one.message for one in caplog.records) == 1
    assert status_of(desk, desk.cards[NAME]) == "warming up (1/56)"
    for number in range(1, 56):
        desk.on_closed(candle(NAME, number))
    assert status_of(desk, desk.cards[NAME]) == "live"


def test_a_price_grows_old() -> None:
    now = [0.0]
    desk = loaded(make_desk([NAME], now_s=lambda: now[0]))
    desk.on_ticker(ticker("111", at(300) + 1))
    assert status_of(desk, desk.cards[NAME]) == "live"
    now[0] = 60.5
    assert status_of(desk, desk.cards[NAME]) == "stale"
    desk.on_forming(candle(NAME, 300))
    assert status_of(desk, desk.cards[NAME]) == "live"


def test_a_closed_symbol_keeps_its_row_and_takes_nothing() -> None:
    desk = loaded(make_desk([NAME]))
    before = desk.counts.evaluations
    desk.close_symbol(NAME, "delisted")
    desk.on_closed(candle(NAME, 300))
    desk.on_ticker(ticker("111", at(300) + 40_000))
    assert desk.counts.evaluations == before
    assert [row["status"] for row in rows_of(desk)] == ["closed"]


def test_a_higher_frame_has_a_say_in_the_confluence_alone() -> None:
    desk = make_desk([NAME], LOOSE, ("15", "60"))
    loaded(desk, count=300)
    loaded(desk, count=100, interval="60")
    assert {one.event.evaluation.interval for one in desk.outbox.announcements} == {"15"}
    (row,) = rows_of(desk)
    assert row["confluence"] == pytest.approx((row["score_15"] + row["score_60"]) / 2)  # type: ignore[operator]
    columns = columns_of(desk, TableQuery().columns)
    assert columns[columns.index("score") + 1 :][:3] == ("score_15", "score_60", "confluence")


def test_a_rule_that_fails_takes_no_other_down(caplog: Any) -> None:
    clock = ManualClock(0)
    guard = RuleGuard(clock)

    def broken(*_: Any) -> int:
        raise ZeroDivisionError("bug")

    for _ in range(5):
        assert guard("rsi", broken, None, None, None) is None  # type: ignore[arg-type]
    assert guard("macd", lambda *_: 1, None, None, None) == 1  # type: ignore[arg-type]
    assert len(caplog.records) == 1
    assert "ZeroDivisionError" in caplog.text
    clock.advance(3_600_000)
    guard("rsi", broken, None, None, None)  # type: ignore[arg-type]
    assert len(caplog.records) == 2
    assert guard.failures == 6


def test_a_book_after_ten_thousand_changes_equals_the_reference() -> None:
    rng = random.Random(5)
    quote = Quote(NAME, 50)
    bids = {100 - n * 0.5: float(n + 1) for n in range(50)}
    asks = {101 + n * 0.5: float(n + 1) for n in range(50)}
    quote.take_book(BookDelta(NAME, [(1.0, 1.0)], [], 7, 7, 0, 0))
    assert quote.facts().imbalance != quote.facts().imbalance  # a change alone is no book
    quote.take_book(BookSnapshot(NAME, list(bids.items()), list(asks.items()), 1, 1, 0, 0))
    for update in range(2, 10_002):
        side, prices = (bids, 100.0) if rng.random() < 0.5 else (asks, 101.0)
        price = prices + (-1 if side is bids else 1) * rng.randrange(50) * 0.5
        size = float(rng.choice([0, 1, 2, 3, 5]))
        side.pop(price, None)
        if size:
            side[price] = size
        change = [(price, size)]
        quote.take_book(
            BookDelta(
                NAME, change if side is bids else [], change if side is asks else [], update, update, 0, 0
            )
        )
    assert quote.book is not None
    assert quote.book.levels() == (sorted(bids.items(), reverse=True), sorted(asks.items()))
    sums = sum(bids.values()), sum(asks.values())
    assert quote.facts().imbalance == pytest.approx((sums[0] - sums[1]) / sum(sums))
    near = [
        p * s for side in (bids, asks) for p, s in side.items() if abs(p / middle(bids, asks) - 1) <= 1e-3
    ]
    assert quote.facts().depth_10bps == pytest.approx(sum(near))


def middle(bids: dict[float, float], asks: dict[float, float]) -> float:
    return (max(bids) + min(asks)) / 2


def test_waiting_tickers_of_a_symbol_become_one() -> None:
    sink = ScanSink()
    for number in range(10_000):
        sink.put(ticker(f"{number + 1}" if number % 3 == 0 else None, number, funding_rate=float(number)))
    sink.put(ticker("5", 1, "BUSDT"))
    taken = sink.take_tickers()
    assert [(one.symbol, one.last_price, one.ts_ms) for one in taken] == [
        (NAME, 10_000, 9_999),
        ("BUSDT", 5, 1),
    ]
    assert taken[0].funding_rate == 9999.0
    assert sink.take_tickers() == []
    assert merged(ticker("1", 1), ticker(None, 2)).last_price == 1


def test_open_interest_is_compared_with_an_hour_ago() -> None:
    quote = Quote(NAME, 0)
    for minute in range(0, 61):
        quote.take(ticker("1", minute * 60_000, open_interest=100.0 + minute), 0.0)
    assert quote.facts().oi_change1h == pytest.approx(60.0)


def test_a_bar_store_keeps_what_the_session_needs() -> None:
    store = BarStore(NAME, "1", 50)
    store.load(candle(NAME, number, "1") for number in range(700))
    for number in range(700, 1500):
        assert store.take(candle(NAME, number, "1")) is Taken.APPENDED
    assert len(store) == 50
    sums, previous = store.window().session, store.window().previous_session
    assert sums is not None
    assert sums.volume == sum(float(candle(NAME, number, "1").volume) for number in range(1440, 1500))
    assert previous is not None
    assert previous.high == max(float(candle(NAME, number, "1").high) for number in range(1440))
    assert store.take(candle(NAME, 1500 + 2, "1")) is Taken.AFTER_HOLE
