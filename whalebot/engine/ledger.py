"""Arithmetic of one position from its executions: exact sums, no division."""

from __future__ import annotations

from decimal import Decimal

from whalebot.domain.enums import ClosedBy, ExecType, Side
from whalebot.domain.orders import Execution
from whalebot.domain.records import replace
from whalebot.domain.state import IntentMemory, PositionMemory

_ZERO = Decimal(0)
_TARGETS = frozenset({"TakeProfit", "PartialTakeProfit"})
_STOPS = _TARGETS | {"StopLoss", "PartialStopLoss", "TrailingStop"}
_LIQUIDATES = frozenset({"CreateByLiq", "CreateByTakeOver_PassThrough"})


def signed_qty(memory: PositionMemory) -> Decimal:
    """Return bought minus sold, in base: above zero long, below zero short."""
    return memory.bought_qty - memory.sold_qty


def open_qty(memory: PositionMemory) -> Decimal:
    """Return the size still open, in base; 0 once closed."""
    return max(_ZERO, signed_qty(memory) * memory.side.sign)


def entry_price(memory: PositionMemory) -> Decimal:
    """Return the average price of the opening side, quote per base."""
    if memory.side is Side.BUY:
        return memory.bought / memory.bought_qty
    return memory.sold / memory.sold_qty


def unrealised(memory: PositionMemory, price: Decimal) -> Decimal:
    """Return the PnL of the open part at `price`, without costs, in quote."""
    return (price - entry_price(memory)) * signed_qty(memory)


def cash_of(memory: PositionMemory) -> Decimal:
    """Return what a position has added to the balance so far: realised less fees and funding, in quote."""
    long = memory.side is Side.BUY
    left, value = (memory.sold_qty, memory.sold) if long else (memory.bought_qty, memory.bought)
    realised = (value - entry_price(memory) * left) * memory.side.sign if left else _ZERO
    return realised - memory.fees - memory.funding


def take_fill(memory: PositionMemory, fill: Execution) -> tuple[PositionMemory, Decimal]:
    """Apply a fill; return the position and the quantity left over when the fill closed more than was open.

    Fees of a fill that is split over the end of one position and the start of another are shared by quantity.
    """
    opens = fill.side is memory.side
    taken = fill.qty if opens else min(fill.qty, open_qty(memory))
    fee = fill.fee if taken == fill.qty else fill.fee * taken / fill.qty
    value = fill.price * taken
    if fill.side is Side.BUY:
        sums = {"bought": memory.bought + value, "bought_qty": memory.bought_qty + taken}
    else:
        sums = {"sold": memory.sold + value, "sold_qty": memory.sold_qty + taken}
    link_ids = _with(memory.link_ids, fill.order_link_id)
    # Fills that were lost are told after later ones.
    last_ms = max(memory.last_fill_ms, fill.ts_ms)
    fees = memory.fees + fee
    return replace(memory, fees=fees, link_ids=link_ids, last_fill_ms=last_ms, **sums), fill.qty - taken


def open_from_fill(
    fill: Execution, origin: IntentMemory | None, qty: Decimal, leverage: Decimal
) -> PositionMemory:
    """Start a position with the part `qty` of a fill; without an intent of ours it is foreign."""
    value = fill.price * qty
    fee = fill.fee if qty == fill.qty else fill.fee * qty / fill.qty
    buys = fill.side is Side.BUY
    return PositionMemory(
        symbol=fill.symbol,
        side=fill.side,
        entry_link_id=origin.intent.order_link_id if origin else "",
        first_exec_id=fill.exec_id,
        opened_ms=fill.ts_ms,
        entry_score=origin.entry_score if origin else None,
        breakdown=origin.breakdown if origin else (),
        atr=origin.atr if origin else 0.0,
        initial_stop=None,
        target=None,
        stop=None,
        best_price=fill.price,
        worst_price=fill.price,
        stop_moved=False,
        bars_held=0,
        bought=value if buys else _ZERO,
        bought_qty=qty if buys else _ZERO,
        sold=_ZERO if buys else value,
        sold_qty=_ZERO if buys else qty,
        fees=fee,
        funding=_ZERO,
        link_ids=_with((), fill.order_link_id),
        closing_as=None,
        foreign=origin is None,
        leverage=leverage,
        position_idx=origin.intent.position_idx if origin else 0,
        last_fill_ms=fill.ts_ms,
    )


def see_price(memory: PositionMemory, high: Decimal, low: Decimal) -> PositionMemory:
    """Widen the range of prices seen since entry; the same object when nothing changed."""
    up, down = (high, low) if memory.side is Side.BUY else (low, high)
    sign = memory.side.sign
    best, worst = memory.best_price, memory.worst_price
    new_best = up if best is None or sign * (up - best) > 0 else best
    new_worst = down if worst is None or sign * (down - worst) < 0 else worst
    if new_best == best and new_worst == worst:
        return memory
    return replace(memory, best_price=new_best, worst_price=new_worst)


def closed_by(fill: Execution, memory: PositionMemory, intent: IntentMemory | None) -> ClosedBy:
    """Say why a position ended, from the order that closed it; never guessed from prices."""
    if fill.exec_type is ExecType.ADL_TRADE or fill.create_type.startswith("CreateByAdl"):
        return ClosedBy.ADL
    if fill.exec_type is ExecType.BUST_TRADE or fill.create_type in _LIQUIDATES:
        return ClosedBy.LIQUIDATION
    kind = _fired(fill)
    if kind is not None:
        return _reason(kind, memory)
    if intent is not None and intent.intent.closes_as is not None:
        return intent.intent.closes_as
    if memory.closing_as is not None and fill.order_link_id in memory.link_ids:
        return memory.closing_as
    return ClosedBy.FOREIGN


def fired_whole(fill: Execution, memory: PositionMemory) -> ClosedBy | None:
    """Return why a stop or target of the whole position fired, None for any other fill.

    One that was set for a part of the position leaves the rest on purpose.
    """
    kind = _fired(fill)
    return None if kind is None or kind.startswith("Partial") else _reason(kind, memory)


def _fired(fill: Execution) -> str | None:
    """The venue's word for the stop or target that this fill belongs to, by either of its two columns."""
    words = (fill.stop_order_type, fill.create_type.removeprefix("CreateBy"))
    return next((word for word in words if word in _STOPS), None)


def _reason(kind: str, memory: PositionMemory) -> ClosedBy:
    if kind in _TARGETS:
        return ClosedBy.TAKE_PROFIT
    return ClosedBy.TRAILING_STOP if kind == "TrailingStop" or memory.stop_moved else ClosedBy.STOP_LOSS


def _with(link_ids: tuple[str, ...], link_id: str) -> tuple[str, ...]:
    return link_ids if not link_id or link_id in link_ids else (*link_ids, link_id)
