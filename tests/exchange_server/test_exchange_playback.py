"""Pacing, lock-step, the two clocks, the end of data, and the state over restarts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import websocket
from exchange_harness import MINUTE, START_MS, Running, candles, running, track

pytestmark = pytest.mark.socket
DEADLINE_S = 30
PLAY_MS = START_MS + 300 * MINUTE
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


class FixedClock:
    """A machine whose wall clock stands at one instant; durations are real."""

    def now_ns(self) -> int:
        return time.time_ns() // 10**15 * 10**15

    def monotonic(self) -> float:
        return time.monotonic()


@contextmanager
def public_socket(exchange: Running, *topics: str) -> Iterator[websocket.WebSocket]:
    socket = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
    socket.send(json.dumps({"op": "subscribe", "args": list(topics)}))
    yield socket
    socket.close()


def hold_pongs(socket: websocket.WebSocket) -> Callable[[bytes], None]:
    """Keep the library from answering pings by itself; returns what answers one."""
    answer = socket.pong
    socket.pong = lambda data=b"": None
    return answer


def until_ended(exchange: Running) -> dict[str, Any]:
    end = time.monotonic() + DEADLINE_S
    while not (state := exchange.get("/control/state"))["ended"]:
        assert time.monotonic() < end, state
    return state


def create(exchange: Running, **changes: Any) -> dict[str, Any]:
    return exchange.signed("POST", "/v5/order/create", json.dumps({**ORDER, **changes}))[1]


def rows(exchange: Running, path: str, query: str = "category=linear&symbol=BTCUSDT") -> list[dict[str, Any]]:
    return exchange.signed("GET", path, query)[1]["result"]["list"]


def test_at_max_every_bar_comes_once_in_order_and_an_order_fills_at_the_next_bars_open() -> None:
    bars = candles("BTCUSDT", 330)
    fills: list[tuple[int, Decimal]] = []
    with (
        running([track(count=330)], speed="max", wait_for_client=None) as exchange,
        public_socket(exchange, "kline.1.BTCUSDT", "publicTrade.BTCUSDT") as socket,
    ):
        assert json.loads(socket.recv())["success"] is True
        closes, prints, decided = [], [], set()
        answer = hold_pongs(socket)
        while len(closes) < 30:
            code, data = socket.recv_data(control_frame=True)
            if code == websocket.ABNF.OPCODE_PING:
                if closes and closes[-1] % (10 * MINUTE) == 0 and closes[-1] not in decided:
                    decided.add(closes[-1])
                    create(exchange)
                    fill = rows(exchange, "/v5/execution/list")[0]
                    fills.append((int(fill["execTime"]), Decimal(fill["execPrice"])))
                answer(data)
                continue
            frame = json.loads(data)
            if frame["topic"] == "publicTrade.BTCUSDT":
                prints.append(Decimal(frame["data"][0]["p"]))
            elif frame["data"][0]["confirm"]:
                closes.append(frame["data"][0]["start"])
        socket.pong = answer
        until_answered(exchange, socket)
        state = exchange.get("/control/state")
    assert closes == [PLAY_MS + n * MINUTE for n in range(30)]
    assert prints[:4] == [Decimal(60_000), Decimal(59_980), Decimal(60_050), Decimal(60_030)]
    assert len(prints) == 30 * 4
    assert state["bars"] == 30
    assert state["slow_clients"] == 0
    opens = {bar.open_ms: bar.open for bar in bars}
    assert [at for at, _ in fills] == [PLAY_MS + (10 * n + 1) * MINUTE for n in range(3)]
    for at, price in fills:
        assert abs(price - opens[at]) < 20, "filled at the open that follows the decision's bar"


def test_at_max_a_stop_can_follow_every_point_of_the_path() -> None:
    moved, told = [], []
    with (
        running([track(count=304)], speed="max", wait_for_client=None) as exchange,
        public_socket(exchange, "publicTrade.BTCUSDT", "tickers.BTCUSDT") as socket,
    ):
        create(exchange)
        assert json.loads(socket.recv())["success"] is True
        last = None
        answer = hold_pongs(socket)
        while not exchange.get("/control/state")["ended"]:
            code, data = socket.recv_data(control_frame=True)
            if code == websocket.ABNF.OPCODE_TEXT:
                frame = json.loads(data)
                if frame["topic"] == "publicTrade.BTCUSDT":
                    last = Decimal(frame["data"][0]["p"])
                    told.append(frame["ts"])
                elif last is not None and "bid1Price" in frame["data"]:
                    touch = Decimal(frame["data"]["bid1Price"]) + Decimal(frame["data"]["ask1Price"])
                    assert abs(touch / 2 - last) < 1, "quotes belong to the print, not to what comes"
                continue
            if told:
                state = exchange.get("/control/state")
                assert state["sim_ms"] == told[-1] or state["sim_ms"] % MINUTE == 0
            if last is not None and (not moved or last - 100 > moved[-1]):
                stop = {
                    "category": "linear",
                    "symbol": "BTCUSDT",
                    "stopLoss": str(last - 100),
                    "positionIdx": 0,
                }
                accepted = exchange.signed("POST", "/v5/position/trading-stop", json.dumps(stop))[1]
                assert accepted["retCode"] == 0
                moved.append(last - 100)
            answer(data)
        held = rows(exchange, "/v5/position/list")[0]
    highs = [Decimal(60_000), Decimal(60_050), Decimal(60_080), Decimal(60_110), Decimal(60_140)]
    assert moved == [high - 100 for high in highs]
    assert Decimal(held["stopLoss"]) == moved[-1]


def test_at_max_books_come_with_the_bars_that_are_listened_to() -> None:
    def instants(*topics: str) -> list[int]:
        with (
            running([track(count=331)], speed="max", wait_for_client=None) as exchange,
            public_socket(exchange, "orderbook.50.BTCUSDT", *topics) as socket,
        ):
            times = []
            while not exchange.get("/control/state")["ended"]:
                frame = json.loads(socket.recv())
                if frame.get("topic") == "orderbook.50.BTCUSDT":
                    times.append((frame["ts"] - PLAY_MS) // MINUTE)
            return times

    assert [at for at in instants("kline.15.BTCUSDT") if at < 31] == [0, 5, 20], (
        "play starts ten minutes into a quarter"
    )
    assert [at for at in instants() if at < 31] == list(range(31))


def test_without_a_client_nothing_is_played_and_nothing_is_lost() -> None:
    with running([track(count=310)], speed="max", wait_for_client=None) as exchange:
        before = exchange.get("/control/state")
        assert (before["started"], before["bars"], before["sim_ms"]) == (False, 0, PLAY_MS)
        with public_socket(exchange, "kline.1.BTCUSDT") as socket:
            starts = set()
            while len(starts) < 10:
                frame = json.loads(socket.recv())
                if frame.get("topic") and frame["data"][0]["confirm"]:
                    starts.add(frame["data"][0]["start"])
            assert min(starts) == PLAY_MS
            until_answered(exchange, socket)
        assert exchange.get("/control/state")["sim_ms"] == START_MS + 310 * MINUTE


def test_at_max_the_market_stands_still_while_nobody_listens() -> None:
    with running([track(count=600)], speed="max", wait_for_client=None) as exchange:
        with public_socket(exchange, "kline.1.BTCUSDT") as socket:
            while b'"confirm":true' not in socket.recv_data()[1]:
                pass
        end = time.monotonic() + DEADLINE_S
        while exchange.get("/control/state")["connections"]:
            assert time.monotonic() < end
        stands = exchange.get("/control/state")
        assert 1 <= stands["bars"] < 300
        for _ in range(20):
            assert exchange.get("/control/state")["sim_ms"] == stands["sim_ms"]
        with public_socket(exchange, "kline.1.BTCUSDT") as socket:
            while b'"confirm":true' not in (data := socket.recv_data()[1]):
                pass
            assert json.loads(data)["data"][0]["start"] == stands["sim_ms"]


def test_a_client_that_never_answers_is_counted_as_slow_and_not_waited_for_again() -> None:
    with running([track(count=330)], speed="max", wait_for_client=None) as exchange:
        exchange.call(lambda: setattr(exchange.server._barrier, "timeout_s", 0.05))
        with public_socket(exchange, "kline.15.BTCUSDT"):
            state = until_ended(exchange)
    assert state["slow_clients"] == 1
    assert state["bars"] == 30


def test_at_the_end_prices_freeze_and_the_server_goes_on_serving() -> None:
    with (
        running([track(count=305)], speed="max", wait_for_client=None) as exchange,
        public_socket(exchange, "tickers.BTCUSDT") as socket,
    ):
        until_answered(exchange, socket)
        last = rows(exchange, "/v5/market/tickers")[0]["lastPrice"]
        assert create(exchange)["retCode"] == 0
        assert rows(exchange, "/v5/market/tickers")[0]["lastPrice"] == last
        frame = json.loads(socket.recv())
        assert frame["topic"] == "tickers.BTCUSDT", "tickers go on repeating"


def until_answered(exchange: Running, socket: websocket.WebSocket) -> None:
    socket.settimeout(0.05)
    end = time.monotonic() + DEADLINE_S
    while not exchange.get("/control/state")["ended"]:
        assert time.monotonic() < end
        try:
            while True:
                socket.recv()
        except websocket.WebSocketTimeoutException:
            continue
    socket.settimeout(DEADLINE_S)


def test_at_a_finite_speed_market_time_is_real_time_times_the_factor() -> None:
    with running([track()], speed="600") as exchange:
        first = exchange.get("/control/state")
        with public_socket(exchange, "publicTrade.BTCUSDT") as socket:
            for _ in range(12):
                socket.recv()
        last = exchange.get("/control/state")
    factor = (last["sim_ms"] - first["sim_ms"]) / (last["real_ms"] - first["real_ms"])
    assert 450 < factor < 750


def test_two_clocks_the_machines_for_signatures_the_markets_for_trading() -> None:
    machine = FixedClock()
    now_ms = machine.now_ns() // 1_000_000
    with running([track()], machine=machine) as exchange:
        answer = exchange.get("/v5/market/time")
        assert answer["time"] == now_ms
        assert answer["result"]["timeNano"] == str(now_ms * 1_000_000)
        signed = exchange.signed("POST", "/v5/order/create", json.dumps(ORDER), stamp=str(now_ms))[1]
        assert (signed["retCode"], signed["time"]) == (0, now_ms)
        late = exchange.signed("GET", "/v5/account/info", "", stamp=str(now_ms - 5001))[1]
        assert late["retCode"] == 10002
        fill = exchange.signed("GET", "/v5/execution/list", "category=linear", stamp=str(now_ms))[1]
        assert PLAY_MS <= int(fill["result"]["list"][0]["execTime"]) < PLAY_MS + MINUTE
        with public_socket(exchange, "tickers.BTCUSDT") as socket:
            socket.recv()
            assert PLAY_MS <= json.loads(socket.recv())["ts"] < PLAY_MS + MINUTE


def test_funding_is_paid_at_its_instant_and_told() -> None:
    at = START_MS // (8 * 60 * MINUTE) * (8 * 60 * MINUTE) + 8 * 60 * MINUTE
    short = track(count=120)
    with running([short], speed="max", wait_for_client=None, from_ms=at - 5 * MINUTE) as exchange:
        create(exchange)
        with public_socket(exchange, "kline.60.BTCUSDT") as socket:
            until_answered(exchange, socket)
        funding = [line for line in exchange.get("/control/log") if line["kind"] == "funding"]
        assert [line["sim_ms"] for line in funding] == [at]
        row = rows(exchange, "/v5/execution/list", "category=linear&execType=Funding")[0]
        assert (row["execQty"], row["execType"]) == ("0.01", "Funding")
        assert Decimal(row["execFee"]) == Decimal(funding[0]["amount"]) > 0
        ledger = rows(exchange, "/v5/account/transaction-log", "type=SETTLEMENT")
        assert Decimal(ledger[0]["funding"]) == -Decimal(row["execFee"])


def test_the_log_tells_how_long_a_position_had_no_stop() -> None:
    with running([track()]) as exchange:
        create(exchange)
        stop = json.dumps({"category": "linear", "symbol": "BTCUSDT", "stopLoss": "59000", "positionIdx": 0})
        assert exchange.signed("POST", "/v5/position/trading-stop", stop)[1]["retCode"] == 0
        create(exchange, side="Sell", reduceOnly=True)
        log = exchange.get("/control/log")
        tail = exchange.get("/control/log", since=log[-1]["n"] - 2)
    assert [line["n"] for line in log] == list(range(1, len(log) + 1))
    assert tail == log[-2:]
    stops = [line for line in log if line["kind"] == "stop"]
    assert [line["is_protected"] for line in stops] == [False, True, True]
    assert [line["stop_loss"] for line in stops] == ["", "59000", ""]
    assert stops[0]["real_ms"] <= stops[1]["real_ms"]
    fills = [line for line in log if line["kind"] == "execution"]
    paid = sum(Decimal(line["fee"]) for line in fills)
    earned = sum(Decimal(line["realised"]) for line in fills)
    wallet = [line for line in log if line["kind"] == "wallet"][-1]
    assert Decimal(wallet["wallet_balance"]) == 1000 + earned - paid


def test_state_goes_on_where_it_stopped_and_other_data_starts_afresh(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with running([track()], state=folder, speed="6000") as exchange:
        create(exchange, stopLoss="50000", orderLinkId="kept")
        position = rows(exchange, "/v5/position/list")[0]
        with public_socket(exchange, "publicTrade.BTCUSDT") as socket:
            for _ in range(20):
                socket.recv()
    with running([track()], state=folder, speed="1") as exchange:
        assert exchange.notices == ["going on from the saved state"]
        resumed = exchange.get("/control/state")
        assert resumed["sim_ms"] > PLAY_MS + 3 * MINUTE
        again = rows(exchange, "/v5/position/list")[0]
        for name in ("side", "size", "avgPrice", "stopLoss", "curRealisedPnl"):
            assert again[name] == position[name]
        assert create(exchange, orderLinkId="kept")["retCode"] == 110072
        ids = [row["execId"] for row in rows(exchange, "/v5/execution/list")]
        create(exchange, side="Sell", reduceOnly=True)
        assert rows(exchange, "/v5/execution/list")[0]["execId"] not in ids
    with running([track(count=500)], state=folder) as exchange:
        assert any("afresh" in notice for notice in exchange.notices)
        assert rows(exchange, "/v5/position/list")[0]["size"] == "0"
        assert exchange.get("/control/state")["sim_ms"] == PLAY_MS


def test_a_damaged_state_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for _ in range(2):
        with running([track()], state=folder) as exchange:
            create(exchange, orderLinkId="")
    (folder / "exchange.json").write_bytes(b"\x00" * 100)
    with running([track()], state=folder) as exchange:
        assert any("set aside" in notice for notice in exchange.notices)
        assert rows(exchange, "/v5/position/list")[0]["size"] == "0.01"
    assert (folder / "exchange.json.damaged-1").exists()


def test_rate_limits_of_the_venue_are_kept_in_real_time() -> None:
    with running([track()], rate_limits=True) as exchange:
        answers = [exchange.signed("POST", "/v5/order/create", json.dumps(ORDER)) for _ in range(12)]
        codes = [answer[1]["retCode"] for answer in answers]
        assert codes.count(10006) >= 1
        assert codes[:10] == [0] * 10
        headers = answers[0][2]
        assert (headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]) == ("10", "9")
        assert int(headers["X-Bapi-Limit-Reset-Timestamp"]) > 0


def test_every_answer_says_that_prices_are_simulated() -> None:
    with running([track()]) as exchange:
        answers = [
            exchange.get("/v5/market/tickers", category="linear"),
            exchange.get("/v5/market/kline", symbol="NOPE"),
            exchange.signed("GET", "/v5/account/info", "")[1],
            create(exchange, qty="0"),
        ]
    assert [answer["retExtInfo"]["synthetic"] for answer in answers] == [True] * 4
    for answer in answers:
        assert list(answer) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
