"""What a session did, held against a simulated venue, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.domain.effects import SubmitOrder
from whalebot.domain.intervals import iso_utc
from whalebot.research.comparing.execution import Execution
from whalebot.research.comparing.legs import Leg
from whalebot.research.comparing.matching import Pair
from whalebot.research.comparing.slippage import OrderSlippage
from whalebot.research.replaying import Replay

_ZERO: Final = Decimal(0)
_SUMS: Final = (("gross", "price"), ("fees", "fees"), ("funding", "funding"), ("pnl", "net"))

_UNSEEN: Final = " (an order of it met prices that the recording holds only joined with later ones)"


def decision_lines(found: Replay) -> Iterator[str]:
    """Yield whether the engine decides the same again."""
    if found.parting is None:
        yield f"decisions: {found.events} events and {found.effects} effects, all the same when replayed"
    else:
        at = found.parting
        yield f"decisions: parted at event {at.number} ({at.event}, {iso_utc(at.recv_ms)}): {at.words}"


def order_lines(found: Execution) -> Iterator[str]:
    """Yield how long orders took, and which the venue did not take."""
    orders = [r for r in found.orders.requests if isinstance(r.effect, SubmitOrder)]
    waits = sorted(r.latency_ms or 0 for r in orders if r.is_exact)
    told = f"orders: {len(orders)} sent"
    if waits:
        told += f"; recorded latency, market time: median {waits[len(waits) // 2]} ms, longest {waits[-1]} ms"
    yield told
    for reason, count in Counter(r.refused for r in orders if r.refused).most_common():
        yield f"  {count} refused by the venue, so not simulated: {reason}"
    if found.lent:
        yield (
            f"  {len(found.lent)} taken by the venue for which the simulation had no margin at that instant "
            f"(it was lent): {', '.join(found.lent)}"
        )


def slippage_lines(found: Sequence[OrderSlippage], each: bool) -> Iterator[str]:
    """Yield what fills cost against the price at the decision. each: one line an order besides."""
    yield (
        "slippage against the price at the decision (stops: their trigger), above zero is a cost, "
        "beside what a backtest assumes:"
    )
    for kind in ("entry", "exit", "stop"):
        orders = [one for one in found if one.kind == kind]
        if orders:
            value = sum((one.wanted * one.qty for one in orders), _ZERO) / 10_000
            cost = sum((one.cost for one in orders), _ZERO)
            assumed = sum((one.assumed_cost for one in orders), _ZERO)
            worst = max(one.bps for one in orders)
            yield (
                f"  {kind:<6}{count_text(len(orders), 'order')}: {cost / value:.2f} bps on average, "
                f"worst {worst:.2f}, {cost:.2f} USDT in all; "
                f"assumed {assumed / value:.2f} bps, {assumed:.2f} USDT"
            )
    if each:
        for one in found:
            yield (
                f"    {iso_utc(one.ts_ms)} {one.symbol} {one.kind} {one.side.value} {_plain(one.qty)}: "
                f"wanted {_plain(one.wanted)}, got {_plain(one.got)}: {one.bps:.2f} bps, "
                f"assumed {one.assumed_bps:.2f}"
            )


def execution_lines(found: Execution, assumed: str) -> Iterator[str]:
    """Yield one line a difference, then what they come to. assumed: what the simulated venue was told."""
    yield f"execution: the same orders at a simulated venue; {assumed}"
    for pair in found.pairs:
        if not pair.is_equal:
            yield f"  {_title(pair)}: {_difference(pair, found)}"
    if found.joined:
        yield (
            f"  {len(found.joined)} stops fired at a price that came joined with others; within these their "
            f"times count as equal, at most {max(map(abs, found.joined.values()))} ms apart: "
            f"{', '.join(found.joined)}"
        )
    yield from (f"  {note}" for note in found.notes)
    for symbol in found.before:
        yield f"  {symbol}: compared from its first entry on: its position was open when the recording began"
    happened = [pair.happened for pair in found.pairs if pair.happened is not None]
    simulated = [pair.simulated for pair in found.pairs if pair.simulated is not None]
    equal = sum(pair.is_equal for pair in found.pairs)
    still = sum(not leg.is_over for leg in happened)
    is_open = f" ({still} still open)" if still else ""
    both = f"{count_text(len(happened), 'trade')} happened{is_open}, {len(simulated)} simulated"
    yield f"{both}; {equal} {'is' if equal == 1 else 'are'} equal in everything; amounts in USDT"
    for name, label in _SUMS:
        old, new = (sum((getattr(leg, name) for leg in legs), _ZERO) for legs in (happened, simulated))
        yield f"  {label:<8} happened {_plain(old)}, simulated {_plain(new)} ({_signed(new - old)})"


def latency_line(as_recorded: Execution, assumed: Execution) -> str:
    """Return what the assumed latency alone comes to, against the recorded one."""
    old, new = (
        sum((p.simulated.pnl for p in found.pairs if p.simulated is not None), _ZERO)
        for found in (as_recorded, assumed)
    )
    return f"  of it by latency alone: {_signed(new - old)}"


def execution_json(decisions: Replay, found: Execution, slippage: Sequence[OrderSlippage]) -> dict[str, Any]:
    """Return decisions, orders, slippage and every pair of trades with its differing fields."""
    parting = decisions.parting
    orders = [r for r in found.orders.requests if isinstance(r.effect, SubmitOrder)]
    return {
        "decisions": {
            "events": decisions.events,
            "effects": decisions.effects,
            "parted": None if parting is None else {"event": parting.number, "words": parting.words},
        },
        "orders": [
            {
                "order_link_id": r.effect.intent.order_link_id,
                "latency_ms": r.latency_ms if r.is_exact else None,
                "refused": r.refused,
            }
            for r in orders
        ],
        "lent": list(found.lent),
        "joined_ms": dict(found.joined),
        "unseen": sorted(found.unseen),
        "notes": list(found.notes),
        "slippage": [_slippage(one) for one in slippage],
        "trades": [
            {
                "happened": None if pair.happened is None else _facts(pair.happened),
                "simulated": None if pair.simulated is None else _facts(pair.simulated),
                "differing": list(pair.differing),
            }
            for pair in found.pairs
        ],
    }


def _slippage(one: OrderSlippage) -> dict[str, Any]:
    return {
        "order": one.link_id,
        "symbol": one.symbol,
        "kind": one.kind,
        "time": iso_utc(one.ts_ms),
        "qty": format(one.qty, "f"),
        "wanted": format(one.wanted, "f"),
        "got": format(round(one.got, 12), "f"),
        "bps": float(round(one.bps, 4)),
        "assumed_bps": float(round(one.assumed_bps, 4)),
    }


def _title(pair: Pair[Leg]) -> str:
    leg = pair.happened or pair.simulated
    assert leg is not None
    return f"{iso_utc(leg.entry_ms)} {leg.symbol} {leg.side.value} {_plain(leg.qty)}"


def _difference(pair: Pair[Leg], found: Execution) -> str:
    one, other = pair.happened, pair.simulated
    if one is not None and other is not None:
        told = "; ".join(_field(name, getattr(one, name), getattr(other, name)) for name in pair.differing)
        return told + (_UNSEEN if one.name in found.unseen else "")
    if one is None:
        assert other is not None
        return f"missed: the simulated venue trades here (net {_signed(other.pnl)}), it did not happen"
    reason = found.refused.get(one.name)
    why = f": it refuses the order: {reason}" if reason else ""
    return f"extra: happened (net {_signed(one.pnl)}), the simulated venue has no such trade{why}"


def _field(name: str, old: Any, new: Any) -> str:
    if name.endswith("_ms"):
        label, both = name.removesuffix("_ms"), old is not None and new is not None
        by = f" ({new - old:+d} ms)" if both else ""
        return f"{label} {_time(old)} -> {_time(new)}{by}"
    if isinstance(old, Decimal) and isinstance(new, Decimal):
        return f"{name} {_plain(old)} -> {_plain(new)} ({_signed(new - old)})"
    return f"{name} {old if old else 'none'} -> {new if new else 'none'}"


def _time(ts_ms: int | None) -> str:
    return "still open" if ts_ms is None else iso_utc(ts_ms)


def _facts(leg: Leg) -> dict[str, Any]:
    exit_price = leg.exit_price
    return {
        "trade_id": leg.name,
        "symbol": leg.symbol,
        "side": leg.side.value,
        "entry_time": iso_utc(leg.entry_ms),
        "exit_time": None if leg.exit_ms is None else iso_utc(leg.exit_ms),
        "closed_by": leg.closed_by,
        "exit_price": None if exit_price is None else format(exit_price, "f"),
        **{
            name: format(getattr(leg, name), "f")
            for name in ("entry_price", "qty", "gross", "fees", "funding", "pnl")
        },
    }


def _plain(amount: Decimal) -> str:
    return f"{round(amount, 8).normalize():f}"


def _signed(amount: Decimal) -> str:
    return f"{round(amount, 8).normalize():+f}"
