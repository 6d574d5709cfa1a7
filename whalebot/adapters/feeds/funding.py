"""Reads settled funding rates: CSV or CSV.gz with timestamp and fundingRate."""

from __future__ import annotations

import csv
import gzip
import itertools
import zlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from whalebot.domain.errors import ConfigError

_EXPECTED: Final = "expected columns timestamp (ms UTC), fundingRate"


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One settlement: longs pay `rate` × mark price × qty at `ts_ms`."""

    ts_ms: int
    rate: Decimal


def read_funding(path: Path) -> tuple[FundingRate, ...]:
    """Return the settlements of a file, ascending. Raises ConfigError, saying what is wrong and where."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; {_EXPECTED}") from error
    rows = csv.DictReader(text.splitlines())
    if not {"timestamp", "fundingRate"} <= set(rows.fieldnames or ()):
        raise ConfigError(f"{path}: found the columns {rows.fieldnames}; {_EXPECTED}")
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(FundingRate(int(row["timestamp"]), Decimal(row["fundingRate"])))
        except (InvalidOperation, ValueError, TypeError):
            raise ConfigError(f"{path}: line {number}: {row}; {_EXPECTED}") from None
    if any(b.ts_ms <= a.ts_ms for a, b in itertools.pairwise(found)):
        raise ConfigError(f"{path}: expected ascending times, none twice; sort the file by timestamp")
    return tuple(found)
