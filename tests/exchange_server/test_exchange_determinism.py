"""The same data, seed, scenario and commands give the same event log, real times apart."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import websocket
from exchange_harness import KEY, MINUTE, SECRET, START_MS, Running, running, track

from whalebot.adapters.exchange.core import (
    AmendOrder,
    CancelOrder,
    Command,
    CreateOrder,
    SetLeverage,
    SetTradingStop,
)
from whalebot.adapters.exchange.server.build import build_parts
from whalebot.adapters.exchange.server.clock import SystemClock
from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.server import ExchangeServer
from whalebot.domain.enums import OrderType, Side, TimeInForce

D = Decimal
BTC = "BTCUSDT"
BARS = 420
FROM_MS = START_MS + 300 * MINUTE
STEPS = (2, 5, 6, 9, 14, 20, 33, 41, 55, 61)
CREATE, AMEND, CANCEL = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel"
STOP, LEVERAGE = "/v5/position/trading-stop", "/v5/position/set-leverage"

# What is sent through REST, and the same as commands of the core.
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    (LEVERAGE, {"buyLeverage": "7", "sellLeverage": "7"}),
    (CREATE, {"side": "Buy", "orderType": "Market", "qty": "0.1", "stopLoss": "59500"}),
    (CREATE, {"side": "Buy", "orderType": "Limit", "qty": "0.02", "price": "59990", "orderLinkId": "below"}),
    (CREATE, {"side": "Buy", "orderType": "Market", "qty": "900"}),
    (AMEND, {"orderLinkId": "below", "price": "59900"}),
    (STOP, {"takeProfit": "60900", "trailingStop": "120", "positionIdx": 0}),
    (CANCEL, {"orderLinkId": "below"}),
    (CANCEL, {"orderLinkId": "below"}),
    (CREATE, {"side": "Sell", "orderType": "Market", "qty": "0.05", "reduceOnly": True}),
    (
        CREATE,
        {
            "side": "Sell",
            "orderType": "Limit",
            "qty": "0.03",
            "price": "60200",
            "timeInForce": "PostOnly",
        },
    ),
]
LIMIT, MARKET = OrderType.LIMIT, OrderType.MARKET
COMMANDS: list[Command] = [
    SetLeverage(BTC, D(7), D(7)),
    CreateOrder(BTC, Side.BUY, MARKET, D("0.1"), stop_loss=D(59_500)),
    CreateOrder(BTC, Side.BUY, LIMIT, D("0.02"), D(59_990), order_link_id="below"),
    CreateOrder(BTC, Side.BUY, MARKET, D(900)),
    AmendOrder(BTC, order_link_id="below", price=D(59_900)),
    SetTradingStop(BTC, take_profit=D(60_900), trailing_stop=D(120)),
    CancelOrder(BTC, order_link_id="below"),
    CancelOrder(BTC, order_link_id="below"),
    CreateOrder(BTC, Side.SELL, MARKET, D("0.05"), reduce_only=True),
    CreateOrder(BTC, Side.SELL, LIMIT, D("0.03"), D(60_200), time_in_force=TimeInForce.POST_ONLY),
]


class Open:
    """A transport that is there and takes nothing."""

    def is_closing(self) -> bool:
        return False


class Acting:
    """Stands where the barrier stands: acts when time stands still, instead of asking clients."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self._act = act
        self._step = 0

    async def wait(self, connections: object) -> None:
        self._step += 1
        self._act(self._step)


def in_process(log: Path) -> bytes:
    """Run the commands without a socket; returns the log."""
    settings: dict[str, Any] = {"api_key": KEY, "api_secret": SECRET, "log": log, "check": True}
    options = ExchangeOptions(data=("made-up",), from_ms=FROM_MS, speed="max", **settings)

    async def run() -> None:
        parts, _ = build_parts(options, [track(count=BARS)])
        server = ExchangeServer(options, parts, SystemClock())

        def act(step: int) -> None:
            if step in STEPS:
                server._venue.submit(COMMANDS[STEPS.index(step)])

        server._pump._barrier = Acting(act)  # type: ignore[assignment]
        server._hub.join(Connection(Open(), Channel.PUBLIC, 0.0))  # type: ignore[arg-type]
        server._log.write("start", market=parts.market.name, symbols=list(parts.market.symbols))
        playing = asyncio.ensure_future(server._pump.run(False))
        while not server._pump.is_ended and not playing.done():
            await asyncio.sleep(0)
        playing.cancel()
        server._log.close()

    asyncio.run(run())
    return log.read_bytes()


