"""Writes a table as CSV, JSON or Parquet; amounts keep every digit in all three."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, Final, TextIO

from whalebot.domain.errors import ConfigError
from whalebot.research.export.table import Cell, Column, Kind, Row, Table

FORMATS: Final = ("csv", "json", "parquet")
_BATCH: Final = 10_000
_AMOUNT: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(table: Table, file: TextIO) -> int:
    """Write a header and a line a row; return the number of rows. Raises OSError.

    A text that a spreadsheet would take for a formula is led by an apostrophe; amounts stand as they are.
    """
    writer = csv.writer(file)
    writer.writerow([_harmless(column.name) for column in table.columns])
    count = 0
    for row in table.rows:
        writer.writerow([_csv_cell(column, row.get(column.name)) for column in table.columns])
        count += 1
    return count


def write_json(table: Table, file: TextIO) -> int:
    """Write an array, one object a line; return the number of rows. Raises OSError."""
    count = 0
    for row in table.rows:
        shown = {column.name: row.get(column.name) for column in table.columns}
        text = json.dumps(shown, ensure_ascii=False, allow_nan=False)
        file.write(("[\n" if count == 0 else ",\n") + text)
        count += 1
    file.write("\n]\n" if count else "[]\n")
    return count


def write_parquet(table: Table, file: BinaryIO) -> int:
    """Write a Parquet file; return the number of rows. Amounts are strings, times are timestamps in UTC.

    Raises ConfigError where pyarrow is not installed, OSError.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ConfigError(
            "Parquet needs pyarrow: pip install pyarrow (extra research), or --format csv"
        ) from error
    types: dict[Kind, Any] = {
        Kind.TEXT: pa.string(),
        Kind.AMOUNT: pa.string(),
        Kind.TIME: pa.timestamp("ms", tz="UTC"),
        Kind.COUNT: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        for rows in _batches(table.rows):
            count += len(rows)
            writer.write_table(pa.table(_arrays(pa, schema, table.columns, rows), schema=schema))
    return count


def _arrays(pa: Any, schema: Any, columns: Iterable[Column], rows: list[Row]) -> list[Any]:
    from datetime import datetime

    arrays = []
    for column, field in zip(columns, schema, strict=True):
        cells: list[Any] = [row.get(column.name) for row in rows]
        if column.kind is Kind.TIME:
            cells = [None if cell is None else datetime.fromisoformat(str(cell)) for cell in cells]
        arrays.append(pa.array(cells, type=field.type))
    return arrays


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _csv_cell(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return repr(cell)
    text = str(cell)
    return text if column.kind is Kind.AMOUNT and _AMOUNT.fullmatch(text) else _harmless(text)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
