"""The tools that look back: the history of signals, a scan of the past, and the judgement of both."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.decisions.scan.record import SignalRecord, record_of
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import History
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.scanner.backscan import backscan
from whalebot.scanner.history import MODES, SIMULATED, KeptRecord, Query, SignalHistory, read_signals
from whalebot.scanner.judge import Judgement, JudgeSettings, judge
from whalebot.scanner.judge_outcomes import JUDGED_EVENTS, JudgedSignal, signals_of
from whalebot.scanner.judge_text import ReportLine, judgement_lines, proposal_lines
from whalebot.scanner.judge_weights import suggest_weights

_log = logging.getLogger("whalebot.scanner")
BACKSCAN: Final = "backscan"
_FITTED: Final = 16
"""Weights are fitted on the return after about so many bars."""

BarsOf = Callable[[str, str, int, int], History | None]
"""Bars of (symbol, interval) that open in [from, to) ms UTC; None where the symbol is no longer traded."""


@dataclass(frozen=True, slots=True)
class BackscanRun:
    """How many events a scan of one symbol's past found, and how many the history did not have yet."""

    symbol: str
    bars: int
    events: int
    added: int


def run_backscan(
    history: History,
    settings: ScanSettings,
    tick_size: Decimal,
    path: Path,
    *,
    run_id: str,
    version: str,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> BackscanRun:
    """Scan one symbol's past into the history at `path` (SQLite). Raises ConfigError where it is unusable."""
    events = list(backscan(history, settings, tick_size, from_ms=from_ms, to_ms=to_ms))
    try:
        with closing(SignalHistory(path)) as store:
            records = (record_of(event, MarketFacts(), version) for event in events)
            added = store.add(records, run_id, BACKSCAN)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"{path}: cannot be written: {error}; choose another folder with --out") from error
    return BackscanRun(history.symbol, len(history), len(events), added)


def judge_history(path: Path, query: Query, bars_of: BarsOf, settings: JudgeSettings) -> list[Judgement]:
    """Judge what the history at `path` has, one judgement an interval, shortest first.

    Signals of every mode count, unless the query names one; what several modes have counts once, as live.
    Simulated ones never do: there are no bars of their market.
    Raises ConfigError where there is nothing to judge.
    """
    announced = [
        kept
        for kept in read_signals(path, query)
        if kept.signal.event in JUDGED_EVENTS and kept.mode != SIMULATED
    ]
    distinct = _distinct(announced)
    signals = signals_of(distinct)
    if len(signals) < len(distinct):
        _log.warning(
            "%s: %d signals without a price or a score are left out", path, len(distinct) - len(signals)
        )
    if not signals:
        raise ConfigError(f"{path}: no signal to judge; a scan of a real market or `scan backscan` fills it")
    judgements = []
    for interval in sorted({signal.interval for signal in signals}, key=interval_ms):
        own = [signal for signal in signals if signal.interval == interval]
        judgements.append(_judged(own, interval, bars_of, settings))
    return judgements


def judge_lines(
    judgements: Sequence[Judgement], settings: JudgeSettings, *, threshold: float, suggest: bool = False
) -> Iterator[ReportLine]:
    """Yield judgements line by line; `suggest` adds a proposal of weights. threshold: of a signal's score."""
    for judgement in judgements:
        yield from judgement_lines(judgement, by_indicator=settings.by == "indicator")
        if suggest:
            # The horizon nearest to the usual one, by ratio.
            place = min(range(len(settings.horizons)), key=lambda k: _apart(settings.horizons[k]))
            proposal = suggest_weights(judgement.outcomes, place, settings.horizons[place], threshold)
            yield ReportLine("")
            yield from proposal_lines(proposal)
        yield ReportLine("")


def _apart(horizon: int) -> float:
    return max(horizon / _FITTED, _FITTED / horizon)


def _judged(
    signals: list[JudgedSignal], interval: str, bars_of: BarsOf, settings: JudgeSettings
) -> Judgement:
    length = interval_ms(interval)
    bars, delisted = {}, set()
    for symbol in dict.fromkeys(signal.symbol for signal in signals):
        begins = [signal.bar_start_ms for signal in signals if signal.symbol == symbol]
        found = bars_of(symbol, interval, min(begins), max(begins) + (settings.horizons[-1] + 2) * length)
        if found is None:
            delisted.add(symbol)
        elif len(found):
            bars[symbol] = found
    return judge(signals, bars, settings, frozenset(delisted))


def _distinct(records: Sequence[KeptRecord]) -> list[SignalRecord]:
    """Leave out a signal announced again in the same bar, the same way; a live one counts before others."""
    found: dict[tuple[str, str, str, str], SignalRecord] = {}
    for kept in sorted(records, key=lambda kept: kept.mode != MODES[0]):
        signal = kept.signal
        found.setdefault((signal.symbol, signal.interval, signal.bar_start, signal.signal_type), signal)
    return list(found.values())


def with_cost(settings: JudgeSettings, cost_bps: float) -> JudgeSettings:
    """Return settings that take a round trip's cost off every return."""
    return replace(settings, cost=cost_bps / 1e4)
