"""Frames, subscriptions, books and tickers, without a socket."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.exchange.market.views import Book, Quote
from whalebot.adapters.exchange.server.barrier import Barrier
from whalebot.adapters.exchange.server.books import BookFeed
from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.frames import text_frame
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.tickers import TickerFeed
from whalebot.adapters.exchange.server.topics import BadTopic, parse_private_topic, parse_public_topic
from whalebot.adapters.exchange.server.wire import plain, rounded

D = Decimal


class FakeTransport(asyncio.Transport):
    """Keeps what is written; `backlog` is what the peer has not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.backlog = 0
        self.is_cut = False

    def write(self, data) -> None:
        self.written += bytes(data)
        self.backlog += len(data)

    def get_write_buffer_size(self) -> int:
        return self.backlog

    def is_closing(self) -> bool:
        return self.is_cut

    def abort(self) -> None:
        self.is_cut = True


def make_connection(channel: Channel = Channel.PUBLIC, max_buffer: int = 10_000):
    transport = FakeTransport()
    return Connection(transport, channel, 0.0, max_buffer), transport


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_frame_says_its_length(size: int) -> None:
    frame = text_frame(b"x" * size)
    header = {True: 2, False: 4}[size < 126] if size < 65_536 else 10
    assert frame[0] == 0x81
    assert len(frame) == header + size
    length = frame[1] if size < 126 else int.from_bytes(frame[2:header], "big")
    assert length == size


def test_a_message_is_built_once_and_written_to_every_subscriber_in_order() -> None:
    async def scenario() -> list[bytes]:
        hub = Hub()
        pairs = [make_connection() for _ in range(3)]
        for connection, _ in pairs[:2]:
            hub.join(connection)
            hub.subscribe(connection, "tickers.BTCUSDT")
        hub.publish("tickers.BTCUSDT", b"1")
        hub.publish("tickers.BTCUSDT", b"2")
        hub.publish("tickers.ETHUSDT", b"3")
        await asyncio.sleep(0)
        return [transport.written for _, transport in pairs]

    expected = text_frame(b"1") + text_frame(b"2")
    assert asyncio.run(scenario()) == [expected, expected, b""]


def test_a_client_that_does_not_read_is_cut_off_and_the_others_go_on() -> None:
    async def scenario() -> tuple[bool, bool]:
        hub = Hub()
        slow, slow_transport = make_connection(max_buffer=100)
        quick, quick_transport = make_connection(max_buffer=100)
        for connection in (slow, quick):
            hub.subscribe(connection, "t")
        for _ in range(10):
            hub.publish("t", b"x" * 50)
            hub.flush()
            quick_transport.backlog = 0
        return slow_transport.is_cut, quick_transport.is_cut

    assert asyncio.run(scenario()) == (True, False)


def test_first_and_last_subscribers_are_announced() -> None:
    async def scenario() -> list[str]:
        hub, told = Hub(), []
        hub.watch(lambda topic: told.append(f"+{topic}"), lambda topic: told.append(f"-{topic}"))
        (one, _), (two, _) = make_connection(), make_connection()
        hub.subscribe(one, "a")
        hub.subscribe(two, "a")
        hub.leave(one)
        hub.leave(two)
        return told

    assert asyncio.run(scenario()) == ["+a", "-a"]


def test_the_barrier_waits_for_every_pong_and_counts_the_slow() -> None:
    async def scenario() -> tuple[bool, int, bool]:
        barrier = Barrier(timeout_s=0.05)
        (quick, quick_wire), (deaf, _) = make_connection(), make_connection()

        async def answer() -> None:
            while not quick_wire.written:
                await asyncio.sleep(0)
            barrier.pong(quick, quick_wire.written[2:])

        waiting = asyncio.ensure_future(barrier.wait([quick, deaf]))
        await answer()
        was_waiting = not waiting.done()
        await waiting
        quick_wire.written = b""
        again = asyncio.ensure_future(barrier.wait([quick, deaf]))
        await answer()
        await again
        return was_waiting, barrier.slow_clients, deaf.is_slow

    assert asyncio.run(scenario()) == (True, 1, True)


