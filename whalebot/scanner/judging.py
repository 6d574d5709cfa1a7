"""Judges a symbol at a bar's close or at its last price, and puts what happened into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.compute import compute
from whalebot.decisions.scan.evaluation import Evaluation, ScanEvent
from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.decisions.scan.scoring import choose_weight_set
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import FormingBar
from whalebot.domain.intervals import bar_close_ms
from whalebot.scanner.lane import Frame, Lane, SymbolCard

_log = logging.getLogger("whalebot.scanner")
LEAST_BARS: Final = 2
"""Closed bars without which nothing can be said."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event with the market facts of its moment."""

    event: ScanEvent
    facts: MarketFacts


@dataclass(slots=True)
class DeskCounts:
    """What was left out, and how often."""

    old_bars: int = 0
    evaluations: int = 0
    holes: int = 0


@dataclass(slots=True)
class Outbox:
    """What is to be handed on. `wishes`: requests to REST: ("hole" or "session", symbol, interval)."""

    announcements: list[Announcement] = field(default_factory=list)
    snapshots: list[Evaluation] = field(default_factory=list)
    wishes: dict[tuple[str, str, str], None] = field(default_factory=dict)


class Judge:
    """One thread. `base` is the interval whose signals are announced."""

    def __init__(
        self,
        frames: Mapping[str, Frame],
        base: str,
        announcer: Announcer,
        counts: DeskCounts,
        outbox: Outbox,
    ) -> None:
        self._frames = frames
        self._base = base
        self._announcer = announcer
        self._counts = counts
        self._outbox = outbox

    def close(self, card: SymbolCard, lane: Lane, close: Decimal) -> None:
        """Judge a symbol at the close of its newest bar."""
        settings = self._frames[lane.store.interval].settings
        end_ms = lane.store.next_open_ms
        if len(lane.store) < LEAST_BARS or end_ms is None:
            if not card.said_insufficient:
                card.said_insufficient = True
                _log.info("%s: insufficient data", card.symbol, extra={"symbol": card.symbol})
            return
        self._wish_session(card, lane, settings)
        values = lane.values = compute(lane.store.window(), settings)
        key = (card.symbol, lane.store.interval)
        self._announcer.set_weight_set(
            *key, choose_weight_set(values, settings, self._announcer.weight_set(*key))
        )
        self._judge(card, lane, close, end_ms, None)

    def _wish_session(self, card: SymbolCard, lane: Lane, settings: ScanSettings) -> None:
        wanted = lane.store.wanted_session()
        if (
            settings.signal_config.pivot_source == "previous_session"
            and lane.asked_session != wanted
            and lane.store.lacks_session()
        ):
            lane.asked_session = wanted
            self._outbox.wishes[("session", card.symbol, lane.store.interval)] = None

    def price(self, card: SymbolCard, lane: Lane, ts_ms: int) -> None:
        """Judge a symbol at its last price; `ts_ms`: the venue's stamp of it, ms UTC."""
        price, next_open = card.quote.price or card.last_close, lane.store.next_open_ms
        if price is None or next_open is None:
            return
        forming = lane.store.forming
        if forming is None or forming.open_ms < next_open:
            level = float(price)
            forming = FormingBar(next_open, level, level, level, 0.0)
        if ts_ms >= bar_close_ms(forming.open_ms, lane.store.interval):
            return  # the bar is over; its close comes next and decides
        card.is_price_new = False
        self._judge(card, lane, price, ts_ms, forming)

    def _judge(
        self, card: SymbolCard, lane: Lane, price: Decimal, ts_ms: int, forming: FormingBar | None
    ) -> None:
        interval = lane.store.interval
        assert lane.values is not None
        evaluation = self._frames[interval].evaluator.evaluate(
            lane.values,
            price,
            symbol=card.symbol,
            interval=interval,
            ts_ms=ts_ms,
            tick_size=card.tick_size,
            held=self._announcer.held(card.symbol, interval),
            weight_set=self._announcer.weight_set(card.symbol, interval),
            forming=forming,
        )
        self._counts.evaluations += 1
        lane.judged_ms = ts_ms
        lane.score = evaluation.score if evaluation.score == evaluation.score else None
        if interval != self._base:
            return  # the higher frames have a say in the confluence; what is announced is the base
        card.evaluation = evaluation
        event = self._announcer.step(evaluation)
        if event is not None:
            self._outbox.announcements.append(Announcement(event, card.quote.facts()))
        elif self._announcer.snapshot_due(card.symbol, interval, ts_ms):
            self._outbox.snapshots.append(evaluation)
