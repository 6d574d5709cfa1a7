"""Every number with which the venue refuses, brought about by what an unmodified client sends."""

from __future__ import annotations

import queue
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import ccxt
import pybit._websocket_trading as pybit_trading
import pybit.unified_trading as pybit
import pytest
from exchange_harness import KEY, SECRET, Running, running, track
from pybit.exceptions import FailedRequestError, InvalidRequestError

pytestmark = pytest.mark.socket
LINEAR: Final = {"category": "linear", "symbol": "BTCUSDT"}
MARKET_BUY: Final = {**LINEAR, "side": "Buy", "orderType": "Market", "qty": "0.01"}
LIMIT_BUY: Final = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "58000"}
SYMBOL: Final = "BTC/USDT:USDT"


class Clients:
    """Both clients of one exchange, and its faults."""

    def __init__(self, exchange: Running) -> None:
        self._exchange = exchange
        self.pybit = self.session()
        self.ccxt = ccxt.bybit({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
        self.ccxt.urls["api"]["public"] = self.ccxt.urls["api"]["private"] = exchange.url
        self.ccxt.load_markets()

    def session(self, key: str = KEY, secret: str = SECRET) -> Any:
        session = pybit.HTTP(api_key=key, api_secret=secret, max_retries=1)
        session.endpoint = self._exchange.url
        return session

    def fault(self, **fault: Any) -> None:
        self._exchange.post("/control/faults", fault)

    def hold(self, **more: str) -> None:
        self.pybit.place_order(**MARKET_BUY, **more)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Running]:
    with running([track()]) as alive:
        yield alive


@pytest.fixture
def clients(exchange: Running) -> Iterator[Clients]:
    made = Clients(exchange)
    yield made
    made.pybit.cancel_all_orders(**LINEAR)
    for position in made.pybit.get_positions(category="linear", settleCoin="USDT")["result"]["list"]:
        made.pybit.place_order(
            **LINEAR, side="Sell", orderType="Market", qty=position["size"], reduceOnly=True
        )
    made.ccxt.session.close()


def bad_parameter(clients: Clients) -> None:
    clients.pybit.place_order(**{**LIMIT_BUY, "qty": "many"})


def outside_the_window(clients: Clients) -> None:
    clients.fault(do="clock_skew", ms=20_000, **{"for": "PT30S"})
    try:
        clients.ccxt.fetch_positions([SYMBOL])
    finally:
        clients.fault(do="clock_skew", ms=0, **{"for": "PT0S"})


def unknown_key(clients: Clients) -> None:
    clients.session(key="nobody").get_account_info()


def wrong_secret(clients: Clients) -> None:
    clients.session(secret="wrong").get_account_info()


def a_key_that_may_only_read(clients: Clients) -> None:
    reader = clients.session(key=f"{KEY}-read-only")
    assert reader.get_api_key_information()["result"]["readOnly"] == 1
    assert reader.get_wallet_balance(accountType="UNIFIED")["retCode"] == 0
    reader.place_order(**MARKET_BUY)


def too_many_visits(clients: Clients) -> None:
    clients.fault(do="rate_limit_burst", count=1)
    clients.ccxt.fetch_positions([SYMBOL])


def trouble_at_the_venue(clients: Clients) -> None:
    clients.fault(do="reject_order", ret_code=10016, ret_msg="Server error.", count=1)
    clients.pybit.place_order(**MARKET_BUY)


def unknown_symbol(clients: Clients) -> None:
    clients.pybit.get_positions(category="linear", symbol="NOSUCHUSDT")


def unknown_order(clients: Clients) -> None:
    clients.ccxt.cancel_order("nothing", SYMBOL)


def price_out_of_range(clients: Clients) -> None:
    clients.pybit.place_order(**{**LIMIT_BUY, "price": "90000"})


def more_than_there_is(clients: Clients) -> None:
    clients.ccxt.create_order(SYMBOL, "limit", "buy", 5, 58_000)


def less_leverage_than_there_is_margin_for(clients: Clients) -> None:
    clients.hold(positionIdx="0")
    clients.pybit.place_order(**{**LIMIT_BUY, "qty": "0.1"})
    clients.pybit.set_leverage(**LINEAR, buyLeverage="1", sellLeverage="1")


def nothing_to_reduce(clients: Clients) -> None:
    clients.ccxt.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})


def leverage_as_it_is(clients: Clients) -> None:
    clients.pybit.set_leverage(**LINEAR, buyLeverage="10", sellLeverage="10")
    clients.pybit.set_leverage(**LINEAR, buyLeverage="10", sellLeverage="10")


def a_name_used_twice(clients: Clients) -> None:
    clients.pybit.place_order(**LIMIT_BUY, orderLinkId="once")
    clients.pybit.place_order(**LIMIT_BUY, orderLinkId="once")


def less_than_the_least_value(clients: Clients) -> None:
    clients.pybit.place_order(**{**LIMIT_BUY, "qty": "0.001", "price": "4000"})


def a_stop_as_it_is(clients: Clients) -> None:
    clients.hold(stopLoss="59000")
    clients.pybit.set_trading_stop(**LINEAR, stopLoss="59000", positionIdx=0)


CASES: Final[dict[int, Callable[[Clients], None]]] = {
    10001: bad_parameter,
    10002: outside_the_window,
    10003: unknown_key,
    10004: wrong_secret,
    10005: a_key_that_may_only_read,
    10006: too_many_visits,
    10016: trouble_at_the_venue,
    10029: unknown_symbol,
    34040: a_stop_as_it_is,
    110001: unknown_order,
    110003: price_out_of_range,
    110007: more_than_there_is,
    110012: less_leverage_than_there_is_margin_for,
    110017: nothing_to_reduce,
    110043: leverage_as_it_is,
    110072: a_name_used_twice,
    110094: less_than_the_least_value,
}
EXCEPTIONS: Final = {
    10002: ccxt.InvalidNonce,
    10006: ccxt.RateLimitExceeded,
    110001: ccxt.OrderNotFound,
    110007: ccxt.InsufficientFunds,
    110017: ccxt.InvalidOrder,
}


def code_of(error: Exception) -> int:
    """Return the retCode in what pybit and ccxt raise; ccxt quotes the venue's answer."""
    if isinstance(error, InvalidRequestError | FailedRequestError):
        return int(error.status_code)
    quoted = re.search(r'"retCode":(\d+)', str(error))
    assert quoted is not None, error
    return int(quoted[1])


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_client_is_told(clients: Clients, code: int) -> None:
    with pytest.raises((InvalidRequestError, FailedRequestError, ccxt.BaseError)) as caught:
        CASES[code](clients)
    assert code_of(caught.value) == code
    if code in EXCEPTIONS:
        assert isinstance(caught.value, EXCEPTIONS[code])


def test_a_key_that_may_only_read_sends_no_orders_over_the_socket(
    exchange: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pybit_trading, "TRADE_WSS", f"{exchange.ws}/v5/trade")
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    socket = pybit.WebSocketTrading(testnet=False, api_key=f"{KEY}-read-only", api_secret=SECRET)
    socket.place_order(answers.put, answers.put, **MARKET_BUY)
    assert answers.get(timeout=30)["retCode"] == 10005
    socket.exit()
