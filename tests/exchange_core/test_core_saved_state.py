"""Saving and going on, determinism, the bounded memory."""

from __future__ import annotations

import decimal
import json

import pytest
from core_desk import ME, D, Desk

from whalebot.adapters.exchange.core import (
    BookChanged,
    ConstantLatency,
    CreateOrder,
    Event,
    Exchange,
    FundingDue,
    PricePoint,
    Settings,
    SetTradingStop,
    SwitchMode,
)
from whalebot.adapters.exchange.core.state import VERSION
from whalebot.domain.enums import OrderType, Side

BUY, SELL, LIMIT, MARKET = Side.BUY, Side.SELL, OrderType.LIMIT, OrderType.MARKET


def first_half(desk: Desk) -> list[Event]:
    """A bit of everything that a state can hold."""
    desk.send(SwitchMode(True, "ETHUSDT"))
    desk.price("200", symbol="ETHUSDT", mark_price="200", index_price="200")
    desk.buy("1", position_idx=1, symbol="ETHUSDT", order_link_id="eth")
    desk.buy("1", "150", position_idx=1, symbol="ETHUSDT")
    desk.buy("3", stop_loss="95", take_profit="120")
    desk.stop(trailing_stop="4", active_price="104")
    desk.stop(tpsl_mode="Partial", take_profit="110", tp_size="1", stop_loss="90", sl_size="1")
    desk.x.apply(BookChanged("BTCUSDT", desk.tick(), ((D("99"), D(9)),), ((D("101"), D(9)),)))
    desk.buy("1", "98", stop_loss="94")
    desk.sell("1", trigger_price="97")
    desk.price("105")
    desk.sell("0.7")
    return list(desk.events)


def second_half(exchange: Exchange, ts: int) -> list[Event]:
    events: list[Event] = []
    for step, last in enumerate(("103", "111", "106", "99", "93", "130")):
        events += exchange.apply(PricePoint("BTCUSDT", ts + step * 10, D(last)))
        events += exchange.submit(ME, CreateOrder("BTCUSDT", BUY, LIMIT, D(1), D(90)), ts + step * 10).events
        events += exchange.submit(ME, CreateOrder("BTCUSDT", SELL, MARKET, D(1)), ts + step * 10).events
    events += exchange.apply(FundingDue("BTCUSDT", ts + 100, D("0.0001")))
    events += exchange.submit(ME, SetTradingStop("BTCUSDT", stop_loss=D("150")), ts + 101).events
    return events


def test_an_exchange_goes_on_from_its_saved_state() -> None:
    desk = Desk()
    first_half(desk)
    saved = json.dumps(desk.x.export_state())
    again = Exchange.from_state(json.loads(saved))
    assert again.check() == []
    assert second_half(again, desk.ts + 1) == second_half(desk.x, desk.ts + 1)
    assert json.dumps(again.export_state()) == json.dumps(desk.x.export_state())


def test_commands_on_their_way_survive() -> None:
    desk = Desk(latency=ConstantLatency(50))
    desk.buy("1", order_link_id="late")
    again = Exchange.from_state(json.loads(json.dumps(desk.x.export_state())), latency=ConstantLatency(50))
    again.advance(desk.ts + 50)
    order = again.read.order(ME, order_link_id="late")
    assert order is not None
    assert order.cum_exec_qty == 1


def test_same_inputs_same_outputs_whatever_the_context_of_the_caller() -> None:
    one, other = Desk(), Desk()
    events = first_half(one) + second_half(one.x, one.ts + 1)
    with decimal.localcontext(decimal.Context(prec=5, rounding=decimal.ROUND_UP)):
        again = first_half(other) + second_half(other.x, other.ts + 1)
        assert repr(again) == repr(events)
        assert json.dumps(other.x.export_state()) == json.dumps(one.x.export_state())


