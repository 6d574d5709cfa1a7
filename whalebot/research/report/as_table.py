"""All trades as one table for spreadsheets and notebooks: CSV (exact) or Parquet (numbers as float64)."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import BytesIO, StringIO
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


def table_file(trades: Sequence[ClosedTrade], path: Path) -> bytes:
    """Return a file's content, one row a trade, at least one; an ending .parquet is obeyed.

    Columns are named as in the history; CSV keeps every amount to its last decimal. Raises ConfigError where
    Parquet is asked for and pyarrow is not installed.
    """
    return _parquet(trades, path) if path.suffix.lower() == ".parquet" else _csv(trades)


def trade_row(trade: ClosedTrade) -> dict[str, Any]:
    """Return a trade's cells, named as in the history: amounts as texts, lists and objects as one text."""
    row: dict[str, Any] = json.loads(encode_trade(trade))
    row["breakdown"] = json.dumps(row["breakdown"])
    row["order_link_ids"] = " ".join(row["order_link_ids"])
    return row


def _csv(trades: Sequence[ClosedTrade]) -> bytes:
    file = StringIO(newline="")
    writer = csv.DictWriter(file, fieldnames=list(trade_row(trades[0])))
    writer.writeheader()
    writer.writerows(trade_row(trade) for trade in trades)
    return file.getvalue().encode()


def _parquet(trades: Sequence[ClosedTrade], path: Path) -> bytes:
    try:
        import pyarrow  # noqa: F401  pandas writes through it
    except ImportError as error:
        raise ConfigError(
            f"{path}: Parquet needs pyarrow: pip install pyarrow (extra research), or end in .csv"
        ) from error
    import pandas as pd

    frame = pd.DataFrame([trade_row(trade) for trade in trades])
    for name in _NUMBERS:
        frame[name] = frame[name].astype("float64")
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    file = BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()
