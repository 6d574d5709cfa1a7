"""The live stream over real sockets: snapshots and deltas add up, strangers and slow listeners are let go."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from web_desk import (
    MINUTE,
    NOON,
    SECRET,
    TOKEN,
    Client,
    candle,
    filled,
    position,
    served,
    stage,
    symbol_view,
    trade,
    view,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from whalebot.adapters.web import stream_client
from whalebot.adapters.web.gate import GateRules
from whalebot.adapters.web.stream_client import COALESCED_FROM, MOST_WAITING, StreamClient
from whalebot.adapters.web.topics import difference
from whalebot.domain.effects import Notice, RecordTrade
from whalebot.domain.enums import Level
from whalebot.domain.events import CandleClosed, TimerDue

TOPICS = [
    *("status", "account", "positions", "orders", "signals", "trades", "decisions", "alerts"),
    *("system", "market.BTCUSDT", "market.ETHUSDT"),
]


@contextmanager
def listening(client: Client, *topics: str, **more: Any) -> Iterator[ClientConnection]:
    """Connect, take the hello, subscribe."""
    origin = more.pop("origin", f"http://127.0.0.1:{client.port}")
    with connect(f"ws://127.0.0.1:{client.port}/api/v1/stream", origin=origin, open_timeout=30) as line:
        assert heard(line)["type"] == "hello"
        if topics:
            line.send(json.dumps({"op": "subscribe", "topics": list(topics), **more}))
        yield line


def heard(line: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    return json.loads(line.recv(timeout=30))


class Listener:
    """A client as the page is one: applies what it hears."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.states: dict[str, dict[str, Any]] = {}
        self.seq: dict[str, int] = {}
        self.deltas = 0

    def hear(self) -> dict[str, Any]:
        message = heard(self.line)
        topic = message.get("topic")
        if message["type"] == "snapshot":
            self.states[topic], self.seq[topic] = message["data"], message["seq"]
        elif message["type"] == "delta":
            assert message["seq"] == self.seq[topic] + 1
            self.seq[topic] += 1
            self.states[topic] = {**self.states[topic], **message["set"]}
            for key in message["gone"]:
                del self.states[topic][key]
            self.deltas += 1
        return message

    def until(self, wanted: Any) -> None:
        while not wanted():
            self.hear()


def test_deltas_lead_to_the_next_snapshot() -> None:
    made = filled()
    with served(made) as client, listening(client, *TOPICS) as line:
        listener = Listener(line)
        listener.until(lambda: set(listener.states) == set(TOPICS))
        assert listener.states["positions"]["BTCUSDT"]["stop_loss"] == "43200"
        made.desk.feed.note(CandleClosed(candle(NOON + MINUTE, close="42815"), NOON), ())
        moved = symbol_view(position=position("43100"), last_price=Decimal("42815"))
        made.publish(view(moved, now_ms=NOON + MINUTE))
        listener.until(lambda: listener.states["positions"]["BTCUSDT"]["stop_loss"] == "43100")
        made.desk.feed.note(TimerDue(NOON), [RecordTrade(trade(9, NOON + MINUTE))])
        made.desk.feed.say(Notice(Level.INFO, "trade_closed", f"out {SECRET}", "BTCUSDT", NOON))
        made.publish(view(now_ms=NOON + 2 * MINUTE, manual_pause=True))
        listener.until(lambda: not listener.states["positions"])
        listener.until(lambda: "BTCUSDT-9" in listener.states["trades"])
        listener.until(lambda: listener.states["market.BTCUSDT"]["position"] is None)
        listener.until(lambda: listener.states["status"]["manual_pause"])
        listener.until(lambda: listener.states["account"]["trades_closed"] == 1)
        assert listener.deltas >= 5
        with listening(client, *(topic for topic in TOPICS if topic != "system")) as other:
            fresh = Listener(other)
            fresh.until(lambda: len(fresh.states) == len(TOPICS) - 1)
            for topic, state in fresh.states.items():
                listener.until(lambda topic=topic: listener.seq[topic] >= fresh.seq[topic])
                assert state == listener.states[topic], topic
        assert SECRET not in json.dumps(listener.states)
        assert listener.states["market.BTCUSDT"]["bar"]["close"] == "42815"


def test_the_stream_says_what_the_api_says() -> None:
    with served(filled()) as client, listening(client, *TOPICS) as line:
        listener = Listener(line)
        listener.until(lambda: set(listener.states) == set(TOPICS))
        assert list(listener.states["positions"].values()) == client.api("positions").data
        assert list(listener.states["orders"].values()) == client.api("orders").data
        assert list(listener.states["signals"].values()) == client.api("signals").data
        assert list(listener.states["trades"].values()) == client.api("trades").data["items"]
        assert list(listener.states["decisions"].values()) == client.api("decisions").data["items"]
        assert list(listener.states["alerts"].values()) == client.api("alerts").data["items"]
        account = client.api("account").data
        assert {**listener.states["account"], "equity_curve": account["equity_curve"]} == account


def test_before_the_first_view_there_is_a_stream_too() -> None:
    with served(stage()) as client, listening(client, *TOPICS) as line:
        listener = Listener(line)
        listener.until(lambda: set(listener.states) == set(TOPICS))
        assert listener.states["positions"] == {}
        assert listener.states["market.BTCUSDT"]["last_price"] is None


