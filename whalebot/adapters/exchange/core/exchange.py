"""The exchange: one object that takes market inputs and commands and gives events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from whalebot.adapters.exchange.core.account import Account, Memory
from whalebot.adapters.exchange.core.commands import ClosePosition, Command, Deposit
from whalebot.adapters.exchange.core.dispatch import carry_out
from whalebot.adapters.exchange.core.events import Answer, Event
from whalebot.adapters.exchange.core.exact import CONTEXT
from whalebot.adapters.exchange.core.fees import FeeModel, FeeRates, FlatFees
from whalebot.adapters.exchange.core.ids import Mint
from whalebot.adapters.exchange.core.inputs import MarketInput, PricePoint
from whalebot.adapters.exchange.core.intake import is_quiet, take
from whalebot.adapters.exchange.core.invariants import violations
from whalebot.adapters.exchange.core.latency import Latency, NoLatency
from whalebot.adapters.exchange.core.ledger import post_transfer
from whalebot.adapters.exchange.core.liquidity import BestAvailable, Liquidity
from whalebot.adapters.exchange.core.market import Band
from whalebot.adapters.exchange.core.queries import Reader
from whalebot.adapters.exchange.core.session import flush, move_clock, release_due, release_waiting, settle
from whalebot.adapters.exchange.core.state import export_state, import_state
from whalebot.adapters.exchange.core.watch import refresh
from whalebot.adapters.exchange.core.world import Held, Models, Settings, World
from whalebot.domain.records import replace

_NOTHING: tuple[Event, ...] = ()


class Exchange:
    """A deterministic exchange for linear USDT perpetuals. One thread at a time may call it.

    An input or command older than the newest one is worked on at the newest time: time never runs back.
    """

    def __init__(
        self,
        *,
        liquidity: Liquidity | None = None,
        latency: Latency | None = None,
        fees: FeeModel | None = None,
        settings: Settings | None = None,
    ) -> None:
        models = Models(liquidity or BestAvailable(), latency or NoLatency(), fees or FlatFees())
        limits = settings or Settings()
        self._world = World(limits, models, Mint(limits.realm))
        self.read = Reader(self._world)

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Any],
        *,
        liquidity: Liquidity | None = None,
        latency: Latency | None = None,
        fees: FeeModel | None = None,
        settings: Settings | None = None,
    ) -> Exchange:
        """Go on from an exported state. Raises ValueError for another version or a broken document."""
        exchange = cls(liquidity=liquidity, latency=latency, fees=fees, settings=settings)
        import_state(exchange._world, state)
        return exchange

    def export_state(self) -> dict[str, Any]:
        """Return the whole state as plain JSON values; models and settings are not part of it."""
        return export_state(self._world)

    def skip_ids(self) -> None:
        """Go on with ids that no run can have given out since the state was saved."""
        self._world.mint.skip()

    def check(self) -> list[str]:
        """Return every broken invariant as a sentence; an empty list is the good answer."""
        with localcontext(CONTEXT):
            return violations(self._world)

    def use_liquidity(self, symbol: str, model: Liquidity | None) -> None:
        """Give one symbol a liquidity model of its own; None returns to the common one."""
        if model is None:
            self._world.overrides.pop(symbol, None)
        else:
            self._world.overrides[symbol] = model

    def open_account(
        self, account_id: str, balance: Decimal, ts_ms: int, rates: FeeRates | None = None
    ) -> Sequence[Event]:
        """Open an account with a first deposit. Raises ValueError for an id that is taken."""
        if account_id in self._world.accounts:
            raise ValueError(f"account {account_id!r} is open already: choose another id")
        account = Account(account_id, rates or FeeRates(), Memory(self._world.settings.history_limit))
        self._world.accounts[account_id] = account
        with localcontext(CONTEXT):
            release_due(self._world, ts_ms)
            move_clock(self._world, ts_ms)
            post_transfer(self._world, account, balance)
            return flush(self._world)

    def apply(self, event: MarketInput) -> Sequence[Event]:
        """Take one market input and return what came of it, nothing most of the time.

        Raises ValueError for a symbol that is not listed.
        """
        world = self._world
        if is_quiet(world, event):
            return _NOTHING
        with localcontext(CONTEXT):
            release_due(world, event.ts_ms - 1)
            move_clock(world, event.ts_ms)
            take(world, event)
            settle(world)
            if isinstance(event, PricePoint) and event.last_price is not None:
                release_waiting(world, event.symbol)
            return flush(world)

    def quiet(self, symbol: str) -> tuple[Band, Band]:
        """Return the open intervals of last and mark price in which nothing fires, fills or is liquidated.

        They hold until the next call that changes an order, a position or a balance.
        """
        world = self._world
        market = world.market(symbol)
        with localcontext(CONTEXT):
            refresh(world, market)
        return market.last_band.copy(), market.mark_band.copy()

    def submit(self, account_id: str, command: Command, ts_ms: int) -> Answer:
        """Carry out a command, now or when the latency model says.

        Raises ValueError for an account that is not open; what the venue refuses is an answer.
        """
        world = self._world
        account = world.accounts.get(account_id)
        if account is None:
            raise ValueError(f"account {account_id!r} is not open; call open_account first")
        with localcontext(CONTEXT):
            release_due(world, ts_ms)
            move_clock(world, ts_ms)
            if self._is_held_back(account_id, command):
                return Answer(0, "OK", events=flush(world), is_pending=True)
            answer = carry_out(world, account, command)
            settle(world)
            return replace(answer, events=flush(world))

    def advance(self, ts_ms: int) -> Sequence[Event]:
        """Let time pass up to `ts_ms`, all inputs until then being in: commands on their way arrive."""
        with localcontext(CONTEXT):
            release_due(self._world, ts_ms)
            move_clock(self._world, ts_ms)
            return flush(self._world)

    def _is_held_back(self, account_id: str, command: Command) -> bool:
        if isinstance(command, (ClosePosition, Deposit)):
            return False
        due_ms = self._world.models.latency.due_ms(self._world.now_ms)
        is_held = due_ms is None or due_ms > self._world.now_ms
        if is_held:
            self._world.held.append(Held(account_id, command, due_ms))
        return is_held
