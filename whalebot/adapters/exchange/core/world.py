"""Everything the core knows, and the outbox of one call: what the handlers pass around."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import NOT_LIVE, SYMBOL, Refusal
from whalebot.adapters.exchange.core.commands import Command
from whalebot.adapters.exchange.core.events import Event, OrderUpdated
from whalebot.adapters.exchange.core.fees import FeeModel
from whalebot.adapters.exchange.core.ids import Mint
from whalebot.adapters.exchange.core.latency import Latency
from whalebot.adapters.exchange.core.liquidity import Liquidity
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import Order, snapshot
from whalebot.adapters.exchange.core.positions import Position


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the exchange. `history_limit` rows of each kind are remembered per account.

    Without `tells_stops` orders that have no link id, which the stops of positions are, are neither reported
    nor remembered: their position says what they are, their executions what they did.
    """

    history_limit: int = 10_000
    realm: int = 0x57484C45
    max_active_orders: int = 500
    max_conditional_orders: int = 10
    max_partial_stops: int = 20
    tells_stops: bool = True


@dataclass(frozen=True, slots=True)
class Models:
    """The replaceable parts."""

    liquidity: Liquidity
    latency: Latency
    fees: FeeModel


@dataclass(slots=True)
class Held:
    """A command on its way. `due_ms` None waits for the next price point of its symbol."""

    account: str
    command: Command
    due_ms: int | None


@dataclass(slots=True)
class World:
    """State of the exchange. `out` and `touched` belong to the call that is being worked on.

    `touched` maps "account|symbol|idx" to the position; `touched_accounts` the accounts, both in order.
    """

    settings: Settings
    models: Models
    mint: Mint
    now_ms: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    overrides: dict[str, Liquidity] = field(default_factory=dict)
    out: list[Event] = field(default_factory=list)
    touched: dict[str, Position] = field(default_factory=dict)
    touched_accounts: dict[str, Account] = field(default_factory=dict)

    def market(self, symbol: str) -> Market:
        """Return a listed symbol. Raises Refusal for an unknown one."""
        found = self.markets.get(symbol)
        if found is None:
            raise Refusal(SYMBOL, f"The requested symbol is invalid: {symbol}")
        return found

    def trading_market(self, symbol: str) -> Market:
        """Return a symbol that takes orders. Raises Refusal for an unknown or a halted one."""
        found = self.market(symbol)
        if found.instrument.status != "Trading":
            raise Refusal(NOT_LIVE, "This contract is not live")
        return found

    def liquidity(self, symbol: str) -> Liquidity:
        """Return the liquidity model of a symbol."""
        return self.overrides.get(symbol, self.models.liquidity)

    def position(self, account: Account, symbol: str, position_idx: int) -> Position:
        """Return a position, made flat at its first mention."""
        key = f"{symbol}:{position_idx}"
        found = account.positions.get(key)
        if found is None:
            found = Position(account.account_id, symbol, position_idx, self.now_ms, self.now_ms)
            account.positions[key] = found
        return found

    def leverage(self, account: Account, symbol: str) -> Decimal:
        """Return the leverage an account uses on a symbol: what it chose, else the default."""
        chosen = account.leverage.get(symbol)
        if chosen is not None:
            return chosen
        market = self.markets[symbol]
        return min(market.rules.default_leverage, market.instrument.max_leverage)

    def taker_rate(self, account: Account, symbol: str) -> Decimal:
        """Return the fee rate of a taker fill."""
        return self.models.fees.rate(account.rates, symbol, is_maker=False)

    def touch(self, account: Account, symbol: str, position_idx: int) -> None:
        """Note that a position, its orders or its account changed: reported at the end of the call."""
        position = self.position(account, symbol, position_idx)
        self.touched[f"{account.account_id}|{symbol}|{position_idx}"] = position
        self.touch_account(account)
        self.markets[symbol].is_stale = True

    def touch_account(self, account: Account) -> None:
        """Note that the cash of an account changed: the safe bands of its positions are void."""
        self.touched_accounts[account.account_id] = account
        for position in account.positions.values():
            if position.qty:
                self.markets[position.symbol].is_stale = True

    def report(self, order: Order) -> None:
        """Emit an order as it is now."""
        order.updated_ms = self.now_ms
        if self.tells(order):
            self.out.append(OrderUpdated(order.account, snapshot(order)))

    def tells(self, order: Order) -> bool:
        """Say whether an order is reported and remembered."""
        return self.settings.tells_stops or bool(order.order_link_id)
