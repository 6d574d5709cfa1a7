"""The shipped table of instruments: order rules by symbol, venue and date.

Rules marked as the venue's are those of its own instrument list (Bybit linear, early 2023) or, where recorded
prices show a newer grid, of that; they serve for recorded data. The others have only a plausible shape and
serve for generated markets.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Final

from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import iso_utc

BYBIT: Final = "bybit_linear"
_TABLE: Final = "instruments.csv"
_FROM_VENUE: Final = "venue"


@dataclass(frozen=True, slots=True)
class Listing:
    """Order rules of one symbol at one venue, valid from `from_ms` (UTC; 0: always) to its next row.

    `typical_price` in quote and `daily_turnover` in quote per 24 h size a generated market. `is_venues` is
    False for rules that no venue has published.
    """

    instrument: Instrument
    venue: str
    from_ms: int
    typical_price: Decimal
    daily_turnover: Decimal
    is_venues: bool


@cache
def listings() -> tuple[Listing, ...]:
    """Return the whole table: Bybit's perpetuals by size, BTCUSDT first, then other venues."""
    text = resources.files(__package__).joinpath(_TABLE).read_text(encoding="utf-8")
    return tuple(_read_row(row) for row in csv.DictReader(text.splitlines()))


def find_listing(symbol: str, venue: str, at_ms: int) -> Listing:
    """Return the venue's rules of a symbol at a time. Raises ConfigError, naming the remedy, if unknown."""
    rows = [
        row
        for row in listings()
        if row.instrument.symbol == symbol and row.venue == venue and row.is_venues and row.from_ms <= at_ms
    ]
    if not rows:
        raise ConfigError(
            f"{symbol} on {venue} at {iso_utc(at_ms)}: tick size and quantity step are not known; "
            f"give them with --tick and --step"
        )
    return max(rows, key=lambda row: row.from_ms)


def valid_until_ms(listing: Listing) -> int | None:
    """Return when other rules replace these (ms UTC), None when none are known to."""
    return min(
        (
            row.from_ms
            for row in listings()
            if row.instrument.symbol == listing.instrument.symbol
            and row.venue == listing.venue
            and row.from_ms > listing.from_ms
        ),
        default=None,
    )


def first_listings(count: int) -> tuple[Listing, ...]:
    """Return the largest perpetuals, BTCUSDT first. Raises ConfigError when there are not so many."""
    known = tuple(_newest_perpetuals().values())
    if not 1 <= count <= len(known):
        raise ConfigError(f"{count} symbols: expected 1 to {len(known)}")
    return known[:count]


def named_listings(symbols: tuple[str, ...]) -> tuple[Listing, ...]:
    """Return the newest rules of perpetuals by name. Raises ConfigError for an unknown or doubled name."""
    known = _newest_perpetuals()
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        raise ConfigError(
            f"not in the shipped list: {', '.join(unknown)}; "
            + (f"did you mean {near[0]}? " if near else "")
            + f"Take others ({', '.join([*known][:5])}, ...) or a number to get the largest ones"
        )
    if len(set(symbols)) < len(symbols):
        raise ConfigError(f"a symbol is named twice: {', '.join(symbols)}")
    return tuple(known[symbol] for symbol in symbols)


def parse_symbols(text: str, option: str = "--symbols") -> tuple[Listing, ...]:
    """Return the listings that "BTCUSDT,ETHUSDT" names, or the first N of "N". Raises ConfigError."""
    names = tuple(name.strip().upper() for name in text.split(",") if name.strip())
    try:
        if len(names) == 1 and names[0].isdecimal():
            return first_listings(int(names[0]))
        if not names:
            raise ConfigError("expected symbols, or how many")
        return named_listings(names)
    except ConfigError as error:
        raise ConfigError(f"{option} {text!r}: {error}") from None


@cache
def _newest_perpetuals() -> dict[str, Listing]:
    newest: dict[str, Listing] = {}
    for row in listings():
        if row.venue == BYBIT:
            newest[row.instrument.symbol] = row
    return newest


def _read_row(row: dict[str, str]) -> Listing:
    instrument = Instrument(
        symbol=row["symbol"],
        tick_size=Decimal(row["tick_size"]),
        qty_step=Decimal(row["qty_step"]),
        min_qty=Decimal(row["min_qty"]),
        max_qty=Decimal(row["max_qty"]),
        max_market_qty=Decimal(row["max_market_qty"]),
        min_notional=Decimal(row["min_notional"]),
        max_leverage=Decimal(row["max_leverage"]),
        funding_interval_min=int(row["funding_interval_min"]),
    )
    since = row["from"]
    return Listing(
        instrument=instrument,
        venue=row["venue"],
        from_ms=int(datetime.fromisoformat(since).timestamp()) * 1000 if since else 0,
        typical_price=Decimal(row["typical_price"]),
        daily_turnover=Decimal(row["daily_turnover"]),
        is_venues=row["source"] == _FROM_VENUE,
    )
