"""Hosts, topics, the frame reader, the rate gate: the small parts at their edges."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.bybit.conventions import BadValue, Foreign
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder, make_route
from whalebot.adapters.bybit.frames import PING, PONG, TEXT, FrameReader
from whalebot.adapters.bybit.hosts import HOSTS, VENUE_DOMAINS, Endpoints, check_urls
from whalebot.adapters.bybit.limits import RateGate
from whalebot.adapters.bybit.silence import SilenceWatch, StreamTimings
from whalebot.adapters.bybit.topics import book_topic, connection_batches, public_topics, request_batches
from whalebot.domain.errors import ConfigError, RateLimited, TransportError

# --- hosts ------------------------------------------------------------------------------------------------


def check(rest: str = HOSTS["mainnet"][0], public: str = HOSTS["mainnet"][1], **changes: Any) -> Endpoints:
    facts: dict[str, Any] = {"ws_private_url": HOSTS["mainnet"][2], "real_keys": True} | changes
    return check_urls(rest_url=rest, ws_public_url=public, **facts)


@pytest.mark.parametrize("name", HOSTS)
def test_the_venues_own_addresses_pass_with_real_keys(name: str) -> None:
    rest, public, private = HOSTS[name]
    assert check(rest, public, ws_private_url=private) == Endpoints(rest, public, private)


@pytest.mark.parametrize("domain", VENUE_DOMAINS)
def test_regional_domains_of_the_venue_pass(domain: str) -> None:
    assert not check(f"https://api.{domain}/").is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8899", "localhost:1", "[::1]:8", "127.9.9.9"], ids=["v4", "name", "v6", "other"]
)
def test_loopback_may_be_plain(host: str) -> None:
    endpoints = check(f"http://{host}", f"ws://{host}/x", ws_private_url=f"ws://{host}/y")
    assert endpoints.is_loopback


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("http://api.bybit.com", "unencrypted"),
        ("http://192.168.1.5:8899", "unencrypted"),
        ("http://localhost.evil.example", "unencrypted"),
        ("https://api.bybit.com.evil.example", 'add "api.bybit.com.evil.example" to exchange.trusted_hosts'),
        ("https://evilbybit.com", "does not belong to Bybit"),
        ("https://api.bybit.com@evil.example", "user name"),
        ("https://user:secret@api.bybit.com", "user name"),
        ("api.bybit.com", "must be https://"),
        ("ftp://api.bybit.com", "must be https://"),
        ("https://", "must be https://"),
        ("https://api.bybit.com:port", "not a URL"),
    ],
)
def test_a_bad_address_is_refused_with_the_key_and_the_remedy(rest: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"^exchange\.rest_url: ") as caught:
        check(rest)
    assert says in str(caught.value)
    assert "user:secret" not in str(caught.value)


def test_trusted_hosts_allow_keys_but_never_plain_text() -> None:
    assert check("https://proxy.example", trusted_hosts=["Proxy.example"]).rest_url == "https://proxy.example"
    with pytest.raises(ConfigError, match="unencrypted"):
        check("http://proxy.example", trusted_hosts=["proxy.example"])


def test_without_real_keys_any_encrypted_host_will_do() -> None:
    assert check("https://other.example", real_keys=False, ws_private_url=None).ws_private_url is None


def test_the_private_stream_is_guarded_and_the_public_one_carries_no_key() -> None:
    with pytest.raises(ConfigError, match=r"exchange\.ws_private_url: other\.example"):
        check(ws_private_url="wss://other.example/v5/private")
    assert check(public="wss://other.example/v5/public/linear").ws_public_url.startswith("wss://other")
    with pytest.raises(ConfigError, match=r"ws_public_url.*unencrypted"):
        check(public="ws://other.example/v5/public/linear")


# --- topics -----------------------------------------------------------------------------------------------


def test_depths_that_are_not_offered_are_a_configuration_error() -> None:
    assert book_topic(200, "BTCUSDT") == "orderbook.200.BTCUSDT"
    with pytest.raises(ConfigError, match="orderbook_limit 25 is not one of 1, 50, 200, 500, 1000"):
        book_topic(25, "BTCUSDT")


def test_an_interval_named_twice_is_subscribed_once() -> None:
    topics = public_topics(["BTCUSDT"], ["15", "60", "15"], 50)
    assert len(topics) == len(set(topics)) == 6


@given(st.lists(st.text("abc.", min_size=1, max_size=30), max_size=200), st.integers(40, 400))
def test_topics_are_spread_without_loss_and_within_the_limits(topics: list[str], limit: int) -> None:
    batches = connection_batches(topics, limit)
    assert [topic for batch in batches for topic in batch] == topics
    assert all(sum(len(topic) + 3 for topic in batch) <= limit for batch in batches)
    for batch in batches:
        requests = request_batches(batch)
        assert [topic for request in requests for topic in request] == batch
        assert all(1 <= len(request) <= 10 for request in requests)


@pytest.mark.parametrize(
    "topic",
    ["kline.7.BTCUSDT", "kline.BTCUSDT", "tickers.15.BTCUSDT", "trades.BTCUSDT", "", "orderbook.BTCUSDT"],
)
def test_a_topic_that_cannot_be_read_is_refused_at_once(topic: str) -> None:
    with pytest.raises(BadValue):
        make_route(topic, StreamCounters("x"))


@pytest.mark.parametrize("symbol", ["BTCUSD", "BTC-26DEC25", "BTCPERP", "BTCUSDC"])
def test_other_products_are_refused_by_name(symbol: str) -> None:
    with pytest.raises(Foreign):
        make_route(f"tickers.{symbol}", StreamCounters("x"))


# --- frames -----------------------------------------------------------------------------------------------


def frame(opcode: int, payload: bytes, final: bool = True) -> bytes:
    first = (0x80 if final else 0) | opcode
    if len(payload) < 126:
        return bytes([first, len(payload)]) + payload
    if len(payload) < 65536:
        return bytes([first, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([first, 127]) + len(payload).to_bytes(8, "big") + payload


messages = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), st.binary(max_size=300), st.integers(1, 3)),
        st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125), st.just(1)),
    ),
    max_size=12,
)


@given(messages, st.lists(st.integers(1, 50), min_size=1, max_size=400))
def test_messages_survive_any_cutting_of_the_stream(
    sent: list[tuple[int, bytes, int]], cuts: list[int]
) -> None:
    stream = b""
    for opcode, payload, parts in sent:
        size = max(len(payload) // parts, 1)
        pieces = [payload[i : i + size] for i in range(0, len(payload), size)] or [b""]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            stream += frame(opcode if number == 0 else 0, piece, last)
            if not last:
                stream += frame(PONG, b"")
    reader = FrameReader()
    received: list[tuple[int, bytes]] = []
    at = 0
    for cut in cuts:
        received += reader.feed(stream[at : at + cut])
        at += cut
    received += reader.feed(stream[at:])
    assert [m for m in received if m != (PONG, b"")] == [m[:2] for m in sent if m[:2] != (PONG, b"")]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 200_000])
def test_every_length_code(size: int) -> None:
    assert FrameReader().feed(frame(TEXT, b"x" * size)) == [(TEXT, b"x" * size)]


def test_an_absurd_length_is_refused_before_it_is_received() -> None:
    with pytest.raises(TransportError, match="above"):
        FrameReader().feed(bytes([0x81, 127]) + (1 << 40).to_bytes(8, "big"))


def test_an_endless_message_is_refused() -> None:
    reader = FrameReader()
    reader.feed(frame(TEXT, b"x" * 8_000_000, final=False))
    reader.feed(frame(0, b"x" * 8_000_000, final=False))
    with pytest.raises(TransportError, match="above"):
        reader.feed(frame(0, b"x" * 8_000_000, final=False))


@given(st.binary(max_size=200))
def test_a_decoder_never_raises(noise: bytes) -> None:
    counters = StreamCounters("fuzz")
    decoder = FrameDecoder(["tickers.BTCUSDT", "order", "kline.1.BTCUSDT"], counters)
    for prefix in (
        b"",
        b'{"topic":"tickers.BTCUSDT",',
        b'{"topic":"order","data":[',
        b'{"topic":"kline.1.BTCUSDT"',
    ):
        decoder.decode(prefix + noise, 1)
    assert counters.received == 4


@pytest.mark.parametrize(("days_ahead", "taken"), [(0, 1), (1, 0)])
def test_a_bar_from_the_future_is_refused(days_ahead: int, taken: int) -> None:
    """The true bars after it would all look old."""
    open_ms = 1_700_000_040_000 + days_ahead * 86_400_000
    bar = {"start": open_ms, "end": open_ms + 59_999, "interval": "1", "confirm": True, "timestamp": open_ms}
    bar |= {"open": "2", "high": "3", "low": "1", "close": "2", "volume": "5", "turnover": "10"}
    frame = {"topic": "kline.1.BTCUSDT", "type": "snapshot", "ts": 1_700_000_100_010, "data": [bar]}
    decoder = FrameDecoder(["kline.1.BTCUSDT"], StreamCounters("x"))
    assert len(decoder.decode(json.dumps(frame).encode(), 1)) == taken


# --- silence ----------------------------------------------------------------------------------------------


def watch_of(topic: str, time_scale: float = 1.0) -> tuple[SilenceWatch, Any]:
    route = make_route(topic, StreamCounters("x"))
    watch = SilenceWatch([route], StreamTimings(), time_scale)
    watch.start(0.0)
    return watch, route


def test_a_bar_may_be_silent_until_a_minute_past_its_end() -> None:
    watch, route = watch_of("kline.15.BTCUSDT")
    assert watch.check(15 * 60 + 59) == []
    assert watch.check(15 * 60 + 61) == [route]


def test_the_end_of_a_bar_comes_sooner_on_an_accelerated_market() -> None:
    watch, route = watch_of("kline.15.BTCUSDT", time_scale=900.0)
    assert watch.check(60.9) == []
    assert watch.check(61.1) == [route]
    assert watch.check(120.0) == []
    with pytest.raises(TransportError, match="silent after"):
        watch.check(122.0)


def test_a_frame_forgives_everything() -> None:
    watch, route = watch_of("tickers.BTCUSDT")
    assert watch.check(61.0) == [route]
    route.frames += 1
    assert watch.check(121.5) == []
    assert watch.check(181.0) == []
    assert watch.check(182.0) == [route]


@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_back_off_grows_with_full_jitter_up_to_half_a_minute(attempt: int, seed: int) -> None:
    delay_s = StreamTimings().delay_s(attempt, random.Random(seed))
    assert 0.5 <= delay_s <= min(30.0, 0.5 * 2.0 ** (min(attempt, 20) + 1))


def test_the_age_of_every_topic_is_kept() -> None:
    watch, route = watch_of("publicTrade.BTCUSDT")
    route.frames += 1
    watch.check(50.0)
    watch.check(90.0)
    assert route.seen_s == 50.0


def test_trades_and_liquidations_may_be_silent_for_ever() -> None:
    for topic in ("publicTrade.BTCUSDT", "allLiquidation.BTCUSDT"):
        watch, _ = watch_of(topic)
        assert watch.check(1e9) == []


# --- rate gate --------------------------------------------------------------------------------------------


def test_a_burst_passes_and_then_the_rate_holds(clock: Any) -> None:
    waits: list[float] = []
    gate = RateGate(clock, waits.append, lambda: 0.0)
    for _ in range(10):
        gate.acquire("/v5/order/create", "x")
    assert waits == []
    for _ in range(3):
        gate.acquire("/v5/order/create", "x")
    assert waits == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3)]


def test_a_wait_beyond_a_second_is_refused_with_its_time(clock: Any) -> None:
    gate = RateGate(clock, lambda _: None, lambda: 0.0)
    for _ in range(20):
        gate.acquire("/v5/order/create", "x")
    with pytest.raises(RateLimited) as caught:
        gate.acquire("/v5/order/create", "x")
    assert caught.value.retry_at_ms == clock.now_ms() + 1100


@pytest.mark.parametrize(
    "headers", [{}, {"X-Bapi-Limit": ""}, {"X-Bapi-Limit": "many", "X-Bapi-Limit-Status": "-1"}]
)
def test_absent_or_odd_headers_change_nothing(clock: Any, headers: dict[str, str]) -> None:
    waits: list[float] = []
    gate = RateGate(clock, waits.append, lambda: 0.0)
    for _ in range(10):
        gate.acquire("/v5/order/create", "x")
        gate.learn("/v5/order/create", headers)
    assert waits == []
