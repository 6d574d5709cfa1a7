"""Strategies that cheat on purpose, each in its own way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import SymbolData
from whalebot.research.strategies.ema_cross import EmaCrossStrategy
from whalebot.research.strategy import DecisionColumns


class NextBar(EmaCrossStrategy):
    """Knows whether the next bar rises."""

    name = "next_bar"

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Score the move of the bar after."""
        honest = super().columns(data)
        close = data.decisions.bars.close
        return replace(honest, score=np.append(np.sign(close[1:] - close[:-1]), 0.0))


class WholeHistory(EmaCrossStrategy):
    """Normalises with the mean of a history that has not happened yet."""

    name = "whole_history"

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Score the distance from the mean of everything."""
        close = data.decisions.bars.close
        return replace(super().columns(data), score=(close - close.mean()) / close.std())
