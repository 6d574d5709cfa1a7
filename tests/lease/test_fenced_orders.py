"""A request that the fence holds back never reaches the venue, and the engine hears that it was not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from loopback_rest import KEY, SECRET, LoopbackRest, good

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.domain.answers import OrderAccepted, OrderRefused, Refusal
from whalebot.domain.effects import AmendStop, CancelOrder, SetLeverage
from whalebot.domain.enums import Side, TriggerBy
from whalebot.domain.errors import NotSent
from whalebot.domain.events import LeverageAnswered, StopAmended
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.order_actions import OrderActions, RetCodes

pytestmark = pytest.mark.socket
NOW_MS = 1_700_000_000_000
EXIT = OrderIntent(
    order_link_id="w-1",
    symbol="BTCUSDT",
    side=Side.SELL,
    qty=Decimal("0.01"),
    purpose=Purpose.EXIT,
    created_ms=1,
    sent_ms=NOW_MS,
    reduce_only=True,
)
STOP = AmendStop("BTCUSDT", 3, 0, Decimal(96), None, TriggerBy.MARK_PRICE)


class Venue:
    """A venue on loopback, asked through a fence that the test closes."""

    def __init__(self) -> None:
        self.reason = ""
        self.fatal: list[Exception] = []
        self.rest = LoopbackRest()
        self.rest.on("order/create", good({"orderId": "o-1", "orderLinkId": "w-1"}))
        settings = RestSettings(
            Endpoints(self.rest.url, "ws://127.0.0.1:1", None), ["BTCUSDT"], Credentials(KEY, SECRET)
        )
        clock = ManualClock(NOW_MS)
        factory = RestFactory(settings, clock, lambda _: None, fence=self.fence)
        self.client: RestClient = factory.client()
        self.actions = OrderActions(clock, RetCodes(), self.fatal.append)

    def fence(self) -> None:
        if self.reason:
            raise NotSent(self.reason)


@pytest.fixture
def venue() -> Iterator[Venue]:
    venue = Venue()
    yield venue
    venue.client.close()
    venue.rest.close()


def test_open_it_lets_an_order_through(venue: Venue) -> None:
    (event,) = venue.actions.submit(EXIT, None).run(venue.client.orders)
    assert isinstance(event, OrderAccepted)
    assert len(venue.rest.to("order/create")) == 1


def test_closed_nothing_is_sent_and_the_answer_is_definite(venue: Venue) -> None:
    venue.reason = "no lease on the account"
    (order,) = venue.actions.submit(EXIT, None).run(venue.client.orders)
    assert isinstance(order, OrderRefused)
    assert (order.refusal, order.ret_code, order.reason) == (Refusal.NOT_SENT, 0, venue.reason)
    (stop,) = venue.actions.amend_stop(STOP).run(venue.client.orders)
    assert isinstance(stop, StopAmended)
    assert (stop.done, stop.refused, stop.reason) == (False, False, venue.reason)
    (leverage,) = venue.actions.set_leverage(SetLeverage("BTCUSDT", Decimal(5))).run(venue.client.orders)
    assert isinstance(leverage, LeverageAnswered)
    assert not leverage.done
    assert list(venue.actions.cancel(CancelOrder("BTCUSDT", "w-1")).run(venue.client.orders)) == []
    assert venue.rest.requests == []
    assert venue.fatal == []


def test_it_is_asked_after_the_stamp_was_made(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    sign: Callable[..., None] = venue.client.session._sign

    def signed(request: object) -> None:
        steps.append("signed")
        sign(request)

    monkeypatch.setattr(venue.client.session, "_sign", signed)
    monkeypatch.setattr(venue.client.session, "_fence", lambda: steps.append("asked"))
    venue.client.orders.submit(EXIT)
    assert steps == ["signed", "asked"]


def test_what_is_only_read_needs_no_lease(venue: Venue) -> None:
    venue.reason = "no lease on the account"
    venue.rest.on("market/time", lambda _: good({"timeSecond": "1", "timeNano": f"{NOW_MS}123456"}))
    venue.client.market.measure_clock()
    assert len(venue.rest.requests) >= 1
