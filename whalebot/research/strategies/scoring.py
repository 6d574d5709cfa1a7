"""The daemon's own decisions: the score of all groups with its threshold and its held signal."""

from __future__ import annotations

import numpy as np

from whalebot.decisions.analysis.analyzer import TradingAnalyzer
from whalebot.decisions.analysis.table import score_history
from whalebot.engine.bars import Analyzer
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import SymbolData
from whalebot.research.strategy import DecisionColumns


class ScoringStrategy:
    """`TradingAnalyzer`, and the same over whole histories."""

    name = "scoring"

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Score every decision bar. Raises ConfigError where scoring needs more than bars."""
        settings, decisions = self._settings, data.decisions
        table = score_history(
            decisions.bars,
            decisions.interval,
            settings.scoring,
            settings.indicators,
            settings.mtf,
            higher=data.higher,
            starts=decisions.starts,
        )
        known = np.ones(len(table), dtype=np.bool_)
        for codes in table.trends.values():
            known &= ~np.isnan(codes)
        return DecisionColumns(
            score=table.score,
            threshold=table.threshold,
            signal=table.signal,
            atr=np.nan_to_num(np.asarray(table.columns.atr), nan=0.0),
            may_enter=table.may_enter,
            breakdown=table.breakdown,
            trends_known=known if table.trends else None,
            without_input=table.without_input,
            notices=table.notices,
        )

    def analyzer(self, symbol: str) -> Analyzer:
        """Return the analyzer that runs live."""
        s = self._settings
        return TradingAnalyzer(symbol, s.interval, s.scoring, s.indicators, s.mtf)
