"""The venue's own books: closed PnL and the transaction log, read whole and by their true meaning."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from loopback_rest import KEY, SECRET, Answer, LoopbackRest, Request, good, page

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.domain.books import Booking, Closing
from whalebot.domain.enums import ExecType, Side
from whalebot.domain.errors import TransportError
from whalebot.domain.intervals import WEEK_MS

D = Decimal
NEWEST_BAR = 1_699_920_000_000


@pytest.fixture
def venue(clock: Any) -> Iterator[LoopbackRest]:
    venue = LoopbackRest()
    venue.on("market/kline", good({"list": [[str(NEWEST_BAR), "1", "1", "1", "1", "1", "1"]]}))
    yield venue
    venue.close()


@pytest.fixture
def client(clock: Any, venue: LoopbackRest) -> Iterator[RestClient]:
    where = Endpoints(venue.url, "ws://127.0.0.1:1", None)
    settings = RestSettings(where, ["BTCUSDT", "ETHUSDT"], Credentials(KEY, SECRET), read_timeout_s=2.0)
    client = RestFactory(settings, clock, lambda _: None).client()
    yield client
    client.close()


def closed(number: int, time_ms: int, **changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": f"o{number}",
        "side": "Sell",
        "execType": "Trade",
        "closedSize": "0.5",
        "cumEntryValue": "50",
        "cumExitValue": "55",
        "closedPnl": "4.9",
        "openFee": "0.06",
        "closeFee": "0.04",
        "updatedTime": str(time_ms),
    } | changes


def booked(number: int, time_ms: int, kind: str, change: str, symbol: str = "") -> dict[str, Any]:
    return {
        "id": f"b{number}",
        "symbol": symbol,
        "transactionTime": str(time_ms),
        "type": kind,
        "currency": "USDT",
        "change": change,
    }


def test_closings_are_read_page_by_page_oldest_first(venue: LoopbackRest, client: RestClient) -> None:
    since = NEWEST_BAR - 1000

    def answer(request: Request) -> Answer:
        assert request.query["symbol"] == "BTCUSDT"
        if "cursor" in request.query:
            return page(closed(1, since + 1), closed(9, since - 1))
        return page(closed(2, since + 5, execType="BustTrade"), cursor="next")

    venue.on("position/closed-pnl", answer)
    first, second = client.account.closings("BTCUSDT", since)
    assert first == Closing(
        "BTCUSDT", "o1", Side.SELL, ExecType.TRADE, D("0.5"), D(50), D(55), D("0.04"), since + 1
    )
    assert (second.order_id, second.exec_type) == ("o2", ExecType.BUST_TRADE)


@pytest.mark.parametrize(("side", "leave"), [("Sell", "55"), ("Buy", "45")])
def test_a_closing_without_its_fee_has_half_of_what_the_result_lacks(
    venue: LoopbackRest, client: RestClient, side: str, leave: str
) -> None:
    row = closed(1, NEWEST_BAR, side=side, cumExitValue=leave, closeFee="")
    venue.on("position/closed-pnl", page(row))
    assert client.account.closings("BTCUSDT", NEWEST_BAR)[0].close_fee == D("0.05")


def test_bookings_of_a_day_are_those_within_it(venue: LoopbackRest, client: RestClient) -> None:
    def answer(request: Request) -> Answer:
        assert (request.query["accountType"], request.query["currency"]) == ("UNIFIED", "USDT")
        assert (request.query["startTime"], request.query["endTime"]) == ("1000", "1999")
        return page(
            booked(3, 2000, "TRADE", "-1", "BTCUSDT"),
            booked(2, 1500, "TRANSFER_OUT", "-25"),
            booked(1, 1200, "SETTLEMENT", "0.125", "BTCUSDT"),
        )

    venue.on("account/transaction-log", answer)
    assert client.account.bookings(1000, 2000) == [
        Booking("b1", "BTCUSDT", "SETTLEMENT", D("0.125"), 1200),
        Booking("b2", "", "TRANSFER_OUT", D(-25), 1500),
    ]


def test_bookings_up_to_now_come_in_windows_of_a_week(venue: LoopbackRest, client: RestClient) -> None:
    since = NEWEST_BAR - WEEK_MS
    venue.on("account/transaction-log", page())
    assert client.account.bookings(since, None) == []
    asked = [int(request.query["startTime"]) for request in venue.to("account/transaction-log")]
    assert asked == [since, since + WEEK_MS]


def test_a_spot_trade_is_no_booking_of_the_perpetual(venue: LoopbackRest, client: RestClient) -> None:
    row = booked(1, 1500, "TRADE", "-1", "BTCUSDT") | {"category": "spot"}
    venue.on("account/transaction-log", page(row))
    assert client.account.bookings(1000, 2000) == [Booking("b1", "", "TRADE", D(-1), 1500)]


@pytest.mark.parametrize("change", ["", "NaN", "much"])
def test_an_amount_that_is_no_number_is_never_taken_for_one(
    venue: LoopbackRest, client: RestClient, change: str
) -> None:
    venue.on("account/transaction-log", page(booked(1, 1500, "TRADE", change)))
    with pytest.raises(TransportError):
        client.account.bookings(1000, 2000)