@pytest.mark.parametrize("version", [None, 0, VERSION - 1, VERSION + 1, "2"])
def test_another_version_is_refused(version: object) -> None:
    state = Desk().x.export_state()
    with pytest.raises(ValueError, match=r"has version .*start afresh"):
        Exchange.from_state({**state, "version": version})


@pytest.mark.parametrize("state", [[], "x", 7])
def test_what_is_no_document_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match="start afresh"):
        Exchange.from_state(state)  # type: ignore[arg-type]


def test_a_broken_document_is_refused() -> None:
    desk = Desk()
    desk.buy("1")
    state = desk.x.export_state()
    for broken in (
        {**state, "accounts": {ME: {**state["accounts"][ME], "wallet": "x"}}},
        {**state, "accounts": {ME: "x"}},
        {**state, "accounts": [ME]},
        {**state, "mint": None},
    ):
        with pytest.raises(ValueError, match=r"broken.*start afresh"):
            Exchange.from_state(broken)
    del state["accounts"][ME]["wallet"]
    with pytest.raises(ValueError, match=r"broken.*start afresh"):
        Exchange.from_state(state)


def test_exported_state_is_plain_json() -> None:
    desk = Desk()
    first_half(desk)
    state = desk.x.export_state()
    assert json.loads(json.dumps(state)) == state


def test_memory_is_bounded_and_the_books_stay_right() -> None:
    desk = Desk(settings=Settings(history_limit=5))
    for _ in range(12):
        desk.buy("0.3")
        desk.sell("0.2")
    assert len(desk.x.read.order_history(ME)) == 5
    assert len(desk.x.read.executions(ME)) == 5
    assert len(desk.x.read.closed_pnl(ME)) == 5
    assert len(desk.x.read.transactions(ME)) == 5
    assert desk.position().qty == D("1.2")


def test_realm_tells_two_exchanges_apart() -> None:
    ids = {Desk(settings=Settings(realm=realm)).buy("1").order_id for realm in (1, 2)}
    assert len(ids) == 2


def test_reads_change_nothing() -> None:
    desk = Desk()
    first_half(desk)
    before = json.dumps(desk.x.export_state())
    read = desk.x.read
    for symbol in (None, "BTCUSDT", "ETHUSDT"):
        assert read.open_orders(ME, symbol)
        assert read.executions(ME, symbol)
        assert read.positions(ME, symbol)
        read.order_history(ME, symbol)
        read.closed_pnl(ME, symbol)
        read.transactions(ME, symbol)
    assert read.wallet(ME).account in read.account_ids()
    assert [read.market(symbol).instrument.symbol for symbol in read.symbols()] == ["BTCUSDT", "ETHUSDT"]
    assert read.fee_rates(ME).taker == D("0.00055")
    assert read.now_ms == desk.ts
    assert read.order(ME, order_link_id="eth") in read.order_history(ME)
    assert read.order(ME, "nope") is None
    assert json.dumps(desk.x.export_state()) == before


def test_an_exchange_that_lost_its_last_moments_gives_no_id_twice() -> None:
    desk = Desk()
    first_half(desk)
    saved, at = desk.x.export_state(), desk.ts
    second_half(desk.x, at)
    lost = {row.exec_id for row in desk.x.read.executions(ME)}
    restored = Exchange.from_state(saved)
    known = {row.exec_id for row in restored.read.executions(ME)}
    restored.skip_ids()
    second_half(restored, at)
    anew = {row.exec_id for row in restored.read.executions(ME)} - known
    assert anew
    assert not anew & lost


def test_a_bounded_memory_bounds_what_is_saved() -> None:
    desk = Desk(settings=Settings(history_limit=5))
    sizes = []
    for _ in range(4):
        for _ in range(10):
            desk.buy("1")
            desk.sell("1")
        sizes.append(len(json.dumps(desk.x.export_state())))
    assert max(sizes[1:]) - min(sizes[1:]) < 200, "numbers grow, rows do not"
