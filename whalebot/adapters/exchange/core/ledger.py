"""The books: every change of cash is posted here, with its execution, closed-PnL and transaction rows."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account, ClosedPnl
from whalebot.adapters.exchange.core.events import Executed, FundingSettled
from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import FillEffect, Position, apply_fill
from whalebot.adapters.exchange.core.records import ExecutionRecord, TransactionRecord
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import ExecType, OrderStatus, Side


def post_fill(
    world: World,
    order: Order,
    price: Decimal,
    qty: Decimal,
    *,
    is_maker: bool,
    seq: int,
    exec_type: ExecType = ExecType.TRADE,
) -> None:
    """Execute part of an order: position, cash, order progress and all rows. The order is not ended here."""
    account = world.accounts[order.account]
    position = world.position(account, order.symbol, order.position_idx)
    rate = world.models.fees.rate(account.rates, order.symbol, is_maker)
    effect = apply_fill(position, order.side, qty, price, rate, world.now_ms)
    fee = price * qty * rate
    position.seq = seq
    account.wallet += effect.pnl - fee
    order.cum_exec_qty += qty
    order.cum_exec_value += price * qty
    order.cum_exec_fee += fee
    order.seq = seq
    order.status = OrderStatus.PARTIALLY_FILLED
    if effect.closed_qty:
        order.closed_pnl = _post_closed_pnl(world, account, order, effect, exec_type).net
    execution = _execution(world, order, position, effect, price, qty, fee, rate, is_maker, exec_type)
    account.audit.realised += execution.exec_pnl
    account.audit.fees += execution.fee
    account.memory.keep_execution(execution)
    account.memory.keep_transaction(_trade_row(world, account, position, execution))
    world.out.append(Executed(order.account, execution))
    world.touch(account, order.symbol, order.position_idx)


def post_funding(world: World, account: Account, position: Position, rate: Decimal, mark: Decimal) -> None:
    """Settle funding of one position on what it held just before this instant."""
    held = position.held_before(world.now_ms)
    side = Side.BUY if held > 0 else Side.SELL
    amount = held * mark * rate
    account.wallet -= amount
    account.audit.funding += amount
    position.cum_realised -= amount
    if position.qty:
        position.cur_realised -= amount
    position.updated_ms = world.now_ms
    execution = _funding_execution(world, position, side, abs(held), rate, mark, amount)
    account.memory.keep_execution(execution)
    account.memory.keep_transaction(_funding_row(world, account, position, execution))
    world.out.append(Executed(account.account_id, execution))
    world.out.append(
        FundingSettled(
            account=account.account_id,
            symbol=position.symbol,
            position_idx=position.position_idx,
            rate=rate,
            mark_price=mark,
            qty=abs(held),
            amount=amount,
            exec_id=execution.exec_id,
            ts_ms=world.now_ms,
        )
    )
    world.touch(account, position.symbol, position.position_idx)


def post_transfer(world: World, account: Account, amount: Decimal) -> None:
    """Move cash into the account (`amount` > 0) or out of it."""
    account.wallet += amount
    account.audit.deposits += amount
    account.memory.keep_transaction(
        TransactionRecord(
            account=account.account_id,
            transaction_id=world.mint.transaction_id(),
            symbol="",
            kind="TRANSFER_IN" if amount >= 0 else "TRANSFER_OUT",
            side=None,
            qty=ZERO,
            size=ZERO,
            price=ZERO,
            cash_flow=amount,
            funding=None,
            fee=ZERO,
            fee_rate=ZERO,
            change=amount,
            cash_balance=account.wallet,
            order_id="",
            order_link_id="",
            trade_id="",
            ts_ms=world.now_ms,
        )
    )
    world.touch_account(account)


def _post_closed_pnl(
    world: World, account: Account, order: Order, effect: FillEffect, exec_type: ExecType
) -> ClosedPnl:
    row = account.memory.closed_pnl.get(order.order_id)
    if row is None:
        row = ClosedPnl(
            account=order.account,
            symbol=order.symbol,
            order_id=order.order_id,
            side=order.side,
            order_type=order.order_type,
            exec_type=exec_type,
            order_price=order.price,
            qty=order.qty,
            leverage=world.leverage(account, order.symbol),
            created_ms=world.now_ms,
            updated_ms=world.now_ms,
        )
        account.memory.keep_closed_pnl(row)
    row.closed_size += effect.closed_qty
    row.entry_value += effect.entry_value
    row.exit_value += effect.exit_value
    row.open_fee += effect.entry_fee
    row.close_fee += effect.exit_fee
    row.gross += effect.pnl
    row.fill_count += 1
    row.updated_ms = world.now_ms
    return row


def _execution(
    world: World,
    order: Order,
    position: Position,
    effect: FillEffect,
    price: Decimal,
    qty: Decimal,
    fee: Decimal,
    rate: Decimal,
    is_maker: bool,
    exec_type: ExecType,
) -> ExecutionRecord:
    market = world.markets[order.symbol]
    return ExecutionRecord(
        account=order.account,
        symbol=order.symbol,
        exec_id=world.mint.exec_id(),
        exec_type=exec_type,
        order_id=order.order_id,
        order_link_id=order.order_link_id,
        side=order.side,
        price=price,
        qty=qty,
        value=price * qty,
        fee=fee,
        fee_rate=rate,
        is_maker=is_maker,
        closed_size=effect.closed_qty,
        exec_pnl=effect.pnl,
        order_price=order.price,
        order_qty=order.qty,
        leaves_qty=order.qty - order.cum_exec_qty,
        order_type=order.order_type,
        stop_order_type=order.stop_order_type,
        create_type=order.create_type,
        mark_price=price if market.mark is None else market.mark,
        index_price=market.index,
        position_idx=position.position_idx,
        ts_ms=world.now_ms,
        seq=order.seq,
    )


def _funding_execution(
    world: World,
    position: Position,
    side: Side,
    qty: Decimal,
    rate: Decimal,
    mark: Decimal,
    amount: Decimal,
) -> ExecutionRecord:
    seq = world.mint.next_seq()
    position.seq = seq
    return ExecutionRecord(
        account=position.account,
        symbol=position.symbol,
        exec_id=world.mint.exec_id(),
        exec_type=ExecType.FUNDING,
        order_id=f"{world.now_ms // 1000}-8-{seq}-{position.position_idx}",
        order_link_id="",
        side=side,
        price=mark,
        qty=qty,
        value=mark * qty,
        fee=amount,
        fee_rate=rate * side.sign,
        is_maker=False,
        closed_size=ZERO,
        exec_pnl=ZERO,
        order_price=ZERO,
        order_qty=ZERO,
        leaves_qty=ZERO,
        order_type=None,
        stop_order_type="",
        create_type="",
        mark_price=mark,
        index_price=world.markets[position.symbol].index,
        position_idx=position.position_idx,
        ts_ms=world.now_ms,
        seq=seq,
    )


def _trade_row(
    world: World, account: Account, position: Position, execution: ExecutionRecord
) -> TransactionRecord:
    is_bust = execution.exec_type is ExecType.BUST_TRADE
    return TransactionRecord(
        account=account.account_id,
        transaction_id=world.mint.transaction_id(),
        symbol=execution.symbol,
        kind="LIQUIDATION" if is_bust else "TRADE",
        side=execution.side,
        qty=execution.qty,
        size=position.qty,
        price=execution.price,
        cash_flow=execution.exec_pnl,
        funding=None,
        fee=execution.fee,
        fee_rate=execution.fee_rate,
        change=execution.exec_pnl - execution.fee,
        cash_balance=account.wallet,
        order_id=execution.order_id,
        order_link_id=execution.order_link_id,
        trade_id=execution.exec_id,
        ts_ms=execution.ts_ms,
    )


def _funding_row(
    world: World, account: Account, position: Position, execution: ExecutionRecord
) -> TransactionRecord:
    return TransactionRecord(
        account=account.account_id,
        transaction_id=world.mint.transaction_id(),
        symbol=execution.symbol,
        kind="SETTLEMENT",
        side=execution.side,
        qty=execution.qty,
        size=position.qty,
        price=execution.price,
        cash_flow=ZERO,
        funding=-execution.fee,
        fee=ZERO,
        fee_rate=execution.fee_rate,
        change=-execution.fee,
        cash_balance=account.wallet,
        order_id=execution.order_id,
        order_link_id="",
        trade_id=execution.exec_id,
        ts_ms=execution.ts_ms,
    )
