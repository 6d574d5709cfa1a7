"""Recorded bars of one symbol as a lane plays them, with mark prices and funding where they exist."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.market.bars import Bars, Columns, columns_of
from whalebot.adapters.exchange.market.events import InstrumentListed, PricePoint
from whalebot.adapters.exchange.market.feed import Mood
from whalebot.adapters.exchange.market.ladder import RawBar, raw_bars
from whalebot.adapters.exchange.market.prints import LISTING, Script, path_of, script_of_bar
from whalebot.adapters.exchange.market.units import Units, decimals_of, make_units
from whalebot.adapters.exchange.market.views import FundingRow, PriceKind
from whalebot.domain.enums import Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import MINUTE_MS, interval_ms

_BLOCK: Final = 4096


class Settlement(Protocol):
    """A settled funding rate, as files of them have."""

    @property
    def ts_ms(self) -> int:
        """The instant, ms UTC."""

    @property
    def rate(self) -> Decimal:
        """What longs paid, a fraction of the position's value."""


@dataclass(frozen=True, slots=True)
class PlaybackTrack:
    """What is known of one symbol: bars, and where they exist mark-price bars and settled funding rates.

    Without `mark` mark and index price are the last price; without `funding` nothing is settled.
    `relisted` are later rules of the symbol, by time: announced when play comes to them.
    """

    instrument: Instrument
    bars: Bars
    mark: Bars | None = None
    funding: Sequence[Settlement] = ()
    relisted: Sequence[InstrumentListed] = ()


