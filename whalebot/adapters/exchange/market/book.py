"""A synthetic book around the last price: a pure function of a key, the price and the time.

Every price level has its own stream of noise and its own rhythm of change, so that books a moment apart are
alike and a book can be made for any instant without the ones before. Near the touch every tick is quoted;
farther away levels are rarer and larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.events import Level
from whalebot.adapters.exchange.market.noise import mix, mix_words, unit_float, unit_floats
from whalebot.adapters.exchange.market.units import Units
from whalebot.adapters.exchange.market.views import Book
from whalebot.domain.enums import Side

_FULL_TICKS: Final = 12
_RAREST: Final = 0.35
_FASTEST_MS: Final = 400
_RHYTHMS: Final = 6
_FAR: Final = 0.001
_GROWTH: Final = 8.0


@dataclass(frozen=True, slots=True)
class BookShape:
    """What a book is made from. Prices and quantities in units; `touch_qty` is typical at the touch."""

    last: int
    last_side: Side
    tick: int
    spread_ticks: int
    touch_qty: int
    step: int


def make_book(key: int, symbol: str, ts_ms: int, shape: BookShape, units: Units, depth: int) -> Book:
    """Return the best `depth` levels of both sides. The last taker met the touch of the other side."""
    last = shape.last // shape.tick
    if shape.last_side is Side.BUY:
        bid, ask = last - shape.spread_ticks, last
    else:
        bid, ask = last, last + shape.spread_ticks
    bids = _side(mix(key ^ 1), ts_ms, max(bid, 1), -1, shape, units, depth)
    asks = _side(mix(key ^ 2), ts_ms, max(ask, 2), 1, shape, units, depth)
    return Book(ts_ms, symbol, bids, asks)


def _side(
    key: int, ts_ms: int, touch: int, direction: int, shape: BookShape, units: Units, depth: int
) -> tuple[Level, ...]:
    if depth == 1:
        return (_touch(key, ts_ms, touch, shape, units),)
    reach = depth if depth <= _FULL_TICKS else int(depth / _RAREST * 1.3) + _FULL_TICKS
    if direction < 0:
        reach = min(reach, touch)
    distance = np.arange(reach, dtype=np.int64)
    ticks = touch + direction * distance
    rhythm = mix_words(ticks.astype(np.uint64) ^ np.uint64(key))
    share = np.maximum(_RAREST, _FULL_TICKS / np.maximum(distance, _FULL_TICKS))
    chosen = np.flatnonzero(unit_floats(rhythm) < share)[:depth]
    near, rhythm = distance[chosen], rhythm[chosen]
    period = np.int64(_FASTEST_MS) << (rhythm % np.uint64(_RHYTHMS)).astype(np.int64)
    epoch = (ts_ms + (rhythm >> np.uint64(40)).astype(np.int64)) // period
    draw = unit_floats(mix_words(rhythm + epoch.astype(np.uint64)))
    away = near / (near + _FAR * touch)
    steps = np.rint(shape.touch_qty / shape.step * (0.1 + 2.7 * draw * draw * draw) * (1.0 + _GROWTH * away))
    qtys = (np.maximum(steps, 1.0).astype(np.int64) * shape.step).tolist()
    price_unit, volume_unit = units.price_unit, units.volume_unit
    prices = (ticks[chosen] * shape.tick).tolist()
    return tuple((p * price_unit, q * volume_unit) for p, q in zip(prices, qtys, strict=True))


def _touch(key: int, ts_ms: int, tick: int, shape: BookShape, units: Units) -> Level:
    """Return the best level as `_side` would: it is asked for alone and often."""
    rhythm = mix(tick ^ key)
    epoch = (ts_ms + (rhythm >> 40)) // (_FASTEST_MS << rhythm % _RHYTHMS)
    draw = unit_float(mix(rhythm + epoch))
    steps = round(shape.touch_qty / shape.step * (0.1 + 2.7 * draw * draw * draw))
    return tick * shape.tick * units.price_unit, max(steps, 1) * shape.step * units.volume_unit


def book_changes(before: Book, after: Book) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return the bids and asks of the delta that leads from one book to the other; qty 0 deletes a level."""
    return _changes(before.bids, after.bids), _changes(before.asks, after.asks)


def _changes(before: tuple[Level, ...], after: tuple[Level, ...]) -> tuple[Level, ...]:
    old, new = dict(before), dict(after)
    gone = tuple((price, qty * 0) for price, qty in before if price not in new)
    return gone + tuple((price, qty) for price, qty in after if old.get(price) != qty)
