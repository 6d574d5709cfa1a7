"""The laws about entries: one order a decision and a position, and what it was for is never forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from whalebot.research.chaos.books import (
    OWN,
    Books,
    Trade,
    first_link_id,
    is_ours,
    key_of_position,
    key_of_trade,
)
from whalebot.research.chaos.ledger import Ledger
from whalebot.research.chaos.stop_laws import stop_moved

_DUPLICATE_LINK_ID = 110072


def link_ids_are_used_once(ledger: Ledger, books: Books) -> Iterator[str]:
    """No order link id was ever given to two orders, tried twice, or named twice in the daemon's log.

    Nor was it tried again after the exchange had refused it: what is sent again has a name of its own.
    """
    for link_id, orders in ledger.orders.items():
        if len(orders) > 1:
            yield f"link id {link_id} has {len(orders)} orders"
    for line in ledger.refused:
        if line["ret_code"] == _DUPLICATE_LINK_ID:
            yield f"link id {line['order_link_id']} was sent twice"
    yield from _sent_after_refusal(ledger)
    sent = Counter(_sent_ids(books))
    yield from (f"link id {name} was sent {count} times" for name, count in sent.items() if count > 1)


def entries_are_single(ledger: Ledger, books: Books) -> Iterator[str]:
    """One order of ours opens a position, and one analysis of a bar leads to one order that trades.

    A refused order and one of the next bar are two decisions; so are the first and the second leg of a
    reversal, since a bar with a position is asked for an exit.
    """
    for position in ledger.positions:
        ours = [name for name in position.openers if name.startswith(OWN)]
        if len(ours) > 1:
            yield f"{position}: opened by {len(ours)} orders of ours: {', '.join(ours)}"
    traded = {name for position in ledger.positions for name in position.openers}
    decided: dict[tuple[str, str, int], list[str]] = {}
    for decision, name in _decisions(books):
        if name in traded and name not in decided.setdefault(decision, []):
            decided[decision].append(name)
    for names in decided.values():
        if len(names) > 1:
            yield f"one decision led to {len(names)} orders that traded: {', '.join(names)}"


def why_is_known(ledger: Ledger, books: Books) -> Iterator[str]:
    """What an order of ours opened is remembered as ours: why, with which initial stop, from what was told.

    Without an initial stop is only what ended before the fate of its entry was known: nobody moved its stop,
    and the daemon never told of the entry.
    """
    entered = {event["fields"]["order_link_id"] for event in books.events if event.get("kind") == "entry"}
    moved = {key_of_position(position) for position in ledger.positions if stop_moved(position)}
    for trade in books.trades:
        name = first_link_id(trade)
        if not name.startswith(OWN):
            continue
        yield from _forgotten(trade, trade["trade_id"], name)
        if trade["reconciled"]:
            yield f"{name}: rebuilt from the venue's books, though its executions were to be had"
        if trade["initial_stop"] is None and (key_of_trade(trade) in moved or name in entered):
            yield f"{name}: its initial stop was forgotten"
    yield from _open_and_forgotten(ledger, books)


def _open_and_forgotten(ledger: Ledger, books: Books) -> Iterator[str]:
    ours = {(p.symbol, p.side): p for p in ledger.open if is_ours(p) and p.changed_ms <= books.limit_ms}
    for memory in books.state.get("positions", ()):
        position = ours.get((memory["symbol"], memory.get("side", "")))
        if position is not None:
            yield from _forgotten(memory, memory["entry_link_id"], position.first_link_id)


def _forgotten(record: Trade, recorded_as: str, name: str) -> Iterator[str]:
    if recorded_as != name or record.get("foreign"):
        yield f"{name}: was opened by us, and is remembered as {recorded_as or 'somebody else'}'s"
    if record["entry_score"] is None:
        yield f"{name}: no entry score"


def _decisions(books: Books) -> Iterator[tuple[tuple[str, str, int], str]]:
    """Yield ((symbol, volatility, number of the bar), link id) of every entry the daemon told of.

    Volatility tells bars apart where the disk did not take the analyses between two of them; a bar that is
    analysed again after a restart keeps its number.
    """
    bars: dict[str, tuple[int, str]] = {}
    for event in books.events:
        symbol = event.get("symbol", "")
        number, shown = bars.get(symbol, (0, ""))
        if event.get("kind") == "analysis":
            bar = _bar_shown(event)
            bars[symbol] = (number + (bar != shown), bar)
        elif event.get("kind") == "entry_sent":
            fields = event["fields"]
            volatility = f"{float(fields.get('atr', 0)):.9g}"
            yield (symbol, volatility, number), fields["order_link_id"]


def _bar_shown(event: dict[str, Any]) -> str:
    """The time of day of a bar, the third word of its line."""
    words = str(event.get("text", "")).split(maxsplit=3)
    return words[2] if len(words) > 2 else ""


def _sent_after_refusal(ledger: Ledger) -> Iterator[str]:
    refused = Counter(
        line["order_link_id"]
        for line in ledger.refused
        if line.get("command") == "CreateOrder" and line["ret_code"] != _DUPLICATE_LINK_ID
    )
    for name, count in refused.items():
        if name.startswith(OWN) and (count > 1 or name in ledger.orders):
            yield f"link id {name} was refused, and was sent again"


def _sent_ids(books: Books) -> Iterator[str]:
    """Yield the link id of every order the daemon told of: numbers grow over restarts, kills too."""
    for event in books.events:
        if event.get("kind") in ("entry_sent", "exit_sent"):
            yield event["fields"]["order_link_id"]
