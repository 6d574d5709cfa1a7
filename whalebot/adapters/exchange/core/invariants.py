"""What must hold after every input and command. Each broken rule becomes one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.commands import FULL
from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.margin import pools_of, slack_of
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.matching import is_marketable
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import ExecType, Side


def violations(world: World) -> list[str]:
    """Return every broken invariant; an empty list is the good answer."""
    found: list[str] = []
    ids = [order.order_id for account in world.accounts.values() for order in account.orders.values()]
    ids += [order_id for account in world.accounts.values() for order_id in account.memory.orders]
    if len(ids) != len(set(ids)):
        found.append("order ids are not unique, or an order is both open and ended")
    for account in world.accounts.values():
        found += _cash(account)
        found += _executions(account)
        found += _orders(world, account)
        found += _margin(world, account)
        for position in account.positions.values():
            found += _position(account, position)
    for market in world.markets.values():
        found += _market(world, market)
    return found


def _cash(account: Account) -> Iterator[str]:
    audit, name = account.audit, account.account_id
    expected = audit.deposits + audit.realised - audit.fees - audit.funding
    if account.wallet != expected:
        yield f"{name}: wallet {account.wallet}, but deposits and flows sum to {expected}"
    rows = account.memory.transactions
    if len(rows) < account.memory.limit:
        total = sum((row.change for row in rows), ZERO)
        if total != account.wallet:
            yield f"{name}: wallet {account.wallet}, but the transaction log sums to {total}"
    if rows and rows[-1].cash_balance != account.wallet:
        yield f"{name}: wallet {account.wallet}, but the newest row says {rows[-1].cash_balance}"


def _executions(account: Account) -> Iterator[str]:
    """Compare positions with the signed sum of their executions, from the history while it is complete."""
    is_complete = len(account.memory.executions) < account.memory.limit
    # As plain as can be: it runs over the whole history after every price.
    sums: dict[tuple[str, int], Decimal] = {}
    for row in account.memory.executions if is_complete else ():
        if row.exec_type is not ExecType.FUNDING:
            place = (row.symbol, row.position_idx)
            sums[place] = sums.get(place, ZERO) + (row.qty if row.side is Side.BUY else -row.qty)
    for key, position in account.positions.items():
        summed = sums.get((position.symbol, position.position_idx), ZERO)
        expected = summed if is_complete else position.executed_qty
        if position.qty != expected:
            yield f"{account.account_id} {key}: qty {position.qty}, but executions sum to {expected}"
        if (position.qty == 0) != (position.cost == 0):
            yield f"{account.account_id} {key}: qty {position.qty} with cost {position.cost}"


def _orders(world: World, account: Account) -> Iterator[str]:
    audit, name = account.audit, account.account_id
    still_open = len(account.orders)
    if audit.orders_born != audit.orders_ended + still_open:
        yield f"{name}: {audit.orders_born} orders born, {audit.orders_ended} ended, {still_open} open"
    for order in account.orders.values():
        if order.status.is_final:
            yield f"{name} {order.order_id}: open, but {order.status.value}"
        if world.markets[order.symbol].orders.get(order.order_id) is not order:
            yield f"{name} {order.order_id}: missing among the orders of {order.symbol}"
        if not ZERO <= order.cum_exec_qty < order.qty:
            yield f"{name} {order.order_id}: open with {order.cum_exec_qty} of {order.qty} executed"
    for record in account.memory.orders.values():
        if not record.status.is_final or record.leaves_qty:
            yield f"{name} {record.order_id}: ended as {record.status.value} with {record.leaves_qty} open"


def _margin(world: World, account: Account) -> Iterator[str]:
    if any(slack_of(world, account, pool) <= 0 for pool in pools_of(account)):
        yield f"{account.account_id}: equity is below maintenance margin without a liquidation"


def _position(account: Account, position: Position) -> Iterator[str]:
    name = f"{position.account} {position.symbol}:{position.position_idx}"
    if position.position_idx == 1 and position.qty < 0:
        yield f"{name}: the long side is short"
    if position.position_idx == 2 and position.qty > 0:
        yield f"{name}: the short side is long"
    for order_id in filter(None, (position.stop_id, position.target_id, position.trailing_id)):
        if order_id not in account.orders:
            yield f"{name}: its stop {order_id} is gone"
    reducing = ZERO
    for order in account.orders_of(position.symbol, position.position_idx):
        if order.is_position_stop and order.is_waiting:
            yield from _stop(name, position, order)
        elif order.is_reducing and not order.is_waiting:
            reducing += order.leaves_qty
    if reducing > position.size:
        yield f"{name}: reduce-only orders of {reducing} for a position of {position.size}"


def _stop(name: str, position: Position, order: Order) -> Iterator[str]:
    if position.side is not order.side.opposite:
        yield f"{name}: stop {order.order_id} without a position of its side"
    elif order.tpsl_mode == FULL and order.qty != position.size:
        yield f"{name}: stop {order.order_id} of {order.qty} for a position of {position.size}"


def _market(world: World, market: Market) -> Iterator[str]:
    bid, ask = market.depth.best_bid(), market.depth.best_ask()
    if bid is not None and ask is not None and bid >= ask:
        yield f"{market.symbol}: the book is crossed, bid {bid}, ask {ask}"
    for order in market.orders.values():
        if world.accounts[order.account].orders.get(order.order_id) is not order:
            yield f"{market.symbol} {order.order_id}: not among the orders of {order.account}"
        if not order.is_waiting and is_marketable(world, market, order.side, order.price):
            yield f"{market.symbol} {order.order_id}: rests at {order.price} across the market"
        if order.is_waiting:
            price = market.price_of(market.source_of(order.trigger_by))
            if price is not None and order.is_due(price):
                yield f"{market.symbol} {order.order_id}: not triggered at {price}"
