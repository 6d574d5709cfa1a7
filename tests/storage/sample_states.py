"""State documents to save, made by number or by chance."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal as D
from enum import Enum
from functools import cache
from typing import get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from sample_trades import trade

from whalebot.domain.enums import Side, Signal
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.domain.state import (
    STATE_VERSION,
    GuardrailMemory,
    IntentMemory,
    PositionMemory,
    StateDocument,
    SymbolMemory,
)


@cache
def document(revision: int, run_id: str = "r1") -> StateDocument:
    """Return a document with one of everything."""
    intent = OrderIntent(
        order_link_id="wb-r1-BTCUSDT-1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=D("0.001"),
        purpose=Purpose.ENTRY,
        created_ms=1,
        sent_ms=2,
        stop_loss=D("99000.0"),
    )
    position = PositionMemory(
        symbol="ETHUSDT",
        side=Side.SELL,
        entry_link_id="wb-r1-ETHUSDT-1",
        first_exec_id="e1",
        opened_ms=1_767_225_600_000,
        entry_score=-2.0625,
        breakdown=(("vwap", -0.22),),
        atr=12.5,
        initial_stop=D("3100.05"),
        target=None,
        stop=D("3100.05"),
        best_price=D("3000"),
        worst_price=D("3050"),
        stop_moved=True,
        bars_held=2,
        bought=D(0),
        bought_qty=D(0),
        sold=D("30.0000000001"),
        sold_qty=D("0.01"),
        fees=D("0.0165"),
        funding=D("1E-12"),
        link_ids=("wb-r1-ETHUSDT-1",),
        closing_as=None,
        foreign=False,
        leverage=D("5"),
    )
    return StateDocument(
        run_id=run_id,
        revision=revision,
        next_intent_no=revision + 7,
        saved_ms=1_767_225_600_000 + revision,
        intents=(
            IntentMemory(
                intent=intent,
                outcome_unknown=True,
                order_id="",
                entry_score=2.5,
                breakdown=(("vwap", 0.22),),
                atr=120.0,
            ),
        ),
        positions=(position,),
        symbols=(
            SymbolMemory("BTCUSDT", Signal.BUY, last_entry_ms=1, last_exec_ms=3, recent_exec_ids=("a", "b")),
        ),
        guardrails=GuardrailMemory(peak_equity=D("1000.5"), consecutive_losses=2, pause_rule="drawdown"),
        unrecorded_trades=(trade(revision),),
    )


_leaves: dict[object, st.SearchStrategy[object]] = {
    D: st.decimals(-(10**15), 10**15).filter(lambda one: not one or one.adjusted() > -50),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    type(None): st.none(),
}

_above = st.decimals(D("1E-12"), 10**15)
_not_below = st.decimals(0, 10**15).filter(lambda one: not one or one.adjusted() > -50)
_times = st.integers(0, 253_402_300_799_999)
_counts = st.integers(0, 10**15 - 1)
_bounded: dict[str, st.SearchStrategy[object]] = {
    **dict.fromkeys(
        ("price", "stop_loss", "take_profit", "initial_stop", "target", "stop"), st.none() | _above
    ),
    **dict.fromkeys(("qty", "leverage", "bought", "bought_qty", "sold", "sold_qty"), _above),
    **dict.fromkeys(("best_price", "worst_price", "exit_level"), st.none() | _not_below),
    **dict.fromkeys(("entry_price", "exit_price"), _not_below),
    **dict.fromkeys(("revision", "next_intent_no", "bars_held", "consecutive_losses"), _counts),
    "bars_since_exit": st.none() | _counts,
    "position_idx": st.integers(0, 2),
    "atr": st.floats(0, allow_nan=False, allow_infinity=False),
    "recent_exec_ms": st.lists(_times, max_size=2).map(tuple),
}


def _field(name: str, kind: object) -> st.SearchStrategy[object]:
    if name in _bounded:
        return _bounded[name]
    if name.endswith("_ms"):
        return _times | st.none() if type(None) in get_args(kind) else _times
    return any_of(kind)


def any_of(kind: object) -> st.SearchStrategy[object]:
    """Return a strategy for a type of the state document: dataclass, enum, tuple, union or leaf."""
    if kind in _leaves:
        return _leaves[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{one.name: _field(one.name, hints[one.name]) for one in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    parts = get_args(kind)
    if get_origin(kind) is tuple and parts[-1] is Ellipsis:
        return st.lists(any_of(parts[0]), max_size=2).map(tuple)
    if get_origin(kind) is tuple:
        return st.tuples(*map(any_of, parts))
    return st.one_of(*map(any_of, parts))


any_document = any_of(StateDocument).map(lambda one: replace(one, version=STATE_VERSION))
