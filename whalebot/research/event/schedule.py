"""The order of everything: what happens next on any symbol, and what the account saw before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from whalebot.adapters.exchange.core.inputs import FundingDue, InstrumentListed, PricePoint
from whalebot.adapters.exchange.inprocess.translate import ticker_of
from whalebot.domain.enums import ClosedBy
from whalebot.domain.events import CandleClosed, MarketBroken, TradesPrinted
from whalebot.domain.market import Candle
from whalebot.engine.ledger import entry_price, signed_qty
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.event.machine import NOW_MS, Machine
from whalebot.research.event.quiet import Limits, limits_of
from whalebot.research.event.stretch import Looks, looks_of
from whalebot.research.event.track import NOTHING, Next, Rank, Track

_TOLD_EVERY: Final = 256
_NONE: Final = np.empty(0, dtype=np.int64)


class Schedule:
    """Plays all tracks on one machine, in order of time; ties by kind, then by the order of the tracks.

    Stretches in which no position can change and no decision counts are passed by: prices are brought up to
    date, the account is looked at where that may matter, nothing else is done.
    """

    def __init__(self, machine: Machine, tracks: Sequence[Track], higher: Sequence[Candle] = ()) -> None:
        """higher: closed bars of higher timeframes for analyzers that take them, ascending by close."""
        self._machine = machine
        self._tracks = tuple(tracks)
        self._by_symbol = {track.symbol: track for track in tracks}
        self._rules = machine.settings.trade
        self._keeps_all = any(track.keeps_all for track in tracks)
        self._higher = [*reversed(higher)]
        self._is_shared = len(self._tracks) > 1
        self._closed_ms = -1
        self._cooling: dict[str, int] = {}
        self._was_waiting = False
        self._ended = 0

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Play everything. `progress` hears the time (ms UTC) reached, now and then."""
        steps = 0
        while (found := self._earliest()) is not None:
            track, step = found
            steps += 1
            if progress is not None and steps % _TOLD_EVERY == 0:
                progress(step.ts_ms)
            until_ms = step.ts_ms if step.rank > Rank.HIGHER else step.ts_ms - 1
            if self._look_back(until_ms):
                self._bring_up(until_ms)
                self._play(track, step)
            self._note_touched()

    # --- what comes next --------------------------------------------------------------------------------

    def _earliest(self) -> tuple[Track, Next] | None:
        best, chosen = NOTHING, None
        for track in self._tracks:
            step = self._next_of(track)
            if (step.ts_ms, step.rank) < (best.ts_ms, best.rank):
                best, chosen = step, track
        return None if chosen is None else (chosen, best)

    def _next_of(self, track: Track) -> Next:
        machine, symbol = self._machine, track.symbol
        if not track.is_stale:
            return track.next(None, False, self._rules, False)
        if track.has_ended:
            return NOTHING
        held = None if track.items and not track.may_leave else self._limits(track)
        return track.next(held, machine.is_waiting(symbol), self._rules, self._cooling.get(symbol, 0) > 0)

    def _limits(self, track: Track) -> Limits | None:
        machine, symbol = self._machine, track.symbol
        memory = machine.position(symbol)
        if memory is None:
            return None
        limits = limits_of(memory, machine.quiet(symbol), machine.tape.rules[symbol], self._rules)
        # Whether there is margin for an order hangs on the prices of all positions at that very moment.
        return replace(limits, is_loud=True) if self._is_shared and machine.has_waiting else limits

    def _note_touched(self) -> None:
        touched, cooldown_bars = self._machine.tape.touched, self._rules.cooldown_bars
        if touched or self._was_waiting != self._machine.has_waiting:
            # Margin is shared: what one position may bear depends on all the others.
            self._was_waiting = self._machine.has_waiting
            for track in self._tracks:
                track.is_stale = True
        for symbol in touched:
            self._by_symbol[symbol].is_stale = True
        for trade in self._machine.trades[self._ended :] if cooldown_bars else ():
            # The bars that have passed since an exit are counted one by one.
            self._cooling[trade.symbol] = cooldown_bars + 1
        self._ended = len(self._machine.trades)
        touched.clear()

    # --- the account between two steps ------------------------------------------------------------------

    def _look_back(self, until_ms: int) -> bool:
        """Let the engine see the account at closes up to `until_ms`; False where that changed something."""
        if until_ms <= self._closed_ms:
            return True
        held = [track for track in self._tracks if self._machine.position(track.symbol) is not None]
        must_look = self._machine.tape.has_filled
        if held or self._keeps_all:
            # Pauses end, and days begin, at the close of any symbol, of one that is flat too.
            closes = _closes(self._tracks, self._closed_ms, until_ms)
        elif must_look:
            # Equity does not change any more: the first close says it all.
            closes = _first_close(self._tracks, self._closed_ms, until_ms)
        else:
            closes = _NONE
        if not len(closes):
            self._closed_ms = until_ms
            return True
        return self._look_at(held, closes, until_ms, must_look)

    def _look_at(self, held: Sequence[Track], closes: IntArray, until_ms: int, must_look: bool) -> bool:
        machine = self._machine
        before = machine.guardrails.paused_until_ms
        looks = Looks(tuple(range(len(closes))), False)
        if not self._keeps_all:
            equity = self._equity(held, closes)
            looks = looks_of(closes, equity, machine.guardrails, machine.settings.guardrails, must_look)
        for row in looks.rows:
            close_ms = int(closes[row])
            for track in held:
                self._tell(track, close_ms)
            machine.look(close_ms)
            machine.tape.has_filled = False
            self._closed_ms = close_ms
            if machine.guardrails.paused_until_ms != before or any(
                machine.is_waiting(track.symbol) for track in held
            ):
                for track in held:
                    self._catch_up(track, track.rows_closed(close_ms))
                for track in self._tracks:
                    track.is_stale = True
                return False
        if looks.is_cut:
            return False
        self._closed_ms = until_ms
        return True

    def _equity(self, held: Sequence[Track], closes: IntArray) -> FloatArray:
        equity = np.full(len(closes), float(self._machine.tape.wallet))
        for track in held:
            memory = self._machine.position(track.symbol)
            assert memory is not None
            at = np.maximum(track.close_ms.searchsorted(closes, "right") - 1, 0)
            equity += (track.closes[at] - float(entry_price(memory))) * float(signed_qty(memory))
        return equity

    def _tell(self, track: Track, close_ms: int) -> None:
        """Tell the engine the prices of a held symbol that were passed by up to a close."""
        rows = track.rows_closed(close_ms)
        if rows <= track.told:
            return
        high, low = track.extremes(track.told, rows)
        point, unit = track.last_point(rows), track.feed.units.price_unit
        assert point.last_price is not None
        track.told = rows
        printed = TradesPrinted(
            track.symbol, high * unit, low * unit, point.last_price, 0.0, 0.0, 1, point.ts_ms, NOW_MS
        )
        self._machine.say(printed)

    def _bring_up(self, until_ms: int) -> None:
        """Bring every position's price up to the closes before a step: margin is shared."""
        for track in self._tracks if self._is_shared else ():
            if not track.items and self._machine.position(track.symbol) is not None:
                self._catch_up(track, track.rows_closed(until_ms))

    def _catch_up(self, track: Track, rows: int) -> None:
        """Bring exchange and engine to the last price of the first `rows` bars."""
        if rows <= track.row:
            return
        track.row, track.items, track.may_leave = rows, [], False
        point = track.last_point(rows)
        if self._machine.position(track.symbol) is not None:
            self._tell(track, int(track.close_ms[rows - 1]))
        else:
            track.told = rows
        self._machine.pass_by(point)

    # --- one step ---------------------------------------------------------------------------------------

    def _play(self, track: Track, step: Next) -> None:
        track.is_stale = True
        if step.rank == Rank.CLOSE:
            self._decide(track, step)
        elif step.rank == Rank.OPEN and (step.row > track.row or not track.items):
            self._begin(track, step.row)
            self._play_items(track)
        elif step.rank in (Rank.OPEN, Rank.PATH):
            self._play_items(track)
        elif step.rank == Rank.FUNDING:
            self._catch_up(track, track.rows_closed(step.ts_ms))
            self._machine.settle(track.funding_due(step.ts_ms))
        else:
            self._end(track, step.ts_ms)

    def _begin(self, track: Track, row: int) -> None:
        if row:
            self._catch_up(track, row)
        if row in track.data.breaks:
            self._break(track, ClosedBy.DATA_GAP, int(track.open_ms[row]))
        track.begin(row)

    def _play_items(self, track: Track) -> None:
        """Play the bar as far as no other symbol has anything to do first."""
        machine = self._machine
        others = [t for t in self._tracks if t is not track]
        until = min((self._next_of(other)[:2] for other in others), default=NOTHING[:2])
        first = True
        while track.items and (first or (track.items[-1][0], Rank.PATH) < until):
            first = False
            item = track.take()
            if isinstance(item, PricePoint):
                machine.reach(item)
            elif isinstance(item, FundingDue):
                machine.settle(item)
            elif isinstance(item, InstrumentListed):
                machine.relist(item)
            if others and machine.tape.touched - {track.symbol}:
                return
            if track.may_leave:
                return

    def _decide(self, track: Track, step: Next) -> None:
        machine = self._machine
        self._take_higher(step.ts_ms)
        rows = track.rows_closed(step.ts_ms)
        self._catch_up(track, rows)
        due_ms = track.next_funding_ms(step.ts_ms) if machine.settings.guardrails.avoid_funding_ms else None
        ticker = ticker_of(track.last_point(rows), NOW_MS)
        machine.say(ticker if due_ms is None else replace(ticker, next_funding_ms=due_ms))
        self._cooling[track.symbol] = max(0, self._cooling.get(track.symbol, 0) - 1)
        machine.close_bar(CandleClosed(track.candle(step.row), NOW_MS))
        track.decision = step.row + 1

    def _take_higher(self, until_ms: int) -> None:
        while self._higher and self._higher[-1].close_ms <= until_ms:
            self._machine.close_bar(CandleClosed(self._higher.pop(), NOW_MS))

    def _end(self, track: Track, ts_ms: int) -> None:
        self._catch_up(track, track.count)
        self._break(track, ClosedBy.END_OF_DATA, ts_ms)
        self._machine.finish(track.symbol, ts_ms)
        track.has_ended = True

    def _break(self, track: Track, reason: ClosedBy, ts_ms: int) -> None:
        self._machine.drop_entries(track.symbol, "no price follows")
        self._machine.close_bar(MarketBroken(track.symbol, reason, ts_ms, NOW_MS))


def _closes(tracks: Sequence[Track], after_ms: int, until_ms: int) -> IntArray:
    """Return the times in (after_ms, until_ms] at which the account is looked at, of all tracks together."""
    edges = (after_ms, until_ms)
    parts = [track.looks_ms[slice(*track.looks_ms.searchsorted(edges, "right"))] for track in tracks]
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))


def _first_close(tracks: Sequence[Track], after_ms: int, until_ms: int) -> IntArray:
    """Return the first of these closes alone, nothing where there is none."""
    found = []
    for track in tracks:
        row = track.rows_closed(after_ms)
        if row < track.count and track.close_ms[row] <= until_ms:
            found.append(track.close_ms[row])
    return np.array([min(found)] if found else [], dtype=np.int64)
