"""What a bar close is judged on: the closed bars of the window, the session's sums, the session before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.domain.intervals import DAY_MS, bar_close_ms, bar_open_ms
from whalebot.indicators.arrays import FloatArray, IntArray

_SESSION_OF: Final = {"D": "W", "W": "M", "M": "Y"}
_YEAR: Final = "Y"


@dataclass(frozen=True, slots=True)
class SessionSums:
    """Sums of volume-weighted price since `anchor_ms` (00:00 UTC), added bar by bar in the order of time.

    money: sum of typical price times volume, quote; volume: base. Both through the last closed bar.
    """

    anchor_ms: int
    money: float = 0.0
    volume: float = 0.0

    def with_bar(self, open_ms: int, high: float, low: float, close: float, volume: float) -> SessionSums:
        """Return the sums with one more closed bar; a bar of a later UTC day begins new ones."""
        anchor = open_ms // DAY_MS * DAY_MS
        money = (high + low + close) / 3.0 * volume
        if anchor != self.anchor_ms:
            return SessionSums(anchor, money, volume)
        return SessionSums(anchor, self.money + money, self.volume + volume)


@dataclass(frozen=True, slots=True)
class SessionBar:
    """High, low and close of one completed session that began at `start_ms`. Unit of price."""

    start_ms: int
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True)
class FormingBar:
    """The unfinished bar as the venue last told it. Prices: quote per base; volume: base."""

    open_ms: int
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Window:
    """The trailing closed bars of one symbol, oldest first: `kline_history` of them, fewer only when new.

    Arrays of equal length, float64 (`open_ms` int64, ms UTC). `session`: sums through the last bar; None:
    they are made of the window, if it reaches back to 00:00 UTC. `previous_session`: the last session (see
    `pivot_session`) completed when the last bar closed, None where it is not known.
    """

    symbol: str
    interval: str
    open_ms: IntArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    session: SessionSums | None = None
    previous_session: SessionBar | None = None

    def __len__(self) -> int:
        return len(self.close)


def pivot_session(interval: str) -> str:
    """Return whose high, low and close make the pivots: "D", for longer bars "W" (ISO week), "M" or "Y"."""
    return _SESSION_OF.get(interval, "D")


def session_open_ms(ts_ms: int, session: str) -> int:
    """Return the start (ms UTC) of the session ("D", "W", "M" or "Y") that contains `ts_ms`."""
    if session != _YEAR:
        return bar_open_ms(ts_ms, session)
    return int(np.datetime64(ts_ms, "ms").astype("datetime64[Y]").astype("datetime64[ms]").astype(np.int64))


def running_sums(
    open_ms: Iterable[int],
    high: Iterable[float],
    low: Iterable[float],
    close: Iterable[float],
    volume: Iterable[float],
) -> Iterator[SessionSums | None]:
    """Yield the sums of the UTC day through each bar; None while the day's first bar was not seen.

    They are added one after the other, so that any two callers that saw the day get the same bits.
    """
    sums: SessionSums | None = None
    whole = False
    for row in zip(open_ms, high, low, close, volume, strict=True):
        at = int(row[0])
        day = at // DAY_MS * DAY_MS
        if sums is None or day != sums.anchor_ms:
            whole = sums is not None or at == day
            sums = SessionSums(day)
        sums = sums.with_bar(at, *(float(value) for value in row[1:]))
        yield sums if whole else None


def session_sums(
    open_ms: Iterable[int],
    high: Iterable[float],
    low: Iterable[float],
    close: Iterable[float],
    volume: Iterable[float],
) -> SessionSums | None:
    """Return the sums of the last bar's UTC day; None without a bar or where that day's start is missing."""
    return next(iter(deque(running_sums(open_ms, high, low, close, volume), maxlen=1)), None)


@dataclass(frozen=True, slots=True)
class History:
    """Closed bars of one symbol, oldest first, any number: a window at each of them is read from here.

    Arrays as in Window. `sessions`, `previous`: what Window has as `session` and `previous_session`, by bar.
    """

    symbol: str
    interval: str
    open_ms: IntArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    sessions: tuple[SessionSums | None, ...]
    previous: tuple[SessionBar | None, ...]

    def __len__(self) -> int:
        return len(self.close)

    def window(self, row: int, length: int) -> Window:
        """Return the window of at most `length` bars that ends with bar `row`."""
        part = slice(max(row + 1 - length, 0), row + 1)
        return Window(
            self.symbol,
            self.interval,
            self.open_ms[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            self.sessions[row],
            self.previous[row],
        )


def make_history(
    symbol: str,
    interval: str,
    open_ms: IntArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
) -> History:
    """Return a history whose session sums and sessions before are made of the bars themselves."""
    return History(
        symbol,
        interval,
        open_ms,
        high,
        low,
        close,
        volume,
        tuple(running_sums(open_ms, high, low, close, volume)),
        tuple(sessions_before(open_ms, high, low, close, interval)),
    )


def sessions_before(
    open_ms: IntArray, high: FloatArray, low: FloatArray, close: FloatArray, interval: str
) -> Iterator[SessionBar | None]:
    """Yield for each bar the last session completed at its close; see `last_session`."""
    session = pivot_session(interval)
    current = known = None
    for opened in open_ms.tolist():
        now = session_open_ms(bar_close_ms(opened, interval), session)
        if now != current:
            current, known = now, last_session(open_ms, high, low, close, interval, now)
        yield known


def last_session(
    open_ms: IntArray, high: FloatArray, low: FloatArray, close: FloatArray, interval: str, now_ms: int
) -> SessionBar | None:
    """Aggregate closed bars to the last session completed at `now_ms`; None where its first bar is missing.

    Bars belong to the session in which they open.
    """
    session = pivot_session(interval)
    start = session_open_ms(session_open_ms(now_ms, session) - 1, session)
    first, end = np.searchsorted(open_ms, [start, session_open_ms(now_ms, session)])
    if first == end or (first == 0 and int(open_ms[0]) != start):
        return None
    part = slice(int(first), int(end))
    return SessionBar(start, float(high[part].max()), float(low[part].min()), float(close[end - 1]))
