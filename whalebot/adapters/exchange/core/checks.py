"""Judging the numbers of a request: grids, ranges, triggers, stops. Each check refuses as the venue does."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.core import codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import Refusal, scaled_price, scaled_qty
from whalebot.adapters.exchange.core.exact import is_multiple
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import FALLING, RISING
from whalebot.domain.enums import OrderType, Side, TriggerBy

LINK_ID_LENGTH: Final = 36
_LINK_ID = re.compile(r"[0-9A-Za-z_-]+")


def check_link_id(account: Account, link_id: str) -> None:
    """Refuse a malformed or a known orderLinkId; ids of closed orders count while they are remembered."""
    if not link_id:
        return
    if len(link_id) > LINK_ID_LENGTH or _LINK_ID.fullmatch(link_id) is None:
        raise Refusal(codes.PARAMETER, "params error: OrderLinkId invalid")
    if link_id in account.memory.links:
        raise Refusal(codes.DUPLICATE_LINK_ID, "OrderLinkedID is duplicate")


def check_position_idx(account: Account, symbol: str, position_idx: int) -> None:
    """Refuse a position index that the symbol's mode does not have."""
    if position_idx not in account.indices(symbol):
        raise Refusal(codes.PARAMETER, "position idx not match position mode")


def check_qty(market: Market, qty: Decimal, order_type: OrderType, is_reducing: bool) -> None:
    """Refuse a quantity off the step, below the minimum or above the maximum of its order type."""
    grid = market.instrument
    if not qty.is_finite() or qty <= 0 or not is_multiple(qty, grid.qty_step):
        raise Refusal(codes.PARAMETER, "Qty invalid")
    if qty < grid.min_qty:
        text = f"too small, order_qty:{scaled_qty(qty)} < min_qty:{scaled_qty(grid.min_qty)}"
        raise Refusal(codes.PARAMETER, f"The number of contracts exceeds minimum limit allowed: {text}")
    ceiling = grid.max_market_qty if order_type is OrderType.MARKET else grid.max_qty
    if qty > ceiling and not is_reducing:
        text = f"too large, order_qty:{scaled_qty(qty)} > max_qty:{scaled_qty(ceiling)}"
        raise Refusal(codes.PARAMETER, f"The number of contracts exceeds maximum limit allowed: {text}")


def check_on_grid(market: Market, price: Decimal, name: str) -> None:
    """Refuse a price that is not on the tick grid, or beyond the highest price."""
    is_good = price.is_finite() and 0 < price <= market.rules.max_price
    if not is_good or not is_multiple(price, market.instrument.tick_size):
        raise Refusal(codes.PARAMETER, f"{name} invalid")


def check_limit_price(market: Market, side: Side, price: Decimal | None, base: Decimal | None) -> Decimal:
    """Refuse a missing limit price, one off the grid, or one that reaches too far through the market."""
    if price is None:
        raise Refusal(codes.PARAMETER, "Price invalid")
    check_on_grid(market, price, "Price")
    if base is not None:
        reach = base * (1 + market.rules.price_limit_ratio * side.sign)
        if (price - reach) * side.sign > 0:
            raise Refusal(codes.PRICE_RANGE, "Order price exceeds the allowable range.")
    return price


def check_notional(market: Market, value: Decimal) -> None:
    """Refuse an order whose value lies below the floor."""
    floor = market.instrument.min_notional
    if value < floor:
        raise Refusal(
            codes.MIN_NOTIONAL, f"Order does not meet minimum order value {floor.normalize():f}USDT"
        )


def check_trigger(market: Market, price: Decimal, direction: int, by: TriggerBy) -> int:
    """Return the direction of a trigger, derived where it is 0. Refuse one on the wrong side of the price."""
    check_on_grid(market, price, "TriggerPrice")
    if direction not in (0, RISING, FALLING):
        raise Refusal(codes.PARAMETER, "TriggerDirection invalid")
    base = market.base_price(by)
    if base is None:
        raise Refusal(codes.NO_PRICE, "Unable to retrieve a price of the market order due to low liquidity")
    wanted = direction or (RISING if price > base else FALLING)
    figures = f"trigger_price[{scaled_price(price)}] {{}} current[{scaled_price(base)}]??{by.value}"
    if wanted == RISING and price <= base:
        raise Refusal(codes.EXPECT_RISING, "expect Rising, but " + figures.format("<="))
    if wanted == FALLING and price >= base:
        raise Refusal(codes.EXPECT_FALLING, "expect Falling, but " + figures.format(">="))
    return wanted


def check_stop_loss(
    market: Market, position_side: Side, price: Decimal, base: Decimal, by: TriggerBy
) -> None:
    """Refuse a stop-loss that is not on the losing side of the price it is watched on."""
    check_on_grid(market, price, "StopLoss")
    if (base - price) * position_side.sign <= 0:
        raise Refusal(codes.PARAMETER, _stop_text("StopLoss", position_side.opposite, price, base, by))


def check_take_profit(
    market: Market, position_side: Side, price: Decimal, base: Decimal, by: TriggerBy
) -> None:
    """Refuse a take-profit that is not on the winning side of the price it is watched on."""
    check_on_grid(market, price, "TakeProfit")
    if (price - base) * position_side.sign <= 0:
        raise Refusal(codes.PARAMETER, _stop_text("TakeProfit", position_side, price, base, by))


def _stop_text(name: str, wanted: Side, price: Decimal, base: Decimal, by: TriggerBy) -> str:
    is_above = wanted is Side.BUY
    position = wanted if name == "TakeProfit" else wanted.opposite
    relation = "should be higher than" if is_above else "should be lower than"
    prices = f"base_price:{scaled_price(base)}??{by.value}"
    return f"{name}:{scaled_price(price)} set for {position.value} position {relation} {prices}"
