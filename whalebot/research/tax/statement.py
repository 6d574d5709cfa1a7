"""A year's statement: what it is made of, its tables and its summary in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.domain.intervals import iso_utc
from whalebot.research.export.table import Kind, Row, Table, columns
from whalebot.research.tax.lots import Disposal, Method, Reason
from whalebot.research.tax.perpetuals import SETTLED_IN, Result, TradeLine, day_lines, total
from whalebot.research.tax.rates import Calendar
from whalebot.research.tax.spot import SpotBooks

NO_ADVICE: Final = (
    "This is arithmetic on records, not legal or tax advice. What counts as income, which method is allowed "
    "and which rates must be used depends on where you live: have somebody who knows your law look at it."
)
_A, _T = Kind.AMOUNT, Kind.TEXT
_CENT: Final = Decimal("0.01")
_TRADES: Final = columns(
    day=_T, exit_time=Kind.TIME, mode=_T, trade_id=_T, symbol=_T, side=_T, qty=_A, entry_price=_A,
    exit_price=_A, gross_usdt=_A, fees_usdt=_A, funding_usdt=_A, net_usdt=_A, rate=_A, currency=_T,
    gross=_A, fees=_A, funding=_A, net=_A, reconciled=Kind.FLAG,
)  # fmt: skip
_DAYS: Final = columns(
    day=_T, trades=Kind.COUNT, gross_usdt=_A, fees_usdt=_A, funding_usdt=_A, net_usdt=_A, currency=_T,
    gross=_A, fees=_A, funding=_A, net=_A,
)  # fmt: skip
_DISPOSALS: Final = columns(
    coin=_T, acquired=_T, sold=_T, qty=_A, currency=_T, proceeds=_A, cost=_A, fee=_A, gain=_A,
    holding_days=Kind.COUNT, reason=_T,
)  # fmt: skip
_LOTS: Final = columns(coin=_T, acquired=_T, qty=_A, currency=_T, cost=_A)


@dataclass(frozen=True, slots=True)
class Statement:
    """One year in one zone and currency. `perpetuals` or `spot` None: nothing was given for it."""

    year: int
    currency: str
    method: Method
    calendar: Calendar
    perpetuals: Sequence[TradeLine] | None
    spot: SpotBooks | None

    @property
    def disposals(self) -> list[Disposal]:
        """The disposals of the year."""
        found = [] if self.spot is None else self.spot.disposals
        return [disposal for disposal in found if self.calendar.day(disposal.sold_ms).year == self.year]


def year_end_ms(year: int, calendar: Calendar) -> int:
    """Return the first moment (ms UTC) after a year in the calendar's zone."""
    return round(datetime(year + 1, 1, 1, tzinfo=calendar.zone).astimezone(UTC).timestamp() * 1000)


def tables(statement: Statement) -> dict[str, Table]:
    """Return the tables by the name of their files."""
    found = {}
    if statement.perpetuals is not None:
        found["perpetual-trades"] = Table(_TRADES, _trade_rows(statement, statement.perpetuals))
        found["perpetual-days"] = Table(_DAYS, _day_rows(statement, statement.perpetuals))
    if statement.spot is not None:
        found["spot-disposals"] = Table(_DISPOSALS, _disposal_rows(statement))
        found["spot-lots"] = Table(_LOTS, _lot_rows(statement, statement.spot))
    return found


def summary(statement: Statement) -> list[str]:
    """Return the statement in words; sums are rounded to cents here, halves up."""
    zone = statement.calendar.zone.key
    lines = [
        f"Year {statement.year} in {zone}, amounts in {statement.currency}",
        NO_ADVICE,
        "",
    ]
    if statement.perpetuals is not None:
        lines += _perpetual_lines(statement, statement.perpetuals)
    if statement.spot is not None:
        lines += _spot_lines(statement, statement.spot)
    return lines


def _perpetual_lines(statement: Statement, trades: Sequence[TradeLine]) -> list[str]:
    settled, reported = total(trades)
    positions = count_text(len(trades), "position")
    lines = [f"Perpetuals: {positions} closed on {count_text(len(day_lines(trades)), 'day')}"]
    lines.append(f"  {SETTLED_IN}: {_result_text(settled)}")
    if statement.currency != SETTLED_IN:
        lines.append(f"  {statement.currency}: {_result_text(reported)}")
    marked = sum(1 for line in trades if line.trade.reconciled)
    if marked:
        lines.append(
            f"  {marked} of them are rebuilt from the venue's books (reconciled): compare them there"
        )
    return [*lines, ""]


