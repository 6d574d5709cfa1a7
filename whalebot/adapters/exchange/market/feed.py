"""What a lane plays: the finest bars of one symbol and everything that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns
from whalebot.adapters.exchange.market.events import PricePoint
from whalebot.adapters.exchange.market.ladder import RawBar
from whalebot.adapters.exchange.market.prints import Script
from whalebot.adapters.exchange.market.units import Units
from whalebot.adapters.exchange.market.views import FundingRow, PriceKind
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument

PREMIUM_DECIMALS: Final = 8


def premium_units(mark: int, index: int) -> int:
    """Return mark / index - 1 with PREMIUM_DECIMALS decimals."""
    return round((mark / index - 1.0) * 10**PREMIUM_DECIMALS)


def premium_columns(mark: Columns, index: Columns) -> Columns:
    """Return bars of mark / index - 1 from bars of both, with PREMIUM_DECIMALS decimals and no volume."""
    pairs = zip(
        (mark.open, mark.high, mark.low, mark.close),
        (index.open, index.high, index.low, index.close),
        strict=True,
    )
    rows = np.stack([np.rint((m / i - 1.0) * 10**PREMIUM_DECIMALS) for m, i in pairs]).astype(np.int64)
    nothing = np.zeros_like(mark.volume)
    return Columns(mark.open_ms, rows[0], rows.max(axis=0), rows.min(axis=0), rows[3], nothing, nothing)


@dataclass(frozen=True, slots=True)
class Mood:
    """What is known of a symbol beside its prices. `long_share` is 0 to 1, `open_interest` in base."""

    funding_rate: Decimal
    open_interest: Decimal
    long_share: Decimal


class Feed(Protocol):
    """The finest bars of one symbol, counted from 0, of which a lane plays one after the other.

    Nothing here hides the future: `columns` cuts where it is told to, and the caller tells it now.
    """

    @property
    def instrument(self) -> Instrument:
        """Order rules of the symbol at its first bar."""

    def instrument_at(self, ts_ms: int) -> Instrument:
        """Return the order rules as of an instant."""

    @property
    def interval(self) -> str:
        """Interval of the finest bars."""

    @property
    def units(self) -> Units:
        """How integers of this symbol are read."""

    @property
    def first_ms(self) -> int:
        """Open of the oldest bar that can be asked for now."""

    def bar(self, index: int) -> RawBar | None:
        """Return a finest bar, None beyond the end."""

    def script(self, index: int, bar: RawBar, close_before: int | None, side_before: Side) -> Script:
        """Return what happens inside a bar, the close and the taker's side before it being given."""

    def prints(self, bar: RawBar, close_before: int | None, side_before: Side) -> list[PricePoint]:
        """Return the prints of a closed bar; mark and index prices in them may be the last price."""

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return the finest kept bars in [start_ms, end_ms) from which bars of `interval` can be made."""

    def funding_between(self, after_ms: int, until_ms: int) -> Sequence[FundingRow]:
        """Return the funding instants in (after_ms, until_ms] with the rate settled there, oldest first."""

    def next_funding_ms(self, now_ms: int) -> int:
        """Return the first funding instant after now."""

    def mood(self, ts_ms: int) -> Mood:
        """Return funding rate to come, open interest and long share at a time."""

    def mood_start_ms(self) -> int:
        """Return the oldest time `mood` and `funding_between` answer for."""
