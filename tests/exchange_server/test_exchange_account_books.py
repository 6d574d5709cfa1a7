"""The account's books as the daemon's own client reads them from the local exchange."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from exchange_harness import KEY, MINUTE, SECRET, START_MS, Running, running

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.domain.enums import Side
from whalebot.domain.orders import Execution, OrderIntent, Purpose
from whalebot.runtime.clock import SystemClock

pytestmark = pytest.mark.socket
OPENED_MS = START_MS + 300 * MINUTE


@pytest.fixture
def exchange() -> Iterator[Running]:
    with running() as alive:
        yield alive


@pytest.fixture
def client(exchange: Running) -> Iterator[RestClient]:
    where = Endpoints(exchange.url, exchange.ws, exchange.ws)
    client = RestFactory(RestSettings(where, ["BTCUSDT"], Credentials(KEY, SECRET)), SystemClock()).client()
    client.market.measure_clock()
    yield client
    client.close()


def order(client: RestClient, name: str, side: Side, qty: str, reduce_only: bool = False) -> None:
    intent = OrderIntent(
        name, "BTCUSDT", side, Decimal(qty), Purpose.ENTRY, OPENED_MS, 0, reduce_only=reduce_only
    )
    client.orders.submit(intent)


def test_bookings_are_every_change_of_the_wallet(client: RestClient) -> None:
    order(client, "in", Side.BUY, "0.02")
    order(client, "out-1", Side.SELL, "0.01", reduce_only=True)
    order(client, "out-2", Side.SELL, "0.01", reduce_only=True)
    rows = client.account.bookings(START_MS, None)
    assert [row.kind for row in rows] == ["TRANSFER_IN", "TRADE", "TRADE", "TRADE"]
    assert sum(row.amount for row in rows) == client.account.snapshot().wallet.wallet_balance
    assert client.account.bookings(rows[-1].ts_ms + 1, None) == []
    assert client.account.bookings(START_MS, rows[0].ts_ms) == []
    assert rows == sorted(rows, key=lambda row: row.ts_ms)


def test_closings_say_what_the_executions_say(client: RestClient) -> None:
    order(client, "in", Side.SELL, "0.02")
    order(client, "out-1", Side.BUY, "0.015", reduce_only=True)
    order(client, "out-2", Side.BUY, "0.005", reduce_only=True)
    closings = client.account.closings("BTCUSDT", START_MS)
    fills = [e for e in client.account.executions("BTCUSDT", START_MS) if isinstance(e, Execution)]
    leaving = [fill for fill in fills if fill.side is Side.BUY]
    assert [closing.qty for closing in closings] == [Decimal("0.015"), Decimal("0.005")]
    assert {closing.side for closing in closings} == {Side.BUY}
    for closing, fill in zip(closings, leaving, strict=True):
        assert closing.exit_value == fill.price * fill.qty
        assert closing.close_fee == pytest.approx(fill.fee, abs=Decimal("1e-8"))
