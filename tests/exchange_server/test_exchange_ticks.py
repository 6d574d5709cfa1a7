"""A tick that changes while play goes on: prices follow, instruments-info tells, orders are judged by it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import websocket
from exchange_harness import MINUTE, Running, running, track

from whalebot.adapters.exchange.market.events import InstrumentListed, Kline, PricePoint
from whalebot.adapters.exchange.market.playback import PlaybackMarket
from whalebot.adapters.exchange.market.synthetic import SyntheticMarket, make_specs
from whalebot.adapters.exchange.server.build import build_parts
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.app.tracks import make_track

DATA = Path(__file__).resolve().parents[2] / "../shared/data/ohlcv"
APE = DATA / "APEUSDT-5m-bybit_linear-20250924_20260430.csv.gz"
CHANGED_MS = 1_768_444_500_000  # 2026-01-15 02:35 UTC
D = Decimal
HALF = D("0.5")
OHLC = ("open", "high", "low", "close")


def tick_of(exchange: Running) -> str:
    info = exchange.get("/v5/market/instruments-info", category="linear", symbol="BTCUSDT")
    return info["result"]["list"][0]["priceFilter"]["tickSize"]


@pytest.mark.skipif(not APE.is_file(), reason="recorded bars are not here")
def test_a_tick_that_changes_inside_a_file_is_announced_between_the_bars() -> None:
    market = PlaybackMarket([make_track(str(APE))], CHANGED_MS - 10 * MINUTE)
    assert market.instrument("APEUSDT").tick_size == D("0.0001")
    before: set[Decimal] = set()
    told: list[Any] = []
    while market.now_ms < CHANGED_MS + 20 * MINUTE:
        batch = market.advance(None)
        told += [(e.ts_ms, type(e), e) for e in batch.events if not isinstance(e, Kline) or e.interval == "5"]
        book = market.book("APEUSDT", 50)
        assert book is not None
        if market.now_ms < CHANGED_MS:
            before |= {price for price, _ in (*book.bids, *book.asks)}
    at = next(i for i, (_, kind, _) in enumerate(told) if kind is InstrumentListed)
    assert told[at][2].instrument.tick_size == D("0.00001")
    assert [(ts, kind) for ts, kind, _ in told[at - 1 : at + 2]] == [
        (CHANGED_MS, Kline),
        (CHANGED_MS, InstrumentListed),
        (CHANGED_MS, PricePoint),
    ]
    assert all(price % D("0.0001") == 0 for price in before)
    assert all(e.last_price % D("0.0001") == 0 for _, kind, e in told[:at] if kind is PricePoint)
    assert any(e.last_price % D("0.0001") for _, kind, e in told[at:] if kind is PricePoint)
    assert any(price % D("0.0001") for price, _ in book.bids)
    later = PlaybackMarket([make_track(str(APE))], CHANGED_MS + 5 * MINUTE)
    assert later.instrument("APEUSDT").tick_size == D("0.00001"), "play that starts later knows it"


def prices_in(frame: dict[str, Any], since_ms: int) -> list[str]:
    """Every price that was made since then: a bar that was open then has its old prices too."""
    data, kind = frame["data"], frame["topic"].split(".")[0]
    if kind == "orderbook":
        return [price for price, qty in (*data["b"], *data["a"]) if qty != "0"]
    if kind == "publicTrade":
        return [row["p"] for row in data]
    if kind == "kline":
        return [row[key] for row in data if row["start"] >= since_ms for key in OHLC]
    names = ("lastPrice", "markPrice", "indexPrice", "bid1Price", "ask1Price")
    return [data[name] for name in names if name in data]


@pytest.mark.socket
def test_after_the_fault_every_price_of_every_stream_is_on_the_new_grid() -> None:
    topics = ["kline.1", "kline.5", "publicTrade", "tickers", "orderbook.50"]
    with running([track(count=420)], speed="max", wait_for_client=None) as exchange:
        socket = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=30)
        answer, socket.pong = socket.pong, lambda data=b"": None
        socket.send(json.dumps({"op": "subscribe", "args": [f"{topic}.BTCUSDT" for topic in topics]}))
        pings, seen, since_ms, closed = 0, 0, 0, {}
        while not exchange.get("/control/state")["ended"]:
            code, data = socket.recv_data(control_frame=True)
            if code == websocket.ABNF.OPCODE_PING:
                pings += 1
                if pings == 7:
                    fault = {"do": "change_tick", "symbol": "BTCUSDT", "tickSize": "7.5"}
                    assert exchange.post("/control/faults", [fault])["accepted"]
                    assert tick_of(exchange) == "7.5"
                    since_ms = exchange.get("/control/state")["sim_ms"]
                answer(data)
                continue
            frame = json.loads(data)
            if pings < 7 or "topic" not in frame:
                continue
            for price in prices_in(frame, since_ms):
                seen += 1
                assert D(price) % D("7.5") == 0, frame
            if frame["topic"] == "kline.5.BTCUSDT" and frame["data"][0]["confirm"]:
                row = frame["data"][0]
                closed[row["start"]] = [row[key] for key in (*OHLC, "volume")]
        socket.close()
        rows = exchange.get("/v5/market/kline", symbol="BTCUSDT", interval="5", limit=40)["result"]["list"]
    assert seen > 500
    served = {int(row[0]): row[1:6] for row in rows}
    assert len(closed) > 15
    assert {at: [D(x) for x in row] for at, row in closed.items()} == {
        at: [D(x) for x in served[at]] for at in closed
    }


def synthetic_prices(market: SyntheticMarket, until_ms: int) -> list[Decimal]:
    found: list[Decimal] = []
    while market.now_ms < until_ms:
        for event in market.advance(until_ms).events:
            if isinstance(event, PricePoint):
                assert event.last_price is not None
                assert event.mark_price is not None
                found += [event.last_price, event.mark_price]
            elif isinstance(event, Kline) and event.interval == "1":
                found += [event.open, event.high, event.low, event.close]
    return found


def test_a_saved_market_goes_on_on_the_grid_it_was_put_on() -> None:
    one = SyntheticMarket(make_specs("BTCUSDT"), 7)
    start_ms = one.now_ms
    synthetic_prices(one, start_ms + 7 * MINUTE + 25_000)
    one.regrid("BTCUSDT", HALF)
    saved = json.loads(json.dumps(one.export_state()))
    other = SyntheticMarket(make_specs("BTCUSDT"), 7, state=saved)
    for market in (one, other):
        assert market.klines("BTCUSDT", "1", limit=12) == one.klines("BTCUSDT", "1", limit=12)
    prices = synthetic_prices(one, start_ms + 30 * MINUTE)
    assert prices == synthetic_prices(other, start_ms + 30 * MINUTE)
    assert prices
    assert all(price % HALF == 0 for price in prices)
    book = other.book("BTCUSDT", 50)
    assert book is not None
    assert all(price % HALF == 0 for price, _ in (*book.bids, *book.asks))
    with pytest.raises(ValueError, match="do not match"):
        one.regrid("BTCUSDT", D("0.07"))


def test_a_restarted_exchange_keeps_the_changed_tick(tmp_path: Path) -> None:
    with running([track(count=420)], state=tmp_path) as exchange:
        exchange.post("/control/faults", {"do": "change_tick", "symbol": "BTCUSDT", "tickSize": "0.5"})
        assert tick_of(exchange) == "0.5"
    with running([track(count=420)], state=tmp_path) as exchange:
        assert exchange.notices == ["going on from the saved state"]
        assert tick_of(exchange) == "0.5"


@pytest.mark.skipif(not APE.is_file(), reason="recorded bars are not here")
def test_play_that_goes_on_after_a_listed_change_knows_the_new_tick(tmp_path: Path) -> None:
    options = ExchangeOptions(data=("ape",), from_ms=CHANGED_MS - 10 * MINUTE, balance=D(1000))
    parts, _ = build_parts(options, [make_track(str(APE))])
    assert parts.instruments["APEUSDT"].tick_size == D("0.0001")
    while parts.market.now_ms <= CHANGED_MS:
        for event in parts.market.advance(None).events:
            if isinstance(event, PricePoint | InstrumentListed):
                parts.core.apply(event)
    assert parts.core.read.market("APEUSDT").instrument.tick_size == D("0.00001")
