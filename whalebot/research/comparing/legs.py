"""Fills put together to positions: when each began and ended, at which prices, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from whalebot.domain.enums import Side
from whalebot.domain.orders import Execution, FundingPayment

_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Leg:
    """One position from flat to flat. `name`: link id of the order that opened it; times are the venue's.

    `closed_by` is the venue's word for what created the orders that closed it, several joined by "+".
    `fees` > 0 and `funding` > 0 are paid. Prices are averages; all None or "" of what has not happened.
    """

    name: str
    symbol: str
    side: Side
    entry_ms: int
    qty: Decimal = _ZERO
    exit_ms: int | None = None
    closed_by: str = ""
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO
    entry_value: Decimal = _ZERO
    exit_value: Decimal = _ZERO
    closed_qty: Decimal = _ZERO
    fills: list[Execution] = field(default_factory=list)

    @property
    def entry_price(self) -> Decimal:
        """Average price of what was opened."""
        return self.entry_value / self.qty

    @property
    def exit_price(self) -> Decimal | None:
        """Average price of what was closed."""
        return self.exit_value / self.closed_qty if self.closed_qty else None

    @property
    def gross(self) -> Decimal:
        """What prices brought, of the closed part."""
        if not self.closed_qty:
            return _ZERO
        return (self.exit_value - self.entry_price * self.closed_qty) * self.side.sign

    @property
    def pnl(self) -> Decimal:
        """What remained after fees and funding."""
        return self.gross - self.fees - self.funding

    @property
    def is_over(self) -> bool:
        """True when nothing is open any more."""
        return self.closed_qty >= self.qty


class Legs:
    """Takes fills and funding in the order of the venue; repeated ones are known by their id."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self._open: dict[str, Leg] = {}
        self._seen: set[str] = set()

    def take(self, found: Execution | FundingPayment) -> None:
        """Book one fill or one funding payment. What closes a position nobody saw begin is left out."""
        if found.exec_id in self._seen:
            return
        self._seen.add(found.exec_id)
        leg = self._open.get(found.symbol)
        if isinstance(found, FundingPayment):
            if leg is not None:
                leg.funding += found.amount
        elif leg is None:
            if not found.closed_qty:
                self._begin(found)
        elif found.side is leg.side:
            _enter(leg, found)
        else:
            _leave(leg, found)
            if leg.is_over:
                del self._open[found.symbol]

    def _begin(self, fill: Execution) -> None:
        leg = Leg(fill.order_link_id or fill.order_id, fill.symbol, fill.side, fill.ts_ms)
        _enter(leg, fill)
        self._open[fill.symbol] = leg
        self.legs.append(leg)


def _enter(leg: Leg, fill: Execution) -> None:
    leg.qty += fill.qty
    leg.entry_value += fill.price * fill.qty
    leg.fees += fill.fee
    leg.fills.append(fill)


def _leave(leg: Leg, fill: Execution) -> None:
    leg.closed_qty += fill.qty
    leg.exit_value += fill.price * fill.qty
    leg.fees += fill.fee
    leg.exit_ms = fill.ts_ms
    if fill.create_type not in leg.closed_by.split("+"):
        leg.closed_by = "+".join(filter(None, (leg.closed_by, fill.create_type)))
    leg.fills.append(fill)
