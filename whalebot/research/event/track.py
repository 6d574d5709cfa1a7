"""One symbol in play: where its bars and decisions stand, and what of them must happen next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from whalebot.adapters.exchange.core.inputs import FundingDue, InstrumentListed, PricePoint
from whalebot.adapters.exchange.market.ladder import RawBar
from whalebot.adapters.exchange.market.playback_feed import PlaybackFeed, PlaybackTrack
from whalebot.adapters.exchange.market.prints import FUNDING, path_of, point_times
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.decisions.analysis.bars import close_times
from whalebot.decisions.analysis.resample import resample
from whalebot.decisions.risk.settings import TradeSettings
from whalebot.domain.enums import Side
from whalebot.domain.market import Candle
from whalebot.indicators.arrays import FloatArray
from whalebot.research.dataset import DecisionBars, SymbolData
from whalebot.research.event.quiet import Limits, first_loud
from whalebot.research.strategy import DecisionColumns

_FAR: Final = 1 << 62


class Rank(IntEnum):
    """The order of what happens at one instant."""

    PATH = 0
    FUNDING = 1
    HIGHER = 2
    CLOSE = 3
    END = 4
    OPEN = 5


class Next(NamedTuple):
    """When the next thing of a symbol happens (ms UTC), and what it is; `row` of bars or of decisions."""

    ts_ms: int
    rank: int
    row: int


NOTHING: Final = Next(_FAR, Rank.OPEN, -1)


class Track:
    """Bars and decisions of one symbol.

    Rows before `row` have been played or passed by; decisions before `decision` are done or say nothing. The
    engine was told of the prices of rows before `told`.
    `items` is what is left of the bar being played, the last first, a mere price in units; `may_leave`: of it
    only the open was played, and the rest is prices that can be passed by like those of a whole bar.
    `keeps_all` plays every price of every bar and decides on every decision bar; else what can change nothing
    is passed by. `is_alone`: no other symbol is on the account, nothing comes between the prices of a bar.
    """

    def __init__(
        self, data: SymbolData, columns: DecisionColumns, *, keeps_all: bool, is_alone: bool
    ) -> None:
        self.symbol: Final = data.symbol
        self.data: Final = data
        self.keeps_all: Final = keeps_all
        self._leaves_bars: Final = is_alone and not keeps_all
        listed = [InstrumentListed(rules.instrument, rules.from_ms) for rules in data.rules[1:]]
        self.feed: Final = PlaybackFeed(
            PlaybackTrack(data.rules[0].instrument, data.fine, data.mark, data.funding or (), listed)
        )
        self.open_ms: Final = data.fine.open_ms
        self.close_ms: Final = close_times(self.open_ms, data.fine.interval)
        # A decision looks at the account too, also where its last bar is missing.
        missing = data.decisions.close_ms[~np.isin(data.decisions.close_ms, self.close_ms)]
        self.looks_ms: Final = np.union1d(self.close_ms, missing) if len(missing) else self.close_ms
        self.count: Final = len(self.open_ms)
        self._prepare_prices()
        self._prepare_decisions(data.decisions, columns)
        changed = [int(self.close_ms.searchsorted(rules.from_ms, "right")) for rules in data.rules[1:]]
        self._special: Final = sorted({*data.breaks, *(row for row in changed if row < self.count)})
        self.funding_ms: Final = [rate.ts_ms for rate in data.funding or ()]
        self.row = self.decision = self.told = 0
        self.items: list[tuple[int, object]] = []
        self.may_leave = False
        self._after_open = -1
        self._funded_ms = -1
        self.has_ended = False
        self.is_stale = True
        self._next = NOTHING

    def _prepare_prices(self) -> None:
        first, end = self.feed.first_ms, self.feed.end_ms
        last = self.feed.columns(PriceKind.LAST, self.feed.interval, first, end)
        mark = self.feed.columns(PriceKind.MARK, self.feed.interval, first, end)
        unit = np.float64(10.0**-self.feed.units.price_decimals)
        self._last, self._mark = last, mark
        self.highs: FloatArray = last.high * unit
        self.lows: FloatArray = last.low * unit
        self.closes: FloatArray = last.close * unit
        has_mark = self.data.mark is not None
        self.mark_highs: FloatArray = mark.high * unit if has_mark else self.highs
        self.mark_lows: FloatArray = mark.low * unit if has_mark else self.lows

    def _prepare_decisions(self, bars: DecisionBars, columns: DecisionColumns) -> None:
        # Nothing follows the last bar of the data, so nothing is decided on it.
        self._decisions = bars
        counts = bars.fills < self.count
        self._entries = np.flatnonzero(counts & (columns.asked() != 0))
        self._signals = {
            Side.SELL: np.flatnonzero(counts & (columns.signal > 0)),
            Side.BUY: np.flatnonzero(counts & (columns.signal < 0)),
        }
        self._all = np.flatnonzero(counts)

    # --- what comes next --------------------------------------------------------------------------------

    def next(self, held: Limits | None, is_waiting: bool, rules: TradeSettings, every: bool) -> Next:
        """Return what happens next. `held`: how far its position stays silent, None when flat.

        `every`: each decision bar counts now, whatever it says.
        """
        if not self.is_stale:
            return self._next
        self.is_stale = False
        self._next = self._find(held, is_waiting, rules, every)
        return self._next

    def _find(self, held: Limits | None, is_waiting: bool, rules: TradeSettings, every: bool) -> Next:
        if self.items and (is_waiting or not self.may_leave):
            item_ms = self.items[-1][0]
            return Next(item_ms, Rank.OPEN if item_ms == self.open_ms[self.row] else Rank.PATH, self.row)
        decision = self._next_decision(held, rules, every)
        found = NOTHING
        if decision >= 0:
            found = Next(int(self._decisions.close_ms[decision]), Rank.CLOSE, decision)
        path = self._next_path(
            held, is_waiting, self.count if decision < 0 else int(self._decisions.fills[decision])
        )
        if self.items and path == self.row:
            return Next(self.items[-1][0], Rank.PATH, path)
        if path < self.count:
            found = min(found, Next(int(self.open_ms[path]), Rank.OPEN, path))
        elif held is not None or is_waiting:
            found = min(found, Next(int(self.close_ms[-1]), Rank.END, self.count))
        if held is not None:
            found = min(found, self._next_funding(path))
        return found

    def _next_decision(self, held: Limits | None, rules: TradeSettings, every: bool) -> int:
        rows = self._all
        if not (self.keeps_all or every):
            if held is None:
                rows = self._entries
            elif rules.close_on_opposite_signal:
                rows = self._signals[held.side]
            else:
                return -1
        # Bars that closed before the last price that was played are past, whatever they said.
        played = self.row + 1 if self.items else self.row
        self.decision = max(self.decision, int(self._decisions.fills.searchsorted(played)))
        at = int(rows.searchsorted(self.decision))
        return int(rows[at]) if at < len(rows) else -1

    def _next_path(self, held: Limits | None, is_waiting: bool, until: int) -> int:
        if self.keeps_all or is_waiting:
            return self.row
        at = bisect_right(self._special, self.row - 1)
        special = self._special[at] if at < len(self._special) else self.count
        if held is None:
            return special
        if held.is_loud:
            return self.row
        until = min(until, special)
        loud = first_loud(self, held, self.row, until)
        # Beyond the next decision nobody has to know.
        return loud if loud < until or until == special else self.count + 1

    def _next_funding(self, path: int) -> Next:
        """Funding between the bars; what falls inside one makes it be played."""
        after = max(self._funded_ms, int(self.open_ms[self.row - 1]) if self.row else -1)
        at = bisect_right(self.funding_ms, after)
        if at == len(self.funding_ms):
            return NOTHING
        due_ms = self.funding_ms[at]
        row = int(self.open_ms.searchsorted(due_ms, "right")) - 1
        if row >= self.row and self.open_ms[row] < due_ms < self.close_ms[row]:
            return Next(int(self.open_ms[row]), Rank.OPEN, row)
        return Next(due_ms, Rank.FUNDING, row)

    # --- playing ----------------------------------------------------------------------------------------

    def begin(self, row: int) -> None:
        """Lay out the prices of a bar; rows before it were passed by."""
        self.row = row
        self._funded_ms = int(self.close_ms[row]) - 1
        self._after_open = -1
        if not self._is_plain(row):
            self._lay_out(row)
            return
        unit = self.feed.units.price_unit
        bar = RawBar(
            int(self.open_ms[row]),
            int(self.close_ms[row]),
            int(self._last.open[row]),
            int(self._last.high[row]),
            int(self._last.low[row]),
            int(self._last.close[row]),
            0,
            0,
        )
        is_gap = row > 0 and int(self._last.close[row - 1]) != bar.open
        first, *rest = zip(point_times(bar.open_ms, bar.close_ms), path_of(bar), strict=True)
        opening = PricePoint(self.symbol, first[0], first[1] * unit, is_gap=is_gap)
        self.items = [*reversed(rest), (opening.ts_ms, opening)]
        if self._leaves_bars:
            self._after_open = len(rest)

    def _is_plain(self, row: int) -> bool:
        """True for a bar that has nothing in it but four prices, which are the mark's too."""
        if self.data.mark is not None or row in self._special:
            return False
        at = bisect_left(self.funding_ms, int(self.open_ms[row]) + 1)
        return at == len(self.funding_ms) or self.funding_ms[at] >= self.close_ms[row]

    def _lay_out(self, row: int) -> None:
        bar, before = self.feed.bar(row), self.feed.bar(row - 1) if row else None
        assert bar is not None
        script = self.feed.script(row, bar, None if before is None else before.close, Side.BUY)
        items: list[tuple[int, int, object]] = list(script.items(bar.open_ms))
        for rate in self.feed.funding_between(bar.open_ms, bar.close_ms - 1):
            point = next(p for p in reversed(script.points) if p.ts_ms <= rate.ts_ms)
            items.append(
                (rate.ts_ms, FUNDING, FundingDue(self.symbol, rate.ts_ms, rate.rate, point.mark_price))
            )
        items.sort(key=_by_time)
        self.items = [(ts_ms, self._as_known(item)) for ts_ms, _, item in reversed(items)]

    def _as_known(self, item: object) -> object:
        """Without mark prices in the data the exchange is told of none: it takes the last price then."""
        if self.data.mark is None and isinstance(item, PricePoint):
            return replace(item, mark_price=None, index_price=None)
        return item

    def take(self) -> object:
        """Return the next item of the bar in play; after the last one the bar is done."""
        ts_ms, item = self.items.pop()
        if isinstance(item, int):
            item = PricePoint(self.symbol, ts_ms, item * self.feed.units.price_unit)
        self.may_leave = len(self.items) == self._after_open
        if not self.items:
            self.row += 1
            self.told = self.row
        return item

    def funding_due(self, due_ms: int) -> FundingDue:
        """Return a settlement between bars, on the mark of the bar that opens there, else the last known."""
        self._funded_ms = due_ms
        [rate] = self.feed.funding_between(due_ms - 1, due_ms)
        row = int(self.open_ms.searchsorted(due_ms))
        at_open = row < self.count and self.open_ms[row] == due_ms
        units = int(self._mark.open[row] if at_open else self._mark.close[row - 1])
        return FundingDue(self.symbol, due_ms, rate.rate, units * self.feed.units.price_unit)

    def next_funding_ms(self, ts_ms: int) -> int | None:
        """Return the first settlement at or after an instant, None where none is known."""
        at = bisect_left(self.funding_ms, ts_ms)
        return self.funding_ms[at] if at < len(self.funding_ms) else None

    def rows_closed(self, ts_ms: int) -> int:
        """Return how many bars have closed by an instant, it included."""
        return int(self.close_ms.searchsorted(ts_ms, "right"))

    def last_point(self, rows: int) -> PricePoint:
        """Return the last price of the first `rows` bars, at least one."""
        row, unit = rows - 1, self.feed.units.price_unit
        last = int(self._last.close[row]) * unit
        mark = None if self.data.mark is None else int(self._mark.close[row]) * unit
        return PricePoint(self.symbol, int(self.close_ms[row]) - 1, last, mark)

    def extremes(self, first: int, end: int) -> tuple[int, int]:
        """Return the highest and the lowest price of bars first..end-1, in units."""
        highs, lows = self._last.high[first:end], self._last.low[first:end]
        return int(highs[highs.argmax()]), int(lows[lows.argmin()])

    def candle(self, decision: int) -> Candle:
        """Return a decision bar exactly as the finest bars make it."""
        open_ms = int(self._decisions.bars.open_ms[decision])
        first, end = int(self.open_ms.searchsorted(open_ms)), int(self._decisions.fills[decision])
        return self.joined(self._decisions.interval, open_ms, first, end)

    def joined(self, interval: str, open_ms: int, first: int, end: int) -> Candle:
        """Return bars first..end-1 as one bar of a longer interval, exactly."""
        unit, last = self.feed.units.price_unit, self._last
        high, low = self.extremes(first, end)
        return Candle(
            self.symbol,
            interval,
            open_ms,
            int(last.open[first]) * unit,
            high * unit,
            low * unit,
            int(last.close[end - 1]) * unit,
            int(last.volume[first:end].sum()) * self.feed.units.volume_unit,
        )


def higher_candles(track: Track, interval: str) -> list[Candle]:
    """Return the closed bars of a longer interval that the decision bars make, data set by data set."""
    found: list[Candle] = []
    decisions = track.data.decisions
    bars = decisions.bars
    for begin, end in pairwise([*decisions.starts.tolist(), len(bars)]):
        longer = resample(bars.part(begin, end), decisions.interval, interval)
        closes = close_times(longer.open_ms, interval)
        for open_ms, close_ms in zip(longer.open_ms.tolist(), closes.tolist(), strict=True):
            first, last = (int(at) for at in track.open_ms.searchsorted((open_ms, close_ms)))
            found.append(track.joined(interval, open_ms, first, last))
    return found


def _by_time(item: tuple[int, int, object]) -> int:
    return item[0]
