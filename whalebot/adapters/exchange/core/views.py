"""Frozen copies of positions, wallets and markets, with everything that is reckoned from the state."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Final

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.exact import QUANTUM, ZERO, average, quantised, tidy
from whalebot.adapters.exchange.core.margin import (
    initial_margin,
    liquidation_price,
    maintenance_margin,
    margin_of,
    margin_slope,
    pool_of,
)
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.records import MarketRecord, PositionRecord, WalletRecord
from whalebot.adapters.exchange.core.world import World

_RATE_STEP: Final = Decimal("0.0001")
# the venue reckons break-even with at least the default taker rate
_BREAK_EVEN_RATE: Final = Decimal("0.00055")


def position_record(world: World, account: Account, position: Position) -> PositionRecord:
    """Copy a position as it is now."""
    market = world.markets[position.symbol]
    is_held = position.qty != 0
    mark = market.mark
    return PositionRecord(
        account=account.account_id,
        symbol=position.symbol,
        position_idx=position.position_idx,
        side=position.side,
        qty=position.size,
        avg_price=average(position.cost, position.size) if is_held else None,
        position_value=position.cost,
        mark_price=mark,
        leverage=world.leverage(account, position.symbol),
        position_im=_margin_up(initial_margin(world, account, position)),
        position_mm=_margin_up(maintenance_margin(world, account, position)),
        is_isolated=account.is_isolated,
        liq_price=_liq_price(world, account, position) if is_held else None,
        break_even_price=_break_even(world, account, position) if is_held else None,
        unrealised_pnl=position.unrealised(mark) if is_held and mark is not None else ZERO,
        cur_realised_pnl=position.cur_realised,
        cum_realised_pnl=position.cum_realised,
        stop_loss=_trigger_price(account, position.stop_id),
        take_profit=_trigger_price(account, position.target_id),
        trailing_stop=_distance(account, position.trailing_id),
        active_price=_active_price(account, position.trailing_id),
        risk_id=market.rules.risk_id,
        risk_limit_value=market.rules.risk_limit_value,
        created_ms=position.created_ms,
        opened_ms=position.opened_ms,
        updated_ms=position.updated_ms,
        seq=position.seq,
    )


def wallet_record(world: World, account: Account) -> WalletRecord:
    """Copy a wallet as it is now."""
    margin = margin_of(world, account)
    position_im, order_im = _margin_up(margin.position_im), _margin_up(margin.order_im)
    position_mm = _margin_up(margin.position_mm)
    equity = margin.equity
    return WalletRecord(
        account=account.account_id,
        ts_ms=world.now_ms,
        wallet_balance=account.wallet,
        equity=equity,
        available_balance=(account.wallet if account.is_isolated else equity) - position_im - order_im,
        is_isolated=account.is_isolated,
        unrealised_pnl=margin.unrealised,
        cum_realised_pnl=sum((position.cum_realised for position in account.positions.values()), ZERO),
        initial_margin=position_im + order_im,
        maintenance_margin=position_mm,
        position_im=position_im,
        position_mm=position_mm,
        order_im=order_im,
        im_rate=_rate(position_im + order_im, equity),
        mm_rate=_rate(position_mm, equity),
    )


def market_record(market: Market) -> MarketRecord:
    """Copy the newest prices of a symbol."""
    return MarketRecord(
        instrument=market.instrument,
        last_price=market.last,
        mark_price=market.mark,
        index_price=market.index,
        bid_price=market.depth.best_bid(),
        ask_price=market.depth.best_ask(),
        ts_ms=market.ts_ms,
    )


def _margin_up(value: Decimal) -> Decimal:
    return tidy(value.quantize(QUANTUM, ROUND_UP))


def _rate(part: Decimal, equity: Decimal) -> Decimal:
    return (part / equity).quantize(_RATE_STEP, ROUND_HALF_UP) if equity > 0 else ZERO


def _liq_price(world: World, account: Account, position: Position) -> Decimal | None:
    """Return the liquidation price on the grid, rounded to the dangerous side; None when out of range."""
    market, pool = world.markets[position.symbol], pool_of(account, position)
    exact = liquidation_price(world, account, market, pool)
    if exact is None:
        return None
    grid = market.instrument
    is_below = margin_slope(market, pool) > 0
    price = grid.floor_price(exact) if is_below else grid.ceil_price(exact)
    return price if grid.tick_size <= price < market.rules.max_price else None


def _break_even(world: World, account: Account, position: Position) -> Decimal:
    """Return the price at which closing now would undo all that this position has paid so far."""
    rate = max(world.taker_rate(account, position.symbol), _BREAK_EVEN_RATE)
    cost = position.cost if position.qty > 0 else -position.cost
    return quantised((cost - position.cur_realised) / (position.qty - position.size * rate))


def _trigger_price(account: Account, order_id: str) -> Decimal | None:
    order = account.orders.get(order_id)
    return order.trigger_price if order is not None else None


def _distance(account: Account, order_id: str) -> Decimal | None:
    order = account.orders.get(order_id)
    return order.trail.distance if order is not None and order.trail is not None else None


def _active_price(account: Account, order_id: str) -> Decimal | None:
    order = account.orders.get(order_id)
    return order.trail.active_price if order is not None and order.trail is not None else None