def _result_text(result: Result) -> str:
    return (
        f"realised {_cents(result.gross)}, fees {_cents(result.fees)}, funding {_cents(result.funding)}, "
        f"net {_cents(result.net)}"
    )


def _spot_lines(statement: Statement, spot: SpotBooks) -> list[str]:
    lines = [f"Spot, method {statement.method.value}:"]
    disposals = statement.disposals
    for coin in sorted({disposal.coin for disposal in disposals}):
        own = [disposal for disposal in disposals if disposal.coin == coin]
        lines.append(f"  {coin}: {_disposal_text(own)}")
    lines.append(f"  all: {_disposal_text(disposals)}")
    in_fees = [disposal for disposal in disposals if disposal.reason is Reason.FEE]
    if in_fees:
        lines.append(f"  of these given away as fees: {_disposal_text(in_fees)}")
    income = [
        came.cost
        for came in spot.acquisitions
        if came.is_income and statement.calendar.day(came.at_ms).year == statement.year
    ]
    lines.append(f"  received as income: {_cents(sum(income, Decimal(0)))} in {len(income)} receipts")
    cost = sum((lot.cost for lot in spot.remaining), Decimal(0))
    lines.append(f"  held at the end of the year: {len(spot.remaining)} lots at a cost of {_cents(cost)}")
    lines.append("  checked: acquired - disposed of = left, for each coin in quantity and in cost")
    return [*lines, ""]


def _disposal_text(disposals: Sequence[Disposal]) -> str:
    def add(name: str) -> str:
        return _cents(sum((getattr(disposal, name) for disposal in disposals), Decimal(0)))

    return (
        f"{len(disposals)} disposals, proceeds {add('proceeds')}, cost {add('cost')}, fees {add('fee')}, "
        f"gain {add('gain')}"
    )


def _trade_rows(statement: Statement, trades: Sequence[TradeLine]) -> Iterator[Row]:
    for line in trades:
        trade = line.trade
        yield {
            "day": line.day.isoformat(),
            "exit_time": iso_utc(trade.exit_ms),
            "mode": trade.mode,
            "trade_id": trade.trade_id,
            "symbol": trade.symbol,
            "side": trade.side.value,
            "qty": _plain(trade.qty),
            "entry_price": _plain(trade.entry_price),
            "exit_price": _plain(trade.exit_price),
            "rate": _plain(line.rate),
            "currency": statement.currency,
            "reconciled": trade.reconciled,
            **_result_cells(line.settled, "_usdt"),
            **_result_cells(line.reported, ""),
        }


def _day_rows(statement: Statement, trades: Sequence[TradeLine]) -> Iterator[Row]:
    for line in day_lines(trades):
        yield {
            "day": line.day.isoformat(),
            "trades": line.trades,
            "currency": statement.currency,
            **_result_cells(line.settled, "_usdt"),
            **_result_cells(line.reported, ""),
        }


def _disposal_rows(statement: Statement) -> Iterator[Row]:
    day = statement.calendar.day
    for disposal in statement.disposals:
        acquired = None if disposal.acquired_ms is None else day(disposal.acquired_ms)
        sold = day(disposal.sold_ms)
        yield {
            "coin": disposal.coin,
            "acquired": None if acquired is None else acquired.isoformat(),
            "sold": sold.isoformat(),
            "qty": _plain(disposal.qty),
            "currency": statement.currency,
            "proceeds": _plain(disposal.proceeds),
            "cost": _plain(disposal.cost),
            "fee": _plain(disposal.fee),
            "gain": _plain(disposal.gain),
            "holding_days": None if acquired is None else (sold - acquired).days,
            "reason": disposal.reason.value,
        }


def _lot_rows(statement: Statement, spot: SpotBooks) -> Iterator[Row]:
    for lot in spot.remaining:
        yield {
            "coin": lot.coin,
            "acquired": (
                None if lot.acquired_ms is None else statement.calendar.day(lot.acquired_ms).isoformat()
            ),
            "qty": _plain(lot.qty),
            "currency": statement.currency,
            "cost": _plain(lot.cost),
        }


def _result_cells(result: Result, ending: str) -> dict[str, str]:
    return {f"{name}{ending}": _plain(getattr(result, name)) for name in ("gross", "fees", "funding", "net")}


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


def _cents(amount: Decimal) -> str:
    return format(amount.quantize(_CENT, ROUND_HALF_UP), ",f")
