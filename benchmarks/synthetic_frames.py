"""Frames as a busy perpetual sends them, from a seed: 60 % book, 20 % trades, 15 % tickers, 5 % klines.

The order book is kept here in integers, independently of any client, so that a client's book can be checked
against it at the end.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

SYMBOL = "BTCUSDT"
_START_MS = 1_773_386_400_000
_BAR_MS = 900_000


def topics(depth: int) -> list[str]:
    """Return the topics of the frames: book, trades, ticker, kline."""
    return [f"orderbook.{depth}.{SYMBOL}", f"publicTrade.{SYMBOL}", f"tickers.{SYMBOL}", f"kline.15.{SYMBOL}"]


@dataclass
class TrueBook:
    """Both sides as tick -> size in thousandths; exactly `depth` levels each."""

    rng: random.Random
    depth: int
    mid: int = 714_239
    u: int = 1000
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bids = {self.mid - 1 - i: self._size() for i in range(self.depth)}
        self.asks = {self.mid + i: self._size() for i in range(self.depth)}

    def _size(self) -> int:
        return self.rng.randint(1, 5000)

    def step(self) -> tuple[list[list[str]], list[list[str]]]:
        """Change the book as one push does (about fifteen levels) and return the changes (bids, asks)."""
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        if self.rng.random() < 0.3:
            self._shift(self.rng.choice((-1, 1)), bids, asks)
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            for tick in self.rng.sample(sorted(side), self.rng.randint(4, 10)):
                side[tick] = changes[tick] = self._size()
        self.u += 1
        return _levels(bids, reverse=True), _levels(asks)

    def _shift(self, direction: int, bids: dict[int, int], asks: dict[int, int]) -> None:
        """Move the touch by one tick: one level changes sides at the top, one appears at the far end."""
        rising, falling = (self.bids, self.asks) if direction > 0 else (self.asks, self.bids)
        gains, loses = (bids, asks) if direction > 0 else (asks, bids)
        touch = self.mid if direction > 0 else self.mid - 1
        del falling[touch]
        loses[touch] = 0
        far = touch + direction * self.depth
        falling[far] = loses[far] = self._size()
        rising[touch] = gains[touch] = self._size()
        gone = touch - direction * self.depth
        del rising[gone]
        gains[gone] = 0
        self.mid += direction

    def as_floats(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return (bids, asks), best first, as a client holds them."""
        bids = [(float(p), float(s)) for p, s in _levels(self.bids, reverse=True)]
        return bids, [(float(p), float(s)) for p, s in _levels(self.asks)]


def make_frames(count: int, seed: int, depth: int) -> tuple[list[tuple[str, bytes]], TrueBook]:
    """Return `count` frames as (kind, payload), snapshots first, and the book after the last one."""
    rng = random.Random(seed)
    book = TrueBook(rng, depth)
    frames = list(_opening(book))
    while len(frames) < count:
        now_ms = _START_MS + len(frames) * 20
        kind = rng.choices(("book", "trades", "ticker", "kline"), (60, 20, 15, 5))[0]
        frames.append((kind, _encode(_MAKERS[kind](book, now_ms))))
    return frames, book


def _opening(book: TrueBook) -> Iterator[tuple[str, bytes]]:
    bids, asks = _levels(book.bids, reverse=True), _levels(book.asks)
    yield "book", _encode(_book_frame(book, "snapshot", bids, asks, _START_MS))
    ticker = _ticker_frame(book, _START_MS)
    ticker["type"] = "snapshot"
    yield "ticker", _encode(ticker)


def _levels(side: dict[int, int], reverse: bool = False) -> list[list[str]]:
    return [[f"{tick / 10:.2f}", f"{side[tick] / 1000:.3f}"] for tick in sorted(side, reverse=reverse)]


def _encode(frame: dict[str, object]) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()


def _book_frame(
    book: TrueBook, kind: str, bids: list[list[str]], asks: list[list[str]], now_ms: int
) -> dict[str, object]:
    data = {"s": SYMBOL, "b": bids, "a": asks, "u": book.u, "seq": 549_792_208_812 + book.u}
    return {"topic": topics(book.depth)[0], "type": kind, "ts": now_ms, "data": data, "cts": now_ms - 2}


def _delta_frame(book: TrueBook, now_ms: int) -> dict[str, object]:
    bids, asks = book.step()
    return _book_frame(book, "delta", bids, asks, now_ms)


def _trade_frame(book: TrueBook, now_ms: int) -> dict[str, object]:
    side = book.rng.choice(("Buy", "Sell"))
    trades = [
        {
            "T": now_ms - 1,
            "s": SYMBOL,
            "S": side,
            "v": f"{book.rng.randint(1, 900) / 1000:.3f}",
            "p": f"{(book.mid + i) / 10:.2f}",
            "L": "ZeroMinusTick",
            "i": f"f60eae3c-d812-5c0b-ad26-{book.rng.getrandbits(48):012x}",
            "BT": False,
            "RPI": False,
            "seq": 549_792_208_812,
        }
        for i in range(book.rng.choice((1, 1, 1, 2, 3, 6)))
    ]
    return {"topic": f"publicTrade.{SYMBOL}", "type": "snapshot", "ts": now_ms, "data": trades}


def _ticker_frame(book: TrueBook, now_ms: int) -> dict[str, object]:
    data = {
        "symbol": SYMBOL,
        "tickDirection": "PlusTick",
        "price24hPcnt": "-0.012289",
        "lastPrice": f"{book.mid / 10:.2f}",
        "turnover24h": f"{3_734_122_035 + now_ms % 100_000}.3175",
        "volume24h": "44701.1030",
        "bid1Price": f"{(book.mid - 1) / 10:.2f}",
        "bid1Size": "3.495",
        "ask1Price": f"{book.mid / 10:.2f}",
        "ask1Size": "3.390",
    }
    return {"topic": f"tickers.{SYMBOL}", "type": "delta", "data": data, "cs": 818_232_112_989, "ts": now_ms}


def _kline_frame(book: TrueBook, now_ms: int) -> dict[str, object]:
    start, price = now_ms // _BAR_MS * _BAR_MS, book.mid / 10
    bar = {
        "start": start,
        "end": start + _BAR_MS - 1,
        "interval": "15",
        "open": f"{price:.2f}",
        "close": f"{price + 1:.2f}",
        "high": f"{price + 2:.2f}",
        "low": f"{price - 2:.2f}",
        "volume": "10.798",
        "turnover": "658980.4245",
        "confirm": False,
        "timestamp": now_ms,
    }
    return {"topic": f"kline.15.{SYMBOL}", "type": "snapshot", "ts": now_ms, "data": [bar]}


_MAKERS = {"book": _delta_frame, "trades": _trade_frame, "ticker": _ticker_frame, "kline": _kline_frame}
