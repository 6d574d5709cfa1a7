"""Recorded depth and trades, played."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from market_makers import MINUTE, T0, instrument, play

from whalebot.adapters.exchange.market.events import BookChanged, Kline, PricePoint
from whalebot.adapters.exchange.market.frame_market import FrameMarket, FrameTrack
from whalebot.adapters.exchange.market.state import StateMismatch
from whalebot.adapters.feeds.frames import read_frames
from whalebot.domain.errors import ConfigError

DATA = Path(__file__).resolve().parents[2] / "../shared/data/bybit_v5/ws"


def book(
    ts: int, kind: str, bids: list[tuple[str, str]], asks: list[tuple[str, str]], depth: int = 50
) -> Any:
    topic = f"orderbook.{depth}.BTCUSDT"
    return {"topic": topic, "type": kind, "ts": T0 + ts, "data": {"s": "BTCUSDT", "b": bids, "a": asks}}


def trades(*rows: tuple[int, str, str, str]) -> Any:
    data = [{"T": T0 + ts, "s": "BTCUSDT", "S": side, "v": qty, "p": price} for ts, side, qty, price in rows]
    return {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": T0 + rows[0][0] + 3, "data": data}


FRAMES = [
    book(100, "snapshot", [("99.9", "1"), ("99.8", "2")], [("100.1", "1")]),
    book(50, "snapshot", [("99.9", "1")], [("100.1", "1")], depth=1),
    trades((5_000, "Buy", "0.5", "100.1"), (5_000, "Buy", "0.2", "100.2")),
    book(30_000, "delta", [("99.9", "0")], [("100.1", "3")]),
    trades((125_000, "Sell", "0.4", "99.8")),
    book(130_000, "delta", [("99.7", "9")], []),
    trades((300_000, "Sell", "0.1", "99.7")),
]


def market(frames: list[Any] = FRAMES, **kwargs: Any) -> FrameMarket:
    return FrameMarket([FrameTrack(instrument(), frames)], **kwargs)


def test_trades_and_depth_come_in_order_of_time() -> None:
    events = play(market())
    assert [e.ts_ms for e in events] == sorted(e.ts_ms for e in events)
    prints = [e for e in events if isinstance(e, PricePoint)]
    traded = [(p.ts_ms - T0, p.last_price, p.volume) for p in prints if p.volume]
    assert traded == [
        (5_000, Decimal("100.1"), Decimal("0.5")),
        (5_000, Decimal("100.2"), Decimal("0.2")),
        (125_000, Decimal("99.8"), Decimal("0.4")),
        (300_000, Decimal("99.7"), Decimal("0.1")),
    ]
    assert prints[0].last_price == Decimal("100.0"), "the middle of the touch until something is traded"
    depth = [e for e in events if isinstance(e, BookChanged)]
    assert [(d.ts_ms - T0, d.is_snapshot) for d in depth] == [(100, True), (30_000, False), (130_000, False)]


def test_minutes_are_made_of_the_trades_and_quiet_ones_are_flat() -> None:
    minutes = [e for e in play(market()) if isinstance(e, Kline) and e.interval == "1"]
    rows = [(str(k.open), str(k.high), str(k.low), str(k.close), str(k.volume)) for k in minutes]
    assert rows == [
        ("100.0", "100.2", "100.0", "100.2", "0.700"),
        ("100.2", "100.2", "100.2", "100.2", "0.000"),
        ("99.8", "99.8", "99.8", "99.8", "0.400"),
        ("99.8", "99.8", "99.8", "99.8", "0.000"),
        ("99.8", "99.8", "99.8", "99.8", "0.000"),
        ("99.7", "99.7", "99.7", "99.7", "0.100"),
    ]
    assert minutes[0].turnover == Decimal("100.1") / 2 + Decimal("100.2") / 5


def test_the_book_is_the_recorded_one() -> None:
    m = market()
    play(m, T0 + 10_000)
    first = m.book("BTCUSDT", 50)
    assert first is not None
    assert first.bids == ((Decimal("99.9"), Decimal(1)), (Decimal("99.8"), Decimal(2)))
    play(m, T0 + 140_000)
    later = m.book("BTCUSDT", 1)
    assert later is not None
    assert (later.bids, later.asks) == (
        ((Decimal("99.8"), Decimal(2)),),
        ((Decimal("100.1"), Decimal(3)),),
    )
    quote = m.quote("BTCUSDT")
    assert quote is not None
    assert (quote.bid_price, quote.last_price) == (Decimal("99.8"), Decimal("99.8"))
    assert [t.volume for t in m.recent_trades("BTCUSDT")] == [Decimal("0.4"), Decimal("0.2"), Decimal("0.5")]


def test_play_from_the_middle_begins_with_a_snapshot() -> None:
    m = market(from_ms=T0 + 2 * MINUTE)
    events = play(m, T0 + 126_000)
    assert isinstance(events[0], BookChanged)
    assert events[0].is_snapshot
    assert events[0].bids == ((Decimal("99.8"), Decimal(2)),)
    assert [type(e) for e in events[1:]] == [PricePoint]
    assert len(m.klines("BTCUSDT", "1")) == 3


@pytest.mark.parametrize("at", [0, 50, 5_000, 60_000, 127_000, 299_999])
def test_a_saved_recording_goes_on(at: int) -> None:
    one = market()
    play(one, T0 + at)
    saved = json.loads(json.dumps(one.export_state()))
    other = market(state=saved)
    assert other.book("BTCUSDT", 50) == one.book("BTCUSDT", 50)
    assert play(other) == play(one)
    assert other.book("BTCUSDT", 50) == one.book("BTCUSDT", 50)
    with pytest.raises(StateMismatch, match="data"):
        market(FRAMES[:-1], state=saved)


def test_trades_alone_have_a_synthetic_book() -> None:
    m = market([FRAMES[2], FRAMES[4]])
    play(m, T0 + 60_000)
    made = m.book("BTCUSDT", 50)
    assert made is not None
    assert len(made.bids) == 50


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        ([], "no frame"),
        ([{"topic": "tickers.BTCUSDT"}], "no frame"),
        ([FRAMES[3]], "frame 1 .*before the first snapshot"),
        ([FRAMES[0], {"topic": "publicTrade.BTCUSDT", "data": [{"T": 1}]}], "frame 2"),
        ([book(0, "snapshot", [], [("1", "1")])], "two-sided"),
    ],
)
def test_frames_that_cannot_be_played(frames: list[Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        market(frames)


def test_files_of_frames(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in FRAMES) + "\n\n")
    assert read_frames(path) == json.loads(json.dumps(FRAMES))
    path.write_text('{"a":1}\n{"a":\n')
    with pytest.raises(ConfigError, match="line 2"):
        read_frames(path)
    path.write_text("[1]\n")
    with pytest.raises(ConfigError, match="JSON object"):
        read_frames(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_frames(tmp_path / "none")


@pytest.mark.skipif(not DATA.is_dir(), reason="recorded frames are not here")
@pytest.mark.parametrize(
    ("name", "symbol", "tick", "step"),
    [
        ("orderbook.500.XRPUSDT.linear-2024-12-01.jsonl", "XRPUSDT", "0.0001", "1"),
        ("orderbook.50.BTCUSDT.linear-2026-03-13.jsonl", "BTCUSDT", "0.1", "0.001"),
        ("publicTrade.BTCUSDT.linear-2026-03-20.jsonl", "BTCUSDT", "0.1", "0.001"),
    ],
)
def test_real_recordings_play(name: str, symbol: str, tick: str, step: str) -> None:
    frames = read_frames(DATA / name)
    m = FrameMarket([FrameTrack(instrument(symbol, tick, step), frames)])
    events = play(m)
    changes = [e for e in events if isinstance(e, BookChanged)]
    assert len(changes) == sum(frame["topic"].startswith("orderbook") for frame in frames)
    seen = m.book(symbol, 500)
    assert seen is not None
    assert seen.bids[0][0] < seen.asks[0][0]
    assert m.klines(symbol, "1")[0].confirmed