class PlaybackFeed:
    """The `Feed` of one track. Raises ConfigError for bars that cannot be played."""

    def __init__(self, track: PlaybackTrack) -> None:
        bars, mark = track.bars, track.mark
        _check_bars(bars, track.instrument.symbol)
        decimals = max(
            bars.price_decimals,
            0 if mark is None else mark.price_decimals,
            *(decimals_of(rules.tick_size) for rules in _rules(track)),
        )
        volume_decimals = max(bars.volume_decimals, *(decimals_of(rules.qty_step) for rules in _rules(track)))
        self.instrument: Final = track.instrument
        self.interval: Final = bars.interval
        self._relisted: Final = sorted(track.relisted, key=lambda listed: listed.ts_ms)
        self.units: Final[Units] = make_units(decimals, volume_decimals)
        self._last: Final = columns_of(bars, self.units)
        self._length_ms: Final = interval_ms(bars.interval)
        self._mark_path: Final = (
            None if mark is None else _sample(mark, self._last, self.units, self._length_ms)
        )
        self._funding: Final = [
            FundingRow(row.ts_ms, row.rate) for row in sorted(track.funding, key=lambda row: row.ts_ms)
        ]
        self._funding_ms: Final = [row.ts_ms for row in self._funding]
        self._block_at = -1
        self._block: list[RawBar] = []
        self.digest: Final = _digest(track)

    @property
    def first_ms(self) -> int:
        """Open of the first bar."""
        return int(self._last.open_ms[0])

    @property
    def end_ms(self) -> int:
        """End of the last bar."""
        return int(self._last.open_ms[-1]) + self._length_ms

    def index_at(self, from_ms: int | None) -> int:
        """Return the index of the first bar that opens at or after `from_ms`."""
        return 0 if from_ms is None else int(np.searchsorted(self._last.open_ms, from_ms))

    def instrument_at(self, ts_ms: int) -> Instrument:
        """Return the order rules as of an instant."""
        known = [listed.instrument for listed in self._relisted if listed.ts_ms <= ts_ms]
        return known[-1] if known else self.instrument

    def bar(self, index: int) -> RawBar | None:
        """Return a bar, None beyond the end."""
        block, at = divmod(index, _BLOCK)
        if block != self._block_at:
            part = self._last.part(block * _BLOCK, (block + 1) * _BLOCK)
            self._block_at, self._block = block, list(raw_bars(part, self.interval))
        return self._block[at] if at < len(self._block) else None

    def script(self, index: int, bar: RawBar, close_before: int | None, side_before: Side) -> Script:
        """Return the prints of a bar, with mark prices as recorded."""
        references = None
        if self._mark_path is not None:
            first, second, third, fourth = self._mark_path[index].tolist()
            references = (first, second, third, fourth), path_of(bar)
        symbol = self.instrument.symbol
        # Rules that change where bars are missing are told with the first price after.
        before_ms = int(self._last.open_ms[index - 1]) + self._length_ms if index else bar.open_ms
        extra = [
            (max(listed.ts_ms, bar.open_ms), LISTING, listed)
            for listed in self._relisted
            if before_ms <= listed.ts_ms < bar.close_ms
        ]
        return script_of_bar(symbol, self.units, bar, close_before, side_before, references, extra)

    def prints(self, bar: RawBar, close_before: int | None, side_before: Side) -> list[PricePoint]:
        """Return the prints of a closed bar."""
        return script_of_bar(self.instrument.symbol, self.units, bar, close_before, side_before).points

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return the bars in [start_ms, end_ms)."""
        begin, end = (int(i) for i in np.searchsorted(self._last.open_ms, (start_ms, max(start_ms, end_ms))))
        last = self._last.part(begin, end)
        if kind is not PriceKind.MARK or self._mark_path is None:
            return last
        path = self._mark_path[begin:end]
        return Columns(
            last.open_ms,
            path[:, 0],
            path.max(axis=1),
            path.min(axis=1),
            path[:, 3],
            last.volume,
            last.turnover,
        )

    def mark_path(self) -> NDArray[np.int64] | None:
        """Return the mark price at the four points of every bar, (n, 4), in units; None: none is recorded."""
        return self._mark_path

    def funding_between(self, after_ms: int, until_ms: int) -> Sequence[FundingRow]:
        """Return the recorded settlements in (after_ms, until_ms]."""
        begin = bisect_right(self._funding_ms, after_ms)
        return self._funding[begin : bisect_right(self._funding_ms, until_ms, begin)]

    def next_funding_ms(self, now_ms: int) -> int:
        """Return the first instant after now on the grid of the instrument's interval."""
        length = self.instrument.funding_interval_min * MINUTE_MS
        return (now_ms // length + 1) * length

    def mood(self, ts_ms: int) -> Mood:
        """Return the rate settled last; nothing is known of open interest (0) and of accounts (half long)."""
        at = bisect_right(self._funding_ms, ts_ms)
        rate = self._funding[at - 1].rate if at else Decimal(0)
        return Mood(rate, Decimal(0), Decimal("0.5"))

    def mood_start_ms(self) -> int:
        """Open of the first bar."""
        return self.first_ms


def _rules(track: PlaybackTrack) -> list[Instrument]:
    return [track.instrument, *(listed.instrument for listed in track.relisted)]


def _check_bars(bars: Bars, symbol: str) -> None:
    if not len(bars.open_ms):
        raise ConfigError(f"{symbol}: no bars to play; give a file with at least one bar")
    steps = np.diff(bars.open_ms)
    if len(steps) and int(steps.min()) <= 0:
        raise ConfigError(f"{symbol}: bars must ascend in time without duplicates")
    if int(bars.low.min()) <= 0:
        raise ConfigError(f"{symbol}: prices must be above zero")


def _sample(mark: Bars, last: Columns, units: Units, length_ms: int) -> NDArray[np.int64]:
    """Return the mark price at the four points of every bar, (n, 4).

    It is the mark bars' own path, held between its points. Before the first mark bar its open stands.
    """
    table = columns_of(mark, units)
    low_first = table.high - table.open >= table.open - table.low
    nearer, farther = np.where(low_first, table.low, table.high), np.where(low_first, table.high, table.low)
    levels = np.stack([table.open, nearer, farther, table.close], axis=1).ravel()
    times = (table.open_ms[:, None] + _offsets(interval_ms(mark.interval))).ravel()
    wanted = last.open_ms[:, None] + _offsets(length_ms)
    at = np.maximum(np.searchsorted(times, wanted, side="right") - 1, 0)
    sampled: NDArray[np.int64] = levels[at]
    return sampled


def _offsets(length_ms: int) -> NDArray[np.int64]:
    return np.array([0, length_ms // 3, 2 * length_ms // 3, length_ms - 1], dtype=np.int64)


def _digest(track: PlaybackTrack) -> str:
    state = hashlib.sha256(f"{track.instrument}".encode())
    for bars in (track.bars, track.mark):
        if bars is not None:
            state.update(
                f"{bars.symbol} {bars.interval} {bars.price_decimals} {bars.volume_decimals}".encode()
            )
            for column in (bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume):
                state.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    for row in track.funding:
        state.update(f"{row.ts_ms} {row.rate}".encode())
    return state.hexdigest()
