"""Reads settled funding rates: CSV or CSV.gz with timestamp and fundingRate."""

from __future__ import annotations

import csv
import itertools
import zlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from whalebot.adapters.feeds.months import parts_of, why_no_history
from whalebot.adapters.feeds.packed import read_limited
from whalebot.adapters.feeds.parquet import read_parquet_columns
from whalebot.domain.errors import ConfigError

_LATEST_MS: Final = 4_102_444_800_000
_EXPECTED: Final = "expected columns timestamp (ms UTC), fundingRate"


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One settlement: longs pay `rate` × mark price × qty at `ts_ms`."""

    ts_ms: int
    rate: Decimal


def read_funding(path: Path) -> tuple[FundingRate, ...]:
    """Return the settlements of a file or a folder of months, ascending.

    Raises ConfigError, saying what is wrong and where.
    """
    return tuple(rate for part in parts_of(path) for rate in _read(part))


def _read(path: Path) -> tuple[FundingRate, ...]:
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path}: {why_no_history(path)}")
    if path.suffix == ".parquet":
        times, shares = read_parquet_columns(path, ("timestamp", "fundingRate"))
        return tuple(_rate(at, share) for at, share in zip(times, shares, strict=True))
    try:
        text = read_limited(path).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; {_EXPECTED}") from error
    rows = csv.DictReader(text.splitlines())
    try:
        return _rates(path, rows)
    except csv.Error as error:
        raise ConfigError(f"{path}: line {rows.line_num}: {error}; {_EXPECTED}") from None


def _rates(path: Path, rows: csv.DictReader[str]) -> tuple[FundingRate, ...]:
    if not {"timestamp", "fundingRate"} <= set(rows.fieldnames or ()):
        raise ConfigError(f"{path}: found the columns {str(rows.fieldnames)[:120]}; {_EXPECTED}")
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(_rate(row["timestamp"], row["fundingRate"]))
        except (InvalidOperation, ValueError, TypeError):
            raise ConfigError(f"{path}: line {number}: {str(row)[:120]}; {_EXPECTED}") from None
    if any(b.ts_ms <= a.ts_ms for a, b in itertools.pairwise(found)):
        raise ConfigError(f"{path}: expected ascending times, none twice; sort the file by timestamp")
    return tuple(found)


def _rate(at: str, rate: str) -> FundingRate:
    """Raises ValueError for a time after 2100, and for a rate of 100 % or more or none that is finite."""
    ts_ms, share = int(at), Decimal(rate)
    if not 0 <= ts_ms < _LATEST_MS or not share.is_finite() or not -18 <= share.adjusted() < 0:
        raise ValueError(f"{ts_ms} {share}")
    return FundingRate(ts_ms, share)
