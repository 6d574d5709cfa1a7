"""Two exits for one closing are found, and the exits that doubt, refusals and part fills call for are not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from whalebot.research.chaos.books import Books
from whalebot.research.chaos.exit_laws import exits_are_single
from whalebot.research.chaos.ledger import Ledger

Line = dict[str, Any]
ENTRY, FIRST, SECOND = "wb1-BTCUSDT-1", "wb1-BTCUSDT-2", "wb1-BTCUSDT-3"
NOW = 1_000_000


def execution(name: str, qty: str = "0.5", closed: str = "0", symbol: str = "BTCUSDT") -> Line:
    facts = {"exec_id": name, "realised": "0", "fee": "0", "ts_ms": 0, "order_link_id": name}
    side = "Buy" if closed == "0" else "Sell"
    told = {"kind": "execution", "real_ms": NOW, "symbol": symbol, "side": side}
    return {**told, "qty": qty, "closed_size": closed, **facts}


def refused(name: str, ret_code: int = 110017) -> Line:
    told = {"kind": "order", "real_ms": NOW, "symbol": "BTCUSDT", "status": "refused"}
    return {**told, "command": "CreateOrder", "order_link_id": name, "ret_code": ret_code}


def exit_sent(name: str, at_ms: int) -> dict[str, Any]:
    ts = datetime.fromtimestamp((NOW + at_ms) / 1000, UTC).isoformat(timespec="milliseconds")
    return {"kind": "exit_sent", "ts": ts, "symbol": "BTCUSDT", "fields": {"order_link_id": name}}


SENT_TWICE = [exit_sent(FIRST, 0), exit_sent(SECOND, 4)]
CLOSED_ONCE = [execution(ENTRY), execution(FIRST, closed="0.5"), refused(SECOND)]


def findings(log: list[Line], events: list[dict[str, Any]]) -> list[str]:
    ledger = Ledger()
    for line in log:
        ledger.take(line)
    return list(exits_are_single(ledger.finish(), Books([], {}, events)))


def test_two_exits_for_one_closing_are_found() -> None:
    [finding] = findings(CLOSED_ONCE, SENT_TWICE)
    assert f"exit {SECOND} was sent 4 ms after exit {FIRST}" in finding


def test_an_exit_that_filled_in_several_parts_and_closed_alone_is_one() -> None:
    log = [execution(ENTRY), execution(FIRST, "0.2", "0.2"), execution(FIRST, "0.3", "0.3"), refused(SECOND)]
    assert len(findings(log, SENT_TWICE)) == 1


LAWFUL: dict[str, tuple[list[Line], list[dict[str, Any]]]] = {
    "one exit": (CLOSED_ONCE[:2], SENT_TWICE[:1]),
    "the first was in doubt": (CLOSED_ONCE, [exit_sent(FIRST, 0), exit_sent(SECOND, 1_000)]),
    "the first was refused": (
        [execution(ENTRY), refused(FIRST, 10016), execution("", closed="0.5"), refused(SECOND)],
        SENT_TWICE,
    ),
    "the first filled in part, then the stop struck": (
        [execution(ENTRY), execution(FIRST, "0.2", "0.2"), execution("", "0.3", "0.3"), refused(SECOND)],
        SENT_TWICE,
    ),
    "the first filled in part, and the second the rest": (
        [execution(ENTRY), execution(FIRST, "0.2", "0.2"), execution(SECOND, "0.3", "0.3")],
        SENT_TWICE,
    ),
    "the stop came first": ([execution(ENTRY), execution("", closed="0.5"), refused(SECOND)], SENT_TWICE),
    "another position came between": (
        [*CLOSED_ONCE[:2], execution("wb1-BTCUSDT-9"), refused(SECOND)],
        SENT_TWICE,
    ),
    "the other side of a hedge is open": (
        [{**execution(ENTRY), "side": "Sell"}, *CLOSED_ONCE],
        SENT_TWICE,
    ),
    "a restart came between": (CLOSED_ONCE, [SENT_TWICE[0], {"kind": "start"}, SENT_TWICE[1]]),
    "its name was sent twice": ([*CLOSED_ONCE[:2], refused(FIRST, 110072), refused(FIRST)], SENT_TWICE[:1]),
    "the disk did not take one notice": (CLOSED_ONCE, SENT_TWICE[1:]),
    "somebody else closed it": (
        [execution(ENTRY), execution("by-hand", closed="0.5"), refused(SECOND)],
        SENT_TWICE,
    ),
    "another symbol was closed": (
        [
            execution(ENTRY, symbol="ETHUSDT"),
            execution(FIRST, closed="0.5", symbol="ETHUSDT"),
            refused(SECOND),
        ],
        SENT_TWICE,
    ),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_an_exit_that_was_called_for_is_none(name: str) -> None:
    assert findings(*LAWFUL[name]) == []
