"""No order link id is used twice, not even where the state that counted it never reached the disk."""

from __future__ import annotations

from engine_harness import SYMBOL, T0, World, only

from whalebot.domain.effects import SubmitOrder
from whalebot.engine.context import Context
from whalebot.engine.link_ids import LinkIds


def test_a_number_whose_saving_failed_is_not_used_again_after_a_kill() -> None:
    world = World().ready()
    saved = world.engine.document()
    used = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    after = world.restart(intents=(), next_intent_no=saved.next_intent_no).ready()
    again = only(after.close_bar(2.5), SubmitOrder).intent.order_link_id
    assert used == "wbr1-BTCUSDT-1"
    assert int(again.rpartition("-")[2]) > 1_000


def test_two_starts_from_one_document_share_no_number() -> None:
    context = Context(World().engine._ctx.settings)
    minted = []
    for start_ms in (T0, T0 + 60_000, T0 - 3_600_000):
        ids = LinkIds(context, "abcdef", 7, is_resumed=True)
        ids.start(start_ms)
        minted += [ids.mint(SYMBOL) for _ in range(1_000)]
    assert len(set(minted)) == 3_000
    assert max(map(len, minted)) <= 36


def test_a_clock_before_its_time_still_counts_on() -> None:
    ids = LinkIds(Context(World().engine._ctx.settings), "abcdef", 7, is_resumed=True)
    ids.start(0)
    assert ids.next_no > 7


def test_long_symbols_keep_the_number() -> None:
    context = Context(World().engine._ctx.settings)
    ids = LinkIds(context, "abcdef", 900_000_000, is_resumed=True)
    minted = [ids.mint("1000000000ABCDEFGHIJUSDT") for _ in range(3)]
    assert len(set(minted)) == 3
    assert max(map(len, minted)) <= 36
