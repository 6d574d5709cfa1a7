"""Reads OHLCV files: CSV, CSV.gz and Parquet with timestamp, open, high, low, close, volume.

`timestamp` is the bar's open in ms since 1970, UTC. Every price keeps its exact decimals. What cannot be
right is refused with the place and the remedy; holes are listed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from whalebot.adapters.feeds.bar_file import BarFile, Gap, Ints
from whalebot.adapters.feeds.checks import check_rows, check_times, grid_of
from whalebot.adapters.feeds.months import parts_of, why_no_history
from whalebot.adapters.feeds.numbers import BadNumber, scale
from whalebot.adapters.feeds.packed import read_limited
from whalebot.adapters.feeds.parquet import read_parquet_columns
from whalebot.domain.errors import ConfigError

COLUMNS: Final = ("timestamp", "open", "high", "low", "close", "volume")
_EXPECTED: Final = f"expected columns {','.join(COLUMNS)} (timestamp: ms UTC of the bar's open)"
_NAMED: Final = re.compile(r"([A-Za-z0-9]{2,30})=(.+)", re.DOTALL)
_WHOLE: Final = re.compile(r"\s*-?[0-9]{1,18}\s*")
_SYMBOL: Final = re.compile(r"[A-Z0-9]{2,30}")
_VENUES: Final = ("bybit_linear", "binance_usdm", "binance_spot", "ftx")


def split_name(text: str) -> tuple[str, Path]:
    """Return symbol and path of FILE or SYMBOL=FILE; the symbol of BTCUSDT-5m-....csv.gz is BTCUSDT.

    Raises ConfigError for a file name that starts with no symbol.
    """
    named = _NAMED.fullmatch(text)
    if named is not None and not Path(text).exists():
        return named[1].upper(), Path(named[2])
    path = Path(text)
    symbol = re.split(r"[-_.]", path.name)[0]
    if not _SYMBOL.fullmatch(symbol):
        raise ConfigError(
            f"{path}: the file name starts with no symbol (found {symbol!r}); name it: SYMBOL={path}"
        )
    return symbol, path


def read_ohlcv(text: str) -> BarFile:
    """Read FILE or SYMBOL=FILE. Raises ConfigError, saying what was found and what is expected."""
    symbol, path = split_name(text)
    return read_bars(symbol, path)


def read_bars(symbol: str, path: Path) -> BarFile:
    """Read the bars of one symbol, from a file or a folder of months.

    Raises ConfigError, saying what was found and what is expected.
    """
    parts = parts_of(path)
    if not parts[0].is_file():
        raise ConfigError(f"{path}: {why_no_history(path)}")
    read = [read_parquet_columns(p, COLUMNS) if _is_parquet(p) else _read_csv_columns(p) for p in parts]
    columns = read[0] if len(read) == 1 else [list(chain(*column)) for column in zip(*read, strict=True)]
    if not columns[0]:
        raise ConfigError(f"{path}: no bars in it; {_EXPECTED} and one row a bar")
    return _make(symbol, path, columns)


def _make(symbol: str, path: Path, columns: Sequence[Sequence[str]]) -> BarFile:
    times = _times(path, columns[0])
    check_times(path, times)
    interval, gaps = grid_of(path, times)
    try:
        prices = scale(columns[1:5])
        has_volume = any(columns[5])
        volumes = scale([[text or "0" for text in columns[5]]])
    except BadNumber as error:
        where = f"row {error.row + 1} ({columns[0][error.row]})"
        raise ConfigError(f"{path}: {where}: {error.text[:40]!r} is no number; {_EXPECTED}") from None
    if not prices.is_exact:
        raise ConfigError(f"{path}: prices with more than 18 digits cannot be read exactly")
    open_, high, low, close = prices.columns
    check_rows(path, times, (open_, high, low, close), volumes.columns[0])
    return BarFile(
        path=path,
        symbol=symbol,
        venue=next((venue for venue in _VENUES if venue in path.name), ""),
        interval=interval,
        price_decimals=prices.decimals,
        volume_decimals=volumes.decimals,
        has_volume=has_volume,
        open_ms=times,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volumes.columns[0],
        gaps=tuple(Gap(*gap) for gap in gaps),
    )


def _times(path: Path, texts: Sequence[str]) -> Ints:
    try:
        return np.array(list(map(int, texts)), dtype=np.int64)
    except (ValueError, OverflowError):
        bad = next((text for text in texts if not _WHOLE.fullmatch(text)), "")
        raise ConfigError(f"{path}: timestamp {bad[:40]!r} is no whole number of ms; {_EXPECTED}") from None


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _read_csv_columns(path: Path) -> list[list[str]]:
    header, _, body = _read_text(path).strip().partition("\n")
    names = [name.strip().strip('"').lower() for name in header.split(",")]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ConfigError(
            f"{path}: found the columns {header.strip()[:120]!r}, without {', '.join(missing)}; {_EXPECTED}"
        )
    fields = body.replace("\n", ",").split(",") if body else []
    lines = body.count("\n") + 1 if body else 0
    if len(fields) != lines * len(names):
        raise _ragged(path, body, len(names))
    return [fields[names.index(name) :: len(names)] for name in COLUMNS]


def _ragged(path: Path, body: str, width: int) -> ConfigError:
    for number, line in enumerate(body.split("\n"), start=2):
        if line.count(",") + 1 != width:
            return ConfigError(
                f"{path}: line {number} {line[:80]!r}: expected {width} fields as in the header"
            )
    return ConfigError(f"{path}: lines and fields do not match; {_EXPECTED}")


def _read_text(path: Path) -> str:
    try:
        data = read_limited(path)
        return data.decode("utf-8-sig").replace("\r", "")
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text; {_EXPECTED}, as CSV, CSV.gz or Parquet") from None
