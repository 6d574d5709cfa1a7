"""The venue's clock: measured again as soon as the venue refuses a stamp, whoever made it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from loopback_rest import KEY, SECRET, LoopbackRest, Request, bad, good
from scripted_venue import Peer, ScriptedVenue

from whalebot.adapters.bybit import clock_watch
from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.clock_watch import ClockWatch
from whalebot.adapters.bybit.connection import Link, StreamConnection
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestFactory, RestSettings
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.domain.errors import VenueRefused
from whalebot.domain.events import ClockSkew

pytestmark = pytest.mark.socket
SKEW_MS = -17_000


class Venue:
    """A venue whose clock can be stepped, and which refuses a leverage that was stamped by another one."""

    def __init__(self, rest: LoopbackRest, clock: Any) -> None:
        self.rest = rest
        self.clock = clock
        self.ahead_ms = 0
        rest.on("market/time", lambda _: good({"timeNano": f"{self.now_ms()}000000"}))
        rest.on("position/set-leverage", self._set_leverage)

    def now_ms(self) -> int:
        now_ms: int = self.clock.now_ms() + self.ahead_ms
        return now_ms

    def _set_leverage(self, request: Request) -> Any:
        off_ms = abs(int(request.headers["x-bapi-timestamp"]) - self.now_ms())
        return good({}) if off_ms < 1000 else bad(10002, "check your server timestamp")


@pytest.fixture
def venue(clock: Any) -> Iterator[Venue]:
    rest = LoopbackRest()
    yield Venue(rest, clock)
    rest.close()


@pytest.fixture
def factory(venue: Venue, clock: Any) -> RestFactory:
    endpoints = Endpoints(venue.rest.url, "ws://127.0.0.1:1", None)
    return RestFactory(RestSettings(endpoints, ["BTCUSDT"], Credentials(KEY, SECRET)), clock)


@pytest.fixture
def watch(factory: RestFactory, sink: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClockWatch]:
    monkeypatch.setattr(clock_watch, "LEAST_S", 0.0)
    watch = ClockWatch(factory, sink)
    watch.start()
    yield watch
    assert watch.stop(30)


def settled(sink: Any, offset_ms: int) -> None:
    """Wait for a measurement near this offset."""
    while abs(sink.next(ClockSkew).offset_ms - offset_ms) > 200:
        pass


def test_a_refused_write_has_the_clock_measured_for_the_next_one(
    venue: Venue, factory: RestFactory, watch: ClockWatch, sink: Any
) -> None:
    settled(sink, 0)
    venue.ahead_ms = SKEW_MS
    client = factory.client()
    with pytest.raises(VenueRefused) as caught:
        client.orders.set_leverage("BTCUSDT", Decimal(5))
    assert caught.value.ret_code == 10002
    settled(sink, SKEW_MS)
    client.orders.set_leverage("BTCUSDT", Decimal(5))
    client.close()
    assert len(venue.rest.to("position/set-leverage")) == 2, "nothing is sent again by itself"


def test_a_clock_that_moved_is_measured_again_soon_until_it_has_stood_for_a_while(
    venue: Venue, watch: ClockWatch, sink: Any, monkeypatch: pytest.MonkeyPatch, factory: RestFactory
) -> None:
    settled(sink, 0)
    monkeypatch.setattr(clock_watch, "RETRY_S", 0.01)
    venue.ahead_ms = SKEW_MS
    factory.venue_clock.doubt()
    for _ in range(3):
        settled(sink, SKEW_MS)
    # It steps back, and nobody is refused who could tell.
    venue.ahead_ms = 0
    settled(sink, 0)
    assert abs(factory.venue_clock.offset_ms()) <= 200


def test_a_refused_login_has_the_clock_measured(sink: Any, clock: Any) -> None:
    def refuse(peer: Peer) -> None:
        peer.receive_request()
        peer.send({"success": False, "ret_msg": "Params Error", "op": "auth", "conn_id": "c"})
        peer.wait_until_gone()

    def on_state(up: bool, reason: str) -> None:
        connection.stop()

    venue_clock = VenueClock(clock)
    with ScriptedVenue(refuse) as venue:
        link = Link("private", venue.url, ["order"], Credentials(KEY, SECRET), 1.0)
        connection = StreamConnection(
            link, sink, clock, venue_clock, StreamTimings(), random.Random(1), on_state
        )
        connection.run()
    assert connection.last_reason == "authentication refused: Params Error"
    assert venue_clock.wait_for_doubt(0)
    assert not venue_clock.wait_for_doubt(0), "one doubt asks for one measurement"
