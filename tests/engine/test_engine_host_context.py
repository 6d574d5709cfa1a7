"""What a program around the loop has set for its decimals changes no figure of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Context, Decimal, Inexact, getcontext, localcontext

import pytest
from engine_harness import SYMBOL, T0, ScriptedAnalyzer, World, all_of

from whalebot.domain.effects import Effect, Notice, RecordTrade, SubmitOrder
from whalebot.domain.enums import Side
from whalebot.domain.events import Event
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.engine import Engine
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.loop import EXIT_CLEAN, Loop, LoopOutputs


class _Heard(World):
    """Keeps the events of a trade, to be told once more."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        super().__init__()

    def send(self, event: Event) -> list[Effect]:
        self.events.append(event)
        return super().send(event)


class _Again:
    """Tells the events to a loop, with the scores that belong to them, and collects what leaves."""

    def __init__(self, heard: _Heard) -> None:
        self.events = list(heard.events)
        analyzer = ScriptedAnalyzer()
        analyzer.score, analyzer.signal = heard.analyzer.score, heard.analyzer.signal
        settings = heard.engine._ctx.settings
        engine = Engine(settings, StateDocument(run_id="r1"), {SYMBOL: analyzer})
        self.notices: list[Notice] = []
        self.left: list[Effect] = []
        outputs = LoopOutputs(ViewHolder(), self.notices.append, lambda: None)
        self.loop = Loop(engine, self, self, ManualClock(T0), outputs)

    def get(self, timeout_s: float | None) -> Event | None:
        if len(self.events) == 1:
            self.loop.halt("all told")
        return self.events.pop(0)

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        self.left.extend(effects)


def a_trade() -> _Heard:
    """A position opened in two parts and left in two, at prices whose products have many digits."""
    world = _Heard()
    world.ready()
    world.price = Decimal("60123.7")
    (order,) = all_of(world.close_bar(2.5), SubmitOrder)
    intent, part = order.intent, Decimal("0.017")
    world.fill(intent.side, part, Decimal("60123.7"), intent.order_link_id, fee=Decimal("0.56215659"))
    world.fill(intent.side, intent.qty - part, Decimal("60124.9"), intent.order_link_id)
    world.fill(Side.SELL, part, Decimal("60301.3"), fee=Decimal("0.56381715"))
    world.fill(Side.SELL, intent.qty - part, Decimal("60299.1"))
    return world


def outcome(heard: _Heard) -> tuple[list[ClosedTrade], list[SubmitOrder], list[Notice]]:
    again = _Again(heard)
    assert again.loop.run().exit_code == EXIT_CLEAN
    trades = [effect.trade for effect in all_of(again.left, RecordTrade)]
    return trades, all_of(again.left, SubmitOrder), again.notices


@pytest.mark.parametrize(
    "host",
    [Context(prec=6), Context(rounding=ROUND_UP), Context(traps=[Inexact])],
    ids=("prec", "rounding", "traps"),
)
def test_the_same_trades_come_out_whatever_the_host_has_set(host: Context) -> None:
    heard = a_trade()
    expected = outcome(heard)
    assert len(expected[0]) == 1
    with localcontext(host):
        assert outcome(heard) == expected
        after = getcontext()
    assert (after.prec, after.rounding, after.traps) == (host.prec, host.rounding, host.traps)


def test_what_is_told_again_is_what_was_told_first() -> None:
    heard = a_trade()
    (first,) = [effect.trade for effect in all_of(heard.log, RecordTrade)]
    assert outcome(heard)[0] == [first]
