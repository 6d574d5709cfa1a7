"""Decides what is worth a line now: every event of a trade, and the analyses as often as eyes can follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from whalebot.adapters.terminal.analysis_line import analysis_line
from whalebot.adapters.terminal.notice_line import notice_line
from whalebot.adapters.terminal.style import PLAIN, Style
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level, Signal
from whalebot.domain.view import SymbolView, View
from whalebot.ports import Clock

GAP_MS: Final = 1000
_OFTEN: Final = ("entry_refused", "stop_moved")


@dataclass(frozen=True, slots=True)
class NewAnalysis:
    """An analysis nobody has seen yet. `shown` False: too soon after the last line of its symbol."""

    symbol: SymbolView
    analysis: Analysis
    view: View
    shown: bool


class Screen:
    """Makes the lines. One thread only; `clock` is real time, so an accelerated market is not a flood."""

    def __init__(self, style: Style, zone: tzinfo, clock: Clock, gap_ms: int = GAP_MS) -> None:
        self._style = style
        self._zone = zone
        self._clock = clock
        self._gap_ms = gap_ms
        self._seen: dict[str, int] = {}
        self._signals: dict[str, Signal] = {}
        self._free_from: dict[tuple[str, str], int] = {}

    def new_analyses(self, view: View) -> tuple[NewAnalysis, ...]:
        """Return the analyses this view has and no view before had.

        One is shown when its symbol had no line for the gap, or when its signal changed to BUY or SELL.
        """
        found = []
        for symbol in view.symbols:
            analysis = symbol.analysis
            if analysis is None or self._seen.get(symbol.symbol) == analysis.close_ms:
                continue
            self._seen[symbol.symbol] = analysis.close_ms
            turned = self._signals.get(symbol.symbol) is not analysis.signal is not Signal.HOLD
            self._signals[symbol.symbol] = analysis.signal
            shown = self._is_free(symbol.symbol, "") or turned
            found.append(NewAnalysis(symbol, analysis, view, shown))
        return tuple(found)

    def shows(self, notice: Notice) -> bool:
        """Tell whether a notice gets a line: refusals of a rule and moves of a stop only once in a gap."""
        if notice.kind not in _OFTEN or notice.level is Level.CRITICAL:
            return True
        if notice.kind != "entry_refused":
            return self._is_free(notice.symbol, notice.kind)
        return self._is_free(notice.symbol, dict(notice.fields).get("rule", notice.text))

    def analysis(self, new: NewAnalysis) -> str:
        """Return the line of an analysis as this terminal shows it."""
        return analysis_line(new.symbol, new.analysis, new.view, self._style, self._zone)

    def plain_analysis(self, new: NewAnalysis) -> str:
        """Return the same line for a log: without colours, and in UTC as everything on disk."""
        return analysis_line(new.symbol, new.analysis, new.view, PLAIN, UTC)

    def notice(self, notice: Notice) -> str:
        """Return the line of a notice as this terminal shows it."""
        return notice_line(notice, self._style)

    def _is_free(self, symbol: str, subject: str) -> bool:
        now_ms = self._clock.now_ms()
        if now_ms < self._free_from.get((symbol, subject), now_ms):
            return False
        self._free_from[symbol, subject] = now_ms + self._gap_ms
        return True
