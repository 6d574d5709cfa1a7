"""What people must hear of, from the engine to the alert: each event is really sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import SYMBOL, World, only

from whalebot.adapters.alerts.system import AlertSystem
from whalebot.app.alerting import tell_notice
from whalebot.decisions.risk.settings import GuardrailSettings
from whalebot.domain import events as ev
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.effects import Alert, Effect, Notice, SubmitOrder
from whalebot.domain.enums import Level, Side, Stream
from whalebot.runtime.clock import ManualClock


def told(effects: Sequence[Effect]) -> tuple[AlertRecord, ...]:
    """Hand effects on as the daemon does; return what people are told."""
    alerts = AlertSystem((), ManualClock(0))
    for effect in effects:
        if isinstance(effect, Notice):
            tell_notice(alerts, effect)
        elif isinstance(effect, Alert):
            alerts.send(effect.level, effect.title, effect.text, effect.kind)
    return alerts.records()


def entry() -> World:
    world = World().ready()
    world.enter()
    return world


def leaving() -> World:
    world = World().ready()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, world.price - 600, "", "StopLoss", "CreateByStopLoss")
    return world


def moved_stop() -> World:
    world = World().ready()
    intent = world.enter()
    world.ticker(world.price + 1_000)
    changes = [effect for effect in world.log if type(effect).__name__ == "AmendStop"]
    assert changes, "the stop was not moved"
    world.report(Side.BUY, intent.qty, Decimal(60_000), changes[-1].stop_loss, intent.take_profit)
    return world


def killed() -> World:
    world = World(guardrails=GuardrailSettings(min_target_to_cost=None, max_day_loss=0.01)).ready()
    world.wait(15_000)
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, world.price - 3_000, "", "StopLoss", "CreateByStopLoss")
    world.wallet -= 300
    world.wallet_now()
    world.wait(30_000)
    return world


def refused_key() -> World:
    world = World().ready()
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    world.send(ev.OrderRefused(link_id, ev.Refusal.AUTH, 10003, "API key is invalid", world.now))
    return world


def long_outage() -> World:
    world = World().ready()
    world.send(ev.StreamDown(Stream.PRIVATE, "reset", world.now))
    world.wait(60_000)
    return world


def unknown_order() -> World:
    world = World().ready()
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    world.send(ev.OutcomeUnknown(link_id, "timeout", world.now))
    return world


def full_disk() -> World:
    world = World().ready()
    world.send(ev.StorageFailed("state", "No space left on device", world.now))
    world.send(ev.StorageRecovered(world.now))
    return world


def commanded() -> World:
    world = World().ready()
    for order in (ev.Order.PAUSE, ev.Order.RESUME, ev.Order.PANIC):
        world.send(ev.Command(order, "telegram 7/7", world.now))
    return world


@pytest.mark.parametrize(
    ("happens", "kind", "level"),
    [
        (entry, "entry", Level.INFO),
        (leaving, "exit", Level.INFO),
        (moved_stop, "stop_moved", Level.INFO),
        (killed, "kill", Level.CRITICAL),
        (refused_key, "auth", Level.CRITICAL),
        (long_outage, "outage", Level.WARNING),
        (unknown_order, "order_unknown", Level.WARNING),
        (full_disk, "storage", Level.CRITICAL),
        (full_disk, "storage_back", Level.INFO),
        (commanded, "paused", Level.INFO),
        (commanded, "resumed", Level.INFO),
        (commanded, "panic", Level.CRITICAL),
    ],
)
def test_it_is_told(happens: Callable[[], World], kind: str, level: Level) -> None:
    records = told(happens().log)
    assert level in [record.level for record in records if record.kind == kind], [r.kind for r in records]


def test_a_stop_that_moves_again_and_again_is_told_once_in_a_while_with_its_symbol() -> None:
    alerts = AlertSystem((), ManualClock(0))
    for stop in range(50):
        notice = Notice(Level.INFO, "stop_moved", f"stop moved to {stop}", SYMBOL)
        tell_notice(alerts, notice)
        tell_notice(alerts, replace(notice, symbol="ETHUSDT"))
    records = alerts.records()
    assert [(record.title, record.count) for record in records] == [
        ("ETHUSDT: the stop has moved", 50),
        ("BTCUSDT: the stop has moved", 50),
    ]
    assert records[0].text == "stop moved to 49"


def test_what_only_the_log_needs_is_not_told() -> None:
    assert told([Notice(Level.INFO, "costs", "a round trip costs"), Notice(Level.WARNING, "note", "x")]) == ()