def test_the_barrier_does_not_wait_for_a_client_that_left() -> None:
    async def scenario() -> int:
        barrier = Barrier(timeout_s=30)
        connection, _ = make_connection()
        waiting = asyncio.ensure_future(barrier.wait([connection]))
        await asyncio.sleep(0)
        barrier.drop(connection)
        await asyncio.wait_for(waiting, 30)
        return barrier.slow_clients

    assert asyncio.run(scenario()) == 0


levels = st.dictionaries(
    st.integers(1, 60).map(lambda n: D(n) / 10), st.integers(1, 9).map(D), min_size=1, max_size=30
)


def book_of(bids: dict, asks: dict, ts: int = 1) -> Book:
    shifted = {price + 100: qty for price, qty in asks.items()}
    return Book(
        ts,
        "BTCUSDT",
        tuple(sorted(bids.items(), reverse=True)),
        tuple(sorted(shifted.items())),
    )


@given(st.lists(st.tuples(levels, levels), min_size=2, max_size=8))
def test_snapshot_and_deltas_rebuild_the_book_with_u_rising_by_one(states) -> None:
    seq = itertools.count(1)
    feed = BookFeed("BTCUSDT", 50, lambda: next(seq))
    first = json.loads(feed.snapshot(book_of(*states[0]), 1))
    sides = {side: {D(p): D(q) for p, q in first["data"][side]} for side in ("b", "a")}
    last_u = first["data"]["u"]
    assert first["type"] == "snapshot"
    for number, (bids, asks) in enumerate(states[1:], 2):
        book = book_of(bids, asks, number)
        payload = feed.update(book, number, 0.0)
        if payload is not None:
            frame = json.loads(payload)
            assert frame["data"]["u"] == last_u + 1
            assert frame["cts"] == number
            last_u = frame["data"]["u"]
            for side in ("b", "a"):
                if frame["type"] == "snapshot":
                    sides[side].clear()
                for price, qty in frame["data"][side]:
                    assert sides[side].pop(D(price), None) is not None or D(qty) > 0
                    if D(qty):
                        sides[side][D(price)] = D(qty)
        assert sides["b"] == dict(book.bids)
        assert sides["a"] == dict(book.asks)


def test_a_few_changed_levels_are_a_delta_and_a_jump_is_a_snapshot() -> None:
    feed = BookFeed("BTCUSDT", 50, lambda: 1)
    near = {D(price): D(1) for price in range(1, 11)}
    feed.snapshot(book_of(near, near), 1)
    delta = json.loads(feed.update(book_of({**near, D(3): D(2)}, near), 2, 0.0))
    assert (delta["type"], delta["data"]["b"], delta["data"]["a"]) == ("delta", [["3", "2"]], [])
    far = {price + 20: qty for price, qty in near.items()}
    jump = json.loads(feed.update(book_of(far, far), 3, 0.0))
    assert (jump["type"], len(jump["data"]["b"]), jump["data"]["u"]) == (
        "snapshot",
        10,
        delta["data"]["u"] + 1,
    )


def test_level_one_sends_snapshots_and_repeats_u_after_three_quiet_seconds() -> None:
    feed = BookFeed("BTCUSDT", 1, lambda: 1)
    book = book_of({D(1): D(1)}, {D(1): D(1)})
    first = json.loads(feed.update(book, 1, 10.0))
    assert feed.update(book, 2, 12.9) is None
    repeat = json.loads(feed.update(book, 3, 13.0))
    assert repeat["type"] == first["type"] == "snapshot"
    assert repeat["data"]["u"] == first["data"]["u"]
    changed = json.loads(feed.update(book_of({D(1): D(2)}, {D(1): D(1)}), 4, 13.1))
    assert changed["type"] == "snapshot"
    assert changed["data"]["u"] == first["data"]["u"] + 1


