"""The one interface of every market: advance simulated time, ask what is known at it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from whalebot.adapters.exchange.market.events import Batch, Kline, PricePoint
from whalebot.adapters.exchange.market.views import (
    Book,
    FundingRow,
    OpenInterestRow,
    PriceKind,
    Quote,
    RatioRow,
)
from whalebot.domain.instrument import Instrument


class MarketSource(Protocol):
    """A market of several symbols. Answers never contain anything later than `now_ms`.

    Rows of every query come newest first. `start_ms` and `end_ms` bound the rows' own time (a kline's
    open), both inclusive; with a start and no end the oldest `limit` rows from there are chosen, else the
    newest ones. An unknown symbol raises KeyError.
    """

    @property
    def name(self) -> str:
        """What is played, for people."""

    @property
    def is_synthetic(self) -> bool:
        """True when prices are generated, False when they are recorded."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in the order in which ties are broken."""

    @property
    def start_ms(self) -> int:
        """The instant at which the play starts (or started, in the run that was continued)."""

    @property
    def now_ms(self) -> int:
        """The simulated clock: the latest instant reached by `advance`."""

    @property
    def is_finished(self) -> bool:
        """True when no event will ever follow (a synthetic market never finishes)."""

    def next_ms(self) -> int | None:
        """Return the time of the next event, None when there is none."""

    def advance(self, until_ms: int | None) -> Batch:
        """Let time pass to `until_ms` (inclusive), at most up to the next barrier, and return the events.

        None means the next barrier, however far it is (at the end of the data: the end).
        """

    def instrument(self, symbol: str) -> Instrument:
        """Return the order rules as of now, as the data has them."""

    def regrid(self, symbol: str, tick: Decimal) -> None:
        """Put prices to come onto another tick, from the bar being played on.

        Raises ValueError for a tick that does not match the data's prices, and where depth is recorded.
        """

    def klines(
        self,
        symbol: str,
        interval: str,
        kind: PriceKind = PriceKind.LAST,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 200,
    ) -> tuple[Kline, ...]:
        """Return bars of any interval not finer than the data, the forming one included, newest first."""

    def forming(self, symbol: str, interval: str, kind: PriceKind = PriceKind.LAST) -> Kline | None:
        """Return the bar that contains now, None while nothing of it has been seen."""

    def quote(self, symbol: str) -> Quote | None:
        """Return newest prices and 24-hour statistics; None while the symbol has no price yet."""

    def book(self, symbol: str, depth: int) -> Book | None:
        """Return the best `depth` levels of both sides (fewer in a recorded book); None without a price."""

    def recent_trades(self, symbol: str, limit: int = 500) -> tuple[PricePoint, ...]:
        """Return the newest prints with a volume above zero, newest first."""

    def funding_history(
        self, symbol: str, start_ms: int | None = None, end_ms: int | None = None, limit: int = 200
    ) -> tuple[FundingRow, ...]:
        """Return settled funding rates."""

    def open_interest(
        self,
        symbol: str,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> tuple[OpenInterestRow, ...]:
        """Return open interest on the grid of `period_ms`."""

    def account_ratio(
        self,
        symbol: str,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> tuple[RatioRow, ...]:
        """Return long and short shares on the grid of `period_ms`."""

    def export_state(self) -> dict[str, Any]:
        """Return a versioned JSON-able document from which an equal market goes on with the same future."""
