"""One symbol in simulated time: a bar's prints, then what happens where it ends, then the next bar."""

from __future__ import annotations

from typing import Any, Final

from whalebot.adapters.exchange.market.events import (
    FundingDue,
    InstrumentListed,
    MarketEvent,
    PricePoint,
)
from whalebot.adapters.exchange.market.feed import Feed, premium_units
from whalebot.adapters.exchange.market.grid import Grid
from whalebot.adapters.exchange.market.ladder import Ladder, RawBar
from whalebot.adapters.exchange.market.prints import (
    FUNDING,
    KLINE_RANKS,
    LISTING,
    NOTHING,
    OPEN,
    PRINT,
    Item,
    Script,
    kline_of,
)
from whalebot.adapters.exchange.market.units import tick_units
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.enums import Side

_PRINTS: Final = (PRINT, OPEN)


class Lane:
    """Plays the bars of a feed from one of them on, item by item.

    `head` is (ts_ms, rank) of the next item, None at the end of the data. `last` holds last, mark and index
    price in units as of the newest print, None before the first price known; `last_side` its taker.
    """

    def __init__(self, feed: Feed, index: int) -> None:
        self.feed: Final = feed
        self.symbol: Final = feed.instrument.symbol
        self._ladder: Final = Ladder(feed.interval)
        self.grid: Final = Grid(feed, index)
        self._index = index
        self._side = Side.BUY
        self._before = feed.bar(index - 1) if index else None
        self.last: tuple[int, int, int] | None = None
        self.last_side = Side.BUY
        self.head: tuple[int, int] | None = None
        self._script = NOTHING
        self._bar: RawBar | None = None
        self._items: list[Item] = []
        self._is_closing, self._at, self._printed = False, 0, 0
        if self._before is not None:
            before = feed.script(index - 1, self._before, None, Side.BUY)
            self.last = before.prices[-1], before.marks[-1], before.indexes[-1]
            self.last_side = self._side = _side_of(before)
        self._begin(self.grid.bar_at(index))

    def regrid(self, tick: int) -> None:
        """Put all prices to come onto another tick, the bar being played as a whole."""
        bar = self._bar
        if bar is None:
            return
        self.grid.change(bar.open_ms, tick)
        if self.last is not None:
            last, mark, index = self.last
            self.last = self.grid.price(last), self.grid.price(mark), self.grid.price(index)
        if self._is_closing:
            return
        self._bar = self.grid.bar(bar)
        self._script = self.grid.script(self._script, bar.open_ms)
        rest = self._script.items(bar.open_ms)
        funding = [item for item in self._items if item[1] == FUNDING]
        self._items = sorted([*rest, *funding], key=_by_time) if funding else rest

    def warm(self, start_ms: int) -> None:
        """Take in the history before `start_ms`, so that longer bars that span it are whole."""
        self._ladder.warm(start_ms, self.feed.first_ms, self.grid.columns)
        self._ladder_before = self._ladder.save()

    def pop(self) -> MarketEvent:
        """Return the event at the head and move on. Raises IndexError at the end of the data."""
        _, rank, event = self._items[self._at]
        self._at += 1
        if rank in _PRINTS:
            self._note_print(self._printed)
        elif rank == LISTING and isinstance(event, InstrumentListed):
            self._relist(event)
        if self._at == len(self._items):
            if self._is_closing:
                self._begin(self.grid.bar_at(self._index))
            else:
                self._close()
            self._set_head()
        else:
            ts_ms, rank, _ = self._items[self._at]
            self.head = ts_ms, rank
        return event

    @property
    def is_over(self) -> bool:
        """True when the data has ended: what it left unfinished stays unfinished."""
        return self._bar is None

    def closed_end_ms(self, now_ms: int) -> int:
        """Return the instant before which every bar that opened is closed."""
        if self._bar is None:
            return now_ms if self._before is None else min(now_ms, self._before.close_ms)
        return self._bar.close_ms if now_ms >= self._bar.close_ms else self._bar.open_ms

    def partial(self, now_ms: int, kind: PriceKind = PriceKind.LAST) -> RawBar | None:
        """Return the finest bar as far as it was printed, None before its open and after its close."""
        bar = self._bar
        if bar is None or not self._printed or now_ms >= bar.close_ms:
            return None
        script, units = self._script, self.feed.units
        prices = self._prices(kind)[: self._printed]
        volumes = script.volumes[: self._printed]
        quote = sum(v * p for v, p in zip(volumes, script.prices, strict=False)) * units.turnover_scale
        ends = prices[0], max(prices), min(prices), prices[-1]
        return RawBar(bar.open_ms, bar.close_ms, *ends, sum(volumes), round(quote))

    def _prices(self, kind: PriceKind) -> tuple[int, ...]:
        script = self._script
        if kind is PriceKind.PREMIUM:
            pairs = zip(script.marks, script.indexes, strict=True)
            return tuple(premium_units(mark, index) for mark, index in pairs)
        return {PriceKind.MARK: script.marks, PriceKind.INDEX: script.indexes}.get(kind, script.prices)

    def printed(self) -> list[PricePoint]:
        """Return the prints of the bar being played that are out, oldest first."""
        return self._script.points[: self._printed]

    def export_state(self) -> dict[str, Any]:
        """Return where the lane stands, JSON-able."""
        bars, skips = self._ladder_before
        return {
            "index": self._index - 1 if self._is_closing else self._index,
            "is_closing": self._is_closing,
            "at": self._at,
            "side": self._side_before.value,
            "grid": [list(change) for change in self.grid.changes],
            "open_bars": [None if bar is None else list(bar) for bar in bars],
            "skips": skips,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `export_state` was called, on a lane made with the saved index."""
        self._side = self.last_side = Side(state["side"])
        for open_ms, tick in state.get("grid", ()):
            self.grid.change(open_ms, tick)
        if self._before is not None and self.last is not None:
            self._before = self.grid.bar(self._before)
            first, second, third = self.last
            self.last = self.grid.price(first), self.grid.price(second), self.grid.price(third)
        self._ladder.load(([None if b is None else RawBar(*b) for b in state["open_bars"]], state["skips"]))
        self._begin(self.grid.bar_at(self._index))
        if state["is_closing"]:
            self._note_print(len(self._script.points) - 1)
            self._close()
        while self._at < state["at"]:
            self.pop()
        self._set_head()

    def _note_print(self, number: int) -> None:
        script = self._script
        self.last = script.prices[number], script.marks[number], script.indexes[number]
        self.last_side = script.points[number].taker_side or Side.BUY
        self._printed = number + 1

    def _begin(self, bar: RawBar | None) -> None:
        """Lay out the prints of a bar, what else happens in it, and funding inside it."""
        self._bar, self._is_closing, self._at, self._printed = bar, False, 0, 0
        self._items = []
        self._script = NOTHING
        self._side_before, self._ladder_before = self._side, self._ladder.save()
        if bar is not None:
            close_before = None if self._before is None else self._before.close
            self._script = self.grid.script_at(self._index, bar, close_before, self._side)
            self._side = _side_of(self._script)
            self._items = self._script.items(bar.open_ms)
            self._add_funding(bar)
        self._set_head()

    def _add_funding(self, bar: RawBar) -> None:
        for row in self.feed.funding_between(bar.open_ms, bar.close_ms - 1):
            mark = next(p for p in reversed(self._script.points) if p.ts_ms <= row.ts_ms).mark_price
            due = FundingDue(self.symbol, row.ts_ms, row.rate, mark)
            self._items = sorted([*self._items, (row.ts_ms, FUNDING, due)], key=_by_time)

    def _close(self) -> None:
        """Lay out what happens from the end of the bar to the next one's open; step to that one."""
        bar = self._bar
        assert bar is not None
        self._before, self._is_closing, self._at = bar, True, 0
        self._index += 1
        following = self.grid.bar_at(self._index)
        self._items = self._klines(self._ladder.close_bar(bar), bar.close_ms)
        if following is not None:
            self._items += self._close_buckets(following.open_ms)
        funding = self._funding(bar, following)
        if funding:
            self._items = sorted(self._items + funding, key=_by_time)

    def _close_buckets(self, until_ms: int) -> list[Item]:
        items: list[Item] = []
        while (ts_ms := self._ladder.next_close_ms()) is not None and ts_ms <= until_ms:
            items += self._klines(self._ladder.close_at(ts_ms), ts_ms)
        return items

    def _klines(self, closed: list[tuple[int, RawBar]], ts_ms: int) -> list[Item]:
        units, names = self.feed.units, self._ladder.names
        return [
            (ts_ms, KLINE_RANKS[names[rung]], kline_of(bar, self.symbol, names[rung], units, ts_ms, True))
            for rung, bar in closed
        ]

    def _funding(self, bar: RawBar, following: RawBar | None) -> list[Item]:
        """Funding is paid on the mark at its instant: the next bar's open where that is the instant."""
        items: list[Item] = []
        end_ms = bar.close_ms if following is None else following.open_ms
        for row in self.feed.funding_between(bar.close_ms - 1, end_ms):
            mark = self._script.marks[-1]
            if following is not None and row.ts_ms == following.open_ms:
                mark = self.feed.script(self._index, following, None, Side.BUY).marks[0]
            due = FundingDue(self.symbol, row.ts_ms, row.rate, mark * self.feed.units.price_unit)
            items.append((row.ts_ms, FUNDING, due))
        return items

    def _relist(self, event: InstrumentListed) -> None:
        tick = tick_units(event.instrument.tick_size, self.feed.units)
        if self.grid.changes:
            self.regrid(tick)
        else:
            self.grid.tick = tick

    def _set_head(self) -> None:
        if self._at < len(self._items):
            ts_ms, rank, _ = self._items[self._at]
            self.head = ts_ms, rank
        else:
            self.head = None


def _by_time(item: Item) -> tuple[int, int]:
    return item[0], item[1]


def _side_of(script: Script) -> Side:
    return script.points[-1].taker_side or Side.BUY
