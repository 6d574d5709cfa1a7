"""A strategy's decisions as columns: the daemon's own in little memory, any other as it gives them."""

from __future__ import annotations

from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column.scoring import LazyBreakdown, LeanScoring
from whalebot.research.dataset import SymbolData
from whalebot.research.strategies.scoring import ScoringStrategy
from whalebot.research.strategy import DecisionColumns, Strategy


def columns_of(settings: EngineSettings, data: SymbolData, strategy: Strategy) -> DecisionColumns:
    """Return what the strategy decides on every decision bar of a symbol."""
    if isinstance(strategy, ScoringStrategy):
        return LeanScoring(settings, data).decide()
    return strategy.columns(data)


def breakdown_at(columns: DecisionColumns, rows: IntArray) -> dict[str, FloatArray]:
    """Return the parts of the score at some rows, ascending."""
    breakdown = columns.breakdown
    if isinstance(breakdown, LazyBreakdown):
        return breakdown.at_rows(rows)
    return {name: part[rows] for name, part in breakdown.items()}
