"""An analyzer that has decided already: it reads the columns of a strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.decisions.analysis.signal import signal_of
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Signal
from whalebot.domain.market import Candle
from whalebot.research.dataset import DecisionBars
from whalebot.research.strategy import DecisionColumns


class ColumnsAnalyzer:
    """The `Analyzer` of one symbol over precomputed decisions. Bars may be passed over, none comes twice."""

    higher_intervals: Final[tuple[str, ...]] = ()

    def __init__(self, symbol: str, bars: DecisionBars, columns: DecisionColumns) -> None:
        self._symbol = symbol
        self._bars = bars
        self._columns = columns
        self._atr = 0.0

    def load_history(self, interval: str, candles: Sequence[Candle]) -> None:
        """Everything is known already."""

    def on_higher_close(self, candle: Candle) -> None:
        """Everything is known already."""

    def on_close(
        self,
        candle: Candle,
        imbalance: float | None,
        trade_delta: float | None,
        missing_intervals: frozenset[str],
    ) -> Analysis:
        """Return what was decided on a bar. Raises ValueError for one that is not in the columns."""
        row = int(self._bars.bars.open_ms.searchsorted(candle.open_ms))
        if row == len(self._bars) or self._bars.bars.open_ms[row] != candle.open_ms:
            raise ValueError(f"{self._symbol}: no decision bar opens at {candle.open_ms}")
        columns = self._columns
        self._atr = float(columns.atr[row])
        return Analysis(
            symbol=self._symbol,
            interval=self._bars.interval,
            open_ms=candle.open_ms,
            close_ms=int(self._bars.close_ms[row]),
            close=candle.close,
            volume=float(self._bars.bars.volume[row]),
            score=float(columns.score[row]),
            breakdown=tuple((name, float(part[row])) for name, part in columns.breakdown.items()),
            signal=signal_of(int(columns.signal[row])),
            trends=(),
            atr=self._atr,
            warming=(),
            without_input=columns.without_input,
            may_enter=bool(columns.may_enter[row]),
            threshold=float(columns.threshold[row]),
        )

    def latest(self) -> Mapping[str, float]:
        """Return the ATR of the newest bar."""
        return {"atr": self._atr}

    def restore_signal(self, signal: Signal) -> None:
        """The signal is that of the columns."""

    def use_scoring(self, scoring: ScoringSettings) -> None:
        """The scores are those of the columns."""
