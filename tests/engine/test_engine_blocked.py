"""A venue that refuses our address: one line, one alert, no order wasted, and all is asked afterwards."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import DAY_MS, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, AmendStop, Effect, FetchSnapshot, Notice, SubmitOrder
from whalebot.domain.enums import Level
from whalebot.domain.known import Unknown

TEN_MINUTES = 600_000


def block(world: World) -> list[Effect]:
    return world.send(ev.VenueBlocked(world.now + TEN_MINUTES, "GET /v5/x: HTTP 403", world.now))


def lines(effects: list[Effect]) -> list[Notice]:
    return [n for n in all_of(effects, Notice) if n.level is not Level.DEBUG]


def fail_everything(world: World, effects: list[Effect], ms: int) -> list[Effect]:
    """Let every question fail as the closed circuit makes it, for so long; return what was said and sent."""
    end, said, todo = world.now + ms, list(effects), list(effects)
    while world.now < end:
        answers: list[Effect] = []
        for effect in todo:
            if isinstance(effect, FetchSnapshot):
                unknown = Unknown("GET /v5/position/list: rate limited")
                answers += world.send(ev.SnapshotFetched(effect.request_no, unknown, world.now))
            elif isinstance(effect, AmendStop):
                failed = ev.StopAmended("BTCUSDT", effect.request_no, False, False, 0, "limited", world.now)
                answers += world.send(failed)
        todo = answers + world.wait(500)
        said += todo
    return said


def test_it_is_told_once_and_entries_wait() -> None:
    world = World().ready()
    alert = only(world.send(ev.VenueBlocked(world.now + DAY_MS, "GET /v5/x: HTTP 403", world.now)), Alert)
    assert (alert.kind, alert.level) == ("venue_blocked", Level.CRITICAL)
    assert "the venue refuses this address" in world.engine.view().blocked_by
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_ten_minutes_of_failing_questions_are_a_handful_of_lines() -> None:
    world = World().ready()
    world.enter()
    effects = block(world) + world.send(ev.StreamDown(ev.Stream.PRIVATE, "test", world.now))
    effects += world.send(ev.StreamUp(ev.Stream.PRIVATE, world.now)) + world.ticker(Decimal("60100"))
    said = lines(fail_everything(world, effects, TEN_MINUTES - 5_000))
    kinds = [n.kind for n in said]
    assert kinds.count("snapshot_unknown") == 1
    assert kinds.count("stop_unknown") == 1
    assert len(said) < 15, kinds


def test_an_exit_leaves_when_requests_are_sent_again() -> None:
    world = World().ready()
    world.enter()
    block(world)
    world.send(ev.Command(ev.Order.FLATTEN, "test", world.now))
    effects = world.wait(TEN_MINUTES - 1)
    assert not all_of(effects, SubmitOrder)
    effects = world.wait(2)
    assert only(effects, SubmitOrder).intent.reduce_only
    assert all_of(effects, FetchSnapshot)
    assert "venue_unblocked" in [n.kind for n in all_of(effects, Notice)]


def test_an_answer_after_failures_is_said_with_their_number() -> None:
    world = World().ready()
    asked = only(world.send(ev.StreamUp(ev.Stream.PRIVATE, world.now)), FetchSnapshot)
    world.send(ev.SnapshotFetched(asked.request_no, Unknown("timeout"), world.now))
    for _ in range(2):
        asked = only(world.wait(2_000), FetchSnapshot)
        effects = world.send(ev.SnapshotFetched(asked.request_no, Unknown("timeout"), world.now))
        assert not lines(effects)
    effects = world.answer_snapshot(world.wait(2_000))
    text = next(n.text for n in lines(effects) if n.kind == "snapshot_back")
    assert "3 times" in text
