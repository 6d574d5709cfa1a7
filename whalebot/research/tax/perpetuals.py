"""Closed perpetual positions of a year: realised profit, fees and funding by trade and by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from whalebot.domain.trade import ClosedTrade
from whalebot.research.tax.rates import Rates

SETTLED_IN: Final = "USDT"


@dataclass(frozen=True, slots=True)
class Result:
    """Realised profit, fees and funding (costs above zero are paid) in one currency."""

    gross: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """What is left."""
        return self.gross - self.fees - self.funding

    def plus(self, other: Result) -> Result:
        """Add two results of one currency."""
        return Result(self.gross + other.gross, self.fees + other.fees, self.funding + other.funding)

    def times(self, rate: Decimal) -> Result:
        """Turn it into another currency."""
        return Result(self.gross * rate, self.fees * rate, self.funding * rate)


@dataclass(frozen=True, slots=True)
class TradeLine:
    """One closed position: `settled` in USDT, `reported` in the reporting currency by the rate of `day`."""

    trade: ClosedTrade
    day: date
    rate: Decimal
    settled: Result
    reported: Result


@dataclass(frozen=True, slots=True)
class DayLine:
    """All positions closed on one day."""

    day: date
    trades: int
    settled: Result
    reported: Result


def trade_lines(trades: Iterable[ClosedTrade], rates: Rates, year: int) -> list[TradeLine]:
    """Return the trades that ended in a year of the calendar's zone, in the order of their ends.

    Raises ConfigError where a rate is missing.
    """
    found = []
    for trade in sorted(trades, key=lambda trade: trade.exit_ms):
        day = rates.calendar.day(trade.exit_ms)
        if day.year == year:
            rate = rates.rate(SETTLED_IN, trade.exit_ms)
            settled = Result(trade.gross_pnl, trade.fees, trade.funding)
            found.append(TradeLine(trade, day, rate, settled, settled.times(rate)))
    return found


def day_lines(lines: Iterable[TradeLine]) -> list[DayLine]:
    """Return the sums of each day that has a trade, oldest first."""
    days: dict[date, DayLine] = {}
    for line in lines:
        known = days.get(line.day, DayLine(line.day, 0, Result(), Result()))
        days[line.day] = DayLine(
            line.day, known.trades + 1, known.settled.plus(line.settled), known.reported.plus(line.reported)
        )
    return [days[day] for day in sorted(days)]


def total(lines: Iterable[TradeLine]) -> tuple[Result, Result]:
    """Return the sums in USDT and in the reporting currency."""
    settled, reported = Result(), Result()
    for line in lines:
        settled, reported = settled.plus(line.settled), reported.plus(line.reported)
    return settled, reported
