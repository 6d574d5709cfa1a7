"""A topic that is to be renewed before its connection is subscribed is renewed as soon as it is."""

from __future__ import annotations

import random
import select
from typing import Any

import pytest

from whalebot.adapters.bybit.auth import VenueClock
from whalebot.adapters.bybit.connection import Link, StreamConnection
from whalebot.adapters.bybit.frames import TEXT
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.domain.events import BookLost

BOOK = "orderbook.50.BTCUSDT"


@pytest.fixture
def greeted(sink: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection that has asked for its topics, and what it sends; the test is its thread."""
    link = Link("public", "ws://127.0.0.1:1", [BOOK, "tickers.BTCUSDT"], None, 1.0)
    states: list[bool] = []
    connection = StreamConnection(
        link,
        sink,
        clock,
        VenueClock(clock),
        StreamTimings(),
        random.Random(7),
        lambda up, _: states.append(up),
    )
    sent: list[str] = []
    monkeypatch.setattr(
        connection, "_send", lambda message: sent.append(f"{message['op']} {message['args']}")
    )
    connection._greet()
    sent.clear()
    yield connection, sent, states
    connection._waker.close()


def acknowledge(connection: StreamConnection, number: int) -> None:
    answer = b'{"success":true,"ret_msg":"","op":"subscribe","req_id":"s%d"}' % number
    connection._take([(TEXT, answer)], 0)


def is_woken(connection: StreamConnection) -> bool:
    return bool(select.select([connection._waker.socket], [], [], 0)[0])


def test_a_renewal_asked_for_too_early_is_carried_out_once_subscribed(greeted: Any, sink: Any) -> None:
    connection, sent, states = greeted
    connection.renew(BOOK, "resubscribed on request")
    connection._obey()
    assert sent == []
    acknowledge(connection, 1)
    assert states == [True]
    assert sent == [f"unsubscribe ['{BOOK}']", f"subscribe ['{BOOK}']"]
    assert sink.next(BookLost).reason == "resubscribed on request"


def test_a_renewal_that_waits_does_not_keep_the_same_one_from_waking_the_thread(greeted: Any) -> None:
    connection, _, _ = greeted
    connection.renew(BOOK, "resubscribed on request")
    connection._obey()
    assert not is_woken(connection)
    connection.renew(BOOK, "resubscribed on request")
    assert is_woken(connection)
    assert len(connection._renewals) == 1
