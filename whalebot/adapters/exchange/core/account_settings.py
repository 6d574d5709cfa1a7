"""What an account chooses: leverage and position mode of a symbol, margin mode of all."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core import codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import Refusal
from whalebot.adapters.exchange.core.commands import SetLeverage, SetMarginMode, SwitchMode
from whalebot.adapters.exchange.core.exact import ONE
from whalebot.adapters.exchange.core.margin import margin_of, pools_of, slack_of
from whalebot.adapters.exchange.core.world import World


def set_leverage(world: World, account: Account, request: SetLeverage) -> None:
    """Set the leverage of a symbol. Raises Refusal where it is out of range, unchanged or not affordable."""
    market = world.market(request.symbol)
    leverage = request.buy_leverage
    if leverage != request.sell_leverage:
        raise Refusal(codes.PARAMETER, "buy leverage must be equal to sell leverage in cross margin mode")
    if not leverage.is_finite() or leverage < ONE:
        raise Refusal(codes.PARAMETER, "Leverage invalid")
    highest = market.instrument.max_leverage
    if leverage > highest:
        figures = f"[{_hundredths(leverage)}] gt maxLeverage [{_hundredths(highest)}]"
        raise Refusal(codes.LEVERAGE_TOO_HIGH, f"cannot set leverage {figures} by risk limit")
    current = world.leverage(account, request.symbol)
    if leverage == current:
        raise Refusal(codes.LEVERAGE_NOT_MODIFIED, "leverage not modified")
    chosen = dict(account.leverage)
    account.leverage[request.symbol] = leverage
    if leverage < current and margin_of(world, account).available < 0:
        account.leverage = chosen
        raise Refusal(codes.INSUFFICIENT_AVAILABLE, "Insufficient available balance.")
    for position_idx in account.indices(request.symbol):
        world.touch(account, request.symbol, position_idx)


def switch_mode(world: World, account: Account, request: SwitchMode) -> None:
    """Choose one-way or hedge mode, for one symbol or for all that are free to change and those to come."""
    if request.symbol is None:
        _switch_all(world, account, request.is_hedge)
        return
    symbol = request.symbol
    world.market(symbol)
    if account.is_hedge(symbol) == request.is_hedge:
        raise Refusal(codes.MODE_NOT_MODIFIED, "Position mode is not modified")
    if _has_position(account, symbol):
        text = "You have an existing position, so the position mode cannot be switched."
        raise Refusal(codes.MODE_HAS_POSITION, text)
    if account.orders_of(symbol):
        text = "You have existing open orders, so the position mode cannot be switched."
        raise Refusal(codes.MODE_HAS_ORDERS, text)
    account.modes[symbol] = request.is_hedge
    for position_idx in account.indices(symbol):
        world.touch(account, symbol, position_idx)


def set_margin_mode(world: World, account: Account, request: SetMarginMode) -> None:
    """Choose isolated or cross margin. Raises Refusal where the margin of what is held would not do."""
    if account.is_isolated == request.is_isolated:
        return
    account.is_isolated = request.is_isolated
    is_safe = all(slack_of(world, account, pool) > 0 for pool in pools_of(account))
    if not is_safe or margin_of(world, account).available < 0:
        account.is_isolated = not request.is_isolated
        raise Refusal(codes.MARGIN_MODE_FAILED, "Set margin mode failed")
    world.touch_account(account)
    for position in account.held():
        world.touch(account, position.symbol, position.position_idx)


def _switch_all(world: World, account: Account, is_hedge: bool) -> None:
    for symbol in world.markets:
        is_busy = _has_position(account, symbol) or account.orders_of(symbol)
        account.modes[symbol] = account.is_hedge(symbol) if is_busy else is_hedge
    account.is_hedge_default = is_hedge


def _has_position(account: Account, symbol: str) -> bool:
    return any(position.symbol == symbol for position in account.held())


def _hundredths(leverage: Decimal) -> str:
    return f"{leverage * 100:.0f}"
