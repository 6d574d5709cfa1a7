"""A position that went to zero, as long as something may still be booked on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from whalebot.decisions.performance.trade_builder import make_trade
from whalebot.domain.enums import ClosedBy
from whalebot.domain.state import PositionMemory, WaitingTrade
from whalebot.domain.trade import ClosedTrade


@dataclass(frozen=True, slots=True)
class Finished:
    """What a trade is made of. `exit_ms`: ms UTC; `exit_level`: the price that ended it, without slippage."""

    memory: PositionMemory
    exit_ms: int
    exit_level: Decimal | None
    closed_by: ClosedBy
    mode: str
    config_hash: str

    def trade(self) -> ClosedTrade:
        """Return the record of it."""
        return make_trade(
            self.memory,
            exit_ms=self.exit_ms,
            exit_level=self.exit_level,
            closed_by=self.closed_by,
            mode=self.mode,
            config_hash=self.config_hash,
        )

    @classmethod
    def of(cls, waiting: WaitingTrade) -> Finished:
        """Return one that waited in the last run."""
        return cls(
            waiting.memory,
            waiting.exit_ms,
            waiting.exit_level,
            waiting.closed_by,
            waiting.mode,
            waiting.config_hash,
        )

    def waiting(self, due_ms: int) -> WaitingTrade:
        """Return what must survive a restart while it waits for the settlement at `due_ms`."""
        return WaitingTrade(
            self.memory, self.exit_ms, self.exit_level, self.closed_by, self.mode, self.config_hash, due_ms
        )

    def with_funding(self, amount: Decimal) -> Finished:
        """Return it with one settlement more; above zero is paid, in quote."""
        return replace(self, memory=replace(self.memory, funding=self.memory.funding + amount))
