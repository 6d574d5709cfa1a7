"""Judges a run: what the daemon recorded against what the exchange's own log says happened.

Every law is a function of (ledger, books) that yields findings; no finding means that the law holds.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from whalebot.research.chaos.ledger import Ledger, Position, read_ledger, read_lines
from whalebot.research.chaos.spans import Span, length_outside

LONGEST_BARE_MS = 2_000
_FINAL = {"Filled", "Cancelled", "Rejected", "PartiallyFilledCanceled", "Deactivated"}
_DUPLICATE_LINK_ID = 110072
_OWN = "wb"
Trade = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Books:
    """What the daemon left behind: its trades, its state document and the notices of its event log.

    `is_over` False: the daemon may still be at work on open orders. `excused` are the stretches of real time
    in which it could not see or reach what needed protection. What the exchange did after `until_ms`, real
    time, the daemon need not know of.
    """

    trades: list[Trade]
    state: dict[str, Any]
    events: list[dict[str, Any]]
    is_over: bool = True
    excused: tuple[Span, ...] = ()
    until_ms: int = sys.maxsize


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings, and the figures that go with them."""

    findings: tuple[str, ...]
    trades: int
    open_positions: int
    net: Decimal
    worst_bare_ms: int
    stops_moved: int
    closed_by: Counter[str]

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


def read_books(
    folder: Path,
    mode: str,
    *,
    is_over: bool = True,
    excused: tuple[Span, ...] = (),
    until_ms: int = sys.maxsize,
) -> Books:
    """Read what the daemon of a --dir left behind in one mode."""
    state = folder / "state" / f"{mode}.json"
    return Books(
        trades=[t for t in _read_json(folder / "trade_history.json", []) if t["mode"] == mode],
        state=_read_json(state, {"document": {}})["document"],
        events=list(read_lines(folder / "logs" / "events.jsonl", may_be_torn=True)),
        is_over=is_over,
        excused=excused,
        until_ms=until_ms,
    )


