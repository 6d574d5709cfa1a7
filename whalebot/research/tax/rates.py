"""What currencies and coins were worth on each day, from a file."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from whalebot.domain.errors import ConfigError
from whalebot.research.tax.numbers import number

_OLDEST_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days as they are counted in one time zone."""

    zone: ZoneInfo

    def day(self, at_ms: int) -> date:
        """Return the day on which a moment (ms UTC) lies there."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone).date()


@dataclass(frozen=True, slots=True)
class Rates:
    """Units of `currency` that one unit of another thing was worth, by day. Its own worth is always 1.

    `goes_back`: a day without a rate takes the last one before it, at most seven days old.
    """

    currency: str
    calendar: Calendar
    place: str = "--rates"
    goes_back: bool = False
    by_day: dict[tuple[str, date], Decimal] = field(default_factory=dict)

    def knows(self, name: str) -> bool:
        """True where there is any rate of that name."""
        return name == self.currency or any(known == name for known, _ in self.by_day)

    def rate(self, name: str, at_ms: int) -> Decimal:
        """Return the rate of the day. Raises ConfigError naming the missing day."""
        if name == self.currency:
            return Decimal(1)
        day = self.calendar.day(at_ms)
        for back in range(_OLDEST_DAYS + 1 if self.goes_back else 1):
            found = self.by_day.get((name, day - timedelta(days=back)))
            if found is not None:
                return found
        within = f" or the {_OLDEST_DAYS} days before" if self.goes_back else ""
        remedy = "" if self.goes_back else ", or take the last one before it with --previous-rate"
        raise ConfigError(
            f"{self.place}: no rate of {name} in {self.currency} for {day}{within}; "
            f"add the line {day},{name},RATE{remedy}"
        )


def read_rates(path: Path, currency: str, calendar: Calendar, *, goes_back: bool = False) -> Rates:
    """Read lines of `date,currency,RATES_IN`, the third column named like the reporting currency.

    Raises ConfigError naming the line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not text in UTF-8") from error
    try:
        return Rates(currency, calendar, str(path), goes_back, _by_day(path, currency, text))
    except csv.Error as error:
        raise ConfigError(f"{path}: {error}") from error


def _by_day(path: Path, currency: str, text: str) -> dict[tuple[str, date], Decimal]:
    rows = csv.reader(text.splitlines(), strict=True)
    header = [name.strip() for name in next(rows, [])]
    if header != ["date", "currency", currency]:
        raise ConfigError(
            f"{path}:1: the header is {','.join(header)[:80]!r}, but must be 'date,currency,{currency}': "
            f"each line tells how many {currency} one unit was worth"
        )
    found: dict[tuple[str, date], Decimal] = {}
    for row in rows:
        if not row or not "".join(row).strip():
            continue
        name, day, rate = _rate(path, rows.line_num, row)
        if (name, day) in found:
            raise ConfigError(f"{path}:{rows.line_num}: a second rate of {name[:20]} for {day}; remove one")
        found[name, day] = rate
    return found


def _rate(path: Path, line: int, row: list[str]) -> tuple[str, date, Decimal]:
    try:
        day_text, name, rate_text = (cell.strip() for cell in row)
        day = date.fromisoformat(day_text)
    except ValueError:
        raise ConfigError(
            f"{path}:{line}: write 2025-01-31,USDT,0.9612, not {','.join(row)[:80]!r}"
        ) from None
    rate = number(rate_text)
    if not rate or not name:
        raise ConfigError(
            f"{path}:{line}: a rate is a number above 0, as 0.9612, of something that has a name"
        )
    return name, day, rate
