"""Bybit's public REST as the source of a download."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from whalebot.adapters.bybit.rest_history import (
    BARS_A_PAGE,
    FUNDING_A_PAGE,
    OPEN_INTEREST_A_PAGE,
    RATIO_A_PAGE,
    BybitHistory,
)
from whalebot.domain.intervals import DAY_MS
from whalebot.research.store.layout import Kind, Series
from whalebot.research.store.tables import Row

_HOUR_MS: Final = 3_600_000
_ROWS: Final = {
    Kind.BARS: BARS_A_PAGE,
    Kind.MARK: BARS_A_PAGE,
    Kind.OPEN_INTEREST: OPEN_INTEREST_A_PAGE,
    Kind.RATIO: RATIO_A_PAGE,
}


class VenueSource:
    """`Source` over the venue. A bar that may still be forming is left out."""

    def __init__(self, history: BybitHistory) -> None:
        self._history = history
        self._forming: dict[Series, int] = {}

    def end_ms(self, series: Series) -> int:
        """Return the end of what the venue can have: the open of the bar that is forming now, or a day ahead.

        The venue's own clock cannot tell: an exchange of this machine plays any time.
        """
        if series.kind in (Kind.BARS, Kind.MARK):
            return self._forming_ms(series)
        newest = self._history.newest_open_ms(series.symbol, "D")
        return 0 if newest is None else newest + DAY_MS

    def rows(self, series: Series, start_ms: int, end_ms: int) -> Sequence[Row]:
        """Return the rows in [start_ms, end_ms), oldest first."""
        history, symbol, step = self._history, series.symbol, series.step
        if series.kind is Kind.FUNDING:
            return history.funding(symbol, start_ms, end_ms)
        if series.kind is Kind.OPEN_INTEREST:
            return history.open_interest(symbol, step, start_ms, end_ms)
        if series.kind is Kind.RATIO:
            return history.ratio(symbol, step, start_ms, end_ms)
        ask = history.mark_bars if series.kind is Kind.MARK else history.bars
        before = self._forming_ms(series)
        return [row for row in ask(symbol, step, start_ms, end_ms) if int(row[0]) < before]

    def page_ms(self, series: Series) -> int:
        """Return how long a span of one page may be. Funding is settled every hour at most."""
        if series.kind is Kind.FUNDING:
            return FUNDING_A_PAGE * _HOUR_MS
        return _ROWS[series.kind] * (series.step_ms or _HOUR_MS)

    def _forming_ms(self, series: Series) -> int:
        if series not in self._forming:
            newest = self._history.newest_open_ms(series.symbol, series.step, series.kind is Kind.MARK)
            self._forming[series] = newest or 0
        return self._forming[series]
