"""The order book against a recording and against a book that is too simple to be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.domain.events import BookDelta, BookSnapshot, Level2
from whalebot.engine.book import OrderBook

RECORDING = (
    Path(__file__).resolve().parents[2]
    / "../shared/data/bybit_v5/ws/orderbook.500.XRPUSDT.linear-2024-12-01.jsonl"
)


class NaiveBook:
    """Two dicts, sorted anew for every question."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def apply(self, bids: Level2, asks: Level2) -> None:
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, size in levels:
                side.pop(price, None)
                if size:
                    side[price] = size
        self.bids = dict(sorted(self.bids.items(), reverse=True)[: self.depth])
        self.asks = dict(sorted(self.asks.items())[: self.depth])

    def crossed(self) -> bool:
        return bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)

    def imbalance(self, depth: int) -> float | None:
        bid = sum(list(self.bids.values())[:depth])
        ask = sum(list(self.asks.values())[:depth])
        return (bid - ask) / (bid + ask) if bid + ask else None


def snapshot(bids: Level2, asks: Level2, u: int = 1) -> BookSnapshot:
    return BookSnapshot("BTCUSDT", bids, asks, u, 10 * u, 1000 + u, 0)


def delta(bids: Level2, asks: Level2, u: int) -> BookDelta:
    return BookDelta("BTCUSDT", bids, asks, u, 10 * u, 1000 + u, 0)


def fresh(depth: int = 50) -> OrderBook:
    book = OrderBook(depth)
    book.apply_snapshot(snapshot([(100.0, 1.0), (99.0, 2.0)], [(101.0, 3.0), (102.0, 4.0)]))
    return book


bid_levels = st.lists(st.tuples(st.integers(80, 99).map(float), st.integers(0, 5).map(float)), max_size=8)
ask_levels = st.lists(st.tuples(st.integers(100, 120).map(float), st.integers(0, 5).map(float)), max_size=8)


@given(
    depth=st.integers(1, 12),
    first=st.tuples(bid_levels, ask_levels),
    deltas=st.lists(st.tuples(bid_levels, ask_levels), max_size=30),
    ask=st.integers(1, 15),
)
def test_book_equals_the_naive_book(
    depth: int, first: tuple[Level2, Level2], deltas: list[tuple[Level2, Level2]], ask: int
) -> None:
    book, naive = OrderBook(depth), NaiveBook(depth)
    unique = (list(dict(first[0]).items()), list(dict(first[1]).items()))
    assert book.apply_snapshot(snapshot(*unique))
    naive.apply(*unique)
    for u, (bids, asks) in enumerate(deltas, start=2):
        assert book.apply_delta(delta(bids, asks, u))
        naive.apply(bids, asks)
        assert book.levels() == (list(naive.bids.items()), list(naive.asks.items()))
    assert book.imbalance(ask) == pytest.approx(naive.imbalance(ask))
    assert book.best_bid() == next(iter(naive.bids.items()), None)
    assert book.best_ask() == next(iter(naive.asks.items()), None)


any_levels = st.lists(st.tuples(st.integers(1, 30).map(float), st.integers(0, 3).map(float)), max_size=6)


@given(st.lists(st.tuples(any_levels, any_levels), min_size=1, max_size=20))
def test_a_crossed_book_is_stale_exactly_when_it_crosses(frames: list[tuple[Level2, Level2]]) -> None:
    book, naive = OrderBook(100), NaiveBook(100)
    book.apply_snapshot(snapshot([], []))
    for u, (bids, asks) in enumerate(frames, start=2):
        good = book.apply_delta(delta(bids, asks, u))
        naive.apply(bids, asks)
        assert good is not naive.crossed()
        assert book.stale is naive.crossed()
        if book.stale:
            assert book.stale_reason is not None
            assert book.stale_reason.startswith("crossed")
            break


def test_the_recorded_deep_book() -> None:
    if not RECORDING.is_file():
        pytest.skip("no recorded payloads beside the project")
    book, naive = OrderBook(500), NaiveBook(500)
    frames = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    for frame in frames:
        data = frame["data"]
        bids = [(float(p), float(s)) for p, s in data["b"]]
        asks = [(float(p), float(s)) for p, s in data["a"]]
        if frame["type"] == "snapshot":
            assert book.apply_snapshot(snapshot(bids, asks, data["u"]))
        else:
            assert book.apply_delta(delta(bids, asks, data["u"]))
        naive.apply(bids, asks)
        assert book.levels() == (list(naive.bids.items()), list(naive.asks.items()))
        assert book.imbalance(50) == pytest.approx(naive.imbalance(50))
    assert len(frames) == 50
    assert book.u == frames[-1]["data"]["u"]


def test_a_new_book_is_stale_until_a_snapshot() -> None:
    book = OrderBook(50)
    assert book.stale
    assert (book.best_bid(), book.best_ask(), book.imbalance(5), book.levels()) == (None, None, None, None)
    assert not book.apply_delta(delta([(1.0, 1.0)], [], 1))


@pytest.mark.parametrize("u", [1, 3, 0, 2_000_000])
def test_any_gap_in_u_makes_it_stale_and_only_a_snapshot_heals_it(u: int) -> None:
    book = fresh()
    assert not book.apply_delta(delta([(98.0, 9.0)], [], u))
    assert book.stale_reason == f"gap: update {u} after 1"
    assert book.best_bid() is None
    assert not book.apply_delta(delta([], [], 2))
    assert book.apply_snapshot(snapshot([(50.0, 1.0)], [(51.0, 1.0)], 1))
    assert book.best_bid() == (50.0, 1.0)
    assert book.levels() == ([(50.0, 1.0)], [(51.0, 1.0)])


def test_a_loss_told_from_outside_keeps_its_first_reason() -> None:
    book = fresh()
    book.mark_stale("overflow")
    book.mark_stale("later")
    assert book.stale_reason == "overflow"
    assert book.imbalance(5) is None


def test_imbalance_counts_the_best_levels_only() -> None:
    book = fresh()
    assert book.imbalance(1) == pytest.approx((1 - 3) / 4)
    assert book.imbalance(50) == pytest.approx((3 - 7) / 10)


def test_imbalance_of_one_side_and_of_none() -> None:
    book = OrderBook(5)
    book.apply_snapshot(snapshot([(1.0, 2.0)], []))
    assert book.imbalance(5) == 1.0
    book.apply_snapshot(snapshot([], []))
    assert book.imbalance(5) is None
    assert not book.stale


def test_a_crossed_snapshot_is_not_used() -> None:
    book = fresh()
    assert not book.apply_snapshot(snapshot([(102.0, 1.0)], [(101.0, 1.0)], 7))
    assert book.best_ask() is None


def test_sequence_and_time_of_the_last_frame_are_kept() -> None:
    book = fresh()
    book.apply_delta(delta([(99.5, 1.0)], [], 2))
    assert (book.u, book.seq, book.ts_ms) == (2, 20, 1002)


def test_a_book_without_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        OrderBook(0)
