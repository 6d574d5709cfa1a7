"""What a backtest found, whichever tier ran it, and everything it must confess."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, overload

from whalebot.adapters.feeds.bar_file import Gap
from whalebot.domain.trade import ClosedTrade
from whalebot.indicators.arrays import FloatArray, IntArray


class Tier(Enum):
    """Which engine ran: the daemon's own, or the compiled pass over columns."""

    EVENT = "event"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """Wallet plus unrealised PnL in quote at the close of every bar of the finest data, all symbols' closes
    together; arrays of equal length.

    `ts_ms`: int64, ms UTC, ascending, none twice. `equity`: float64.
    """

    ts_ms: IntArray
    equity: FloatArray


class TradesOnDemand(Sequence[ClosedTrade]):
    """Closed trades that are made when they are read, each once. Equal to any sequence of equal trades."""

    __slots__ = ("_count", "_made", "_make")

    def __init__(self, count: int, make: Callable[[int], ClosedTrade]) -> None:
        """make: returns the trade of a place, 0 <= place < count."""
        self._count, self._make = count, make
        self._made: dict[int, ClosedTrade] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> ClosedTrade: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[ClosedTrade, ...]: ...

    def __getitem__(self, place: int | slice) -> ClosedTrade | tuple[ClosedTrade, ...]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(self._count)[place])
        place = range(self._count)[place]
        trade = self._made.get(place)
        if trade is None:
            trade = self._made[place] = self._make(place)
            if len(self._made) == self._count:
                # What they were made of is let go.
                self._make = self._made.__getitem__
        return trade

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


@dataclass(frozen=True, slots=True)
class SymbolNotes:
    """What is to be known about one symbol's part of the run.

    `first_ms` and `last_ms`: open of the first and close of the last finest bar. `may_enter_ms`: close of the
    first bar on which an entry was allowed, None: never. `trends_known_ms`: from when on every higher
    timeframe had a trend, None: never, or none is watched; before it trades stand on partial trends.
    `without_input`: groups that could not be scored at all (no book in a file of bars). `cost_in_r`: what a
    round trip costs at the median volatility, None where there is none. `funding_known`: settled rates were
    given; else funding is 0. `mark_known`: mark prices were given; else the mark is the last price.
    `first_close` and `last_close`: for buying and holding, from the first close after the warm-up on.
    """

    symbol: str
    fine_interval: str
    bars: int
    first_ms: int
    last_ms: int
    first_close: Decimal
    last_close: Decimal
    may_enter_ms: int | None
    trends_known_ms: int | None
    without_input: tuple[str, ...]
    gaps: tuple[Gap, ...]
    cost_in_r: float | None
    funding_known: bool
    mark_known: bool
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One run over one account.

    `trades` in the order they ended; those of the column tier are made as they are read. Fills at a bar's
    open carry its time exactly; times inside a bar are the open time of the finest bar they lie in (only a
    position closed at the end of the data carries the last close). Trade and order ids are those of the tier.
    `refused`: entries refused, by rule. `ended_open`: symbols whose position was still open at the end of the
    data and was closed there. `costs`: the assumptions in words, by name. `digests`: (file name, SHA-256).
    `versions`: of everything that decides numbers, by name.
    """

    tier: Tier
    strategy: str
    interval: str
    starting_balance: Decimal
    trades: Sequence[ClosedTrade]
    curve: EquityCurve
    symbols: tuple[SymbolNotes, ...]
    refused: Mapping[str, int]
    ended_open: tuple[str, ...]
    costs: Mapping[str, str]
    digests: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]
    config_hash: str
    seed: int

    @property
    def first_ms(self) -> int:
        """Open of the first bar of all symbols."""
        return min(notes.first_ms for notes in self.symbols)

    @property
    def last_ms(self) -> int:
        """Close of the last bar of all symbols."""
        return max(notes.last_ms for notes in self.symbols)
