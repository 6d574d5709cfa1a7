"""Saving the core: its state as plain JSON values, and back again to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codec import decoder, encoder
from whalebot.adapters.exchange.core.ids import Mint
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.world import Held, World

VERSION: Final = 2


def export_state(world: World) -> dict[str, Any]:
    """Return everything that must survive, made of dict, list, str, int, bool and None only."""
    return {
        "version": VERSION,
        "now_ms": world.now_ms,
        "mint": encoder(Mint)(world.mint),
        "markets": encoder(dict[str, Market])(world.markets),
        "accounts": encoder(dict[str, Account])(world.accounts),
        "held": encoder(list[Held])(world.held),
    }


def import_state(world: World, state: Mapping[str, Any]) -> None:
    """Fill a fresh world from a saved state. Raises ValueError for another version or a broken document."""
    version = state.get("version") if isinstance(state, Mapping) else None
    if version != VERSION:
        raise ValueError(
            f"exchange state has version {version!r}, this program reads {VERSION}: start afresh"
        )
    try:
        world.now_ms = state["now_ms"]
        world.mint = decoder(Mint)(state["mint"])
        world.markets.update(decoder(dict[str, Market])(state["markets"]))
        world.accounts.update(decoder(dict[str, Account])(state["accounts"]))
        world.held.extend(decoder(list[Held])(state["held"]))
        for account in world.accounts.values():
            for order in account.orders.values():
                world.markets[order.symbol].orders[order.order_id] = order
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"exchange state is broken: {error!r}: start afresh") from error
