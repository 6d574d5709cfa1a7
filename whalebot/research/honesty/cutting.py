"""A symbol's data as it was at a moment, or as if it had begun later."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.domain.errors import ConfigError
from whalebot.indicators.arrays import FloatArray
from whalebot.research.dataset import SymbolData, make_symbol_data
from whalebot.research.reading import part_of
from whalebot.research.strategy import DecisionColumns


def cut(data: SymbolData, from_ms: int | None, to_ms: int | None) -> SymbolData:
    """Return the data with nothing in it that opens before `from_ms` or at and after `to_ms` (ms UTC).

    Raises ConfigError where fewer than two bars are left.
    """
    return make_symbol_data(
        part_of(_file(data.fine), from_ms, to_ms),
        data.decisions.interval,
        data.rules,
        funding=None
        if data.funding is None
        else [rate for rate in data.funding if _lies_in(rate.ts_ms, from_ms, to_ms)],
        mark=None if data.mark is None else part_of(_file(data.mark), from_ms, to_ms),
        gaps=[gap for gap in data.gaps if _lies_in(gap.end_ms, from_ms, to_ms)],
    )


def named(columns: DecisionColumns) -> Iterator[tuple[str, FloatArray]]:
    """Go through everything a strategy decides, as numbers: truth is 1, NaN stays NaN."""
    for name in ("score", "threshold", "signal", "atr", "may_enter"):
        yield name, np.asarray(getattr(columns, name), dtype=np.float64)
    for name, part in columns.breakdown.items():
        yield f"breakdown.{name}", np.asarray(part, dtype=np.float64)


def _file(bars: object) -> BarFile:
    if not isinstance(bars, BarFile):
        raise ConfigError("only bars read from files can be cut")
    return bars


def _lies_in(ts_ms: int, from_ms: int | None, to_ms: int | None) -> bool:
    return (from_ms is None or ts_ms >= from_ms) and (to_ms is None or ts_ms < to_ms)
