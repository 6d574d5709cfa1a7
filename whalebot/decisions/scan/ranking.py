"""The table of all symbols: its columns, its default rank, sorting by any of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from whalebot.decisions.scan.evaluation import Direction, Evaluation
from whalebot.decisions.scan.queries import unknown_name

Cell: TypeAlias = float | str | None
Row: TypeAlias = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `is_text` tells names from numbers."""

    name: str
    title: str
    is_text: bool = False


def _columns(*columns: Column) -> MappingProxyType[str, Column]:
    return MappingProxyType({column.name: column for column in columns})


COLUMNS: Final = _columns(
    Column("rank", "#"),
    Column("symbol", "Symbol", True),
    Column("price", "Price"),
    Column("change24h", "24h %"),
    Column("signal", "Signal", True),
    Column("score", "Score"),
    Column("confidence", "Confidence", True),
    Column("agreement", "Agreement"),
    Column("age", "Age (bars)"),
    Column("rsi", "RSI"),
    Column("stoch_k", "StochRSI K"),
    Column("natr", "NATR %"),
    Column("relative_volume", "Rel. volume"),
    Column("ema_distance", "EMA (ATR)"),
    Column("r1_distance", "R1 (ATR)"),
    Column("s1_distance", "S1 (ATR)"),
    Column("spread_bps", "Spread bps"),
    Column("imbalance", "Imbalance"),
    Column("turnover24h", "Turnover 24h"),
    Column("oi_change1h", "OI 1h %"),
    Column("funding", "Funding %"),
    Column("weight_set", "Weights", True),
    Column("status", "Status", True),
    Column("interval", "Interval", True),
    Column("depth_10bps", "Depth 10 bps"),
    Column("bandwidth", "BandWidth"),
    Column("armed", "Squeeze armed"),
    Column("confluence", "Confluence"),
)
"""Every column that can be shown, sorted by and filtered on; the last five are not shown by default."""
DEFAULT_COLUMNS: Final = tuple(COLUMNS)[:-5]


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What the table shows of the market besides the bars; NaN where it is not known.

    change24h, oi_change1h, funding: percent. spread_bps: basis points. imbalance: -1 to 1. turnover24h and
    depth_10bps (both sides of the book within 10 basis points of the middle): in quote.
    """

    change24h: float = math.nan
    spread_bps: float = math.nan
    imbalance: float = math.nan
    turnover24h: float = math.nan
    oi_change1h: float = math.nan
    funding: float = math.nan
    depth_10bps: float = math.nan


def row_of(
    evaluation: Evaluation, facts: MarketFacts, status: str = "live", age_bars: int | None = None
) -> Row:
    """Return the row of a symbol; what is not known is None. `age_bars`: age of the signal told."""
    bar, price = evaluation.bar, float(evaluation.price)
    has_signal = evaluation.signal is not Direction.NONE
    numbers = {
        "price": price,
        "change24h": facts.change24h,
        "score": evaluation.score,
        "agreement": evaluation.agreement,
        "rsi": bar.rsi,
        "stoch_k": bar.stoch_k,
        "natr": bar.natr,
        "relative_volume": bar.relative_volume,
        "ema_distance": _in_atr(price - bar.ema, bar.atr),
        "r1_distance": _in_atr(bar.r1 - price, bar.atr),
        "s1_distance": _in_atr(price - bar.s1, bar.atr),
        "spread_bps": facts.spread_bps,
        "imbalance": facts.imbalance,
        "turnover24h": facts.turnover24h,
        "oi_change1h": facts.oi_change1h,
        "funding": facts.funding,
        "depth_10bps": facts.depth_10bps,
        "bandwidth": bar.bandwidth,
        "armed": bar.armed,
    }
    row: Row = dict.fromkeys(COLUMNS)
    row |= {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    row |= {
        "symbol": evaluation.symbol,
        "signal": evaluation.signal.value,
        "confidence": evaluation.confidence.value if has_signal else None,
        "age": None if age_bars is None else float(age_bars),
        "weight_set": evaluation.weight_set,
        "status": status,
        "interval": evaluation.interval,
    }
    return row


def rank_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in default order, each with its "rank" from 1.

    Signals first, by size of score, then agreement, then turnover; equal ones keep their order.
    """
    ordered = sorted(rows, key=_default_key)
    return [{**row, "rank": float(place)} for place, row in enumerate(ordered, 1)]


def sort_keys(text: str) -> tuple[str, ...]:
    """Return the columns of a comma-separated list. Raises ScanQueryError for one that does not exist."""
    keys, column = [], 1
    for part in text.split(","):
        name = part.strip()
        if name not in COLUMNS:
            raise unknown_name(name, COLUMNS, "sort key", column + len(part) - len(part.lstrip()))
        keys.append(name)
        column += len(part) + 1
    return tuple(keys)


def sort_rows(rows: Sequence[Row], keys: str, *, ascending: bool = False) -> list[Row]:
    """Return the rows sorted by columns, the first key first; missing values stay last in both directions.

    Text sorts by letters. Rows that are equal in every key keep their order. Raises ScanQueryError.
    """
    ordered = list(rows)
    for name in reversed(sort_keys(keys)):
        known = [row for row in ordered if row.get(name) is not None]
        missing = [row for row in ordered if row.get(name) is None]
        known.sort(key=lambda row, name=name: row[name], reverse=not ascending)  # type: ignore[misc]
        ordered = known + missing
    return ordered


def _in_atr(distance: float, atr: float) -> float:
    return distance / atr if atr > 0.0 else math.nan


def _default_key(row: Row) -> tuple[bool, float, float, float]:
    is_idle = row.get("signal") == Direction.NONE.value
    return is_idle, *(-abs(_number(row.get(name))) for name in ("score", "agreement", "turnover24h"))  # type: ignore[return-value]


def _number(cell: Cell) -> float:
    return cell if isinstance(cell, float | int) else 0.0
