"""An entry: once, with its stop, only when everything is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import BAR_MS, SYMBOL, World, all_of, only

from whalebot.decisions.risk.settings import CostSettings, GuardrailSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Notice, Persist, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, Side, Stream
from whalebot.domain.known import Unknown
from whalebot.domain.orders import Purpose


def test_entry_carries_stop_and_target_and_is_on_disk_before_it_leaves() -> None:
    world = World().ready()
    effects = world.close_bar(2.5)
    intent = only(effects, SubmitOrder).intent
    assert intent.side is Side.BUY
    assert intent.stop_loss == Decimal("59850.0")
    assert intent.take_profit == Decimal("60200.0")
    persisted = only(effects, Persist)
    assert effects.index(persisted) < effects.index(only(effects, SubmitOrder))
    assert [m.intent for m in persisted.document.intents] == [intent]


def test_size_makes_a_full_stop_cost_one_r_with_costs() -> None:
    intent = only(World().ready().close_bar(2.5), SubmitOrder).intent
    # 10 USDT at risk over 150 stop distance plus 2 x 0.055 % of 60000
    assert intent.qty == Decimal("0.046")


def test_short_is_the_mirror_of_long() -> None:
    intent = only(World().ready().close_bar(-2.5), SubmitOrder).intent
    assert (intent.side, intent.stop_loss, intent.take_profit) == (
        Side.SELL,
        Decimal("60150.0"),
        Decimal("59800.0"),
    )


@pytest.mark.parametrize(
    ("score", "enters"), [(2.0, True), (2.0 - 5e-10, True), (1.999, False), (-2.0, True)]
)
def test_threshold_is_met_on_that_very_bar(score: float, enters: bool) -> None:
    assert bool(all_of(World().ready().close_bar(score), SubmitOrder)) is enters


def test_held_signal_alone_never_enters() -> None:
    from whalebot.domain.enums import Signal

    world = World().ready()
    assert not all_of(world.close_bar(1.8, Signal.BUY), SubmitOrder)


def refused_by(effects: list[object]) -> str:
    notices = [n for n in all_of(effects, Notice) if n.kind == "entry_refused"]
    assert len(notices) == 1
    return dict(notices[0].fields)["rule"]


def test_no_entry_before_reconciliation() -> None:
    world = World()
    world.send(ev.InstrumentsFetched(Unknown("timeout"), world.now))
    effects = world.close_bar(2.5)
    assert not all_of(effects, SubmitOrder)


@pytest.mark.parametrize("stream", list(Stream))
def test_no_entry_while_a_stream_is_down(stream: Stream) -> None:
    world = World().ready()
    world.send(ev.StreamDown(stream, "reset", world.now))
    assert refused_by(world.close_bar(2.5)) == "not_ready"


def test_no_second_entry_while_the_first_is_in_flight_or_unknown() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.OutcomeUnknown(intent.order_link_id, "read timeout", world.now))
    assert not all_of(world.close_bar(2.6), SubmitOrder)


def test_no_entry_on_a_bar_that_is_late() -> None:
    world = World().ready()
    late = world.candle(world.now // BAR_MS * BAR_MS)
    world.now += 3 * BAR_MS
    world.ticker(world.price)
    world.analyzer.score = 3.0
    assert not all_of(world.send(ev.CandleClosed(late, world.now)), SubmitOrder)


def test_stale_ticker_refuses() -> None:
    world = World().ready()
    world.now += BAR_MS
    candle = world.candle((world.now - BAR_MS) // BAR_MS * BAR_MS)
    world.analyzer.score = 2.5
    assert refused_by(world.send(ev.CandleClosed(candle, world.now))) == "max_data_age_s"


def test_cost_gate_refuses_with_the_figures() -> None:
    world = World(guardrails=GuardrailSettings(min_target_to_cost=3.1)).ready()
    effects = world.close_bar(2.5)
    assert refused_by(effects) == "min_target_to_cost"


def test_signals_only_never_orders() -> None:
    world = World(TradeSettings(enabled=False)).ready()
    assert not all_of(world.close_bar(3.0), SubmitOrder)


def test_too_small_account_is_told_what_it_needs() -> None:
    world = World()
    world.wallet = Decimal("10")
    effects = world.ready().close_bar(2.5)
    assert refused_by(effects) == "minOrderQty"
    assert "needs 22 equity" in next(n.text for n in all_of(effects, Notice) if n.kind == "entry_refused")


def test_stop_and_target_are_anchored_on_the_fill() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.OrderAccepted(intent.order_link_id, "o1", world.now))
    world.report(Side.BUY, intent.qty, Decimal("60010.5"), intent.stop_loss, intent.take_profit)
    effects = world.fill(Side.BUY, intent.qty, Decimal("60010.5"), intent.order_link_id)
    amend = only(effects, AmendStop)
    assert (amend.stop_loss, amend.take_profit) == (Decimal("59860.5"), Decimal("60210.5"))


def test_a_fill_at_the_expected_price_needs_no_change() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id)
    before = len(all_of(world.log, AmendStop))
    world.report(Side.BUY, intent.qty, world.price, intent.stop_loss, intent.take_profit)
    assert len(all_of(world.log, AmendStop)) - before == 0


def test_cooldown_counts_market_time() -> None:
    trade = TradeSettings(
        costs=CostSettings(slippage=0.0), leverage=Decimal(10), cooldown_ms=2 * BAR_MS, cooldown_bars=0
    )
    world = World(trade).ready()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, Decimal("59850"), "", "StopLoss", "CreateByStopLoss")
    world.wallet_now()
    assert refused_by(world.close_bar(2.5)) == "cooldown_sec"
    assert all_of(world.close_bar(2.5), SubmitOrder)


def test_cooldown_bars_refuse_the_first_bars_after_the_exit() -> None:
    trade = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10), cooldown_bars=2)
    world = World(trade).ready()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, Decimal("59850"), "", "StopLoss", "CreateByStopLoss")
    world.wallet_now()
    assert [bool(all_of(world.close_bar(2.5), SubmitOrder)) for _ in range(3)] == [False, False, True]


def test_opposite_signal_closes_and_may_reverse() -> None:
    for reverse, reason in ((False, ClosedBy.OPPOSITE_SIGNAL), (True, ClosedBy.REVERSAL)):
        trade = TradeSettings(
            costs=CostSettings(slippage=0.0), leverage=Decimal(10), reverse_on_opposite_signal=reverse
        )
        world = World(trade).ready()
        entry = world.enter()
        effects = world.close_bar(-2.5)
        leaving = only(effects, SubmitOrder).intent
        assert (leaving.purpose, leaving.reduce_only, leaving.qty) == (Purpose.EXIT, True, entry.qty)
        effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
        assert only(effects, RecordTrade).trade.closed_by is reason
        second = all_of(effects, SubmitOrder)
        assert [s.intent.side for s in second] == ([Side.SELL] if reverse else [])


def test_equal_events_give_equal_effects() -> None:
    def run() -> list[object]:
        world = World().ready()
        intent = world.enter()
        world.ticker(Decimal("60120"))
        world.fill(Side.SELL, intent.qty, Decimal("60040"), "", "StopLoss", "CreateByStopLoss")
        world.close_bar(-2.2)
        return list(world.log)

    assert run() == run()


def test_link_ids_are_unique_across_restarts() -> None:
    world = World().ready()
    first = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    document = world.engine.document()
    other = World(state=replace(document, intents=())).ready()
    other.close_bar(0.0)
    second = only(other.close_bar(2.5), SubmitOrder).intent.order_link_id
    assert first != second
    assert first.startswith("wbr1-" + SYMBOL)
    assert len(first) <= 36
