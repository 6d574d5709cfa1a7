"""The venue's answers other than success are counted by code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from loopback_rest import Answer, LoopbackRest, bad, good

from whalebot.adapters.bybit.answer_counts import AnswerCounts
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestFactory, RestSettings
from whalebot.domain.errors import WhalebotError
from whalebot.runtime.clock import ManualClock


@pytest.fixture
def server() -> Iterator[LoopbackRest]:
    found = LoopbackRest()
    yield found
    found.close()


@pytest.mark.socket
def test_each_answer_counts_once_by_its_code_and_success_in_any_guise_does_not(server: LoopbackRest) -> None:
    answers = (
        good({"timeNano": "1700000000000000000", "timeSecond": "1700000000"}),
        bad(10016, "server error"),
        Answer(b"<html>", status=502),
        Answer(b"no json"),
        Answer(hang_up=True),
        bad(34040, "not modified"),
    )
    server.on("market/time", *answers)
    settings = RestSettings(Endpoints(server.url, "ws://127.0.0.1:1", None), ("BTCUSDT",))
    factory = RestFactory(settings, ManualClock(1_700_000_000_000), lambda _: None)
    client = factory.client()
    for _ in answers:
        with contextlib.suppress(WhalebotError):
            client.session.get_server_time()
    client.close()
    assert dict(factory.counts.read()) == {"10016": 1, "http_502": 1, "unreadable": 1, "no_answer": 1}


def test_the_number_of_codes_is_bounded() -> None:
    counts = AnswerCounts()
    for code in range(150):
        counts.add(str(code))
        counts.add(str(code))
    found = dict(counts.read())
    assert len(found) == 101
    assert found["other"] == 100
    assert sum(found.values()) == 300
