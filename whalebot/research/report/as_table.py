"""All trades as one table for spreadsheets and notebooks: CSV (exact) or Parquet (numbers as float64)."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.storage.trade_json import encode_trade
from whalebot.domain.errors import ConfigError
from whalebot.domain.trade import ClosedTrade

_NUMBERS: Final = (
    *("entry_price", "exit_price", "qty", "gross_pnl", "fees", "funding", "pnl", "pnl_percent"),
    *("r_multiple", "mae", "mfe", "initial_stop"),
)
_TIMES: Final = ("entry_time", "exit_time")


def write_table(trades: Sequence[ClosedTrade], path: Path) -> None:
    """Write one row a trade, at least one; columns named as in the history; an ending .parquet is obeyed.

    CSV keeps every amount to its last decimal. Raises ConfigError where Parquet is asked for and pyarrow is
    not installed, OSError where the file cannot be written.
    """
    if path.suffix.lower() == ".parquet":
        _write_parquet(trades, path)
    else:
        _write_csv(trades, path)


def _row(trade: ClosedTrade) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(encode_trade(trade))
    row["breakdown"] = json.dumps(row["breakdown"])
    row["order_link_ids"] = " ".join(row["order_link_ids"])
    return row


def _write_csv(trades: Sequence[ClosedTrade], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(_row(trades[0])))
        writer.writeheader()
        writer.writerows(_row(trade) for trade in trades)


def _write_parquet(trades: Sequence[ClosedTrade], path: Path) -> None:
    try:
        import pyarrow  # noqa: F401  pandas writes through it
    except ImportError as error:
        raise ConfigError(
            f"{path}: Parquet needs pyarrow: pip install pyarrow (extra research), or end in .csv"
        ) from error
    import pandas as pd

    frame = pd.DataFrame([_row(trade) for trade in trades])
    for name in _NUMBERS:
        frame[name] = frame[name].astype("float64")
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    frame.to_parquet(path, index=False)
