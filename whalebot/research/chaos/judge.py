"""Judges a run: what the daemon recorded against what the exchange's own log says happened.

Every law is a function of (ledger, books) that yields findings; no finding means that the law holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from whalebot.research.chaos.books import (
    OWN,
    Books,
    Trade,
    first_link_id,
    held,
    is_ours,
    key_of_position,
    key_of_trade,
    read_books,
    to_ms,
)
from whalebot.research.chaos.entry_laws import entries_are_single, link_ids_are_used_once, why_is_known
from whalebot.research.chaos.exit_laws import exits_are_single
from whalebot.research.chaos.ledger import Ledger, read_ledger
from whalebot.research.chaos.stop_laws import (
    always_protected,
    excuses,
    stops_only_tighten,
    unjudged_stops,
)

__all__ = ["LAWS", "Books", "Verdict", "judge", "judge_folder", "read_books", "requests_are_paced"]

_FINAL: Final = {"Filled", "Cancelled", "Rejected", "PartiallyFilledCanceled", "Deactivated"}
# The venue's books have eight decimals a row.
_ROUNDED: Final = Decimal("1e-8")
# An answer is waited for six seconds, and that an order never arrived is certain some seconds later.
_FATE_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings, and the figures that go with them.

    `excused` tells of each position that lacked a stop how many ms were excused by what. `unjudged_stops`
    counts positions whose moved stops no law judges.
    """

    findings: tuple[str, ...]
    trades: int
    open_positions: int
    net: Decimal
    worst_bare_ms: int
    stops_moved: int
    closed_by: Counter[str]
    excused: dict[str, Counter[str]] = field(default_factory=dict)
    unjudged_stops: int = 0

    def __str__(self) -> str:
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(self.closed_by.items()))
        head = (
            f"{self.trades} trades ({reasons or 'none'}), {self.open_positions} open, net {self.net}, "
            f"{self.stops_moved} stop moves, longest without a stop {self.worst_bare_ms} ms"
        )
        return "\n".join([head, *(f"  FOUND: {finding}" for finding in self.findings)])


def judge_folder(folder: Path, mode: str = "demo", log: Path | None = None, is_over: bool = True) -> Verdict:
    """Judge the --dir of a daemon; `log` is the exchange's log, the demo's own by default."""
    return judge(
        read_ledger(log or folder / "logs" / "exchange.jsonl"), read_books(folder, mode, is_over=is_over)
    )


def judge(ledger: Ledger, books: Books) -> Verdict:
    """Hold every law; return all findings."""
    closed = [position for position in ledger.closed if is_ours(position)]
    return Verdict(
        findings=tuple(text for law in LAWS for text in law(ledger, books)),
        trades=len(books.trades),
        open_positions=len(ledger.open),
        net=sum((position.net for position in closed), Decimal(0)),
        worst_bare_ms=max((position.unprotected_ms for position in ledger.positions), default=0),
        stops_moved=sum(max(0, len(position.stops) - 1) for position in ledger.positions),
        closed_by=Counter(trade["closed_by"] for trade in books.trades),
        excused=excuses(ledger, books),
        unjudged_stops=unjudged_stops(ledger),
    )


def trades_are_positions(ledger: Ledger, books: Books) -> Iterator[str]:
    """Every closed position is one trade, and every trade one closed position."""
    counted = Counter(key_of_trade(trade) for trade in books.trades)
    positions = Counter(key_of_position(position) for position in ledger.closed if is_ours(position))
    too_late = Counter(key_of_position(p) for p in ledger.closed if p.changed_ms > books.limit_ms)
    for key, count in (positions - counted - too_late).items():
        yield f"not in the history ({count} x): {key}"
    for key, count in (counted - positions).items():
        yield f"in the history, but no position of the exchange ({count} x): {key}"
    ids = Counter(trade["trade_id"] for trade in books.trades)
    for name, count in ids.items():
        if count > 1:
            yield f"trade {name} stands there {count} times"


def amounts_are_the_ledgers(ledger: Ledger, books: Books) -> Iterator[str]:
    """Amounts and times of each trade equal the exchange's own to the last decimal; so does the sum.

    What was rebuilt from the venue's books may differ by as much as their rows are rounded.
    """
    trades = {key_of_trade(trade): trade for trade in books.trades}
    total = slack = Decimal(0)
    for position in ledger.closed:
        trade = trades.get(key_of_position(position))
        if trade is None:
            continue
        total += position.net
        theirs = (position.net, position.realised, position.fees, position.funding)
        ours = tuple(Decimal(trade[name]) for name in ("pnl", "gross_pnl", "fees", "funding"))
        rounded = _ROUNDED * position.executions if trade["reconciled"] else Decimal(0)
        slack += rounded
        if any(abs(our - their) > rounded for our, their in zip(ours, theirs, strict=True)):
            yield f"{trade['trade_id']}: (net, gross, fees, funding) {ours}, the exchange has {theirs}"
        if ours[0] != ours[1] - ours[2] - ours[3]:
            yield f"{trade['trade_id']}: pnl is not gross - fees - funding"
        times = (to_ms(trade["entry_time"]), to_ms(trade["exit_time"]))
        if times != (position.opened_ms, position.closed_ms):
            yield f"{trade['trade_id']}: {times}, the exchange has {position.opened_ms, position.closed_ms}"
    recorded = sum((Decimal(trade["pnl"]) for trade in books.trades), Decimal(0))
    if abs(recorded - total) > slack:
        yield f"the sum of the trades is {recorded}, of their positions {total}"


