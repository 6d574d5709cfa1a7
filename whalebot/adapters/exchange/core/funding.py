"""Funding: at its instant every position held just before pays or receives on the mark price."""

from __future__ import annotations

from whalebot.adapters.exchange.core.inputs import FundingDue
from whalebot.adapters.exchange.core.ledger import post_funding
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.world import World


def settle_funding(world: World, market: Market, due: FundingDue) -> None:
    """Settle funding of a symbol for all accounts. Raises ValueError where no price was ever known."""
    mark = due.mark_price if due.mark_price is not None else market.mark
    if mark is None:
        raise ValueError(
            f"{market.symbol}: funding needs a mark price; feed a price point or give mark_price"
        )
    for account in world.accounts.values():
        for position in list(account.positions.values()):
            if position.symbol == market.symbol and position.held_before(world.now_ms):
                post_funding(world, account, position, due.rate, mark)
