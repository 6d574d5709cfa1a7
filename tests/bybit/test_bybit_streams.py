"""The streams against a scripted server on loopback: every way a connection goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted_venue import Peer, ScriptedVenue

from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.adapters.bybit.streams import BybitWebSocketManager, StreamSettings
from whalebot.adapters.bybit.topics import public_topics
from whalebot.domain.enums import Stream
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import (
    BookLost,
    BookSnapshot,
    CandleClosed,
    OrderUpdated,
    StreamDown,
    StreamUp,
    TickerChanged,
    WalletReported,
)

pytestmark = pytest.mark.socket

TOPICS = 5  # book, ticker, trades, one kline, liquidations of one symbol
QUICK = StreamTimings(
    connect_s=2.0,
    ack_s=2.0,
    ping_s=60.0,
    dead_s=60.0,
    topic_silence_s=60.0,
    backoff_first_s=0.001,
    backoff_max_s=0.002,
    check_s=0.02,
)
TICKER = {
    "topic": "tickers.BTCUSDT",
    "type": "snapshot",
    "data": {"symbol": "BTCUSDT", "lastPrice": "100.5"},
    "ts": 5,
}
BOOK = {
    "topic": "orderbook.50.BTCUSDT",
    "type": "snapshot",
    "ts": 7,
    "data": {"s": "BTCUSDT", "b": [["100", "1"]], "a": [["101", "2"]], "u": 9, "seq": 3},
}


class Rig:
    """Managers of one test; all are stopped at its end."""

    def __init__(self, sink: Any, clock: Any) -> None:
        self.sink = sink
        self.clock = clock
        self.managers: list[BybitWebSocketManager] = []

    def manager(self, url: str, **changes: Any) -> BybitWebSocketManager:
        venue_clock = changes.pop("venue_clock", VenueClock(self.clock))
        settings = replace(
            StreamSettings(Endpoints("http://127.0.0.1:1", url, url), ["BTCUSDT"], ["1"], timings=QUICK),
            **changes,
        )
        manager = BybitWebSocketManager(settings, self.sink, self.clock, venue_clock, random.Random(7))
        self.managers.append(manager)
        return manager


@pytest.fixture
def rig(sink: Any, clock: Any) -> Iterator[Rig]:
    rig = Rig(sink, clock)
    yield rig
    for manager in rig.managers:
        manager.stop_all_streams()
    assert [t.name for t in threading.enumerate() if t.name.startswith("stream-")] == []


def serve_quietly(peer: Peer) -> None:
    peer.ack_subscriptions(TOPICS)
    peer.wait_until_gone()


def serve_data(peer: Peer) -> None:
    peer.ack_subscriptions(TOPICS)
    peer.send(TICKER)
    peer.send(BOOK)
    peer.wait_until_gone()


def test_up_comes_after_all_acks_and_data_before_them_is_kept(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        request = peer.receive_request()
        peer.send(TICKER)
        peer.ack(request)
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        first, second = sink.queue.get(timeout=30), sink.queue.get(timeout=30)
        rig.managers[0].stop_all_streams()
    assert isinstance(first, TickerChanged)
    assert (str(first.last_price), first.ts_ms, first.recv_ms) == ("100.5", 5, rig.clock.now_ms())
    assert second == StreamUp(Stream.PUBLIC, rig.clock.now_ms())


def test_all_topics_are_asked_for_in_requests_of_ten(rig: Rig, sink: Any) -> None:
    symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    seen: list[str] = []

    def script(peer: Peer) -> None:
        seen.extend(peer.ack_subscriptions(18))
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url, symbols=symbols, intervals=["15", "60"]).start_public_stream()
        sink.next(StreamUp)
        rig.managers[0].stop_all_streams()
    assert seen == public_topics(symbols, ["15", "60"], 50)


def test_topics_beyond_one_connection_open_a_second_and_up_waits_for_both(rig: Rig, sink: Any) -> None:
    symbols = [f"COIN{i:04}USDT" for i in range(230)]
    hold = threading.Event()
    first_done = threading.Event()
    characters = [0, 0]

    def prompt(peer: Peer) -> None:
        serve(peer, 0)

    def late(peer: Peer) -> None:
        assert hold.wait(30)
        serve(peer, 1)

    def serve(peer: Peer, number: int) -> None:
        while True:
            request = peer.receive_request()
            characters[number] += sum(map(len, request["args"]))
            peer.ack(request)
            if len(request["args"]) < 10:
                first_done.set()

    with ScriptedVenue(prompt, late) as venue:
        rig.manager(venue.url, symbols=symbols).start_public_stream()
        assert first_done.wait(30)
        assert sink.queue.empty()
        hold.set()
        assert sink.next(StreamUp).stream is Stream.PUBLIC
        names = [health.name for health in rig.managers[0].health()]
        rig.managers[0].stop_all_streams()
    assert venue.connections == 2
    assert 0 < min(characters) <= max(characters) <= 20_000
    assert sum(characters) == sum(map(len, public_topics(symbols, ["1"], 50)))
    assert names == ["public-1", "public-2"]


def test_a_lost_connection_is_told_and_comes_back_subscribed(rig: Rig, sink: Any) -> None:
    def dies(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send_frame(8, (1001).to_bytes(2, "big") + b"going away")

    with ScriptedVenue(dies, serve_data) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        sink.next(StreamUp)
        assert "1001 going away" in sink.next(StreamDown).reason
        sink.next(StreamUp)
        assert manager.wait_for_initial_data(30)
        assert sink.next(BookSnapshot).u == 9
        assert manager.health()[0].reconnects == 1
        manager.stop_all_streams()


def test_a_refused_connection_is_tried_for_ever_and_told_once(rig: Rig, sink: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    manager = rig.manager(f"ws://127.0.0.1:{port}/v5/public/linear")
    manager.start_public_stream()
    assert "Refused" in sink.next(StreamDown).reason
    deadline = time.monotonic() + 30
    while manager.health()[0].reconnects < 20:
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    assert sink.queue.empty()


def test_silence_is_death_even_with_an_open_socket(rig: Rig, sink: Any) -> None:
    with ScriptedVenue(serve_quietly) as venue:
        rig.manager(venue.url, timings=replace(QUICK, dead_s=0.15)).start_public_stream()
        sink.next(StreamUp)
        assert "nothing came for 0.15 s" in sink.next(StreamDown).reason
        sink.next(StreamUp)
        rig.managers[0].stop_all_streams()


def test_heartbeat_is_sent_and_its_answers_are_no_errors(rig: Rig, sink: Any) -> None:
    pings = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        shapes: list[dict[str, Any]] = [
            {"success": True, "ret_msg": "pong", "conn_id": "c", "op": "ping"},
            {"op": "pong", "args": ["1672916271846"]},
            {"retCode": 0, "retMsg": "OK", "op": "pong", "data": ["1711002002529"], "connId": "c"},
        ]
        for shape in shapes:
            assert peer.receive_request() == {"op": "ping"}
            peer.send(shape)
            pings.release()
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url, timings=replace(QUICK, ping_s=0.05))
        manager.start_public_stream()
        for _ in range(3):
            assert pings.acquire(timeout=30)
        manager.stop_all_streams()
        assert manager.health()[0].errors == {}


def test_a_silent_ticker_is_subscribed_again_and_then_the_connection_is_given_up(rig: Rig, sink: Any) -> None:
    renewed: list[str] = []

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        while True:
            request = peer.receive_request()
            if request["op"] != "ping":
                renewed.append(f"{request['op']} {request['args'][0]}")
                peer.ack(request)

    with ScriptedVenue(script, serve_quietly) as venue:
        rig.manager(venue.url, timings=replace(QUICK, topic_silence_s=0.15)).start_public_stream()
        sink.next(StreamUp)
        assert "BTCUSDT" in sink.next(BookLost).symbol
        assert "silent after it was subscribed again" in sink.next(StreamDown).reason
        rig.managers[0].stop_all_streams()
    assert renewed[:4] == [
        "unsubscribe orderbook.50.BTCUSDT",
        "subscribe orderbook.50.BTCUSDT",
        "unsubscribe tickers.BTCUSDT",
        "subscribe tickers.BTCUSDT",
    ]
    # The minute bar ends in a minute: its topic may be silent that long.
    assert not any("kline" in text for text in renewed)


def test_an_unneeded_topic_that_is_refused_is_found_and_left_out(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        waiting = TOPICS
        while waiting:
            request = peer.receive_request()
            topics = request["args"]
            bad = "allLiquidation.BTCUSDT" in topics
            peer.ack(request, not bad, "error:handler not found" if bad else "")
            waiting -= len(topics) if not bad or len(topics) == 1 else 0
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        sink.next(StreamUp)
        manager.stop_all_streams()
        assert manager.health()[0].refused_topics == {"allLiquidation.BTCUSDT": "error:handler not found"}


def test_a_needed_topic_that_is_refused_keeps_the_stream_down_and_is_named(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        while True:
            request = peer.receive_request()
            peer.ack(request, not any(t.startswith("kline") for t in request["args"]), "handler not found")

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        down = sink.next(StreamDown)
        rig.managers[0].stop_all_streams()
    assert down.reason == "subscription of kline.1.BTCUSDT refused: handler not found"
    assert not any(isinstance(event, StreamUp) for event in list(sink.queue.queue))


def test_a_symbol_that_the_venue_serves_no_longer_is_left_out_and_the_others_go_on(
    rig: Rig, sink: Any
) -> None:
    def script(peer: Peer) -> None:
        waiting = len(public_topics(["BTCUSDT", "GONEUSDT"], ["1"], 50))
        while waiting:
            request = peer.receive_request()
            topics = request["args"]
            bad = any(topic.endswith("GONEUSDT") for topic in topics)
            peer.ack(request, not bad, "error:handler not found" if bad else "")
            waiting -= len(topics) if not bad or len(topics) == 1 else 0
        peer.send(BOOK)
        peer.send(TICKER)
        peer.wait_until_gone()

    # Twice as long as a topic may be silent: what is left out is not waited for either.
    timings = replace(QUICK, topic_silence_s=0.05)
    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url, symbols=["BTCUSDT", "GONEUSDT"], timings=timings)
        manager.start_public_stream()
        sink.next(StreamUp)
        assert manager.wait_for_initial_data(30)
        refused = manager.health()[0].refused_topics
        manager.stop_all_streams()
    assert set(refused) == set(public_topics(["GONEUSDT"], ["1"], 50))


def test_a_topic_of_the_account_that_is_refused_keeps_its_stream_down(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        peer.receive_request()
        peer.send({"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"})
        while True:
            request = peer.receive_request()
            peer.ack(request, "wallet" not in request["args"], "handler not found")

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url, credentials=KEYS).start_private_stream()
        down = sink.next(StreamDown)
        rig.managers[0].stop_all_streams()
    assert down.reason == "subscription of wallet refused: handler not found"
    assert not any(isinstance(event, StreamUp) for event in list(sink.queue.queue))


def test_a_topic_that_is_subscribed_already_counts_as_acknowledged(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        request = peer.receive_request()
        del request["req_id"]  # the venue may answer without it
        peer.ack(request, False, "error:already subscribed,topic:tickers.BTCUSDT")
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        sink.next(StreamUp)
        rig.managers[0].stop_all_streams()


def test_a_request_without_an_answer_ends_the_connection(rig: Rig, sink: Any) -> None:
    with ScriptedVenue(Peer.wait_until_gone, serve_quietly) as venue:
        rig.manager(venue.url, timings=replace(QUICK, ack_s=0.1)).start_public_stream()
        assert sink.next(StreamDown).reason == "no answer to a subscribe request"
        sink.next(StreamUp)
        rig.managers[0].stop_all_streams()


GARBAGE = {
    "unreadable": [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 5000,
        b'{"topic":"tickers.BTCUSDT","ts":1,"data":null}',
        b'{"topic":"tickers.BTCUSDT"}',
        b'{"topic":"tickers.BTCUSDT","ts":1,"data":{"lastPrice":"Infinity"}}',
        b'{"topic":"tickers.BTCUSDT","ts":1,"data":{"lastPrice":"cheap"}}',
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["nan","1"]],'
        b'"a":[],"u":1,"seq":1}}',
        b'{"topic":"orderbook.50.BTCUSDT","type":"other","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":1,"seq":1}}',
        b'{"topic":"publicTrade.BTCUSDT","data":[{"T":1,"S":"Up","v":"1","p":"1"}]}',
        b'{"topic":"publicTrade.BTCUSDT","data":[{"T":1,"S":"Buy","v":"1","p":"NaN"}]}',
        b'["not","an","object"]',
    ],
    "unknown frame": [b"{}", b'{"hello":"world"}'],
    "unknown topic": [b'{"topic":"moonPhase.BTCUSDT","data":{}}'],
    "not subscribed": [b'{"topic":"tickers.ETHUSDT","type":"delta","ts":1,"data":{"symbol":"ETHUSDT"}}'],
    "refused: inverse or spot": [b'{"topic":"tickers.BTCUSD","ts":1,"data":{"symbol":"BTCUSD"}}'],
    "bad bar": [
        b'{"topic":"kline.1.BTCUSDT","data":[{"start":1719667560001,"end":1719667620000,"interval":"1","open":"1",'
        b'"close":"1","high":"1","low":"1","volume":"0","confirm":true,"timestamp":1}],"ts":1,"type":"snapshot"}',
        b'{"topic":"kline.1.BTCUSDT","data":[{"start":1719667560000,"end":1719667619999,"interval":"1","open":"3",'
        b'"close":"1","high":"2","low":"1","volume":"0","confirm":true,"timestamp":1}],"ts":1,"type":"snapshot"}',
    ],
}


def test_garbage_never_stops_a_stream_and_is_counted_by_kind(rig: Rig, sink: Any) -> None:
    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        for frames in GARBAGE.values():
            for frame in frames:
                peer.send(frame)
        peer.send_frame(2, b"\x00binary")
        peer.send(TICKER | {"surprise": {"deep": [1, 2, 3]}})
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        sink.next(StreamUp)
        assert isinstance(sink.queue.get(timeout=30), TickerChanged)
        manager.stop_all_streams()
        health = manager.health()[0]
    assert health.errors == {kind: len(frames) for kind, frames in GARBAGE.items()}
    assert all(1 <= len(samples) <= 3 for samples in health.samples.values())
    assert venue.connections == 1


def test_fragmented_and_large_messages_are_put_together(rig: Rig, sink: Any) -> None:
    levels = [[f"{i + 1}.5", "1"] for i in range(20_000)]
    huge = json.dumps(BOOK | {"data": BOOK["data"] | {"b": levels, "a": []}}).encode()  # type: ignore[operator]

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        text = json.dumps(TICKER).encode()
        peer.send_raw(b"\x01\x05" + text[:5])
        peer.send_frame(9, b"between")
        peer.send_raw(bytes([0x80, len(text) - 5]) + text[5:])
        peer.send(huge)
        peer.wait_until_gone()

    assert len(huge) > 65536
    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        assert str(sink.next(TickerChanged).last_price) == "100.5"
        assert len(sink.next(BookSnapshot).bids) == 20_000
        rig.managers[0].stop_all_streams()


@pytest.mark.parametrize("bad", [b"\x81\x81aaaab", b"\xc1\x01a", b"\x09\x00", b"\x80\x01a"])
def test_a_peer_that_breaks_the_protocol_is_left(rig: Rig, sink: Any, bad: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send_raw(bad)
        peer.wait_until_gone()

    with ScriptedVenue(script, serve_quietly) as venue:
        rig.manager(venue.url).start_public_stream()
        assert "websocket" in sink.next(StreamDown).reason
        rig.managers[0].stop_all_streams()


def test_a_pong_leaves_after_everything_before_it_was_acted_upon(rig: Rig, sink: Any) -> None:
    order: list[str] = []
    answered = threading.Event()
    sink.on_put = lambda event: order.append(type(event).__name__)
    sink.wait_settled = lambda timeout_s: order.append(f"settled {timeout_s}") or True

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send(TICKER)
        peer.send_frame(9, b"barrier-1")
        while (frame := peer.receive())[0] != 10:
            pass
        order.append(f"pong {frame[1].decode()}")
        answered.set()
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        assert answered.wait(30)
        rig.managers[0].stop_all_streams()
    assert order == ["StreamUp", "TickerChanged", "settled 0.25", "pong barrier-1"]


KEYS = Credentials("the-key", "the-secret")


def test_private_stream_signs_with_the_venues_clock_and_subscribes_after_the_answer(
    rig: Rig, sink: Any, clock: Any
) -> None:
    seen: list[dict[str, Any]] = []
    orders = b"""{"topic":"order","id":"1","creationTime":5,"data":[
      {"category":"linear","symbol":"BTCUSDT","orderId":"o1","orderLinkId":"w1","side":"Buy","orderStatus":"New",
       "qty":"1","cumExecQty":"0","avgPrice":"","createdTime":"1","updatedTime":"2","positionIdx":0},
      {"category":"linear","symbol":"BTCUSDT","orderId":"o2","side":"Sideways","orderStatus":"New","qty":"1"},
      {"category":"option","symbol":"BTC-1JAN30-1-C","orderId":"o3","side":"Buy","orderStatus":"New","qty":"1"}]}"""
    wallet = (
        b'{"id":"1","topic":"wallet","creationTime":9,"data":[{"accountType":"UNIFIED","totalAvailableBalance":'
        b'"7.5","coin":[{"coin":"USDT","equity":"11","walletBalance":"10","availableToWithdraw":""}]}]}'
    )

    def script(peer: Peer) -> None:
        seen.append(peer.receive_request())
        peer.send({"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"})
        seen.append(peer.receive_request())
        peer.ack(seen[-1])
        peer.send(orders)
        peer.send(wallet)
        peer.wait_until_gone()

    venue_clock = VenueClock(clock)
    venue_clock.set_offset_ms(90_000)
    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url, credentials=KEYS, venue_clock=venue_clock)
        manager.start_private_stream()
        assert sink.next(StreamUp).stream is Stream.PRIVATE
        order = sink.next(OrderUpdated).order
        reported = sink.next(WalletReported).wallet
        assert manager.wait_for_initial_data(1)
        manager.stop_all_streams()
        errors = manager.health()[0].errors
    auth, subscribe = seen
    key, expires, signature = auth["args"]
    assert (auth["op"], key) == ("auth", "the-key")
    assert expires == clock.now_ms() + 90_000 + 10_000
    assert signature == hmac.new(b"the-secret", f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    assert subscribe["args"] == ["order", "execution", "position", "wallet"]
    assert (order.order_link_id, order.avg_price, order.updated_ms) == ("w1", None, 2)
    assert str(reported.available_balance) == "7.5"
    assert errors == {"bad row": 1, "refused: option": 1}


def test_refused_authentication_is_told_and_tried_again_and_no_secret_shows(rig: Rig, sink: Any) -> None:
    def refuses(peer: Peer) -> None:
        peer.receive_request()
        peer.send({"success": False, "ret_msg": "API key is invalid.", "op": "auth", "conn_id": "c"})
        peer.wait_until_gone()

    def accepts(peer: Peer) -> None:
        peer.receive_request()
        peer.send({"retCode": 0, "retMsg": "OK", "op": "auth", "connId": "c"})
        peer.ack(peer.receive_request())
        peer.wait_until_gone()

    with ScriptedVenue(refuses, accepts) as venue:
        manager = rig.manager(venue.url, credentials=KEYS)
        manager.start_private_stream()
        down = sink.next(StreamDown)
        sink.next(StreamUp)
        manager.stop_all_streams()
        assert down.reason == "authentication refused: API key is invalid."
        assert "the-secret" not in repr(manager.health())
    assert "the-" not in repr(KEYS)


def test_unanswered_authentication_ends_the_attempt(rig: Rig, sink: Any) -> None:
    with ScriptedVenue(Peer.wait_until_gone) as venue:
        rig.manager(venue.url, credentials=KEYS, timings=replace(QUICK, ack_s=0.1)).start_private_stream()
        assert sink.next(StreamDown).reason == "no answer to the authentication request"
        rig.managers[0].stop_all_streams()


def test_private_stream_without_keys_is_a_configuration_error(rig: Rig) -> None:
    with pytest.raises(ConfigError, match="needs API keys"):
        rig.manager("ws://127.0.0.1:1/v5/private").start_private_stream()


def test_a_book_is_subscribed_again_on_request_and_reported_lost(rig: Rig, sink: Any) -> None:
    asked: list[tuple[str, list[str]]] = []

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send(BOOK)
        for _ in range(2):
            request = peer.receive_request()
            asked.append((request["op"], request["args"]))
            peer.ack(request)
        peer.send(BOOK)
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        sink.next(BookSnapshot)
        manager.resubscribe_book("BTCUSDT")
        assert sink.next(BookLost).reason == "resubscribed on request"
        sink.next(BookSnapshot)
        manager.stop_all_streams()
        assert manager.health()[0].resubscribes == 1
    topic = ["orderbook.50.BTCUSDT"]
    assert asked == [("unsubscribe", topic), ("subscribe", topic)]


def test_initial_data_means_book_and_ticker_of_every_symbol(rig: Rig, sink: Any) -> None:
    def no_book(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send(TICKER)
        peer.wait_until_gone()

    with ScriptedVenue(no_book) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        sink.next(TickerChanged)
        assert not manager.wait_for_initial_data(0.05)
        manager.stop_all_streams()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_started_again_by_the_supervisor(rig: Rig, sink: Any) -> None:
    killed = threading.Event()

    def kill_once(event: object) -> None:
        if isinstance(event, TickerChanged) and not killed.is_set():
            killed.set()
            raise SystemExit  # ends a thread without a word, as nothing else does

    sink.on_put = kill_once
    with ScriptedVenue(serve_data) as venue:
        manager = rig.manager(venue.url)
        manager.start_public_stream()
        assert sink.next(StreamDown).reason == "its thread died"
        sink.next(StreamUp)
        assert sink.next(TickerChanged).symbol == "BTCUSDT"
        manager.stop_all_streams()
    assert venue.connections == 2


def test_a_bug_while_handling_a_frame_costs_the_connection_not_the_stream(
    rig: Rig, sink: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broken = threading.Event()

    def break_once(event: object) -> None:
        if isinstance(event, TickerChanged) and not broken.is_set():
            broken.set()
            raise ZeroDivisionError("a bug")

    sink.on_put = break_once
    with ScriptedVenue(serve_data) as venue:
        rig.manager(venue.url).start_public_stream()
        assert "unexpected ZeroDivisionError: a bug" in sink.next(StreamDown).reason
        sink.next(TickerChanged)
        rig.managers[0].stop_all_streams()


def hangs_before_the_handshake() -> tuple[socket.socket, str]:
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"ws://127.0.0.1:{listener.getsockname()[1]}/v5/public/linear"


def test_stop_is_quick_while_the_handshake_hangs(rig: Rig) -> None:
    listener, url = hangs_before_the_handshake()
    with listener:
        manager = rig.manager(url, timings=replace(QUICK, connect_s=30.0, stop_s=20.0))
        manager.start_public_stream()
        sock, _ = listener.accept()
        with sock:
            assert sock.recv(1) == b"G"
            started = time.monotonic()
            manager.stop_all_streams()
            assert time.monotonic() - started < 15


def test_stop_is_quick_on_a_silent_connection_and_during_back_off(rig: Rig, sink: Any) -> None:
    with ScriptedVenue(serve_quietly) as venue:
        manager = rig.manager(venue.url, timings=replace(QUICK, check_s=30.0, stop_s=20.0))
        manager.start_public_stream()
        sink.next(StreamUp)
        started = time.monotonic()
        manager.stop_all_streams()
        assert time.monotonic() - started < 15
    timings = replace(QUICK, backoff_first_s=30.0, backoff_max_s=60.0, stop_s=20.0)
    waiting = rig.manager(venue.url, timings=timings)
    waiting.start_public_stream()
    sink.next(StreamDown)
    started = time.monotonic()
    waiting.stop_all_streams()
    assert time.monotonic() - started < 15


def test_nothing_is_put_after_stop(rig: Rig, sink: Any) -> None:
    with ScriptedVenue(serve_quietly) as venue:
        rig.manager(venue.url).start_public_stream()
        sink.next(StreamUp)
        rig.managers[0].stop_all_streams()
    assert sink.queue.empty()


def test_a_closed_bar_arrives_as_a_candle(rig: Rig, sink: Any) -> None:
    bar = {
        "start": 1719667560000,
        "end": 1719667619999,
        "interval": "1",
        "open": "61030",
        "close": "61029.9",
        "high": "61031",
        "low": "61015",
        "volume": "10.798",
        "turnover": "1",
        "confirm": True,
        "timestamp": 1719667620000,
    }

    def script(peer: Peer) -> None:
        peer.ack_subscriptions(TOPICS)
        peer.send({"topic": "kline.1.BTCUSDT", "data": [bar], "ts": 1719667620001, "type": "snapshot"})
        peer.wait_until_gone()

    with ScriptedVenue(script) as venue:
        rig.manager(venue.url).start_public_stream()
        candle = sink.next(CandleClosed).candle
        rig.managers[0].stop_all_streams()
    assert (candle.open_ms, str(candle.close), candle.close_ms) == (1719667560000, "61029.9", 1719667620000)