def wallet_agrees(ledger: Ledger, books: Books) -> Iterator[str]:
    """The exchange's wallet moved by exactly what its executions and its funding say."""
    moved = ledger.last_wallet - (ledger.first_wallet or Decimal(0))
    if ledger.first_wallet is not None and moved != ledger.flow:
        yield f"the wallet moved by {moved}, its executions and funding make {ledger.flow}"
    yield from ledger.oddities
    yield from (f"violation: {line}" for line in ledger.violations)


def breakdowns_sum(ledger: Ledger, books: Books) -> Iterator[str]:
    """The parts of an entry, added left to right, are its score to the last bit."""
    for trade in books.trades:
        if trade["entry_score"] is None:
            if not trade["reconciled"] and not first_link_id(trade).startswith(OWN):
                yield f"{trade['trade_id']}: no entry score"
            continue
        total = 0.0
        for part in trade["breakdown"].values():
            total += part
        if total != trade["entry_score"]:
            yield f"{trade['trade_id']}: breakdown sums to {total!r}, score {trade['entry_score']!r}"


def orders_have_ended(ledger: Ledger, books: Books) -> Iterator[str]:
    """Every order of the daemon reached a final state, and the daemon knows it."""
    if not books.is_over:
        return
    for link_id, orders in ledger.orders.items():
        for status in orders.values():
            if link_id.startswith(OWN) and status not in _FINAL:
                yield f"order {link_id} ended as {status}"
    for memory in books.state.get("intents", ()):
        yield from _still_in_flight(memory["intent"], ledger, books)
    # The word that a trade is on disk may wait for the next start.
    unrecorded = {trade["trade_id"] for trade in books.state.get("unrecorded_trades", ())}
    on_disk = {trade["trade_id"] for trade in books.trades}
    yield from (f"trade {name} was never recorded" for name in sorted(unrecorded - on_disk))


def open_positions_are_known(ledger: Ledger, books: Books) -> Iterator[str]:
    """What is open at the exchange is what the daemon remembers, with its size."""
    if not books.is_over:
        return
    moving = {p.symbol for p in ledger.positions if p.changed_ms > books.limit_ms}
    theirs = {(p.symbol, p.side): p.size for p in ledger.open if p.symbol not in moving}
    known = {m["symbol"]: held(m) for m in books.state.get("positions", ()) if m["symbol"] not in moving}
    ours = {(symbol, "Buy" if size > 0 else "Sell"): abs(size) for symbol, size in known.items()}
    if theirs != ours:
        yield f"open at the exchange: {theirs}, remembered: {ours}"


def daily_books_agree(_: Ledger, books: Books) -> Iterator[str]:
    """What the daemon booked on a day is what the exchange booked, through every loss of news."""
    for event in books.events:
        if event.get("kind") == "books_differ":
            yield f"the daemon's own books of a day are wrong: {event['text']}"


LAWS: tuple[Callable[[Ledger, Books], Iterator[str]], ...] = (
    trades_are_positions,
    amounts_are_the_ledgers,
    wallet_agrees,
    breakdowns_sum,
    always_protected,
    stops_only_tighten,
    link_ids_are_used_once,
    entries_are_single,
    exits_are_single,
    why_is_known,
    orders_have_ended,
    open_positions_are_known,
    daily_books_agree,
)


def requests_are_paced(ledger: Ledger, limit: int) -> Iterator[str]:
    """No kind of private request is made more than `limit` times in one second of real time.

    Not one of LAWS: a market that waits for its clients may be asked as fast as it goes.
    """
    for path, times in ledger.requests.items():
        ordered = sorted(times)
        most = max(number - bisect_left(ordered, at_ms - 1_000) for number, at_ms in enumerate(ordered, 1))
        if most > limit:
            yield f"{path} was asked {most} times within a second"


def _still_in_flight(intent: Trade, ledger: Ledger, books: Books) -> Iterator[str]:
    """What was sent just before the end, or before the last save, may wait for the next start."""
    name = intent["order_link_id"]
    if name in ledger.orders:
        if ledger.order_ms[name] <= books.limit_ms:
            yield f"order {name} is still in flight"
    elif intent["sent_ms"] + _FATE_MS <= min(books.state["saved_ms"], books.limit_ms):
        yield f"order {name} is still in flight, and the exchange never had it"
