"""Recorded frames behind the API: real depth is walked, taken depth stays taken, queues are waited for."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pybit.unified_trading as pybit
import pytest
from exchange_harness import KEY, SECRET, START_MS, Running, instrument, running

from whalebot.adapters.exchange.core import CreateOrder, Executed
from whalebot.adapters.exchange.market.recording import FrameTrack
from whalebot.adapters.exchange.server.build import ACCOUNT, build_parts
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.feeds.frames import read_frames
from whalebot.app.tracks import read_tracks
from whalebot.domain.enums import OrderType, Side
from whalebot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "../shared/data/bybit_v5/ws"
XRP = DATA / "orderbook.500.XRPUSDT.linear-2024-12-01.jsonl"
D = Decimal
needs_data = pytest.mark.skipif(not XRP.is_file(), reason="recorded frames are not here")


def recorded_asks(path: Path) -> list[tuple[Decimal, Decimal]]:
    """The asks after the last frame, best first, by the plainest arithmetic."""
    asks: dict[Decimal, Decimal] = {}
    for line in path.read_text().splitlines():
        frame = json.loads(line)
        if frame["type"] == "snapshot":
            asks.clear()
        asks.update((D(price), D(qty)) for price, qty in frame["data"]["a"])
    return sorted((price, qty) for price, qty in asks.items() if qty)


def taken(asks: list[tuple[Decimal, Decimal]], qty: Decimal) -> list[tuple[Decimal, Decimal]]:
    """What a buyer of `qty` gets; the levels lose it."""
    fills = []
    while qty:
        price, offered = asks.pop(0)
        part = min(qty, offered)
        fills.append((price, part))
        qty -= part
        if part < offered:
            asks.insert(0, (price, offered - part))
    return fills


def until_ended(exchange: Running) -> None:
    while not exchange.get("/control/state")["ended"]:
        pass


@needs_data
@pytest.mark.socket
def test_market_orders_walk_the_recorded_book_and_what_they_took_is_gone() -> None:
    many = {"max_qty": D(10**9), "max_market_qty": D(10**9)}
    tracks: Any = [FrameTrack(replace(instrument("XRPUSDT", "0.0001", "1"), **many), read_frames(XRP))]
    asks = recorded_asks(XRP)
    with running(tracks, from_ms=None, speed="max", balance=D(10_000_000)) as exchange:
        until_ended(exchange)
        session = pybit.HTTP(testnet=False, api_key=KEY, api_secret=SECRET)
        session.endpoint = exchange.url
        shown = session.get_orderbook(category="linear", symbol="XRPUSDT", limit=500)["result"]
        assert [(D(price), D(qty)) for price, qty in shown["a"]] == asks[:500]
        for qty in ("300000", "250000"):
            order = {"category": "linear", "symbol": "XRPUSDT", "side": "Buy", "orderType": "Market"}
            order_id = session.place_order(**order, qty=qty)["result"]["orderId"]
            fills = session.get_executions(category="linear", orderId=order_id, limit=100)["result"]["list"]
            got = sorted((D(row["execPrice"]), D(row["execQty"])) for row in fills)
            assert got == taken(asks, D(qty))


@needs_data
@pytest.mark.socket
def test_the_command_plays_a_file_of_frames() -> None:
    command = [sys.executable, "-m", "whalebot", "exchange", "--data", str(XRP), "--port", "0"]
    child = subprocess.Popen(
        [*command, "--speed", "max", "--no-wait-for-client", "--die-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        url = child.stdout.readline().split()[-1]

        def get(path: str) -> Any:
            with urllib.request.urlopen(f"{url}{path}", timeout=30) as answer:
                return json.loads(answer.read())

        while not (state := get("/control/state"))["ended"]:
            pass
        assert (state["market"], state["symbols"]) == ("recorded frames", ["XRPUSDT"])
        best = get("/v5/market/orderbook?category=linear&symbol=XRPUSDT&limit=1")["result"]["a"][0]
        assert (D(best[0]), D(best[1])) == recorded_asks(XRP)[0]
    finally:
        child.kill()
        child.communicate()


def book(ts: int, kind: str, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    data = {"s": "BTCUSDT", "b": bids, "a": asks}
    return {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": START_MS + ts, "data": data}


def trade(ts: int, side: str, qty: str, price: str) -> dict[str, Any]:
    row = {"T": START_MS + ts, "s": "BTCUSDT", "S": side, "v": qty, "p": price}
    return {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": START_MS + ts, "data": [row]}


def test_a_resting_order_stands_behind_everything_at_its_price() -> None:
    frames = [
        book(0, "snapshot", [["60000", "1"], ["59999.9", "4"]], [["60000.1", "2"]]),
        trade(1_000, "Sell", "0.6", "60000"),
        book(1_100, "delta", [["60000", "0.4"]], []),
        trade(2_000, "Sell", "0.4", "60000"),
        trade(3_000, "Buy", "0.3", "60000.1"),
        trade(4_000, "Sell", "0.02", "60000"),
        trade(5_000, "Sell", "0.05", "60000"),
        trade(6_000, "Sell", "0.01", "59999.9"),
    ]
    options = ExchangeOptions(data=("frames",), balance=D(100_000))
    parts, _ = build_parts(options, [FrameTrack(instrument(), frames)])
    fills: list[tuple[int, Decimal, Decimal]] = []

    def play(until: int) -> None:
        for event in parts.market.advance(START_MS + until).events:
            for told in parts.core.apply(event):  # type: ignore[arg-type]
                if isinstance(told, Executed):
                    record = told.execution
                    fills.append((event.ts_ms - START_MS, record.qty, record.price))

    play(500)
    limit = CreateOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, D("0.1"), D(60_000))
    assert parts.core.submit(ACCOUNT, limit, parts.market.now_ms).ret_code == 0
    play(3_999)
    assert fills == [], "one coin stood before it: 0.6 and 0.4 were traded"
    play(5_999)
    assert fills == [(4_000, D("0.02"), D(60_000)), (5_000, D("0.05"), D(60_000))]
    play(7_000)
    assert fills[2:] == [(6_000, D("0.03"), D(60_000))], "the price went through: the rest fills"


def read(*data: str) -> Any:
    return read_tracks(ExchangeOptions(data=data))


def write(path: Path, *frames: dict[str, Any]) -> str:
    path.write_text("\n".join(json.dumps(frame) for frame in frames))
    return str(path)


def test_files_of_one_symbol_are_joined_and_kinds_are_not_mixed(tmp_path: Path) -> None:
    books = write(tmp_path / "books.jsonl", book(0, "snapshot", [["1", "1"]], [["2", "1"]]))
    trades = write(tmp_path / "trades.jsonl", trade(5, "Buy", "1", "2"))
    (joined,) = read(books, trades)
    assert joined.instrument.symbol == "BTCUSDT"
    assert len(joined.frames) == 2
    (named,) = read(f"BTCUSDT={books}")
    assert len(named.frames) == 1
    with pytest.raises(ConfigError, match="one kind at a time"):
        read(books, "BTCUSDT-1m.csv")
    nothing = write(tmp_path / "nothing.jsonl", {"topic": "tickers.BTCUSDT", "ts": 1})
    with pytest.raises(ConfigError, match="no order books or trades"):
        read(nothing)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(str(tmp_path / "none.jsonl"))
    odd = write(tmp_path / "odd.jsonl", trade(5, "Buy", "1", "60000.05"))
    with pytest.raises(ConfigError, match=r"60000\.05 lie between the ticks"):
        read(odd)
