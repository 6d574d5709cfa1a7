"""Two lists of trades side by side: how many are equal, and which rule each of the others differs by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.peers.job import Columns, Deal, Floats, stop_at

Key = tuple[int, int]

BY_LOST_TURN: Final = "stop tested before the exit at the open of its bar; the reversal is lost"
BY_ENTRY_BAR: Final = "stop not tested in the bar of entry"
BY_STALE: Final = "filled at the price of the stop before it, not at the close"
BY_TRIGGER: Final = "stop that the open jumped over: filled at its own price, not at the open"
BY_CLOSE: Final = "filled at the close that decided, not at the next open"
BY_ROUNDING: Final = "stop not rounded to the tick: other by less than one"
BY_SEED: Final = "average seeded by its first value: crosses while it settles"
BY_REFUSAL: Final = "entry refused: its stop lies beyond the close before it, from which the open jumped away"
UNEXPLAINED: Final = "not explained"
_PRICE: Final = 1e-6
_SETTLED: Final = 400
"""Bars after which averages of 12 and 26 bars have forgotten how they began, to the last digit."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`ours`, `theirs`: ended trades. `equal`: same bars, sides, prices, net PnL. `reasons`: of the others.

    `pnl`: their sum of net PnL less ours.
    """

    ours: int
    theirs: int
    equal: int
    reasons: Counter[str]
    pnl: float


def compare(
    ours: Sequence[Deal],
    theirs: Sequence[Deal],
    bars: Columns,
    tick: float,
    known: Sequence[str],
    reach: Floats | None = None,
) -> Agreement:
    """Match trades by their first bar and side and explain every one that differs.

    What is still open at the end counts by its entry alone: there is no rule for it to agree on. `known`:
    the rules by which the other side differs, the first that holds names a difference. `reach`: distance
    of a stop from its entry by the bar that decided, None: without stops.
    """
    mine, yours = _by_entry(ours), _by_entry(theirs)
    equal, reasons = 0, Counter[str]()
    for key in sorted(mine.keys() | yours.keys()):
        one, other = mine.get(key), yours.get(key)
        if one is not None and other is not None and is_equal(one, other):
            equal += one.ended
            continue
        scene = Scene(mine, yours, bars, tick, one, other, reach)
        reasons[next((name for name in known if _HOLDS[name](scene)), UNEXPLAINED)] += 1
    return Agreement(
        ours=sum(deal.ended for deal in ours),
        theirs=sum(deal.ended for deal in theirs),
        equal=equal,
        reasons=reasons,
        pnl=sum(d.pnl for d in theirs if d.ended) - sum(d.pnl for d in ours if d.ended),
    )


def is_equal(one: Deal, other: Deal) -> bool:
    """Tell whether two trades with one entry bar and side are the same."""
    if not (one.ended and other.ended):
        return one.ended == other.ended and abs(one.entry - other.entry) < _PRICE
    return (
        one.exit_bar == other.exit_bar
        and abs(one.entry - other.entry) < _PRICE
        and abs(one.exit - other.exit) < _PRICE
        and abs(one.pnl - other.pnl) < 4 * _PRICE
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """A difference with all that is around it."""

    mine: dict[Key, Deal]
    yours: dict[Key, Deal]
    bars: Columns
    tick: float
    one: Deal | None
    other: Deal | None
    reach: Floats | None


def _by_entry(deals: Sequence[Deal]) -> dict[Key, Deal]:
    return {(deal.entry_bar, deal.side): deal for deal in deals}


def _leaves_at_open(deal: Deal, bars: Columns) -> bool:
    return bool(abs(deal.exit - bars.open[deal.exit_bar]) < _PRICE)


def _stopped_first(scene: Scene) -> bool:
    """Ours left at the open of a bar inside which theirs was stopped."""
    one, other = scene.one, scene.other
    return (
        one is not None
        and other is not None
        and one.exit_bar == other.exit_bar
        and _leaves_at_open(one, scene.bars)
        and one.side * (other.exit - one.exit) < 0
    )


def _turn_lost(scene: Scene) -> bool:
    one, other = scene.one, scene.other
    if _stopped_first(scene):
        return True
    if one is None or other is not None:
        return False
    # The second leg that never came: theirs were stopped in the bar in which ours turned.
    return any(d.exit_bar == one.entry_bar and d.side == -one.side for d in scene.yours.values())


def _entry_bar(scene: Scene) -> bool:
    one, other = scene.one, scene.other
    stopped = one is not None and other is not None and one.exit_bar == one.entry_bar < other.exit_bar
    return stopped or (one is not None and other is None and _follows_missed(scene, one))


def _follows_missed(scene: Scene, one: Deal) -> bool:
    """Theirs still held what ours had been stopped out of, so that a cross of the same side was none."""
    return any(d.side == one.side and d.entry_bar < one.entry_bar < d.exit_bar for d in scene.yours.values())


def _stale(scene: Scene) -> bool:
    other = scene.other
    if other is None or scene.one is None:
        return False
    before, bars = other.entry_bar - 1, scene.bars
    at_edge = bars.close[before] in (bars.high[before], bars.low[before])
    stops = [d.exit for d in scene.yours.values() if d.exit_bar == before]
    return bool(at_edge) and min((abs(other.entry - level) for level in stops), default=1.0) < _PRICE


def _at_trigger(scene: Scene) -> bool:
    """Both left in one bar, ours at an open that lies beyond the price at which theirs did."""
    one, other, bars = scene.one, scene.other, scene.bars
    if one is None or other is None or one.exit_bar != other.exit_bar:
        return False
    before = bars.close[one.exit_bar - 1]
    jumped = one.side * (other.exit - one.exit) > 0 and one.side * (before - other.exit) > 0
    return _leaves_at_open(one, bars) and bool(jumped) and abs(other.entry - one.entry) < _PRICE


def _at_close(scene: Scene) -> bool:
    """Entry or exit at a close from which the next open jumped away; a stop lies by its own entry."""
    one, other, bars = scene.one, scene.other, scene.bars
    if one is None or other is None:
        return False
    entered = abs(other.entry - bars.close[other.entry_bar - 1]) < _PRICE < abs(other.entry - one.entry)
    left = other.exit_bar == one.exit_bar and abs(other.exit - bars.close[other.exit_bar - 1]) < _PRICE
    return bool(entered or (left and abs(other.exit - one.exit) > _PRICE))


def _refused(scene: Scene) -> bool:
    """Ours alone entered, with a stop on the far side of the last close that was known at the order."""
    one, bars = scene.one, scene.bars
    if one is None or scene.other is not None or scene.reach is None:
        return False
    before = one.entry_bar - 1
    stop = stop_at(bars.open[one.entry_bar], one.side, scene.reach[before], scene.tick)
    # A stop that is not put on the grid lies up to one tick nearer.
    return bool(one.side * (stop - bars.close[before]) > -scene.tick)


def _unrounded(scene: Scene) -> bool:
    one, other = scene.one, scene.other
    return (
        one is not None
        and other is not None
        and one.exit_bar == other.exit_bar
        and abs(one.entry - other.entry) < _PRICE
        and abs(one.exit - other.exit) < scene.tick
    )


def _unsettled(scene: Scene) -> bool:
    found = scene.one or scene.other
    return found is not None and found.entry_bar < _SETTLED


_HOLDS: Final[dict[str, Callable[[Scene], bool]]] = {
    BY_ROUNDING: _unrounded,
    BY_REFUSAL: _refused,
    BY_STALE: _stale,
    BY_TRIGGER: _at_trigger,
    BY_CLOSE: _at_close,
    BY_LOST_TURN: _turn_lost,
    BY_ENTRY_BAR: _entry_bar,
    BY_SEED: _unsettled,
}
