"""The REST client against a server on loopback: signatures, outcomes, pages, and what is never repeated."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from loopback_rest import KEY, SECRET, Answer, LoopbackRest, Request, bad, good

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.retcodes import Outcome, outcome_of, refusal_of
from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce, TriggerBy
from whalebot.domain.errors import (
    AuthError,
    RateLimited,
    TransportError,
    VenueFatal,
    VenueRefused,
    WhalebotError,
)
from whalebot.domain.events import Refusal
from whalebot.domain.intervals import WEEK_MS, bar_close_ms
from whalebot.domain.orders import Execution, FundingPayment, OrderIntent, Purpose

pytestmark = pytest.mark.socket
D = Decimal
NOW_MS = 1_700_000_000_000


class Rig:
    """A server, a client and the sleeps it asked for."""

    def __init__(self, clock: Any, venue: LoopbackRest) -> None:
        self.clock = clock
        self.venue = venue
        self.sleeps: list[float] = []
        self.factory = self.make_factory()
        self.client: RestClient = self.factory.client()

    def make_factory(self, **changes: Any) -> RestFactory:
        settings = RestSettings(
            **{
                "endpoints": Endpoints(self.venue.url, "ws://127.0.0.1:1", None),
                "symbols": ["BTCUSDT", "ETHUSDT"],
                "credentials": Credentials(KEY, SECRET),
                "read_timeout_s": 2.0,
                **changes,
            }
        )
        return RestFactory(settings, self.clock, self.sleeps.append)


@pytest.fixture
def rig(clock: Any) -> Iterator[Rig]:
    venue = LoopbackRest()
    venue.on("market/time", lambda _: good({"timeSecond": "1", "timeNano": f"{clock.now_ms()}123456"}))
    rig = Rig(clock, venue)
    yield rig
    rig.client.close()
    venue.close()


def intent(**changes: Any) -> OrderIntent:
    facts: dict[str, Any] = {
        "order_link_id": "wb-1-BTCUSDT-7",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "qty": D("0.010"),
        "purpose": Purpose.ENTRY,
        "created_ms": 1,
        "sent_ms": 2,
        "stop_loss": D("95.5"),
        "take_profit": D("1E+2"),
    }
    return OrderIntent(**(facts | changes))


def stop(**changes: Any) -> AmendStop:
    facts: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "request_no": 1,
        "position_idx": 0,
        "stop_loss": D("96.10"),
        "take_profit": None,
        "trigger_by": TriggerBy.MARK_PRICE,
    }
    return AmendStop(**(facts | changes))


# --- writes -----------------------------------------------------------------------------------------------


def test_an_entry_carries_its_stops_and_is_signed_over_the_body(rig: Rig) -> None:
    rig.venue.on("order/create", good({"orderId": "o-1", "orderLinkId": "wb-1-BTCUSDT-7"}))
    assert rig.client.orders.submit(intent()) == "o-1"
    (request,) = rig.venue.to("order/create")
    assert request.signature_is_right()
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Market",
        "qty": "0.010",
        "timeInForce": "IOC",
        "orderLinkId": "wb-1-BTCUSDT-7",
        "positionIdx": 0,
        "reduceOnly": False,
        "tpslMode": "Full",
        "stopLoss": "95.5",
        "slTriggerBy": "LastPrice",
        "slOrderType": "Market",
        "takeProfit": "100",
        "tpTriggerBy": "LastPrice",
        "tpOrderType": "Market",
    }


def test_an_exit_is_reduce_only_without_stops_and_a_limit_order_has_its_price(rig: Rig) -> None:
    rig.venue.on("order/create", good({"orderId": "o-1"}))
    bare = {"stop_loss": None, "take_profit": None}
    rig.client.orders.submit(intent(reduce_only=True, position_idx=2, side=Side.SELL, **bare))
    rig.client.orders.submit(
        intent(order_type=OrderType.LIMIT, price=D("99.9"), time_in_force=TimeInForce.POST_ONLY, **bare)
    )
    leaving, resting = (request.json for request in rig.venue.to("order/create"))
    assert (leaving["reduceOnly"], leaving["positionIdx"], leaving["side"]) == (True, 2, "Sell")
    assert "stopLoss" not in leaving
    assert "tpslMode" not in leaving
    assert "price" not in leaving
    assert (resting["price"], resting["timeInForce"], resting["orderType"]) == ("99.9", "PostOnly", "Limit")


UNKNOWN = {
    "server timeout": bad(10000),
    "server error": bad(10016),
    "duplicate id": bad(110072, "OrderLinkedID is duplicate"),
    "bad gateway": Answer(b"<html>", 502),
    "not json": Answer(b"<html>hello</html>"),
    "no envelope": Answer(b"[]"),
    "empty": Answer(b""),
    "no order id": good({}),
    "hung up": Answer(hang_up=True),
    "redirect": Answer(b"", 302, {"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_order_whose_fate_is_open_is_unknown_and_sent_once(rig: Rig, answer: Answer) -> None:
    rig.venue.on("order/create", answer)
    with pytest.raises(TransportError):
        rig.client.orders.submit(intent())
    assert len(rig.venue.requests) == 1
    assert rig.sleeps == []


def test_a_timeout_after_sending_is_unknown_and_sent_once(rig: Rig) -> None:
    release = threading.Event()
    rig.venue.on("order/create", Answer(wait=release, hang_up=True))
    client = rig.make_factory(read_timeout_s=0.1).client()
    with pytest.raises(TransportError, match="ReadTimeout"):
        client.orders.submit(intent())
    release.set()
    client.close()
    assert len(rig.venue.requests) == 1


def test_no_route_to_the_venue_is_a_transport_error(rig: Rig) -> None:
    nowhere = Endpoints("http://127.0.0.1:1", "ws://127.0.0.1:1", None)
    client = rig.make_factory(endpoints=nowhere).client()
    with pytest.raises(TransportError, match="ConnectionError"):
        client.orders.submit(intent())


DEFINITE = {
    110007: Refusal.INSUFFICIENT,
    110012: Refusal.INSUFFICIENT,
    110094: Refusal.PRECISION,
    110017: Refusal.REJECTED,
    110066: Refusal.MAINTENANCE,
    10019: Refusal.MAINTENANCE,
    10002: Refusal.RETRY_LATER,
    110079: Refusal.RETRY_LATER,
    10029: Refusal.REJECTED,
    999999: Refusal.REJECTED,
}


@pytest.mark.parametrize(("code", "kind"), DEFINITE.items())
def test_a_definite_no_is_refused_with_its_kind_and_sent_once(rig: Rig, code: int, kind: Refusal) -> None:
    rig.venue.on("order/create", bad(code, "because"))
    with pytest.raises(VenueRefused, match="because") as caught:
        rig.client.orders.submit(intent())
    assert caught.value.ret_code == code
    assert caught.value.call == "POST /v5/order/create"
    assert refusal_of(caught.value) is kind
    assert len(rig.venue.requests) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Qty invalid",
        "params error: The quantity is too small",
        "Price invalid",
        "StopLoss invalid",
        "params error: TakeProfit invalid",
    ],
)
def test_a_parameter_error_about_numbers_is_a_matter_of_precision(message: str) -> None:
    assert refusal_of(VenueRefused(10001, message, "x")) is Refusal.PRECISION


def test_a_parameter_error_about_the_index_is_a_matter_of_the_position_mode() -> None:
    refused = VenueRefused(10001, "position idx not match position mode", "x")
    assert refusal_of(refused) is Refusal.POSITION_MODE
    assert refusal_of(VenueRefused(10001, "orderLinkId invalid", "x")) is Refusal.REJECTED


@pytest.mark.parametrize("code", [10003, 10004, 10005, 10007, 10010, 33004])
def test_a_refused_key_is_an_auth_error(rig: Rig, code: int) -> None:
    rig.venue.on("order/create", bad(code))
    with pytest.raises(AuthError) as caught:
        rig.client.orders.submit(intent())
    assert refusal_of(caught.value) is Refusal.AUTH
    assert SECRET not in str(caught.value)


def test_http_401_is_an_auth_error_and_404_a_refusal(rig: Rig) -> None:
    rig.venue.on("order/create", Answer(b"", 401), Answer(b"", 404))
    with pytest.raises(AuthError):
        rig.client.orders.submit(intent())
    with pytest.raises(VenueRefused, match="HTTP 404"):
        rig.client.orders.submit(intent())


def test_an_open_outcome_has_no_refusal() -> None:
    with pytest.raises(TransportError):
        refusal_of(TransportError("timeout"))


def test_success_in_disguise_is_success(rig: Rig) -> None:
    rig.venue.on("position/set-leverage", bad(110043, "Set leverage has not been modified."))
    rig.venue.on("position/trading-stop", bad(34040, "not modified"))
    rig.venue.on("order/cancel", bad(110001, "order not exists or too late to cancel"))
    rig.client.orders.set_leverage("BTCUSDT", D(5))
    rig.client.orders.amend_stop(stop())
    rig.client.orders.cancel("BTCUSDT", "wb-1")
    assert rig.venue.to("position/set-leverage")[0].json == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "buyLeverage": "5",
        "sellLeverage": "5",
    }
    assert rig.venue.to("order/cancel")[0].json["orderLinkId"] == "wb-1"
    assert all(request.signature_is_right() for request in rig.venue.requests)


def test_success_in_disguise_counts_for_its_own_call_only(rig: Rig) -> None:
    for path in ("position/set-leverage", "position/trading-stop", "order/cancel"):
        rig.venue.on(path, bad(110017, "no"))
    for call in (
        lambda: rig.client.orders.set_leverage("BTCUSDT", D(5)),
        lambda: rig.client.orders.amend_stop(stop()),
        lambda: rig.client.orders.cancel("BTCUSDT", "wb-1"),
    ):
        with pytest.raises(VenueRefused):
            call()


def test_a_stop_is_set_for_the_whole_position_and_leaves_out_what_stays(rig: Rig) -> None:
    rig.venue.on("position/trading-stop", good({}))
    rig.client.orders.amend_stop(stop())
    rig.client.orders.amend_stop(
        stop(stop_loss=None, take_profit=D("120"), trailing_distance=D("3.5"), active_price=D("110"))
    )
    first, second = (request.json for request in rig.venue.to("position/trading-stop"))
    assert first == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "positionIdx": 0,
        "tpslMode": "Full",
        "stopLoss": "96.10",
        "slTriggerBy": "MarkPrice",
        "slOrderType": "Market",
    }
    assert (second["takeProfit"], second["trailingStop"], second["activePrice"]) == ("120", "3.5", "110")
    assert "stopLoss" not in second


# --- clock and limits -------------------------------------------------------------------------------------


def test_requests_are_signed_with_the_venues_clock(rig: Rig, clock: Any) -> None:
    ahead = clock.now_ms() + 120_000
    rig.venue.on("market/time", good({"timeSecond": "1", "timeNano": f"{ahead}999999"}))
    rig.venue.on("order/create", good({"orderId": "o"}))
    skew = rig.client.market.measure_clock()
    assert skew.offset_ms == pytest.approx(120_000, abs=50)
    assert 0 <= skew.round_trip_ms < 1000
    rig.client.orders.submit(intent())
    stamp = int(rig.venue.to("order/create")[0].headers["x-bapi-timestamp"])
    assert stamp == clock.now_ms() + skew.offset_ms
    # A client made later shares the clock.
    other = rig.factory.client()
    other.orders.submit(intent())
    other.close()
    assert int(rig.venue.to("order/create")[1].headers["x-bapi-timestamp"]) == stamp


def test_too_many_visits_waits_for_the_venues_reset(rig: Rig, clock: Any) -> None:
    reset = str(clock.now_ms() + 5_000)
    rig.venue.on("order/create", bad(10006, X_Bapi_Limit_Reset_Timestamp=reset), good({"orderId": "o"}))
    with pytest.raises(RateLimited) as caught:
        rig.client.orders.submit(intent())
    assert caught.value.retry_at_ms == clock.now_ms() + 5_000
    assert refusal_of(caught.value) is Refusal.RATE_LIMITED
    with pytest.raises(RateLimited):
        rig.client.orders.submit(intent())
    assert len(rig.venue.requests) == 1, "nothing may be sent before the reset"
    clock.time_ms += 4_500
    assert rig.client.orders.submit(intent()) == "o"
    assert rig.sleeps == [pytest.approx(0.5)]


def test_the_reset_is_told_in_local_time(rig: Rig, clock: Any) -> None:
    rig.factory.venue_clock.set_offset_ms(60_000)
    reset = str(clock.now_ms() + 60_000 + 2_000)
    rig.venue.on("order/create", bad(10006, X_Bapi_Limit_Reset_Timestamp=reset))
    with pytest.raises(RateLimited) as caught:
        rig.client.orders.submit(intent())
    assert caught.value.retry_at_ms == clock.now_ms() + 2_000


def test_the_bucket_spaces_requests_and_takes_the_venues_count(rig: Rig) -> None:
    rig.venue.on("order/cancel", good({}, X_Bapi_Limit="2", X_Bapi_Limit_Status="0"))
    rig.client.orders.cancel("BTCUSDT", "a")
    rig.client.orders.cancel("BTCUSDT", "b")
    assert len(rig.sleeps) == 1
    assert 0.3 < rig.sleeps[0] <= 0.5
    # Another endpoint has its own bucket, and absent headers leave the default.
    rig.venue.on("position/trading-stop", good({}))
    rig.client.orders.amend_stop(stop())
    assert len(rig.sleeps) == 1


def test_http_403_stops_everything_for_ten_minutes(rig: Rig, clock: Any) -> None:
    rig.venue.on("order/create", Answer(b"<html>403</html>", 403), good({"orderId": "o"}))
    with pytest.raises(RateLimited, match="HTTP 403") as caught:
        rig.client.orders.submit(intent())
    assert caught.value.retry_at_ms == clock.now_ms() + 600_000
    clock.time_ms += 599_000
    with pytest.raises(RateLimited):
        rig.client.market.server_time_ms()
    assert len(rig.venue.requests) == 1
    clock.time_ms += 1_000
    assert rig.client.orders.submit(intent()) == "o"


def test_a_refused_address_is_told_once_and_reads_are_not_repeated(rig: Rig, clock: Any) -> None:
    told: list[tuple[int, str]] = []
    settings = RestSettings(Endpoints(rig.venue.url, "ws://127.0.0.1:1", None), ["BTCUSDT"])
    factory = RestFactory(settings, clock, rig.sleeps.append, lambda *block: told.append(block))
    client = factory.client()
    rig.venue.on("market/kline", Answer(b"<html>403</html>", 403))
    for _ in range(3):
        with pytest.raises(RateLimited):
            client.market.candles("BTCUSDT", "1", None, None, 10)
    assert told == [(clock.now_ms() + 600_000, "GET /v5/market/kline")]
    assert rig.sleeps == []
    assert len(rig.venue.to("market/kline")) == 1
    clock.time_ms += 600_000
    with pytest.raises(RateLimited):
        client.market.candles("BTCUSDT", "1", None, None, 10)
    assert len(told) == 2
    client.close()


# --- reads ------------------------------------------------------------------------------------------------


def rows(*items: Any, cursor: str = "") -> Answer:
    return good({"category": "linear", "list": list(items), "nextPageCursor": cursor})


def order_row(link: str = "wb-1", symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "orderId": f"id-{link}",
        "orderLinkId": link,
        "side": "Buy",
        "orderStatus": "New",
        "qty": "1",
        "cumExecQty": "0.00",
        "avgPrice": "0",
        "triggerPrice": "0.00",
        "stopOrderType": "UNKNOWN",
        "createdTime": "1",
        "updatedTime": "2",
    } | changes


def position_row(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "side": "Sell",
        "size": "0.5",
        "avgPrice": "100.5",
        "positionIdx": 0,
        "stopLoss": "110",
        "takeProfit": "0.00",
        "leverage": "5",
        "liqPrice": "",
        "updatedTime": "1697673600012",
        "seq": 5,
    } | changes


WALLET = {
    "accountType": "UNIFIED",
    "totalAvailableBalance": "900.5",
    "coin": [{"coin": "USDT", "equity": "1001", "walletBalance": "1000"}],
}


def test_snapshot_reads_all_pages_of_the_configured_symbols(rig: Rig) -> None:
    cursor = "page_token%3D39380%26a%2Db"
    rig.venue.on("position/list", rows(position_row(), position_row("DOGEUSDT"), cursor=cursor), rows())
    rig.venue.on(
        "order/realtime",
        rows(order_row("a"), cursor="next"),
        rows(order_row("b", orderStatus="Untriggered", stopOrderType="StopLoss", triggerPrice="95")),
    )
    rig.venue.on("account/wallet-balance", rows(WALLET))
    snapshot = rig.client.account.snapshot()
    (position,) = snapshot.positions
    assert (position.symbol, position.side, position.avg_price) == ("BTCUSDT", Side.SELL, D("100.5"))
    assert (position.stop_loss, position.take_profit) == (D(110), None)
    assert [order.order_link_id for order in snapshot.orders] == ["a", "b"]
    assert snapshot.orders[1].status is OrderStatus.UNTRIGGERED
    assert snapshot.orders[1].trigger_price == D(95)
    assert (snapshot.wallet.equity, snapshot.wallet.available_balance) == (D(1001), D("900.5"))
    assert snapshot.wallet.updated_ms == NOW_MS
    first, second = rig.venue.to("position/list")
    assert (first.query["settleCoin"], first.query["limit"]) == ("USDT", "200")
    # The cursor arrives as the venue meant it, and the signature covers the bytes that were sent.
    assert second.query["cursor"] == "page_token=39380&a-b"
    assert all(request.signature_is_right() for request in rig.venue.requests)


def test_an_empty_account_is_known_to_be_empty(rig: Rig) -> None:
    rig.venue.on("position/list", rows())
    rig.venue.on("order/realtime", rows())
    rig.venue.on("account/wallet-balance", rows(WALLET | {"coin": []}))
    snapshot = rig.client.account.snapshot()
    assert (snapshot.positions, snapshot.orders, snapshot.wallet.equity) == ((), (), D(0))


def test_a_wallet_without_usdt_is_not_believed_while_a_position_is_open(rig: Rig) -> None:
    rig.venue.on("position/list", rows(position_row()))
    rig.venue.on("order/realtime", rows())
    rig.venue.on("account/wallet-balance", rows(WALLET | {"coin": []}))
    with pytest.raises(TransportError, match="names no USDT"):
        rig.client.account.snapshot()


@pytest.mark.parametrize("blank", ["equity", "walletBalance"])
def test_a_wallet_without_amounts_is_not_an_empty_one(rig: Rig, blank: str) -> None:
    rig.venue.on("position/list", rows())
    rig.venue.on("order/realtime", rows())
    coin = {"coin": "USDT", "equity": "1001", "walletBalance": "1000"} | {blank: ""}
    rig.venue.on("account/wallet-balance", rows(WALLET | {"coin": [coin]}))
    with pytest.raises(TransportError, match="does not tell"):
        rig.client.account.snapshot()


BROKEN = {
    "retCode": bad(110001),
    "no list": good({}),
    "null": good(None),
    "bad row": rows({"symbol": "BTCUSDT"}),
    "bad side": rows(position_row(side="Up")),
    "bad number": rows(position_row(avgPrice="many")),
    "5xx": Answer(b"", 500),
    "hang up": Answer(hang_up=True),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_a_failed_query_is_never_empty(rig: Rig, answer: Answer) -> None:
    rig.venue.on("position/list", answer)
    rig.venue.on("order/realtime", rows())
    rig.venue.on("account/wallet-balance", rows(WALLET))
    with pytest.raises((TransportError, VenueRefused)):
        rig.client.account.snapshot()


def test_reads_are_repeated_at_most_twice_with_backoff(rig: Rig) -> None:
    rig.venue.on("order/realtime", Answer(b"", 502), Answer(hang_up=True), rows())
    rig.venue.on("order/history", Answer(b"", 502))
    rig.venue.on("execution/list", rows())
    with pytest.raises(TransportError, match="502"):
        rig.client.account.order_by_link_id("BTCUSDT", "wb-1")
    assert len(rig.venue.to("order/realtime")) == 3
    assert len(rig.venue.to("order/history")) == 3
    assert rig.sleeps == [0.3, 1.0, 0.3, 1.0]


def test_a_read_refused_for_the_clock_measures_it_and_asks_again(rig: Rig, clock: Any) -> None:
    rig.venue.on(
        "market/time", lambda _: good({"timeSecond": "1", "timeNano": f"{clock.now_ms() - 7000}000000"})
    )
    rig.venue.on("account/info", bad(10002), good({"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 6}))
    assert rig.client.preflight.account().is_unified
    first, second = rig.venue.to("account/info")
    shift = int(second.headers["x-bapi-timestamp"]) - int(first.headers["x-bapi-timestamp"])
    assert shift == pytest.approx(-7000, abs=50)


def test_a_read_refused_outright_is_asked_once(rig: Rig) -> None:
    rig.venue.on("account/info", bad(10001))
    with pytest.raises(VenueRefused):
        rig.client.preflight.account()
    assert len(rig.venue.requests) == 1


def test_an_order_is_looked_for_in_three_places(rig: Rig) -> None:
    rig.venue.on("order/realtime", rows(order_row("other")))
    rig.venue.on("order/history", rows())
    rig.venue.on("execution/list", rows())
    assert rig.client.account.order_by_link_id("BTCUSDT", "wb-1") is None
    asked = [request.path for request in rig.venue.requests]
    assert asked == ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list"]
    assert all(request.query["orderLinkId"] == "wb-1" for request in rig.venue.requests)
    rig.venue.on("order/history", rows(order_row("wb-1", orderStatus="Cancelled", cumExecQty="0.4")))
    found = rig.client.account.order_by_link_id("BTCUSDT", "wb-1")
    assert found is not None
    assert (found.status, found.cum_exec_qty) == (OrderStatus.CANCELLED, D("0.4"))


def test_an_order_is_absent_only_when_all_three_answered(rig: Rig) -> None:
    rig.venue.on("order/realtime", rows())
    rig.venue.on("order/history", rows())
    rig.venue.on("execution/list", Answer(b"", 503))
    with pytest.raises(TransportError):
        rig.client.account.order_by_link_id("BTCUSDT", "wb-1")


def execution_row(number: int, time_ms: int, **changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "execId": f"e{number}",
        "execPrice": "100",
        "execQty": "0.5",
        "execTime": str(time_ms),
        "side": "Buy",
        "execType": "Trade",
        "execFee": "0.0275",
        "orderLinkId": "wb-1",
        "orderQty": "1",
        "seq": number,
    } | changes


def test_an_order_that_only_its_fills_remember(rig: Rig) -> None:
    rig.venue.on("order/realtime", rows())
    rig.venue.on("order/history", rows())
    rig.venue.on("execution/list", rows(execution_row(2, 20, execPrice="102"), execution_row(1, 10)))
    found = rig.client.account.order_by_link_id("BTCUSDT", "wb-1")
    assert found is not None
    assert (found.status, found.cum_exec_qty, found.avg_price) == (OrderStatus.FILLED, D(1), D(101))
    rig.venue.on("execution/list", rows(execution_row(1, 10)))
    partial = rig.client.account.order_by_link_id("BTCUSDT", "wb-1")
    assert partial is not None
    assert (partial.status, partial.qty, partial.cum_exec_qty) == (
        OrderStatus.PARTIALLY_FILLED_CANCELLED,
        D(1),
        D("0.5"),
    )
    fills = rig.client.account.executions_of_order("BTCUSDT", "wb-1")
    assert [fill.exec_id for fill in fills] == ["e1"]


def test_executions_come_in_windows_of_a_week_oldest_first_and_once(rig: Rig) -> None:
    since = 1_000_000
    now = since + 2 * WEEK_MS + 5

    def answer(request: Request) -> Answer:
        start, end = int(request.query["startTime"]), int(request.query["endTime"])
        assert end - start == WEEK_MS - 1
        if start == since:
            if "cursor" in request.query:
                return rows(execution_row(1, since + 1))
            funding = execution_row(3, since + 3, execType="Funding", execFee="-0.2")
            return rows(
                funding, execution_row(2, since + 3, seq=2), execution_row(1, since + 1), cursor="p%3A2"
            )
        if start == since + WEEK_MS:
            return rows()
        return rows(execution_row(9, start + 1))

    rig.venue.on("execution/list", answer)
    day = str(now // 86_400_000 * 86_400_000)
    rig.venue.on("market/kline", good({"list": [[day, "1", "1", "1", "1", "1", "1"]]}))
    found = rig.client.account.executions("BTCUSDT", since)
    # A venue that plays five-minute bars has no minutes, but every venue has days.
    assert [request.query["interval"] for request in rig.venue.to("market/kline")] == ["D"]
    assert [row.exec_id for row in found] == ["e1", "e2", "e3", "e9"]
    assert [type(row) for row in found] == [Execution, Execution, FundingPayment, Execution]
    payment = found[2]
    assert isinstance(payment, FundingPayment)
    assert payment.amount == D("-0.2")
    assert all(request.signature_is_right() for request in rig.venue.to("execution/list"))


# --- history ----------------------------------------------------------------------------------------------

MINUTE = 60_000


def kline_server(opens: list[int]) -> Any:
    """Answer as the venue does: newest first, open <= end, at most `limit`; `start` is not understood."""

    def answer(request: Request) -> Answer:
        assert "start" not in request.query
        end = int(request.query.get("end", opens[-1]))
        chosen = [o for o in reversed(opens) if o <= end][: int(request.query["limit"])]
        assert int(request.query["limit"]) <= 1000
        return good({"list": [[str(o), "2", "4", "1", "3", str(o // MINUTE), "9"] for o in chosen]})

    return answer


OPENS = [NOW_MS // MINUTE * MINUTE + i * MINUTE for i in range(2500)]


def candle_opens(rig: Rig, start: int | None, end: int | None, limit: int) -> list[int]:
    rig.venue.on("market/kline", kline_server(OPENS))
    return [bar.open_ms for bar in rig.client.market.candles("BTCUSDT", "1", start, end, limit)]


def test_the_newest_bar_is_forming_and_left_out(rig: Rig) -> None:
    assert candle_opens(rig, None, None, 3) == OPENS[-4:-1]


def test_history_longer_than_a_page_is_walked(rig: Rig) -> None:
    assert candle_opens(rig, None, None, 1000) == OPENS[-1001:-1]
    assert candle_opens(rig, None, None, 5000) == OPENS[:-1]


def test_an_end_in_the_past_gives_all_bars_before_it(rig: Rig) -> None:
    assert candle_opens(rig, None, OPENS[100], 3) == OPENS[97:100]
    assert candle_opens(rig, OPENS[98], OPENS[100], 50) == OPENS[98:100]
    assert candle_opens(rig, OPENS[98] + 1, OPENS[100] + 1, 50) == [OPENS[99], OPENS[100]]


def test_an_end_in_the_future_does_not_make_the_forming_bar_closed(rig: Rig) -> None:
    assert candle_opens(rig, OPENS[-3], OPENS[-1] + 10 * MINUTE, 50) == OPENS[-3:-1]
    assert candle_opens(rig, OPENS[-3], OPENS[-1] + MINUTE, 50) == OPENS[-3:-1]
    assert candle_opens(rig, OPENS[-3], OPENS[-1], 50) == OPENS[-3:-1]


def test_a_hole_at_the_end_is_no_reason_to_drop_a_closed_bar(rig: Rig) -> None:
    holed = OPENS[:50] + OPENS[60:]
    rig.venue.on("market/kline", kline_server(holed))
    bars = rig.client.market.candles("BTCUSDT", "1", OPENS[48], OPENS[55], 10)
    assert [bar.open_ms for bar in bars] == OPENS[48:50]


def test_no_bars_at_all(rig: Rig) -> None:
    rig.venue.on("market/kline", good({"list": []}))
    assert rig.client.market.candles("BTCUSDT", "1", None, None, 10) == []
    assert rig.client.market.candles("BTCUSDT", "1", None, None, 0) == []


def test_months_have_their_own_grid(rig: Rig) -> None:
    opens = [1672531200000]  # 2023-01-01
    while len(opens) < 6:
        opens.append(bar_close_ms(opens[-1], "M"))
    rig.venue.on("market/kline", kline_server(opens))
    bars = rig.client.market.candles("BTCUSDT", "M", None, opens[4] - 1, 10)
    assert [bar.open_ms for bar in bars] == opens[:4]
    assert bars[0].close_ms == opens[1]


@pytest.mark.parametrize(
    "row",
    [
        ["1", "2", "4", "1", "3", "5", "9"],
        [str(OPENS[0]), "5", "4", "1", "3", "5", "9"],
        [str(OPENS[0]), "2", "4", "1", "3", "-5", "9"],
        [str(OPENS[0]), "2", "NaN", "1", "3", "5", "9"],
        [str(OPENS[0]), "2", "4"],
        ["soon", "2", "4", "1", "3", "5", "9"],
    ],
)
def test_a_bad_bar_makes_the_answer_unreadable(rig: Rig, row: list[str]) -> None:
    rig.venue.on("market/kline", good({"list": [row]}))
    with pytest.raises(TransportError, match="unreadable"):
        rig.client.market.candles("BTCUSDT", "1", None, None, 10)


def recorded_body(recorded: Path, name: str) -> Any:
    return json.loads((recorded / "rest" / name).read_text())


def test_recorded_instruments(rig: Rig, recorded: Path) -> None:
    bodies = recorded_body(recorded, "market_instruments-info.json")
    older: dict[str, Any] = {"retCode": 0, "retMsg": "OK", "time": 1}
    older |= recorded_body(recorded, "market_instruments-info.linear-all-2023-02.json")[0]
    rig.venue.on("market/instruments-info", Answer(bodies[1]), Answer(bodies[0]), Answer(older))
    found = {i.symbol: i for i in rig.client.market.instruments(["BTCUSDT", "BIOUSDT", "NOSUCHUSDT"])}
    assert found.keys() == {"BTCUSDT", "BIOUSDT"}
    bitcoin = found["BTCUSDT"]
    assert (bitcoin.tick_size, bitcoin.qty_step, bitcoin.min_notional) == (D("0.10"), D("0.001"), D(5))
    assert (bitcoin.max_qty, bitcoin.max_market_qty, bitcoin.max_leverage) == (D(1190), D(500), D(100))
    assert (bitcoin.funding_interval_min, found["BIOUSDT"].status) == (480, "PreLaunch")
    first, second = rig.venue.to("market/instruments-info")
    assert second.query["cursor"] == "first=BIOUSDT&last=BIOUSDT"
    assert not first.is_signed
    many = rig.client.market.instruments(["BTCUSDT", "ETHUSDT", "XRPUSDT"])
    assert len(many) == 3


def test_instruments_with_a_tick_of_zero_are_unreadable(rig: Rig, recorded: Path) -> None:
    body = recorded_body(recorded, "market_instruments-info.json")[0]
    for row in body["result"]["list"]:
        row["priceFilter"]["tickSize"] = "0"
    symbol = body["result"]["list"][0]["symbol"]
    body["result"]["nextPageCursor"] = ""
    rig.venue.on("market/instruments-info", Answer(body))
    with pytest.raises(TransportError, match="not above zero"):
        rig.client.market.instruments([symbol])


def test_recorded_account_bodies(rig: Rig, recorded: Path) -> None:
    for path in ("account_wallet-balance", "position_list", "order_realtime", "order_history"):
        body = recorded_body(recorded, f"{path}.json")[0]
        last = rows() if "Cursor" in json.dumps(body) else Answer(body)
        rig.venue.on(path.replace("_", "/", 1), Answer(body), last)
    snapshot = rig.client.account.snapshot()
    # The recorded position is an inverse contract, the order is of a configured symbol.
    assert snapshot.positions == ()
    assert [(o.symbol, o.position_idx, o.avg_price) for o in snapshot.orders] == [("ETHUSDT", 1, None)]
    assert snapshot.wallet.available_balance == D(0)
    rig.venue.on("order/realtime", rows())
    found = rig.client.account.order_by_link_id("BTCUSDT", "YLxaWKMiHU")
    assert found is not None
    assert (found.status, found.reject_reason) == (OrderStatus.CANCELLED, "EC_PostOnlyWillTakeLiquidity")


def test_recorded_executions_of_another_product_are_left_out(rig: Rig, recorded: Path) -> None:
    body = recorded_body(recorded, "execution_list.json")[0]
    assert body["result"]["list"][0]["extraFees"] == ""
    rig.venue.on("execution/list", Answer(body), rows())
    rig.venue.on("market/kline", good({"list": []}))
    assert rig.client.account.executions("BTCUSDT", 1) == []


def test_recorded_bars_time_and_acks(rig: Rig, recorded: Path) -> None:
    body = recorded_body(recorded, "market_kline.json")[0]
    body["result"]["category"] = "linear"
    rig.venue.on("market/kline", Answer(body))
    bars = rig.client.market.candles("BTCUSD", "60", None, None, 2)
    assert [bar.open_ms for bar in bars] == [1670601600000, 1670605200000]
    assert bars[-1].close == D(17071)
    rig.venue.on("market/time", Answer(recorded_body(recorded, "market_time.json")[0]))
    assert rig.client.market.server_time_ms() == 1688639403423
    rig.venue.on("order/create", Answer(recorded_body(recorded, "order_create.json")[0]))
    assert rig.client.orders.submit(intent()) == "1321003749386327552"
    for path, call in (
        ("position_trading-stop", lambda: rig.client.orders.amend_stop(stop())),
        ("position_set-leverage", lambda: rig.client.orders.set_leverage("BTCUSDT", D(3))),
        ("order_cancel", lambda: rig.client.orders.cancel("BTCUSDT", "x")),
    ):
        rig.venue.on(path.replace("_", "/", 1), Answer(recorded_body(recorded, f"{path}.json")[0]))
        call()


def test_every_listed_code_has_a_meaning_and_none_but_zero_is_plain_success(recorded: Path) -> None:
    codes = {
        row["code"] for row in recorded_body(recorded, "error_codes.json") if isinstance(row["code"], int)
    }
    assert len(codes) > 500
    done = {code for code in codes if outcome_of(code) is Outcome.DONE}
    assert done == {110043, 34040}
    for code in codes - done:
        if outcome_of(code) in (Outcome.REFUSED, Outcome.MAINTENANCE, Outcome.FATAL, Outcome.RETRY_LATER):
            assert isinstance(refusal_of(VenueRefused(code, "x", "y")), Refusal)


# --- preflight and secrets --------------------------------------------------------------------------------


def test_preflight_facts(rig: Rig, recorded: Path) -> None:
    key = {
        "id": "1",
        "readOnly": 0,
        "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer", "Withdraw"]},
        "ips": ["10.0.0.1"],
        "userID": 24617703,
        "uta": 1,
        "isMaster": True,
        "expiredAt": "2030-01-01T00:00:00Z",
    }
    rig.venue.on("user/query-api", good(key), good(key | {"ips": ["*"], "readOnly": 1, "permissions": {}}))
    facts = rig.client.preflight.key()
    assert (facts.account_id, facts.may_withdraw, facts.may_trade, facts.ip_bound) == (
        "24617703",
        True,
        True,
        True,
    )
    weaker = rig.client.preflight.key()
    assert (weaker.may_withdraw, weaker.may_trade, weaker.ip_bound, weaker.read_only) == (
        False,
        False,
        False,
        True,
    )
    rig.venue.on("account/info", Answer(recorded_body(recorded, "account_info.json")[0]))
    account = rig.client.preflight.account()
    assert (account.margin_mode, account.is_unified) == ("REGULAR_MARGIN", True)
    rig.venue.on("account/fee-rate", Answer(recorded_body(recorded, "account_fee-rate.json")[0]))
    assert rig.client.preflight.fee_rate("ETHUSDT").taker == D("0.0006")
    with pytest.raises(TransportError, match="BTCUSDT"):
        rig.client.preflight.fee_rate("BTCUSDT")


def test_position_mode_of_a_flat_symbol(rig: Rig) -> None:
    flat = {"side": "", "size": "0", "avgPrice": "0"}
    rig.venue.on(
        "position/list",
        rows(position_row(**flat)),
        rows(position_row(positionIdx=1, **flat), position_row(positionIdx=2, **flat)),
        rows(),
    )
    assert not rig.client.preflight.position_mode("BTCUSDT").is_hedge
    facts = rig.client.preflight.position_mode("BTCUSDT")
    assert (facts.is_hedge, facts.leverage) == (True, D(5))
    with pytest.raises(TransportError):
        rig.client.preflight.position_mode("BTCUSDT")


@pytest.mark.parametrize("code", [10009, 10024, 10028])
def test_a_venue_that_will_never_serve_us_is_fatal_at_preflight(rig: Rig, code: int) -> None:
    rig.venue.on("account/info", bad(code))
    with pytest.raises(VenueFatal):
        rig.client.preflight.account()


def test_secrets_show_nowhere(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[WhalebotError] = []
    for answer in [*UNKNOWN.values(), bad(10004), Answer(b"", 403)]:
        rig.venue.on("order/create", answer)
        with pytest.raises(WhalebotError) as caught:
            rig.client.orders.submit(intent())
        errors.append(caught.value)
    shown = repr(rig.client) + repr(rig.client.session) + caplog.text
    shown += "".join(repr(error) + repr(error.__cause__) for error in errors)
    assert SECRET not in shown
    assert KEY not in shown


def test_public_calls_need_no_keys_and_private_ones_say_so(rig: Rig) -> None:
    client = rig.make_factory(credentials=None).client()
    assert client.market.server_time_ms() == rig.clock.now_ms()
    with pytest.raises(AuthError, match="no API key"):
        client.orders.submit(intent())
    client.close()
    assert rig.venue.to("order/create") == []
