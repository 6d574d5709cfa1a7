"""A comparison of trades in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from whalebot.adapters.terminal.numbers import count_text
from whalebot.domain.intervals import iso_utc
from whalebot.domain.trade import ClosedTrade
from whalebot.research.comparing.comparison import Comparison
from whalebot.research.comparing.matching import Pair


def lines_of(found: Comparison) -> Iterator[str]:
    """Yield one line a difference, then what all of them come to."""
    for pair in found.pairs:
        if not pair.is_equal:
            yield f"{_name(pair)}: {_difference(pair)}"
    for trade in found.before:
        yield f"{_title(trade)}: not compared, its position was open before the recording began"
    yield from _sums(found)


def as_table(found: Comparison) -> dict[str, Any]:
    """Return every pair and its differing fields as a JSON object."""
    return {
        "equal": found.is_equal,
        "trades": [
            {
                "happened": None if pair.happened is None else _facts(pair.happened),
                "simulated": None if pair.simulated is None else _facts(pair.simulated),
                "differing": list(pair.differing),
            }
            for pair in found.pairs
        ],
    }


def _name(pair: Pair[ClosedTrade]) -> str:
    trade = pair.happened or pair.simulated
    assert trade is not None
    return _title(trade)


def _title(trade: ClosedTrade) -> str:
    return f"{iso_utc(trade.entry_ms)} {trade.symbol} {trade.side.value} {_plain(trade.qty)}"


def _difference(pair: Pair[ClosedTrade]) -> str:
    if pair.simulated is None:
        assert pair.happened is not None
        return f"extra: happened (net {_signed(pair.happened.pnl)}), the simulation has no such trade"
    if pair.happened is None:
        return f"missed: the simulation trades here (net {_signed(pair.simulated.pnl)}), it did not happen"
    return "; ".join(_field(name, pair.happened, pair.simulated) for name in pair.differing)


def _field(name: str, one: ClosedTrade, other: ClosedTrade) -> str:
    old, new = getattr(one, name), getattr(other, name)
    if name.endswith("_ms"):
        return f"{name.removesuffix('_ms')} {iso_utc(old)} -> {iso_utc(new)} ({new - old:+d} ms)"
    if isinstance(old, Decimal):
        return f"{name} {_plain(old)} -> {_plain(new)} ({_signed(new - old)})"
    return f"{name} {old.value} -> {new.value}"


def _sums(found: Comparison) -> Iterator[str]:
    happened = [pair.happened for pair in found.pairs if pair.happened is not None]
    simulated = [pair.simulated for pair in found.pairs if pair.simulated is not None]
    equal = sum(pair.is_equal for pair in found.pairs)
    both = f"{count_text(len(happened), 'trade')} happened, {len(simulated)} simulated"
    yield f"{both}; {equal} are equal in everything; amounts in USDT"
    for name, label in (("gross_pnl", "price"), ("fees", "fees"), ("funding", "funding"), ("pnl", "net")):
        old = sum((getattr(trade, name) for trade in happened), Decimal(0))
        new = sum((getattr(trade, name) for trade in simulated), Decimal(0))
        yield f"  {label:<8} happened {_plain(old)}, simulated {_plain(new)} ({_signed(new - old)})"


def _facts(trade: ClosedTrade) -> dict[str, Any]:
    return {
        "trade_id": trade.trade_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "entry_time": iso_utc(trade.entry_ms),
        "exit_time": iso_utc(trade.exit_ms),
        "closed_by": trade.closed_by.value,
        **{
            name: format(getattr(trade, name), "f")
            for name in ("entry_price", "exit_price", "qty", "gross_pnl", "fees", "funding", "pnl")
        },
    }


def _plain(amount: Decimal) -> str:
    return f"{round(amount, 8).normalize():f}"


def _signed(amount: Decimal) -> str:
    return f"{round(amount, 8).normalize():+f}"
