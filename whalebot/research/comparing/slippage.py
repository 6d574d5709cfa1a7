"""What fills cost against the price at the decision, beside what a backtest assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.domain import effects as ef
from whalebot.domain.enums import Side
from whalebot.domain.orders import Execution
from whalebot.research.comparing.orders import RecordedOrders

_ZERO: Final = Decimal(0)
_BASIS_POINT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class OrderSlippage:
    """One order that traded. `kind`: entry, exit or stop (an order of the venue's own: stop or target).

    `wanted`: the last price when it was decided, for a stop its trigger. `got`: the average price of its
    fills. `bps` > 0 is worse than wanted; `cost` the same in quote. `assumed_bps`: what a backtest on bars
    takes for it before it rounds to the tick: the configured slippage, or half the spread as last seen (half
    a tick where none was) and one basis point.
    """

    link_id: str
    symbol: str
    kind: str
    side: Side
    qty: Decimal
    wanted: Decimal
    got: Decimal
    assumed_bps: Decimal
    ts_ms: int

    @property
    def bps(self) -> Decimal:
        """Difference to the price that was wanted, in basis points of it."""
        return (self.got - self.wanted) * self.side.sign / self.wanted / _BASIS_POINT

    @property
    def cost(self) -> Decimal:
        """The same in quote."""
        return (self.got - self.wanted) * self.side.sign * self.qty

    @property
    def assumed_cost(self) -> Decimal:
        """What a backtest assumes of it, in quote."""
        return self.assumed_bps * _BASIS_POINT * self.wanted * self.qty


def slippage_of(orders: RecordedOrders, slippage_percent: Decimal | None) -> tuple[OrderSlippage, ...]:
    """Return every order of a recording that traded, in the order of the fills.

    slippage_percent: the configured slippage, None for half the spread and one basis point.
    """
    found = []
    for request in orders.requests:
        if not isinstance(request.effect, ef.SubmitOrder) or not request.fills or not request.price:
            continue
        tick = orders.ticks.get(request.effect.intent.symbol, _ZERO)
        assumed = _assumed(slippage_percent, request.price, request.bid, request.ask, tick)
        link_id, kind = request.effect.intent.order_link_id, request.effect.intent.purpose.value
        found.append(_one(link_id, kind, request.fills, request.price, assumed))
    for order_id, fills in _own_of_venue(orders).items():
        bid, ask = orders.quotes.get(order_id, (None, None))
        wanted, tick = orders.triggers[order_id], orders.ticks.get(fills[0].symbol, _ZERO)
        found.append(
            _one(order_id, "stop", fills, wanted, _assumed(slippage_percent, wanted, bid, ask, tick))
        )
    return tuple(sorted(found, key=lambda one: one.ts_ms))


def _own_of_venue(orders: RecordedOrders) -> dict[str, list[Execution]]:
    found: dict[str, list[Execution]] = {}
    for row in orders.booked:
        if isinstance(row, Execution) and not row.order_link_id and row.order_id in orders.triggers:
            found.setdefault(row.order_id, []).append(row)
    return found


def _one(
    link_id: str, kind: str, fills: Sequence[Execution], wanted: Decimal, assumed: Decimal
) -> OrderSlippage:
    qty = sum((fill.qty for fill in fills), _ZERO)
    value = sum((fill.qty * fill.price for fill in fills), _ZERO)
    first = fills[0]
    return OrderSlippage(
        link_id, first.symbol, kind, first.side, qty, wanted, value / qty, assumed, first.ts_ms
    )


def _assumed(
    percent: Decimal | None, price: Decimal, bid: Decimal | None, ask: Decimal | None, tick: Decimal
) -> Decimal:
    if percent is not None:
        return percent * 100
    half = (ask - bid) / 2 if bid is not None and ask is not None and ask > bid else tick / 2
    return half / price / _BASIS_POINT + 1
