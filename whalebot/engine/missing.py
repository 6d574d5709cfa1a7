"""What becomes of a position that differs from the venue's and that no execution explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from whalebot.domain.books import Closing
from whalebot.domain.enums import ClosedBy, ExecType, Side
from whalebot.domain.orders import PositionReport
from whalebot.domain.state import PositionMemory
from whalebot.engine.ledger import entry_price, open_qty

_ZERO = Decimal(0)
_REASONS = {ExecType.BUST_TRADE: ClosedBy.LIQUIDATION, ExecType.ADL_TRADE: ClosedBy.ADL}


@dataclass(frozen=True, slots=True)
class Mended:
    """A position brought to the venue's size, marked as reconciled; closed where nothing is left open.

    `explained` False: the venue's books do not say at which price the missing part left, and it is counted
    at its entry price, so that no result is made up.
    """

    memory: PositionMemory
    exit_ms: int
    closed_by: ClosedBy
    explained: bool


def mend(
    memory: PositionMemory, report: PositionReport | None, closings: Sequence[Closing], now_ms: int
) -> Mended:
    """Bring a position to what the venue has.

    report: the venue's position of the same index, None where it is flat. closings: what the venue's closing
    orders took away since the position was opened, oldest first. now_ms: market time, ms UTC.
    """
    memory = replace(memory, reconciled=True)
    left = report.qty if report is not None and report.side is memory.side else _ZERO
    missing = open_qty(memory) - left
    if missing < 0 and report is not None:
        price = report.avg_price if report.avg_price is not None else entry_price(memory)
        added = price * left - entry_price(memory) * open_qty(memory)
        return Mended(_flow(memory, memory.side, added, -missing), now_ms, ClosedBy.FOREIGN, True)
    rows = _rows_of(memory, closings, missing)
    if not rows:
        memory = _flow(memory, memory.side.opposite, entry_price(memory) * missing, missing)
        return Mended(memory, now_ms, ClosedBy.FOREIGN, False)
    memory = _flow(memory, memory.side.opposite, sum((r.exit_value for r in rows), _ZERO), missing)
    memory = replace(memory, fees=memory.fees + sum((r.close_fee for r in rows), _ZERO))
    return Mended(memory, rows[-1].ts_ms, _REASONS.get(rows[-1].exec_type, ClosedBy.FOREIGN), True)


def _flow(memory: PositionMemory, side: Side, value: Decimal, qty: Decimal) -> PositionMemory:
    if side is Side.BUY:
        return replace(memory, bought=memory.bought + value, bought_qty=memory.bought_qty + qty)
    return replace(memory, sold=memory.sold + value, sold_qty=memory.sold_qty + qty)


def _rows_of(memory: PositionMemory, closings: Sequence[Closing], missing: Decimal) -> list[Closing]:
    """Return the rows of exactly the missing quantity, after those we know; none where they do not fit."""
    known = memory.sold_qty if memory.side is Side.BUY else memory.bought_qty
    rows = [row for row in closings if row.side is memory.side.opposite]
    while known > 0 and rows:
        known -= rows.pop(0).qty
    found: list[Closing] = []
    while known == 0 and missing > 0 and rows:
        found.append(rows.pop(0))
        missing -= found[-1].qty
    return found if known == 0 and missing == 0 else []
