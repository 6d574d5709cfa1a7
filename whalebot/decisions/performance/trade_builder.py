"""Builds the record of a finished position from its cash-flow sums."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Final, NamedTuple

from whalebot.decisions.performance.exact import EXACT, rounded
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.state import PositionMemory
from whalebot.domain.trade import ClosedTrade

_ZERO: Final = Decimal(0)


def trade_id_of(memory: PositionMemory) -> str:
    """Return the id of the trade a position will become: the link id of the order that opened it.

    A link id is never used twice, not even on an exchange that starts afresh and counts its executions anew.
    A position that is not ours is named by its first execution or, where that is unknown, by the moment it
    was opened (ms UTC).
    """
    return memory.entry_link_id or f"{memory.symbol}-{memory.first_exec_id or f'at-{memory.opened_ms}'}"


def make_trade(
    memory: PositionMemory,
    *,
    exit_ms: int,
    exit_level: Decimal | None,
    closed_by: ClosedBy,
    mode: str,
    config_hash: str,
) -> ClosedTrade:
    """Return the closed trade of a position that went to zero.

    memory: the sums of all its fills, fees and funding. exit_ms: time of the last fill, ms UTC.
    exit_level: the price that ended it, without slippage (the stop, the target, the price at the decision);
    it belongs to the path that adverse and favourable excursion are taken from. None: the average exit price.

    `gross_pnl` is exactly sold minus bought and `pnl` exactly gross_pnl - fees - funding. Where bought and
    sold quantity differ, fills were missed: the missing part of an exit is valued at `exit_level`, else at
    the known average of its own side, else at the other side's; the trade is then marked reconciled, as that
    of a foreign position is. Raises ValueError for a position without any fill: there is nothing to record.
    """
    with localcontext(EXACT):
        entry_notional, exit_notional, qty, complete = _flows(memory, exit_level)
        path = [p for p in (memory.best_price, memory.worst_price, exit_level) if p is not None]
        if exit_level is None:
            path.append(exit_notional / qty)
    return trade_of(
        Facts(
            trade_id=trade_id_of(memory),
            mode=mode,
            symbol=memory.symbol,
            side=memory.side,
            entry_ms=memory.opened_ms,
            exit_ms=exit_ms,
            entry_notional=entry_notional,
            exit_notional=exit_notional,
            qty=qty,
            fees=memory.fees,
            funding=memory.funding,
            path=path,
            initial_stop=memory.initial_stop,
            leverage=memory.leverage,
            bars_held=memory.bars_held,
            closed_by=closed_by,
            entry_score=memory.entry_score,
            breakdown=memory.breakdown,
            order_link_ids=memory.link_ids,
            config_hash=config_hash,
            reconciled=memory.reconciled or memory.foreign or not complete,
        )
    )


class Facts(NamedTuple):
    """What a closed trade is reckoned from. Notionals in quote; `path`: prices it met, one at least."""

    trade_id: str
    mode: str
    symbol: str
    side: Side
    entry_ms: int
    exit_ms: int
    entry_notional: Decimal
    exit_notional: Decimal
    qty: Decimal
    fees: Decimal
    funding: Decimal
    path: Sequence[Decimal]
    initial_stop: Decimal | None
    leverage: Decimal
    bars_held: int
    closed_by: ClosedBy
    entry_score: float | None
    breakdown: tuple[tuple[str, float], ...]
    order_link_ids: tuple[str, ...]
    config_hash: str
    reconciled: bool = False


def trade_of(facts: Facts) -> ClosedTrade:
    """Return the closed trade that exact sums make; see `make_trade` for its figures."""
    with localcontext(EXACT):
        entry_notional, exit_notional, qty = facts.entry_notional, facts.exit_notional, facts.qty
        sign = facts.side.sign
        gross = (exit_notional - entry_notional) * sign
        pnl = gross - facts.fees - facts.funding
        moves = [(price * qty - entry_notional) * sign for price in facts.path]
        return ClosedTrade(
            trade_id=facts.trade_id,
            mode=facts.mode,
            symbol=facts.symbol,
            side=facts.side,
            entry_ms=facts.entry_ms,
            exit_ms=facts.exit_ms,
            entry_price=rounded(entry_notional / qty),
            exit_price=rounded(exit_notional / qty),
            qty=qty,
            gross_pnl=gross,
            fees=facts.fees,
            funding=facts.funding,
            pnl=pnl,
            pnl_percent=_percent_of_margin(pnl, entry_notional, facts.leverage),
            r_multiple=_r_multiple(pnl, entry_notional, qty, facts.initial_stop),
            mae=rounded(max(_ZERO, -min(moves))),
            mfe=rounded(max(_ZERO, *moves)),
            bars_held=facts.bars_held,
            closed_by=facts.closed_by,
            entry_score=facts.entry_score,
            breakdown=facts.breakdown,
            initial_stop=facts.initial_stop,
            order_link_ids=facts.order_link_ids,
            config_hash=facts.config_hash,
            reconciled=facts.reconciled,
        )


def _flows(memory: PositionMemory, exit_level: Decimal | None) -> tuple[Decimal, Decimal, Decimal, bool]:
    """Notional of entry and exit, the quantity of both, and whether every fill was known."""
    bought, sold = (memory.bought, memory.bought_qty), (memory.sold, memory.sold_qty)
    entry, leave = (bought, sold) if memory.side is Side.BUY else (sold, bought)
    (entry_notional, entry_qty), (exit_notional, exit_qty) = entry, leave
    qty = max(entry_qty, exit_qty)
    if qty <= 0:
        raise ValueError(f"{memory.symbol}: a position without any fill is no trade ({trade_id_of(memory)})")
    if entry_qty == exit_qty:
        return entry_notional, exit_notional, qty, True
    if entry_qty > exit_qty:
        known = rounded(exit_notional / exit_qty if exit_qty else entry_notional / entry_qty)
        missing = (entry_qty - exit_qty) * (exit_level if exit_level is not None else known)
        return entry_notional, exit_notional + missing, qty, False
    known = rounded(entry_notional / entry_qty if entry_qty else exit_notional / exit_qty)
    return entry_notional + (exit_qty - entry_qty) * known, exit_notional, qty, False


def _percent_of_margin(pnl: Decimal, entry_notional: Decimal, leverage: Decimal) -> Decimal:
    # A venue that reports no leverage holds the position fully funded: margin is the notional.
    margin_share = leverage if leverage > 0 else Decimal(1)
    return rounded(pnl * margin_share * 100 / entry_notional) if entry_notional else _ZERO


def _r_multiple(pnl: Decimal, entry_notional: Decimal, qty: Decimal, stop: Decimal | None) -> Decimal | None:
    if stop is None:
        return None
    risk = abs(entry_notional - qty * stop)
    return rounded(pnl / risk) if risk else None
