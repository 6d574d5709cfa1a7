"""The closed bars of one symbol as they stand now, the forming one, and the sums of the session."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

import numpy as np

from whalebot.decisions.scan.window import (
    FormingBar,
    SessionBar,
    SessionSums,
    Window,
    last_session,
    pivot_session,
    session_open_ms,
    session_sums,
)
from whalebot.domain.intervals import DAY_MS, bar_close_ms, interval_ms
from whalebot.domain.market import Candle

_FIELDS: Final = 4
_SPARE: Final = 64


class Taken(Enum):
    """What became of a closed bar."""

    APPENDED = "appended"
    REPLACED = "replaced"
    OLD = "old"
    AFTER_HOLE = "after a hole"


class BarStore:
    """Keeps the newest `history` closed bars, and more where they are of the UTC day in progress.

    Bars come in the order of time; one with the start of the newest replaces it (the last wins), an older
    one is refused, one that leaves out a bar says so and is not taken.
    """

    def __init__(self, symbol: str, interval: str, history: int) -> None:
        self.symbol = symbol
        self.interval = interval
        self.history = history
        self.forming: FormingBar | None = None
        self._count = 0
        self._open = np.empty(0, np.int64)
        self._values = np.empty((_FIELDS, 0))
        self._sums: SessionSums | None = None
        self._sums_before: SessionSums | None = None
        self._previous: SessionBar | None = None
        self._keeps_day = interval_ms(interval) < DAY_MS

    def __len__(self) -> int:
        return min(self._count, self.history)

    @property
    def last_open_ms(self) -> int | None:
        """Open time of the newest closed bar, ms UTC."""
        return int(self._open[self._count - 1]) if self._count else None

    @property
    def next_open_ms(self) -> int | None:
        """Open time of the bar after the newest closed one, ms UTC."""
        last = self.last_open_ms
        return None if last is None else bar_close_ms(last, self.interval)

    @property
    def last_close(self) -> float | None:
        """Close of the newest closed bar."""
        return float(self._values[2, self._count - 1]) if self._count else None

    def load(self, candles: Iterable[Candle], previous: SessionBar | None = None) -> None:
        """Begin anew with these closed bars, oldest first; `previous`: the session before, where known.

        What stands before a hole is left out: values over a hole would be wrong for a whole window.
        """
        bars = list(candles)
        for number in range(len(bars) - 1, 0, -1):
            if bars[number - 1].close_ms != bars[number].open_ms:
                bars = bars[number:]
                break
        self._count = len(bars)
        self._open = np.array([bar.open_ms for bar in bars] + [0] * _SPARE, np.int64)
        self._values = np.zeros((_FIELDS, len(self._open)))
        for number, bar in enumerate(bars):
            self._values[:, number] = _floats(bar)
        self._previous = previous
        self._recount()
        self._trim()

    def take(self, candle: Candle) -> Taken:
        """Take a bar that has closed."""
        last = self.last_open_ms
        if last is not None and candle.open_ms < last:
            return Taken.OLD
        if last is not None and candle.open_ms == last:
            self._values[:, self._count - 1] = _floats(candle)
            self._sums = self._with(self._sums_before, candle)
            return Taken.REPLACED
        if last is not None and candle.open_ms != self.next_open_ms:
            return Taken.AFTER_HOLE
        self._append(candle)
        if self.forming is not None and self.forming.open_ms <= candle.open_ms:
            self.forming = None
        return Taken.APPENDED

    def form(self, candle: Candle) -> None:
        """Take the bar in progress; one that is closed already changes nothing."""
        last = self.last_open_ms
        if last is None or candle.open_ms > last:
            high, low, close, volume = _floats(candle)
            self.forming = FormingBar(candle.open_ms, high, low, close, volume)

    def window(self) -> Window:
        """Return what a bar close is judged on."""
        part = slice(max(0, self._count - self.history), self._count)
        high, low, close, volume = (self._values[field, part].copy() for field in range(_FIELDS))
        return Window(
            self.symbol,
            self.interval,
            self._open[part].copy(),
            high,
            low,
            close,
            volume,
            self._sums if self._keeps_day else None,
            self._previous_session(),
        )

    def wanted_session(self) -> int | None:
        """Return the start (ms UTC) of the session whose extremes the pivots need; None without bars."""
        now_ms = self.next_open_ms
        if now_ms is None:
            return None
        session = pivot_session(self.interval)
        return session_open_ms(session_open_ms(now_ms, session) - 1, session)

    def lacks_session(self) -> bool:
        """Tell whether the session before is needed and not known; the venue must be asked then."""
        return self._count > 0 and self._previous_session() is None

    def set_previous(self, bar: SessionBar) -> None:
        """Take the session before from the venue."""
        self._previous = bar

    def _previous_session(self) -> SessionBar | None:
        wanted, now_ms = self.wanted_session(), self.next_open_ms
        if wanted is None or now_ms is None:
            return None
        if self._previous is None or self._previous.start_ms != wanted:
            self._previous = self._aggregated(now_ms)
        return self._previous

    def _aggregated(self, now_ms: int) -> SessionBar | None:
        # Weeks do not add up to months.
        if self.interval == "W":
            return None
        high, low, close, _ = self._values[:, : self._count]
        return last_session(self._open[: self._count], high, low, close, self.interval, now_ms)

    def _append(self, candle: Candle) -> None:
        if self._count == len(self._open):
            self._open = np.concatenate([self._open, np.zeros(_SPARE, np.int64)])
            self._values = np.concatenate([self._values, np.zeros((_FIELDS, _SPARE))], axis=1)
        self._open[self._count] = candle.open_ms
        self._values[:, self._count] = _floats(candle)
        self._count += 1
        self._sums_before, self._sums = self._sums, self._with(self._sums, candle)
        # At the end of a day its bars are all here still: now is the time to add them up.
        self._previous_session()
        if self._count == len(self._open):
            self._trim()

    def _with(self, sums: SessionSums | None, candle: Candle) -> SessionSums | None:
        if not self._keeps_day:
            return None
        if sums is None:
            if candle.open_ms % DAY_MS:
                return None
            sums = SessionSums(candle.open_ms)
        high, low, close, volume = _floats(candle)
        return sums.with_bar(candle.open_ms, high, low, close, volume)

    def _recount(self) -> None:
        self._sums = self._sums_before = None
        if not self._keeps_day or not self._count:
            return
        last = self._count - 1
        for end in (last, last + 1):
            rows = (
                self._open[:end].tolist(),
                *(self._values[field, :end].tolist() for field in range(_FIELDS)),
            )
            self._sums_before, self._sums = self._sums, session_sums(*rows)

    def _trim(self) -> None:
        first = max(0, self._count - self.history)
        if self._keeps_day and self._count:
            day = int(self._open[self._count - 1]) // DAY_MS * DAY_MS
            first = min(first, int(np.searchsorted(self._open[: self._count], day)))
        kept = self._count - first
        open_ms = np.zeros(kept + _SPARE, np.int64)
        values = np.zeros((_FIELDS, kept + _SPARE))
        open_ms[:kept] = self._open[first : self._count]
        values[:, :kept] = self._values[:, first : self._count]
        self._open, self._values, self._count = open_ms, values, kept


def _floats(candle: Candle) -> tuple[float, float, float, float]:
    return float(candle.high), float(candle.low), float(candle.close), float(candle.volume)