def through_sockets(log: Path, scenario: Path | None = None) -> bytes:
    """Run the commands through REST, each while time waits for the client's pong; returns the log."""
    tracks = [track(count=BARS)]
    with running(tracks, speed="max", wait_for_client=None, log=log, scenario=scenario) as exchange:
        play(exchange)
    return log.read_bytes()


def play(exchange: Running) -> None:
    # However busy the machine is: time that went on without its client would change the log.
    exchange.call(lambda: setattr(exchange.server._barrier, "timeout_s", 60.0))
    socket = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=1)
    answer, socket.pong = socket.pong, lambda data=b"": None
    socket.send(json.dumps({"op": "subscribe", "args": ["kline.1.BTCUSDT", "tickers.BTCUSDT"]}))
    while not exchange.call(lambda: exchange.server._pump.is_ended):
        try:
            code, data = socket.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            continue  # the data has ended since we asked
        if code != websocket.ABNF.OPCODE_PING:
            continue
        step = int(data.removeprefix(b"step-"))
        if step in STEPS:
            path, body = REQUESTS[STEPS.index(step)]
            exchange.signed("POST", path, json.dumps({"category": "linear", "symbol": BTC, **body}))
        answer(data)
    socket.close()


def without(log: bytes, *fields: bytes) -> list[bytes]:
    lines = log.splitlines()
    for field in fields:
        lines = [re.sub(b'"' + field + rb'":\d+,', b"", line) for line in lines]
    return lines


@pytest.mark.socket
def test_in_process_and_through_sockets_the_same_commands_leave_the_same_log(tmp_path: Path) -> None:
    inside = without(in_process(tmp_path / "inside.jsonl"), b"real_ms", b"n")
    served = without(through_sockets(tmp_path / "served.jsonl"), b"real_ms", b"n")
    requests = [line for line in served if b'"kind":"request"' in line]
    assert [line for line in served if b'"kind":"request"' not in line] == inside
    assert len(requests) == len(REQUESTS)
    kinds = {json.loads(line)["kind"] for line in inside}
    assert kinds >= {"start", "order", "execution", "position", "stop", "wallet", "end"}
    assert b"violation" not in b"".join(inside)


@pytest.mark.socket
def test_two_runs_with_the_same_faults_leave_the_same_log(tmp_path: Path) -> None:
    scenario = tmp_path / "faults.json"
    faults = [
        {"after": {"orders": 1}, "do": "reject_order", "ret_code": 110007},
        {"at": "PT2M", "do": "rest_error", "path": "order/amend", "status": 502, "count": 1},
        {"at": "PT5M", "do": "partial_fills", "share": "0.5"},
        {"at": "PT6M", "for": "PT5M", "time": "market", "do": "rate_limit_burst"},
        {"after": {"bars": 20}, "do": "change_tick", "symbol": BTC, "tickSize": "0.5"},
        {"at": "PT30M", "do": "lose_private", "count": 2},
        {"after": {"executions": 4}, "do": "close_position", "symbol": BTC},
        {"at": "PT70M", "do": "close_position", "symbol": BTC},
        {"at": "PT75M", "do": "skip_book_update"},
    ]
    scenario.write_text(json.dumps(faults))
    logs = [through_sockets(tmp_path / f"{name}.jsonl", scenario) for name in ("one", "two")]
    one, two = (without(log, b"real_ms") for log in logs)
    assert one == two
    done = [line["do"] for line in map(json.loads, logs[0].splitlines()) if line["kind"] == "fault"]
    assert len(done) >= len(faults) - 1