def test_who_asks_wrongly_is_told() -> None:
    with served(filled()) as client, listening(client) as line:
        for sent, code in (
            ("nothing", "bad_request"),
            ("[]", "bad_request"),
            ('{"op": "sell"}', "bad_request"),
            ('{"op": "subscribe", "topics": "status"}', "bad_request"),
            ('{"op": "subscribe", "topics": ["\\ud800"]}', "bad_request"),
            ('{"op": "subscribe", "topics": ["market.NONE"]}', "unknown_topic"),
        ):
            line.send(sent)
            assert heard(line)["code"] == code, sent
        line.send('{"op": "ping"}')
        assert heard(line)["type"] == "pong"
        line.send('{"op": "subscribe", "topics": ["alerts"]}')
        assert heard(line)["type"] == "snapshot"
        line.send('{"op": "unsubscribe", "topics": ["alerts"]}')
        line.send("x" * 10_000)
        with pytest.raises(ConnectionClosed):
            heard(line)


def test_pages_of_other_sites_do_not_listen() -> None:
    with served(filled()) as client:
        for origin in ("https://evil.example", "null", f"http://localhost:{client.port}"):
            with pytest.raises(InvalidStatus) as refused, listening(client, origin=origin):
                pass
            assert refused.value.response.status_code == 403
        with listening(client, "status", origin=None) as line:
            assert heard(line)["type"] == "snapshot"


def test_other_host_names_do_not_listen() -> None:
    with served(filled()) as client:
        address = f"ws://127.0.0.1:{client.port}/api/v1/stream"
        with pytest.raises(InvalidStatus) as refused:
            connect(address, additional_headers={"Host": "evil.example"}, open_timeout=30)
    assert refused.value.response.status_code in (400, 421)


def test_where_reads_need_the_token_listening_does_too() -> None:
    made = filled(reads_need_token=True)
    with served(made, GateRules(TOKEN, is_local=False)) as client:
        with listening(client, "status", token=TOKEN) as line:
            assert heard(line)["type"] == "snapshot"
        for wrong in ("", "x", None):
            with listening(client, "status", token=wrong) as line:
                assert heard_to_the_end(line) == 1008


def test_everyone_is_let_go_when_the_server_ends() -> None:
    with contextlib.ExitStack() as stack:
        with served(filled()) as client:
            line = stack.enter_context(listening(client, "status"))
            heard(line)
        assert heard_to_the_end(line) in (1001, 1006, 1012, 1013)


def heard_to_the_end(line: ClientConnection) -> int:
    """Return the code with which the server closes."""
    try:
        while True:
            line.recv(timeout=30)
    except ConnectionClosed as closed:
        return 1006 if closed.rcvd is None else closed.rcvd.code


def test_a_browser_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_client, "STUCK_S", 0.3)
    made = filled()
    with served(made) as client, socket.create_connection(("127.0.0.1", client.port)) as dead:
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        dead.sendall(f"{head}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        assert dead.recv(12) == b"HTTP/1.1 101"
        request = b'{"op": "subscribe", "topics": ["decisions"]}'
        dead.sendall(bytes([0x81, 0x80 | len(request), 0, 0, 0, 0]) + request)
        with listening(client, "status") as other:
            for number in range(400):
                made.desk.feed.say(Notice(Level.INFO, "note", f"{number} {'x' * 100_000}"))
                if client.api("system/performance").data["stream_clients"] == 1:
                    break
            while client.api("system/performance").data["stream_clients"] > 1:
                made.desk.feed.say(Notice(Level.INFO, "note", "x" * 100_000))
            other.send('{"op": "ping"}')
            while heard(other)["type"] != "pong":
                pass


class _Stuck:
    """A socket that takes nothing."""

    async def send_text(self, text: str) -> None:
        raise AssertionError(text)


def test_a_slow_listener_gets_whole_states_and_is_given_up() -> None:
    slow = StreamClient(_Stuck(), lambda topic: f"all of {topic}")  # type: ignore[arg-type]
    for number in range(COALESCED_FROM):
        slow.put("market.A", f"delta {number}")
    slow.put("market.A", "one more")
    assert list(slow._waiting) == [("market.A", "all of market.A")]
    for number in range(MOST_WAITING - 1):
        slow.put("", f"heartbeat {number}")
    assert not slow.is_given_up.is_set()
    slow.put("", "the last drop")
    assert slow.is_given_up.is_set()
    assert len(slow._waiting) == MOST_WAITING


def test_a_difference_leads_from_one_state_to_the_next() -> None:
    before, now = {"a": 1, "b": {"c": None}, "d": 4}, {"b": {"c": 0}, "a": 1, "e": None}
    changed, gone = difference(before, now)
    after = {**before, **changed}
    for key in gone:
        del after[key]
    assert (after, changed, gone) == (now, {"b": {"c": 0}, "e": None}, ["d"])


def test_the_feed_loses_the_oldest_and_counts() -> None:
    from whalebot.adapters.web.feed import Feed

    feed = Feed(most_waiting=3)
    for number in range(5):
        feed.say(Notice(Level.INFO, "note", str(number)))
    assert feed.lost == 2
    assert [told.notice.text for told in feed.take(10)] == ["2", "3", "4"]  # type: ignore[union-attr]
    feed.note(replace(TimerDue(NOON), recv_ms=NOON + 1), None)
    assert (feed.take(10), feed.last_event_ms) == ([], NOON + 1)
