"""Tables of one month on disk: Parquet with exact decimals, or CSV.gz; whole or not there at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from whalebot.adapters.feeds.packed import read_limited
from whalebot.adapters.feeds.parquet import read_parquet_columns
from whalebot.domain.errors import ConfigError
from whalebot.research.store.layout import Format

Row: TypeAlias = tuple[str, ...]
"""Time in ms first, then decimal texts; "" where there is nothing."""

_MOST_DIGITS: Final = 38


def need_pyarrow() -> None:
    """Raise ConfigError, naming the extra and the way without it, where pyarrow is missing."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ConfigError(
            "Parquet needs pyarrow: pip install pyarrow (extra research), or keep CSV with --format csv"
        ) from None


def read_rows(path: Path, names: Sequence[str]) -> list[Row]:
    """Return the rows of a month. Raises ConfigError for a file that is not such a table."""
    if path.name.endswith(Format.PARQUET.value):
        columns = read_parquet_columns(path, names)
        return list(zip(*columns, strict=True))
    try:
        lines = read_limited(path).decode("ascii").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    header = lines[0] if lines else ""
    if header != ",".join(names):
        raise ConfigError(f"{path}: found the columns {header[:120]!r}, expected {','.join(names)}")
    rows = [tuple(line.split(",")) for line in lines[1:]]
    bad = next((number for number, row in enumerate(rows, start=2) if len(row) != len(names)), None)
    if bad is not None:
        raise ConfigError(f"{path}: line {bad}: expected {len(names)} fields as in the header")
    return rows


def write_rows(path: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Put a table in the place of `path`; at every moment the old or the new one is whole.

    Raises OSError, and ConfigError without pyarrow or for numbers of more than 38 digits.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    # Made by hand first: one that is there may be a link or anybody's, and nobody else may read what comes.
    beside.unlink(missing_ok=True)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    if path.name.endswith(Format.PARQUET.value):
        _write_parquet(beside, names, rows)
    else:
        text = "\n".join(",".join(row) for row in (tuple(names), *rows)) + "\n"
        beside.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def _write_parquet(path: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    times = pa.array([int(text) for text in columns[0]], pa.int64())
    arrays = [times, *(_decimals(path, column, pa) for column in columns[1:])]
    pq.write_table(pa.table(arrays, names=list(names)), path, compression="zstd")


def _decimals(path: Path, column: Sequence[str], pa: Any) -> Any:
    values = [Decimal(text) if text else None for text in column]
    scale = max((_places(value) for value in values if value is not None), default=0)
    whole = max((value.adjusted() + 1 for value in values if value), default=1)
    if scale + max(whole, 1) > _MOST_DIGITS:
        raise ConfigError(f"{path}: a number has more than {_MOST_DIGITS} digits; keep it with --format csv")
    return pa.array(values, pa.decimal128(_MOST_DIGITS, scale))


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
