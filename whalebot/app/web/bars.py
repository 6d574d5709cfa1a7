"""The bars behind a backtest's result: found by name, recognised by their digest, read as the chart asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns, resample
from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.adapters.web.bar_book import BarBook, FarBars
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import bar_close_ms
from whalebot.domain.market import Candle


def put_bars(book: BarBook, files: Mapping[str, Path], interval: str) -> None:
    """Let the book read files (by symbol) as far as it is asked: their own bars and those of `interval`.

    Raises ConfigError for a file that cannot be read.
    """
    for symbol, path in files.items():
        file = read_bars(symbol, path)
        known = {file.interval: _columns(file)}
        if interval not in known:
            known[interval] = _whole(resample(known[file.interval], interval), file, interval)
        for name, columns in known.items():
            book.put_far(symbol, name, _far(file, name, columns))


def found_files(
    digests: Mapping[str, str], symbols: Sequence[str], given: Sequence[Path], folders: Sequence[Path]
) -> dict[str, Path]:
    """Return the file of each symbol among those given and those of the same name in the folders.

    Only a file whose SHA-256 is the one of the run counts. Raises ConfigError for a given file that is not
    one of the run's.
    """
    found: dict[str, Path] = {}
    for path in given:
        if not path.is_file():
            raise ConfigError(f"--data {path}: there is no such file")
        if _digest(path) not in digests.values():
            raise ConfigError(f"--data {path}: the run did not read this file (its SHA-256 is another)")
    for path in (*given, *_candidates(digests, folders)):
        symbol = path.name.partition("-")[0].partition(".")[0].upper()
        if symbol in symbols and symbol not in found:
            found[symbol] = path
    return found


def _candidates(digests: Mapping[str, str], folders: Sequence[Path]) -> Iterator[Path]:
    for name, digest in digests.items():
        if "/" in name or name.startswith("."):
            continue
        for folder in folders:
            path = folder / name
            if path.is_file() and _digest(path) == digest:
                yield path
                break


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _columns(file: BarFile) -> Columns:
    nothing = np.zeros(len(file), dtype=np.int64)
    return Columns(file.open_ms, file.open, file.high, file.low, file.close, file.volume, nothing)


def _whole(columns: Columns, file: BarFile, interval: str) -> Columns:
    """Leave out a first and a last bar of which the file holds a part only."""
    begin = int(columns.open_ms[0] < file.open_ms[0])
    ends_ms = bar_close_ms(int(file.open_ms[-1]), file.interval)
    is_cut = bar_close_ms(int(columns.open_ms[-1]), interval) > ends_ms
    return columns.part(begin, len(columns) - int(is_cut))


def _far(file: BarFile, interval: str, columns: Columns) -> FarBars:
    def read(begin: int, end: int) -> list[Candle]:
        rows = zip(
            *(
                getattr(columns, name)[begin:end].tolist()
                for name in ("open_ms", "open", "high", "low", "close")
            ),
            columns.volume[begin:end].tolist(),
            strict=True,
        )
        return [_candle(file, interval, row) for row in rows]

    return FarBars(columns.open_ms.tolist(), read)


def _candle(file: BarFile, interval: str, row: Any) -> Candle:
    open_ms, *prices, volume = row
    open_, high, low, close = (Decimal(price).scaleb(-file.price_decimals) for price in prices)
    return Candle(
        file.symbol, interval, open_ms, open_, high, low, close, Decimal(volume).scaleb(-file.volume_decimals)
    )