def test_a_skipped_update_leaves_a_gap_in_u() -> None:
    feed = BookFeed("BTCUSDT", 50, lambda: 1)
    start = json.loads(feed.snapshot(book_of({D(1): D(1)}, {D(1): D(1)}), 1))
    feed.skip(book_of({D(1): D(2)}, {D(1): D(1)}))
    after = json.loads(feed.update(book_of({D(1): D(3)}, {D(1): D(1)}), 2, 0.0))
    assert after["data"]["u"] == start["data"]["u"] + 2


QUOTE = Quote(
    symbol="BTCUSDT",
    ts_ms=1,
    last_price=D("100.0"),
    mark_price=D("100.1"),
    index_price=D("100.2"),
    bid_price=D("99.9"),
    bid_qty=D("1"),
    ask_price=D("100.1"),
    ask_qty=D("2"),
    prev_price_24h=D("90"),
    prev_price_1h=D("95"),
    price_change_24h=D("0.1111111"),
    high_24h=D("110"),
    low_24h=D("80"),
    volume_24h=D("1000"),
    turnover_24h=D("100000"),
    open_interest=D("500"),
    open_interest_value=D("50000.123"),
    funding_rate=D("0.0001"),
    next_funding_ms=28_800_000,
)


def test_a_ticker_delta_names_only_what_changed_and_repeats_the_price_of_a_changed_size() -> None:
    feed = TickerFeed("BTCUSDT", 480, lambda: 7)
    snapshot = json.loads(feed.snapshot(QUOTE, 5))
    assert snapshot["type"] == "snapshot"
    assert snapshot["cs"] == 7
    assert snapshot["ts"] == 5
    assert feed.delta(QUOTE, 6, 0.5) is None
    delta = json.loads(feed.delta(replace(QUOTE, bid_qty=D("3")), 7, 0.6))
    assert delta["type"] == "delta"
    assert delta["data"] == {"symbol": "BTCUSDT", "bid1Price": "99.9", "bid1Size": "3"}


def test_a_quiet_ticker_repeats_bid_and_ask_after_a_second() -> None:
    feed = TickerFeed("BTCUSDT", 480, lambda: 7)
    feed.delta(QUOTE, 5, 10.0)
    feed.delta(QUOTE, 5, 10.5)
    assert feed.delta(QUOTE, 5, 10.9) is None
    repeated = json.loads(feed.delta(QUOTE, 6, 11.0))
    assert set(repeated["data"]) == {"symbol", "bid1Price", "bid1Size", "ask1Price", "ask1Size"}


@pytest.mark.parametrize(
    "name",
    ["orderbook.30.BTCUSDT", "orderbook.50.btcusdt", "kline.2.BTCUSDT", "tickers", "order", "", "a.b.c.d"],
)
def test_a_public_topic_without_a_handler_is_named_in_the_error(name: str) -> None:
    with pytest.raises(BadTopic) as caught:
        parse_public_topic(name, {"BTCUSDT"})
    assert str(caught.value) == f"error:handler not found,topic:{name}"


def test_topics_are_parsed() -> None:
    topic = parse_public_topic("kline.15.BTCUSDT", {"BTCUSDT"})
    assert (topic.kind, topic.option, topic.symbol) == ("kline", "15", "BTCUSDT")
    assert parse_private_topic("order.linear") == "order"
    assert parse_private_topic("execution.fast.linear") == "execution.fast"
    with pytest.raises(BadTopic):
        parse_private_topic("orders")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_a_plain_number_is_exact_and_has_no_exponent(value: Decimal) -> None:
    text = plain(value)
    assert D(text) == value
    assert "E" not in text
    assert text != "-0"


def test_a_quotient_has_eight_decimals() -> None:
    assert rounded(D(1) / D(3)) == "0.33333333"
    assert rounded(D("2.50")) == "2.5"
