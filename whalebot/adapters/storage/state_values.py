"""What the values of a state document may be: those that no run of the program ever saves are damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from whalebot.domain.enums import Side
from whalebot.domain.orders import OrderIntent
from whalebot.domain.state import (
    GuardrailMemory,
    IntentMemory,
    PositionMemory,
    StateDocument,
    SymbolMemory,
    WaitingTrade,
)
from whalebot.domain.trade import ClosedTrade

_CALENDAR_END_MS: Final = 253_402_300_800_000  # the year 10000
_MOST_NUMBER: Final = 10**15
# Far beyond any sum of money: written out in full, or divided, such a number breaks what reckons with it.
_MOST_DIGITS: Final = 40
_MOST_DECIMALS: Final = 100


def refuse_impossible(document: StateDocument) -> None:
    """Raise ValueError, naming the place, for a value that the engine cannot have meant.

    Every amount is a finite number of sane size, every time one of the calendar; quantities and prices have
    the sign they must have, and what a position was opened with is there.
    """
    for fault in _faults(document, ""):
        raise ValueError(fault)


def _faults(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, tuple):
        # Names, and the floats beside them, are what JSON lets them be; there may be thousands of them.
        if value and not isinstance(value[0], str):
            for at, one in enumerate(value):
                yield from _faults(one, f"{place}[{at}]")
    elif isinstance(value, Decimal):
        if not _is_sane(value):
            yield f"{place} {value!s:.40} is not a finite number of sane size"
    elif is_dataclass(value):
        yield from _faults_of_record(value, place)


def _faults_of_record(record: Any, place: str) -> Iterator[str]:
    kind: Any = type(record)
    start = f"{place}." if place else ""
    for name in _names(kind):
        value = getattr(record, name)
        yield from _times(value, start + name) if name.endswith("_ms") else _faults(value, start + name)
    for name, (is_right, wrong) in _RULES.get(kind, {}).items():
        value = getattr(record, name)
        if value is not None and not is_right(value):
            yield f"{start}{name} {value} {wrong}"
    if kind is PositionMemory:
        yield from _unopened(record, start)


def _times(value: int | tuple[int, ...] | None, place: str) -> Iterator[str]:
    times = value if isinstance(value, tuple) else () if value is None else (value,)
    if times and not 0 <= min(times) <= max(times) < _CALENDAR_END_MS:
        yield f"{place} {value!s:.40} is no time in ms"


def _unopened(memory: PositionMemory, start: str) -> Iterator[str]:
    name, qty, value = "bought", memory.bought_qty, memory.bought
    if memory.side is Side.SELL:
        name, qty, value = "sold", memory.sold_qty, memory.sold
    if qty == 0:
        yield f"{start}{name}_qty 0: a {memory.side.value} position that nothing opened"
    # The venue may not tell at which price a position was opened that is not ours.
    elif value == 0 and not memory.foreign:
        yield f"{start}{name} 0: an entry price of 0"


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _is_sane(value: Decimal) -> bool:
    return value.is_finite() and (not value or -_MOST_DECIMALS <= value.adjusted() <= _MOST_DIGITS)


_Rule = tuple[Callable[[Any], bool], str]
_ABOVE: Final[_Rule] = (lambda value: value > 0, "is not above 0")
_NOT_BELOW: Final[_Rule] = (lambda value: value >= 0, "is below 0")
_NUMBER: Final[_Rule] = (lambda value: 0 <= value < _MOST_NUMBER, "is no number that is counted to")
_INDEX: Final[_Rule] = (lambda value: value in (0, 1, 2), "is none of 0, 1 and 2")

_RULES: Final[Mapping[type, Mapping[str, _Rule]]] = {
    StateDocument: {"revision": _NUMBER, "next_intent_no": _NUMBER},
    IntentMemory: {"atr": _NOT_BELOW},
    OrderIntent: {
        "qty": _ABOVE,
        "price": _ABOVE,
        "stop_loss": _ABOVE,
        "take_profit": _ABOVE,
        "position_idx": _INDEX,
    },
    PositionMemory: {
        "atr": _NOT_BELOW,
        "initial_stop": _ABOVE,
        "target": _ABOVE,
        "stop": _ABOVE,
        "best_price": _NOT_BELOW,
        "worst_price": _NOT_BELOW,
        "bars_held": _NUMBER,
        "bought": _NOT_BELOW,
        "bought_qty": _NOT_BELOW,
        "sold": _NOT_BELOW,
        "sold_qty": _NOT_BELOW,
        "leverage": _ABOVE,
        "position_idx": _INDEX,
    },
    SymbolMemory: {"bars_since_exit": _NUMBER},
    WaitingTrade: {"exit_level": _NOT_BELOW},
    GuardrailMemory: {"consecutive_losses": _NUMBER},
    ClosedTrade: {"qty": _ABOVE, "entry_price": _NOT_BELOW, "exit_price": _NOT_BELOW, "bars_held": _NUMBER},
}
