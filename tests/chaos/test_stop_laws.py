"""A stop that a restart moved back is found, and what a restart may do to a stop is not."""

from __future__ import annotations

from typing import Any

import pytest

from whalebot.research.chaos.books import Books
from whalebot.research.chaos.ledger import Ledger
from whalebot.research.chaos.stop_laws import stops_only_tighten

Line = dict[str, Any]
ENTRY = "wb1-BTCUSDT-1"
START: Line = {"kind": "start", "real_ms": 0}


def opened(side: str) -> Line:
    facts = {"exec_id": "x", "realised": "0", "fee": "0", "ts_ms": 0, "order_link_id": ENTRY}
    told = {"kind": "execution", "real_ms": 0, "symbol": "BTCUSDT", "side": side}
    return {**told, "qty": "0.5", "closed_size": "0", **facts}


def stop(price: str) -> Line:
    told = {"kind": "stop", "real_ms": 0, "symbol": "BTCUSDT", "position_idx": 0, "size": "0.5"}
    return {**told, "stop_loss": price, "is_protected": bool(price)}


def findings(side: str, initial: str, lines: list[Line]) -> list[str]:
    ledger = Ledger()
    for line in [START, opened(side), *lines]:
        ledger.take(line)
    memory = {"entry_link_id": ENTRY, "initial_stop": initial}
    return list(stops_only_tighten(ledger.finish(), Books([], {"positions": [memory]}, [])))


@pytest.mark.parametrize(
    ("side", "initial", "prices"),
    [
        ("Buy", "91", ["90", "91", "95", "91"]),
        ("Buy", "90", ["90", "95", "90"]),
        ("Buy", "90", ["90", "95", "", "94"]),
        ("Sell", "110", ["111", "110", "105", "110"]),
    ],
    ids=["to the initial stop", "to the stop of the entry", "by way of none", "of a short"],
)
def test_a_stop_that_a_restart_moved_back_is_found(side: str, initial: str, prices: list[str]) -> None:
    *before, last = [stop(price) for price in prices]
    [finding] = findings(side, initial, [*before, START, last])
    assert f"to {prices[-1]}" in finding


@pytest.mark.parametrize(
    ("side", "initial", "prices"),
    [
        ("Buy", "91", ["90", "91", "95", "95"]),
        ("Buy", "91", ["90", "91", "95", "", "95"]),
        ("Buy", "89", ["90", "89"]),
        ("Sell", "112", ["111", "112"]),
        ("Sell", "110", ["111", "110", "105", "104"]),
    ],
    ids=["set again", "none for a moment", "to the initial one", "of a short", "tightened"],
)
def test_what_a_restart_may_do_to_a_stop_is_lawful(side: str, initial: str, prices: list[str]) -> None:
    *before, last = [stop(price) for price in prices]
    assert findings(side, initial, [*before, START, last]) == []
