"""Recorded frames of one symbol as a lane plays them: minutes of its trades, with its depth in between."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns
from whalebot.adapters.exchange.market.events import BookChanged, PricePoint
from whalebot.adapters.exchange.market.feed import Mood
from whalebot.adapters.exchange.market.ladder import RawBar
from whalebot.adapters.exchange.market.prints import BOOK, Item, Script
from whalebot.adapters.exchange.market.recording import FrameTrack, RecordedBook, Trade, read_recording
from whalebot.adapters.exchange.market.units import Units, decimals_of, make_units, to_units
from whalebot.adapters.exchange.market.views import FundingRow, PriceKind
from whalebot.domain.enums import Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import MINUTE_MS


class FrameFeed:
    """The `Feed` of one recording; its minutes are counted from the first one.

    Every minute has a bar, a flat one without volume where nothing was traded. Until the first trade, and
    where no trades were recorded, the price is the middle of the touch, cut to the tick.
    """

    interval: Final = "1"

    def __init__(self, track: FrameTrack) -> None:
        self.instrument: Final = track.instrument
        self._items: Final = read_recording(track)
        trades = [item for item in self._items if isinstance(item, Trade)]
        tick, step = track.instrument.tick_size, track.instrument.qty_step
        self.units: Final[Units] = make_units(
            max(decimals_of(value) for value in (tick, *(trade.price for trade in trades))),
            max(decimals_of(value) for value in (step, *(trade.qty for trade in trades))),
        )
        prints = self._prints()
        if not prints:
            raise ConfigError(f"{track.instrument.symbol}: recorded without a trade or a two-sided book")
        self._first: Final = prints[0].ts_ms // MINUTE_MS
        self._scripts: Final = self._make_scripts(prints)
        self._bars: Final = [self._bar(i, script) for i, script in enumerate(self._scripts)]
        self._columns: Final = _columns(self._bars)
        self.digest: Final = hashlib.sha256(repr((track.instrument, self._items)).encode()).hexdigest()

    @property
    def first_ms(self) -> int:
        """Open of the first minute."""
        return self._first * MINUTE_MS

    @property
    def end_ms(self) -> int:
        """End of the last minute."""
        return self.first_ms + len(self._bars) * MINUTE_MS

    def index_at(self, from_ms: int | None) -> int:
        """Return the index of the first minute that begins at or after `from_ms`."""
        return 0 if from_ms is None else max(-(-from_ms // MINUTE_MS) - self._first, 0)

    def book_at(self, ts_ms: int) -> RecordedBook:
        """Return the book as of an instant."""
        book = RecordedBook()
        for item in self._items:
            if item.ts_ms > ts_ms:
                break
            if isinstance(item, BookChanged):
                book.apply(item)
        return book

    def instrument_at(self, ts_ms: int) -> Instrument:
        """Return the order rules: they stay."""
        return self.instrument

    def bar(self, index: int) -> RawBar | None:
        """Return a minute, None beyond the end."""
        return self._bars[index] if index < len(self._bars) else None

    def script(self, index: int, bar: RawBar, close_before: int | None, side_before: Side) -> Script:
        """Return the trades and depth changes of a minute."""
        return self._scripts[index]

    def prints(self, bar: RawBar, close_before: int | None, side_before: Side) -> list[PricePoint]:
        """Return the trades of a closed minute."""
        return self._scripts[bar.open_ms // MINUTE_MS - self._first].points

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return the minutes in [start_ms, end_ms); mark and index are the last price."""
        return self._columns.between(start_ms, end_ms)

    def funding_between(self, after_ms: int, until_ms: int) -> Sequence[FundingRow]:
        """Nothing is settled."""
        return ()

    def next_funding_ms(self, now_ms: int) -> int:
        """Return the first instant after now on the grid of the instrument's interval."""
        length = self.instrument.funding_interval_min * MINUTE_MS
        return (now_ms // length + 1) * length

    def mood(self, ts_ms: int) -> Mood:
        """Nothing is known: no funding, no open interest, half the accounts long."""
        return Mood(Decimal(0), Decimal(0), Decimal("0.5"))

    def mood_start_ms(self) -> int:
        """Open of the first minute."""
        return self.first_ms

    def _prints(self) -> list[PricePoint]:
        symbol, book, has_traded = self.instrument.symbol, RecordedBook(), False
        prints: list[PricePoint] = []
        for item in self._items:
            if isinstance(item, Trade):
                has_traded = True
                price, qty, side = item.price, item.qty, item.taker_side
            else:
                book.apply(item)
                mid = book.mid()
                if has_traded or mid is None:
                    continue
                price, qty, side = self.instrument.floor_price(mid), Decimal(0), Side.BUY
                if prints and prints[-1].last_price == price:
                    continue
            # Nothing was traded between two recorded prints: what lies between them was jumped over.
            gap = bool(prints) and prints[-1].last_price != price
            prints.append(PricePoint(symbol, item.ts_ms, price, price, price, qty, side, gap))
        return prints

    def _make_scripts(self, prints: Sequence[PricePoint]) -> list[Script]:
        last_minute = self._items[-1].ts_ms // MINUTE_MS
        points: list[list[PricePoint]] = [[] for _ in range(self._first, last_minute + 1)]
        extra: list[list[Item]] = [[] for _ in points]
        for point in prints:
            points[point.ts_ms // MINUTE_MS - self._first].append(point)
        for item in self._items:
            if isinstance(item, BookChanged) and item.ts_ms // MINUTE_MS >= self._first:
                extra[item.ts_ms // MINUTE_MS - self._first].append((item.ts_ms, BOOK, item))
        scripts: list[Script] = []
        for i, found in enumerate(points):
            scripts.append(self._script(found or [self._standstill(i, scripts[-1].points[-1])], extra[i]))
        return scripts

    def _standstill(self, index: int, before: PricePoint) -> PricePoint:
        price = before.last_price
        open_ms = (self._first + index) * MINUTE_MS
        return PricePoint(before.symbol, open_ms, price, price, price, Decimal(0), before.taker_side)

    def _script(self, points: list[PricePoint], extra: list[Item]) -> Script:
        units = self.units
        prices = tuple(to_units(p.last_price or Decimal(0), units.price_decimals) for p in points)
        volumes = tuple(to_units(p.volume or Decimal(0), units.volume_decimals) for p in points)
        return Script(points, prices, prices, prices, volumes, extra)

    def _bar(self, index: int, script: Script) -> RawBar:
        open_ms = (self._first + index) * MINUTE_MS
        prices = script.prices
        quote = sum(v * p for v, p in zip(script.volumes, prices, strict=True)) * self.units.turnover_scale
        ends = prices[0], max(prices), min(prices), prices[-1]
        return RawBar(open_ms, open_ms + MINUTE_MS, *ends, sum(script.volumes), round(quote))


def _columns(bars: Sequence[RawBar]) -> Columns:
    table = np.array([(bar.open_ms, *bar[2:]) for bar in bars], dtype=np.int64).T
    return Columns(*table)
