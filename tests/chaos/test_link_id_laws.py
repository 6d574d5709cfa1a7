"""A link id that serves two requests is found, over restarts too; a new one after a refusal is no second."""

from __future__ import annotations

from typing import Any

import pytest

from whalebot.research.chaos.books import Books
from whalebot.research.chaos.entry_laws import link_ids_are_used_once
from whalebot.research.chaos.ledger import Ledger

FIRST, SECOND = "wb1-BTCUSDT-1", "wb1-BTCUSDT-2"


def order(name: str, status: str = "Filled", **facts: Any) -> dict[str, Any]:
    told = {"kind": "order", "real_ms": 0, "symbol": "BTCUSDT", "status": status}
    return {**told, "order_link_id": name, "order_id": f"of {name}", **facts}


def refused(name: str, ret_code: int = 110007, command: str = "CreateOrder") -> dict[str, Any]:
    return order(name, "refused", ret_code=ret_code, command=command)


def sent(name: str, kind: str = "entry_sent") -> dict[str, Any]:
    return {"kind": kind, "fields": {"order_link_id": name}}


START = {"kind": "start"}


def findings(log: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[str]:
    ledger = Ledger()
    for line in log:
        ledger.take(line)
    return list(link_ids_are_used_once(ledger.finish(), Books([], {}, events)))


@pytest.mark.parametrize(
    ("log", "events", "expected"),
    [
        ([order(FIRST), order(FIRST, order_id="another")], [], "has 2 orders"),
        ([order(FIRST), refused(FIRST, 110072)], [], "was sent twice"),
        ([refused(FIRST), refused(FIRST)], [], "was refused, and was sent again"),
        ([refused(FIRST), order(FIRST)], [], "was refused, and was sent again"),
        ([], [sent(FIRST), sent(FIRST)], "was sent 2 times"),
        ([], [START, sent(FIRST), START, sent(FIRST, "exit_sent")], "was sent 2 times"),
    ],
    ids=[
        "two orders",
        "refused as known",
        "refused twice",
        "refused then taken",
        "told twice",
        "over a kill",
    ],
)
def test_a_link_id_that_is_used_again_is_found(
    log: list[dict[str, Any]], events: list[dict[str, Any]], expected: str
) -> None:
    [finding] = findings(log, events)
    assert finding.startswith(f"link id {FIRST}")
    assert expected in finding


@pytest.mark.parametrize(
    "log",
    [
        [order(FIRST, "New"), order(FIRST, "PartiallyFilled"), order(FIRST)],
        [refused(FIRST), order(SECOND)],
        [refused(FIRST), refused(SECOND)],
        [order(FIRST), refused(FIRST, 110001, "CancelOrder"), refused(FIRST, 110001, "CancelOrder")],
        [refused("somebody"), refused("somebody")],
        [refused("", command="SetTradingStop"), refused("", command="SetTradingStop")],
    ],
    ids=["one in parts", "a new name", "a new name again", "cancels", "somebody else's", "stops"],
)
def test_one_request_a_name_is_lawful(log: list[dict[str, Any]]) -> None:
    assert findings(log, [START, sent(FIRST), START, sent(SECOND, "exit_sent")]) == []
