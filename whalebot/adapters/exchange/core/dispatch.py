"""From a command to its handler, and from what the handler did to the answer."""

from __future__ import annotations

from typing import assert_never

from whalebot.adapters.exchange.core import codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.account_settings import set_leverage, set_margin_mode, switch_mode
from whalebot.adapters.exchange.core.amend import amend_order
from whalebot.adapters.exchange.core.cancel import cancel_all, cancel_order
from whalebot.adapters.exchange.core.codes import Refusal
from whalebot.adapters.exchange.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    ClosePosition,
    Command,
    CreateOrder,
    Deposit,
    SetLeverage,
    SetMarginMode,
    SetTradingStop,
    SwitchMode,
)
from whalebot.adapters.exchange.core.entry import create_order
from whalebot.adapters.exchange.core.events import Answer, Rejected
from whalebot.adapters.exchange.core.ledger import post_transfer
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.trading_stop import set_trading_stop
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderType

_OK = Answer(0, "OK")


def carry_out(world: World, account: Account, command: Command) -> Answer:
    """Carry out a command; a refusal becomes an answer and an event, and changes nothing else."""
    try:
        return _handle(world, account, command)
    except Refusal as refusal:
        world.out.append(
            Rejected(account.account_id, command, refusal.ret_code, refusal.ret_msg, world.now_ms)
        )
        return Answer(refusal.ret_code, refusal.ret_msg)


def _handle(world: World, account: Account, command: Command) -> Answer:
    match command:
        case CreateOrder():
            return _named(create_order(world, account, command))
        case AmendOrder():
            return _named(amend_order(world, account, command))
        case CancelOrder():
            return _named(cancel_order(world, account, command))
        case CancelAll():
            gone = cancel_all(world, account, command)
            return Answer(0, "OK", cancelled=tuple((order.order_id, order.order_link_id) for order in gone))
        case ClosePosition():
            return _named(_close_position(world, account, command))
        case SetLeverage():
            set_leverage(world, account, command)
        case SetTradingStop():
            set_trading_stop(world, account, command)
        case SwitchMode():
            switch_mode(world, account, command)
        case SetMarginMode():
            set_margin_mode(world, account, command)
        case Deposit():
            post_transfer(world, account, command.amount)
        case _:
            assert_never(command)
    return _OK


def _named(order: Order) -> Answer:
    return Answer(0, "OK", order.order_id, order.order_link_id)


def _close_position(world: World, account: Account, command: ClosePosition) -> Order:
    position = account.find(command.symbol, command.position_idx)
    if position is None or position.side is None:
        raise Refusal(codes.REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    request = CreateOrder(
        symbol=command.symbol,
        side=position.side.opposite,
        order_type=OrderType.MARKET,
        qty=position.size if command.qty is None else command.qty,
        position_idx=command.position_idx,
        reduce_only=True,
    )
    return create_order(world, account, request, create_type="CreateByClosing")