def _read_json(path: Path, absent: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else absent


def judge(ledger: Ledger, books: Books) -> Verdict:
    """Hold every law; return all findings."""
    closed = [position for position in ledger.closed if _is_ours(position)]
    return Verdict(
        findings=tuple(text for law in LAWS for text in law(ledger, books)),
        trades=len(books.trades),
        open_positions=len(ledger.open),
        net=sum((position.net for position in closed), Decimal(0)),
        worst_bare_ms=max((position.unprotected_ms for position in ledger.positions), default=0),
        stops_moved=sum(max(0, len(position.stops) - 1) for position in ledger.positions),
        closed_by=Counter(trade["closed_by"] for trade in books.trades),
    )


def trades_are_positions(ledger: Ledger, books: Books) -> Iterator[str]:
    """Every closed position is one trade, and every trade one closed position."""
    counted = Counter(_key(trade) for trade in books.trades)
    positions = Counter(_key_of(position) for position in ledger.closed if _is_ours(position))
    too_late = Counter(_key_of(p) for p in ledger.closed if p.changed_ms > books.until_ms)
    for key, count in (positions - counted - too_late).items():
        yield f"not in the history ({count} x): {key}"
    for key, count in (counted - positions).items():
        yield f"in the history, but no position of the exchange ({count} x): {key}"
    ids = Counter(trade["trade_id"] for trade in books.trades)
    for name, count in ids.items():
        if count > 1:
            yield f"trade {name} stands there {count} times"


def amounts_are_the_ledgers(ledger: Ledger, books: Books) -> Iterator[str]:
    """Amounts and times of each trade equal the exchange's own to the last decimal; so does the sum."""
    trades = {_key(trade): trade for trade in books.trades}
    total = Decimal(0)
    for position in ledger.closed:
        trade = trades.get(_key_of(position))
        if trade is None:
            continue
        total += position.net
        theirs = (position.net, position.realised, position.fees, position.funding)
        ours = tuple(Decimal(trade[name]) for name in ("pnl", "gross_pnl", "fees", "funding"))
        if ours != theirs:
            yield f"{trade['trade_id']}: (net, gross, fees, funding) {ours}, the exchange has {theirs}"
        if ours[0] != ours[1] - ours[2] - ours[3]:
            yield f"{trade['trade_id']}: pnl is not gross - fees - funding"
        times = (_ms(trade["entry_time"]), _ms(trade["exit_time"]))
        if times != (position.opened_ms, position.closed_ms):
            yield f"{trade['trade_id']}: {times}, the exchange has {position.opened_ms, position.closed_ms}"
    recorded = sum((Decimal(trade["pnl"]) for trade in books.trades), Decimal(0))
    if recorded != total:
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
            if not trade["reconciled"]:
                yield f"{trade['trade_id']}: no entry score"
            continue
        total = 0.0
        for part in trade["breakdown"].values():
            total += part
        if total != trade["entry_score"]:
            yield f"{trade['trade_id']}: breakdown sums to {total!r}, score {trade['entry_score']!r}"


def always_protected(ledger: Ledger, books: Books) -> Iterator[str]:
    """No position is without a stop at the exchange for longer than two seconds of reachable real time."""
    for position in ledger.positions:
        for span in position.bare:
            reachable_ms = length_outside(span, books.excused)
            if reachable_ms > LONGEST_BARE_MS:
                yield f"{position}: {reachable_ms} ms without a stop, from {span.start_ms} on"


def stops_only_tighten(ledger: Ledger, books: Books) -> Iterator[str]:
    """From the initial stop on, a stop moves in favour of its position only and never away.

    None between two stops is no move: a stop that fired and was filled in part leaves none behind.
    """
    initial = {_key(trade): trade["initial_stop"] for trade in books.trades}
    for position in ledger.positions:
        anchor = initial.get(_key_of(position))
        if anchor is None or Decimal(anchor) not in position.stops:
            continue
        sign = 1 if position.side == "Buy" else -1
        stops = [stop for stop in position.stops if stop is not None]
        stops = stops[stops.index(Decimal(anchor)) :]
        for before, after in pairwise(stops):
            if sign * (after - before) < 0:
                yield f"{position}: stop went from {before} to {after}"


def link_ids_are_used_once(ledger: Ledger, books: Books) -> Iterator[str]:
    """No order link id was ever given to two orders, tried twice, or named twice in the daemon's log."""
    for link_id, orders in ledger.orders.items():
        if len(orders) > 1:
            yield f"link id {link_id} has {len(orders)} orders"
    for line in ledger.refused:
        if line["ret_code"] == _DUPLICATE_LINK_ID:
            yield f"link id {line['order_link_id']} was sent twice"
    sent = Counter(_sent_ids(books))
    yield from (f"link id {name} was sent {count} times" for (_, name), count in sent.items() if count > 1)


def orders_have_ended(ledger: Ledger, books: Books) -> Iterator[str]:
    """Every order of the daemon reached a final state, and the daemon knows it."""
    if not books.is_over:
        return
    for link_id, orders in ledger.orders.items():
        for status in orders.values():
            if link_id.startswith(_OWN) and status not in _FINAL:
                yield f"order {link_id} ended as {status}"
    # An order that never left may wait for the next start; so may the word that a trade is on disk.
    in_flight = {memory["intent"]["order_link_id"] for memory in books.state.get("intents", ())}
    in_flight -= {name for name, at_ms in ledger.order_ms.items() if at_ms > books.until_ms}
    yield from (f"order {name} is still in flight" for name in sorted(in_flight & ledger.orders.keys()))
    unrecorded = {trade["trade_id"] for trade in books.state.get("unrecorded_trades", ())}
    on_disk = {trade["trade_id"] for trade in books.trades}
    yield from (f"trade {name} was never recorded" for name in sorted(unrecorded - on_disk))


def open_positions_are_known(ledger: Ledger, books: Books) -> Iterator[str]:
    """What is open at the exchange is what the daemon remembers, with its size."""
    if not books.is_over:
        return
    moving = {p.symbol for p in ledger.positions if p.changed_ms > books.until_ms}
    theirs = {p.symbol: p.size for p in ledger.open if p.symbol not in moving}
    known = [m for m in books.state.get("positions", ()) if m["symbol"] not in moving]
    ours = {m["symbol"]: _held(m) for m in known}
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


def _held(memory: dict[str, Any]) -> Decimal:
    return abs(Decimal(memory["bought_qty"]) - Decimal(memory["sold_qty"]))


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _is_ours(position: Position) -> bool:
    return position.first_link_id.startswith(_OWN)


def _key(trade: Trade) -> tuple[str, str, Decimal, str]:
    first = trade["order_link_ids"][0] if trade["order_link_ids"] else ""
    return trade["symbol"], trade["side"], Decimal(trade["qty"]), first


def _key_of(position: Position) -> tuple[str, str, Decimal, str]:
    return position.symbol, position.side, position.entered, position.first_link_id


def _sent_ids(books: Books) -> Iterator[tuple[int, str]]:
    """Yield (start of the daemon, link id): what a killed one told of but never sent may be used again."""
    starts = 0
    for event in books.events:
        if event.get("kind") == "start":
            starts += 1
        elif event.get("kind") in ("entry_sent", "exit_sent"):
            yield starts, event["fields"]["order_link_id"]
