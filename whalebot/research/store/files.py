"""Files that people give, as rows of a series: bars, funding, and the trades of the public archive."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from whalebot.adapters.feeds.months import why_no_history
from whalebot.adapters.feeds.numbers import BadNumber, scale
from whalebot.adapters.feeds.packed import read_limited
from whalebot.adapters.feeds.parquet import read_parquet_columns
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import INTERVALS, bar_open_ms, interval_ms
from whalebot.research.store.layout import COLUMNS, Kind
from whalebot.research.store.tables import Row

_TRADES: Final = ("timestamp", "symbol", "size", "price")
_EXPECTED: Final = (
    "expected bars (timestamp,open,high,low,close,volume), funding (timestamp,fundingRate), or trades of "
    "Bybit's public archive (timestamp,symbol,side,size,price,...)"
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a file holds. `step`: interval of bars, as their distances tell; "" where there is none.

    `symbol`: as the rows themselves name it, "" where they do not.
    """

    kind: Kind
    step: str
    rows: list[Row]
    symbol: str = ""


def read_given(path: Path, interval: str) -> Given:
    """Read a file of bars, funding or archived trades; trades become bars of `interval`.

    Nothing is put in order and nothing is left out: verify says what is wrong. Raises ConfigError for a file
    that is none of these, saying what was found and what is expected.
    """
    header, columns = _columns(path)
    if {"size", "price", "symbol"} <= set(header):
        rows = bars_of_trades(path, [columns[name] for name in _TRADES], interval)
        return Given(Kind.BARS, interval, rows, columns["symbol"][0])
    for kind in (Kind.BARS, Kind.FUNDING):
        names = COLUMNS[kind]
        if set(names) <= set(header):
            rows = list(zip(*(columns[name] for name in names), strict=True))
            return Given(kind, _interval_of(path, rows) if kind is Kind.BARS else "", rows)
    raise ConfigError(f"{path}: found the columns {','.join(header)[:120]}; {_EXPECTED}")


def bars_of_trades(path: Path, columns: Sequence[Sequence[str]], interval: str) -> list[Row]:
    """Return bars of trades (timestamp in seconds with fractions, symbol, size, price), in any order.

    An interval without a trade has no bar. Raises ConfigError for several symbols or what is no number.
    """
    texts, symbols, sizes, prices = columns
    if not texts:
        raise ConfigError(f"{path}: no trades in it; {_EXPECTED}")
    if len(set(symbols)) > 1:
        raise ConfigError(f"{path}: trades of several symbols: {', '.join(sorted(set(symbols))[:5])}")
    try:
        seconds, price, size = scale([texts]), scale([prices]), scale([sizes])
    except BadNumber as error:
        raise ConfigError(f"{path}: row {error.row + 1}: {error.text[:40]!r} is no number") from None
    times = seconds.columns[0] // 10 ** max(seconds.decimals - 3, 0) * 10 ** max(3 - seconds.decimals, 0)
    if not 1e11 <= int(times[0]) < 1e14:
        raise ConfigError(
            f"{path}: timestamp {texts[0][:40]} is not in seconds since 1970, as the archive has it"
        )
    # Newest first in older files: whoever traded in the same instant keeps the order of the exchange.
    stamps, rows = seconds.columns[0], np.arange(len(times))
    if stamps[0] > stamps[-1]:
        rows = rows[::-1]
    index = rows[np.argsort(stamps[rows], kind="stable")]
    times, paid, traded = times[index], price.columns[0][index], size.columns[0][index]
    opens = np.array([bar_open_ms(int(t), interval) for t in times], dtype=np.int64)
    first = np.flatnonzero(np.concatenate(([True], np.diff(opens) > 0)))
    last = np.concatenate((first[1:], [len(opens)])) - 1
    cells = (
        (paid[first], price.decimals),
        (np.maximum.reduceat(paid, first), price.decimals),
        (np.minimum.reduceat(paid, first), price.decimals),
        (paid[last], price.decimals),
        (np.add.reduceat(traded, first), size.decimals),
    )
    written = [[_text(int(v), decimals) for v in values] for values, decimals in cells]
    return list(zip([str(t) for t in opens[first].tolist()], *written, strict=True))


def _text(units: int, decimals: int) -> str:
    return format(Decimal(units).scaleb(-decimals), "f")


def _columns(path: Path) -> tuple[list[str], dict[str, Sequence[str]]]:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else why_no_history(path)
        raise ConfigError(f"{path}: {what}")
    if path.suffix.lower() in (".parquet", ".pq"):
        names = _parquet_names(path)
        return names, dict(zip(names, read_parquet_columns(path, names), strict=True))
    try:
        lines = read_limited(path).decode("utf-8-sig").replace("\r", "").strip().split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; {_EXPECTED}") from None
    header = [name.strip().strip('"') for name in lines[0].split(",")]
    rows = [line.split(",") for line in lines[1:]]
    bad = next((n for n, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if bad is not None:
        raise ConfigError(f"{path}: line {bad}: expected {len(header)} fields as in the header")
    columns = list(zip(*rows, strict=True)) or [() for _ in header]
    return header, dict(zip(header, columns, strict=True))


def _parquet_names(path: Path) -> list[str]:
    from whalebot.research.store.tables import need_pyarrow

    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: cannot be read as Parquet: {str(error)[:200]}") from None


def _interval_of(path: Path, rows: Sequence[Row]) -> str:
    """The commonest distance of two rows names the interval, whatever their order and their unit."""
    if len(rows) < 2:
        raise ConfigError(f"{path}: fewer than two bars; {_EXPECTED}")
    try:
        times = np.array([int(row[0]) for row in rows], dtype=np.int64)
    except (ValueError, OverflowError):
        raise ConfigError(f"{path}: a timestamp is no whole number; expected ms since 1970, UTC") from None
    steps, counts = np.unique(np.abs(np.diff(times)), return_counts=True)
    step = int(steps[counts.argmax()])
    for name in INTERVALS:
        if step in (interval_ms(name), interval_ms(name) // 1000):
            return name
    raise ConfigError(f"{path}: rows are {step} apart; expected one of {', '.join(INTERVALS)} in ms")
