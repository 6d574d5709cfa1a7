"""Records of the history as a table, CSV, JSON or a Parquet file."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from whalebot.decisions.scan.record import CSV_FIELDS
from whalebot.decisions.scan.wording import interval_label
from whalebot.domain.errors import ConfigError
from whalebot.scanner.history import KeptRecord

FORMATS: Final = ("table", "csv", "json", "parquet")
_FIELDS: Final = (*CSV_FIELDS, "bar_start", "weight_set", "agreement", "config_hash", "mode", "run_id")


def history_text(records: Sequence[KeptRecord], form: str) -> Iterator[str]:
    """Yield the lines of a table, of CSV with its header, or one JSON array."""
    if form == "csv":
        yield from _csv(records)
    elif form == "json":
        yield json.dumps([record.as_json() for record in records], indent=4, allow_nan=False)
    else:
        yield from _table(records)


def write_parquet(records: Sequence[KeptRecord], path: Path) -> None:
    """Write the records' flat fields to a Parquet file. Raises ConfigError without the library for it."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigError('Parquet needs the extra: pip install -e ".[research]" in the clone') from None
    rows = [record.as_json() for record in records]
    columns = {name: [row[name] for row in rows] for name in _FIELDS}
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            parquet.write_table(pyarrow.table(columns), file)
    except OSError as e:
        raise ConfigError(f"{path}: cannot be written: {e.strerror or e}") from e


def _csv(records: Sequence[KeptRecord]) -> Iterator[str]:
    yield _csv_line(_FIELDS)
    for record in records:
        row = record.as_json()
        yield _csv_line([row[name] for name in _FIELDS])


def _csv_line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def _table(records: Sequence[KeptRecord]) -> Iterator[str]:
    yield (
        f"{'time (UTC)':<19} {'symbol':<14} {'bars':<5} {'event':<8} {'signal':<6} {'class':<7}"
        f" {'score':>6} {'entry':>14} {'stop':>14} {'target':>14}  mode"
    )
    for record in records:
        signal, score = record.signal, record.signal.normalized_score
        yield (
            f"{signal.timestamp[:19].replace('T', ' ')} {signal.symbol:<14}"
            f" {interval_label(signal.interval):<5} {signal.event:<8} {signal.signal_type:<6}"
            f" {signal.confidence:<7} {'-' if score is None else format(score, '+.2f'):>6}"
            f" {_price(signal.entry_price)} {_price(signal.stop_loss)} {_price(signal.take_profit)}"
            f"  {record.mode}"
        )
    yield f"{len(records)} events"


def _price(value: float | None) -> str:
    return f"{'-' if value is None else format(value, '.10g'):>14}"
