"""The wallet: what the stream tells stands above an older question, whatever clock stamped the answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import DAY_MS, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchSnapshot
from whalebot.domain.enums import Side, Stream
from whalebot.domain.known import Known
from whalebot.domain.orders import AccountSnapshot
from whalebot.engine.settings import Timing

D = Decimal
YEAR_MS = 365 * DAY_MS


def answer(world: World, effects: list[Effect], wallet: Decimal, stamp_ms: int) -> list[Effect]:
    """Answer a snapshot; an accelerated exchange stamps it by its machine's clock, far from the market's."""
    report = replace(world.wallet_report(), wallet_balance=wallet, updated_ms=stamp_ms)
    request = only(effects, FetchSnapshot)
    return world.send(
        ev.SnapshotFetched(request.request_no, Known(AccountSnapshot((), (), report), world.now), world.now)
    )


def resync(world: World) -> list[Effect]:
    world.now += 1
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    return world.send(ev.StreamUp(Stream.PRIVATE, world.now))


def test_a_stream_report_stands_above_a_snapshot_stamped_by_another_clock() -> None:
    world = World().ready()
    answer(world, resync(world), D(1000), world.now + YEAR_MS)
    world.now += 10
    world.ticker(world.price)
    world.wallet = D(900)
    world.wallet_now()
    assert world.engine.view().equity == D(900)


def test_a_report_that_overtook_the_answer_of_a_snapshot_stays() -> None:
    world = World().ready()
    asked = resync(world)
    world.now += 10
    world.wallet = D(900)
    world.wallet_now()
    answer(world, asked, D(1000), world.now + YEAR_MS)
    assert world.engine.view().equity == D(900)


def test_a_snapshot_replaces_what_the_stream_told_before_it_was_asked() -> None:
    world = World().ready()
    world.wallet_now()
    world.now += 10
    world.ticker(world.price)
    answer(world, resync(world), D(800), world.now - YEAR_MS)
    assert world.engine.view().equity == D(800)


def test_a_fill_newer_than_the_snapshot_asks_for_the_balance_again() -> None:
    """Until the balance that belongs to a fill is known, the breakers do not look; that must not last."""
    world = World(timing=Timing(view_ms=None, reconcile_ms=DAY_MS)).ready()
    asked = resync(world)
    world.now += 10
    world.fill(Side.BUY, D("0.01"), world.price)
    answer(world, asked, D(1000), world.now + YEAR_MS)
    assert all_of(world.wait(10_000), FetchSnapshot)
