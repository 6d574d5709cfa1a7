"""The ranking as text: a table for people, JSON, JSON lines or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from whalebot.decisions.scan.ranking import Cell, Row
from whalebot.decisions.scan.wording import price_text
from whalebot.scanner.view import title_of

_DIGITS: Final = {
    "rank": 0, "age": 0, "change24h": 2, "score": 2, "agreement": 2, "rsi": 1, "stoch_k": 2, "natr": 2,
    "relative_volume": 2, "ema_distance": 1, "r1_distance": 1, "s1_distance": 1, "spread_bps": 1,
    "imbalance": 2, "oi_change1h": 2, "funding": 4, "bandwidth": 4, "armed": 0, "confluence": 2,
}  # fmt: skip
_UNKNOWN: Final = "–"


def cell_text(name: str, cell: Cell, tick_size: Decimal | None = None) -> str:
    """Return a cell as people read it; a dash where nothing is known."""
    if cell is None:
        return _UNKNOWN
    if isinstance(cell, str):
        return cell
    if name == "price" and tick_size is not None:
        return price_text(Decimal(repr(cell)), tick_size)
    if name in ("turnover24h", "depth_10bps"):
        return short_amount(cell)
    digits = _DIGITS.get(name, 2 if name.startswith("score_") else 4)
    return f"{cell:.{digits}f}"


def short_amount(value: float) -> str:
    """Return an amount in thousands, millions or billions."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f}{letter}"
    return f"{value:.0f}"


def as_json(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the rows as one JSON array."""
    return json.dumps([_record(row, columns) for row in rows], indent=4, ensure_ascii=False)


def as_json_lines(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return one JSON object a line."""
    return "\n".join(json.dumps(_record(row, columns), ensure_ascii=False) for row in rows)


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the rows with a heading of column names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if (cell := row.get(name)) is None else _plain(name, cell) for name in columns])
    return out.getvalue().rstrip("\n")


def as_table(
    rows: Sequence[Row], columns: Sequence[str], ticks: Mapping[str, Decimal], width: int | None = None
) -> str:
    """Return a plain table; of the columns those that fit into `width` characters (None: all)."""
    shown = list(columns)
    texts = [
        {name: cell_text(name, row.get(name), ticks.get(str(row.get("symbol")))) for name in shown}
        for row in rows
    ]
    widths = {name: max([len(title_of(name)), *(len(text[name]) for text in texts)]) for name in shown}
    if width is not None:
        shown = fitting(shown, widths, width)
    lines = ["  ".join(title_of(name).rjust(widths[name]) for name in shown)]
    lines += ["  ".join(text[name].rjust(widths[name]) for name in shown) for text in texts]
    return "\n".join(line.rstrip() for line in lines)


PRIORITY: Final = (
    "symbol", "signal", "score", "price", "status", "rank", "confidence", "change24h", "confluence", "rsi",
    "turnover24h", "agreement", "age", "stoch_k", "natr", "spread_bps", "funding",
    "relative_volume",
    "ema_distance", "r1_distance", "s1_distance", "imbalance", "oi_change1h", "weight_set",
    "bandwidth", "armed", "depth_10bps",
)  # fmt: skip
"""Columns in the order in which they are given room."""


def fitting(columns: Sequence[str], widths: Mapping[str, int], width: int, gap: int = 2) -> list[str]:
    """Return the columns that fit, the least important left out, in their own order."""
    order = sorted(columns, key=lambda name: PRIORITY.index(name) if name in PRIORITY else 8)
    used = -gap
    kept: set[str] = set()
    for name in order:
        if used + gap + widths[name] <= width or not kept:
            used += gap + widths[name]
            kept.add(name)
    return [name for name in columns if name in kept]


def _record(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(name, row.get(name)) for name in columns}


def _plain(name: str, cell: Cell) -> Any:
    if isinstance(cell, float) and name in ("rank", "age"):
        return int(cell)
    return cell
