"""Questions that hold entries back and stay unanswered: the owner hears of it once, and of its end."""

from __future__ import annotations

from collections.abc import Sequence

from engine_harness import SYMBOL, World, all_of

from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, Effect, FetchExecutions, FetchSnapshot
from whalebot.domain.enums import Level, Stream
from whalebot.domain.known import Unknown


def said(effects: Sequence[Effect]) -> list[tuple[Level, str]]:
    return [(a.level, a.kind) for a in all_of(effects, Alert) if a.kind in ("unanswered", "answered")]


def asked_again(world: World) -> None:
    """Lose the private stream for a moment, so that everything is asked for."""
    world.send(ev.StreamDown(Stream.PRIVATE, "reset", world.now))
    world.send(ev.StreamUp(Stream.PRIVATE, world.now))


def no_executions(world: World) -> list[Effect]:
    since_ms = all_of(world.log, FetchExecutions)[-1].since_ms
    return world.send(ev.ExecutionsFetched(SYMBOL, since_ms, Unknown("timed out"), world.now))


def no_snapshot(world: World) -> list[Effect]:
    request_no = all_of(world.log, FetchSnapshot)[-1].request_no
    return world.send(ev.SnapshotFetched(request_no, Unknown("timed out"), world.now))


def lost_for(world: World, seconds: int) -> list[Effect]:
    """Answer each question for executions with a failure."""
    found = no_executions(world)
    for _ in range(seconds // 2):
        found += world.wait(2_000)
        found += no_executions(world)
    return found


def world_that_asks() -> World:
    world = World().ready()
    world.enter()
    asked_again(world)
    return world


def test_executions_that_stay_unknown_are_told_once_with_the_reason_and_so_is_the_end() -> None:
    world = world_that_asks()
    assert said(lost_for(world, 178)) == []
    effects = lost_for(world, 4)
    assert said(effects) == [(Level.WARNING, "unanswered")]
    (alert,) = [a for a in all_of(effects, Alert) if a.kind == "unanswered"]
    assert SYMBOL in alert.title
    assert "executions" in alert.title
    assert alert.text.startswith("timed out; no entries")
    assert said(lost_for(world, 400)) == []
    assert said(world.tell_executions()) == [(Level.INFO, "answered")]
    assert said(world.wait(400_000)) == []


def test_a_short_failure_is_not_told_and_the_time_begins_anew() -> None:
    world = world_that_asks()
    assert said(lost_for(world, 120)) == []
    assert said(world.tell_executions()) == []
    asked_again(world)
    assert said(lost_for(world, 178)) == []
    assert said(lost_for(world, 4)) == [(Level.WARNING, "unanswered")]


def test_the_next_trouble_is_told_again() -> None:
    world = world_that_asks()
    lost_for(world, 200)
    world.tell_executions()
    asked_again(world)
    assert said(lost_for(world, 200)) == [(Level.WARNING, "unanswered")]


def test_two_questions_unanswered_at_once_are_one_trouble() -> None:
    world = world_that_asks()
    effects = no_snapshot(world) + lost_for(world, 200)
    assert said(effects) == [(Level.WARNING, "unanswered")]
    assert said(world.tell_executions()) == []
    effects = world.answer_snapshot([all_of(world.log, FetchSnapshot)[-1]])
    assert said(effects) == [(Level.INFO, "answered")]
