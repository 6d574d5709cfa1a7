"""One call from its first change to its report: held commands arrive, stops settle, the outbox is emptied."""

from __future__ import annotations

from whalebot.adapters.exchange.core.dispatch import carry_out
from whalebot.adapters.exchange.core.events import Event, PositionUpdated, WalletUpdated
from whalebot.adapters.exchange.core.liquidation import liquidate_if_due
from whalebot.adapters.exchange.core.path import fire_all_due
from whalebot.adapters.exchange.core.views import position_record, wallet_record
from whalebot.adapters.exchange.core.world import Held, World


def move_clock(world: World, ts_ms: int) -> None:
    """Move time forward, never back."""
    world.now_ms = max(world.now_ms, ts_ms)


def release_due(world: World, ts_ms: int) -> None:
    """Work on the held commands that are due at `ts_ms` at the latest, each at its own time."""
    for held in list(world.held):
        if held.due_ms is not None and held.due_ms <= ts_ms:
            move_clock(world, held.due_ms)
            _carry_out(world, held)


def release_waiting(world: World, symbol: str) -> None:
    """Work on the held commands that wait for the next price of a symbol, or of any."""
    for held in list(world.held):
        if held.due_ms is None and getattr(held.command, "symbol", None) in (None, symbol):
            _carry_out(world, held)


def settle(world: World) -> None:
    """Fire stops that were born behind the price; liquidate who cannot carry what was filled."""
    seen = 0
    while seen < len(world.touched):
        position = list(world.touched.values())[seen]
        fire_all_due(world, world.markets[position.symbol])
        seen += 1
    for account in list(world.touched_accounts.values()):
        liquidate_if_due(world, account)


def flush(world: World) -> tuple[Event, ...]:
    """Report what was touched, and empty the outbox."""
    for position in world.touched.values():
        account = world.accounts[position.account]
        world.out.append(PositionUpdated(account.account_id, position_record(world, account, position)))
    for account in world.touched_accounts.values():
        world.out.append(WalletUpdated(account.account_id, wallet_record(world, account)))
    events = tuple(world.out)
    world.out.clear()
    world.touched.clear()
    world.touched_accounts.clear()
    return events


def _carry_out(world: World, held: Held) -> None:
    world.held.remove(held)
    carry_out(world, world.accounts[held.account], held.command)
    settle(world)
