"""Reads the columns of a Parquet file as decimal text, as a CSV would hold them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whalebot.domain.errors import ConfigError


def read_parquet_columns(path: Path, names: Sequence[str]) -> list[list[str]]:
    """Return the named columns as text; times of a timestamp type become ms, empty cells "".

    Raises ConfigError without pyarrow (naming the extra), for a file that is none, for missing columns.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError(
            f"{path}: Parquet needs pyarrow: pip install pyarrow (extra research), or give the file as CSV"
        ) from None
    try:
        table = pq.read_table(path)
        found = table.column_names
        missing = [name for name in names if name not in found]
        if not missing:
            return [_texts(table.column(name), pa) for name in names]
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
        raise ConfigError(f"{path}: cannot be read as Parquet: {str(error)[:200]}") from error
    raise ConfigError(
        f"{path}: found the columns {', '.join(found)[:120]}, without {', '.join(missing)}; "
        f"expected {','.join(names)}"
    )


def _texts(column: Any, pa: Any) -> list[str]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False).cast(pa.int64())
    # repr of a float is its shortest exact text: the decimals that were meant when the file was written.
    as_text = repr if pa.types.is_floating(column.type) else str
    return ["" if value is None else as_text(value) for value in column.to_pylist()]
