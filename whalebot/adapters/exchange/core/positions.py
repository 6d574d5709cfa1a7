"""A position and its exact arithmetic: cost in, cost out, nothing lost between flat and flat."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core.exact import QUANTUM, ZERO
from whalebot.domain.enums import Side


@dataclass(slots=True)
class Position:
    """One position of one account. `qty` is signed; `cost` is the exact Σ price·quantity of what is held.

    `open_fees` are the fees paid for what is held. `qty_before` is what was held before the ms `changed_ms`;
    funding at that very instant is reckoned on it. `stop_id`, `target_id`, `trailing_id` name the orders
    that follow the whole position.
    """

    account: str
    symbol: str
    position_idx: int
    created_ms: int
    updated_ms: int
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    open_fees: Decimal = ZERO
    cur_realised: Decimal = ZERO
    cum_realised: Decimal = ZERO
    opened_ms: int = 0
    seq: int = -1
    qty_before: Decimal = ZERO
    changed_ms: int = -1
    stop_id: str = ""
    target_id: str = ""
    trailing_id: str = ""
    executed_qty: Decimal = ZERO

    @property
    def side(self) -> Side | None:
        """BUY for a long, SELL for a short, None when flat."""
        if self.qty == 0:
            return None
        return Side.BUY if self.qty > 0 else Side.SELL

    @property
    def size(self) -> Decimal:
        """The quantity without a sign."""
        return abs(self.qty)

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the result of closing all at `mark`, without fees."""
        return self.qty * mark - (self.cost if self.qty > 0 else -self.cost)

    def room(self, side: Side) -> Decimal:
        """Return how much an order of `side` can close."""
        return self.size if self.side is side.opposite else ZERO

    def held_before(self, ts_ms: int) -> Decimal:
        """Return the signed quantity held just before the instant `ts_ms`."""
        return self.qty_before if self.changed_ms == ts_ms else self.qty


@dataclass(frozen=True, slots=True)
class FillEffect:
    """What one fill did to a position. `pnl` is gross; fees are those of the two parts of the fill."""

    closed_qty: Decimal
    entry_value: Decimal
    exit_value: Decimal
    pnl: Decimal
    entry_fee: Decimal
    exit_fee: Decimal


def apply_fill(
    position: Position, side: Side, qty: Decimal, price: Decimal, fee_rate: Decimal, ts_ms: int
) -> FillEffect:
    """Move a position by one fill and return what it closed.

    The part that closes takes its share of cost and of opening fees, quantised; the remainder keeps the rest
    of both, so that a round trip from flat to flat sums exactly to the cash flow. What exceeds the position
    opens the other way.
    """
    if position.changed_ms != ts_ms:
        position.qty_before, position.changed_ms = position.qty, ts_ms
    closed = min(qty, position.room(side))
    effect = _close(position, side, closed, price, fee_rate)
    opened = qty - closed
    if opened:
        _open(position, side, opened, price, fee_rate, ts_ms)
    position.updated_ms = ts_ms
    position.executed_qty += qty * side.sign
    return effect


def _close(position: Position, side: Side, qty: Decimal, price: Decimal, fee_rate: Decimal) -> FillEffect:
    if qty == 0:
        return FillEffect(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
    if qty == position.size:
        entry_value, entry_fee = position.cost, position.open_fees
    else:
        share = qty / position.size
        entry_value = (position.cost * share).quantize(QUANTUM)
        entry_fee = (position.open_fees * share).quantize(QUANTUM)
    exit_value = price * qty
    exit_fee = exit_value * fee_rate
    pnl = (exit_value - entry_value) * side.opposite.sign
    position.cost -= entry_value
    position.open_fees -= entry_fee
    position.qty += qty * side.sign
    position.cur_realised += pnl - exit_fee
    position.cum_realised += pnl - exit_fee
    return FillEffect(qty, entry_value, exit_value, pnl, entry_fee, exit_fee)


def _open(
    position: Position, side: Side, qty: Decimal, price: Decimal, fee_rate: Decimal, ts_ms: int
) -> None:
    if position.qty == 0:
        position.cur_realised = ZERO
        position.opened_ms = ts_ms
    fee = price * qty * fee_rate
    position.qty += qty * side.sign
    position.cost += price * qty
    position.open_fees += fee
    position.cur_realised -= fee
    position.cum_realised -= fee
