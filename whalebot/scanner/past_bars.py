"""Closed bars of a span of the past from REST, page by page."""

from __future__ import annotations

import numpy as np

from whalebot.adapters.bybit.rest_survey import MOST_BARS
from whalebot.decisions.scan.window import History, make_history
from whalebot.domain.intervals import bar_close_ms
from whalebot.domain.market import Candle
from whalebot.scanner.asking import Asking
from whalebot.scanner.bootstrap import fetch_bars


def fetch_span(asking: Asking, symbol: str, interval: str, from_ms: int, to_ms: int, now_ms: int) -> History:
    """Return the bars that open in [from_ms, to_ms) and have closed at `now_ms` (venue's time, ms UTC).

    Raises TransportError, VenueRefused or RateLimited.
    """
    found: list[Candle] = []
    end = to_ms - 1
    while end >= from_ms:
        page = [
            bar for bar in fetch_bars(asking, symbol, interval, end, MOST_BARS).bars if bar.open_ms <= end
        ]
        found[:0] = [bar for bar in page if bar.open_ms >= from_ms and bar.close_ms <= now_ms]
        if not page or page[0].open_ms <= from_ms:
            break
        end = page[0].open_ms - 1
    return history_of_candles(symbol, interval, found)


def history_of_candles(symbol: str, interval: str, candles: list[Candle]) -> History:
    """Return candles, oldest first, as a history."""
    opens = np.array([bar.open_ms for bar in candles], dtype=np.int64)
    columns = [
        np.array([float(getattr(bar, name)) for bar in candles], dtype=np.float64)
        for name in ("high", "low", "close", "volume")
    ]
    return make_history(symbol, interval, opens, *columns)


def first_bar_needed(from_ms: int, interval: str, bars: int) -> int:
    """Return the open (ms UTC) from which on bars fill a window, and its session, at `from_ms`."""
    length = bar_close_ms(from_ms, interval) - from_ms
    return from_ms - max(bars * length, 2 * 86_400_000)
