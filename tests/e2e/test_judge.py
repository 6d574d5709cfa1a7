"""The judge itself: a clean run passes, and each single untruth is found by the law it breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from whalebot.research.chaos.judge import Books, judge, requests_are_paced
from whalebot.research.chaos.ledger import Ledger
from whalebot.research.chaos.spans import Span

Line = dict[str, Any]
LINK = "wb000001-BTCUSDT-1"


def line(kind: str, real_ms: int = 0, **facts: Any) -> Line:
    return {"n": 1, "sim_ms": 1_000, "real_ms": real_ms, "kind": kind, "symbol": "BTCUSDT", **facts}


def order(status: str = "Filled", link_id: str = LINK, order_id: str = "o1") -> Line:
    return line("order", order_link_id=link_id, order_id=order_id, status=status)


def execution(side: str, closed: str, realised: str, fee: str, real_ms: int, ts_ms: int) -> Line:
    facts = {"qty": "0.5", "closed_size": closed, "realised": realised, "fee": fee, "ts_ms": ts_ms}
    return line("execution", real_ms, exec_id="x", order_link_id=LINK, side=side, **facts)


def stop(price: str, real_ms: int, size: str = "0.5") -> Line:
    facts = {"position_idx": 0, "size": size, "stop_loss": price, "is_protected": bool(price)}
    return line("stop", real_ms, **facts)


def wallet(balance: str) -> Line:
    return line("wallet", wallet_balance=balance)


def clean_log() -> list[Line]:
    """A buy of 0.5 with two stop moves and one funding, closed with 7.5 gross."""
    return [
        line("start"),
        wallet("1000"),
        order(),
        execution("Buy", "0", "0", "0.3", 10, 60_000),
        stop("90", 12),
        wallet("999.7"),
        stop("91", 500),
        line("funding", position_idx=0, amount="0.05", exec_id="f"),
        wallet("999.65"),
        stop("95", 900),
        execution("Sell", "0.5", "7.5", "0.31", 2_000, 120_000),
        wallet("1006.84"),
    ]


def clean_books() -> Books:
    trade = {
        "trade_id": LINK,
        "mode": "demo",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "entry_time": "1970-01-01T00:01:00.000+00:00",
        "exit_time": "1970-01-01T00:02:00.000+00:00",
        "qty": "0.5",
        "gross_pnl": "7.5",
        "fees": "0.61",
        "funding": "0.05",
        "pnl": "6.84",
        "closed_by": "trailing_stop",
        "entry_score": 0.1 + 0.2 + 0.3,
        "breakdown": {"a": 0.1, "b": 0.2, "c": 0.3},
        "initial_stop": "91",
        "order_link_ids": [LINK],
        "reconciled": False,
    }
    sent = {"kind": "entry_sent", "fields": {"order_link_id": LINK}}
    state = {"intents": [], "positions": [], "unrecorded_trades": []}
    return Books([trade], state, [sent])


def verdict_of(log: list[Line], books: Books) -> tuple[str, ...]:
    ledger = Ledger()
    for entry in log:
        ledger.take(entry)
    return judge(ledger.finish(), books).findings


def test_a_clean_run_has_no_findings() -> None:
    assert verdict_of(clean_log(), clean_books()) == ()


def change(**changed: Any) -> Callable[[list[Line], Books], None]:
    return lambda log, books: books.trades[0].update(changed)


def insert(at: int, *lines: Line) -> Callable[[list[Line], Books], None]:
    def apply(log: list[Line], books: Books) -> None:
        log[at:at] = lines

    return apply


UNTRUTHS: dict[str, tuple[Callable[[list[Line], Books], None], str]] = {
    "a trade is missing": (lambda log, books: books.trades.clear(), "not in the history"),
    "a trade stands twice": (lambda log, books: books.trades.append(books.trades[0]), "stands there 2"),
    "a trade is made up": (change(qty="0.4"), "no position of the exchange"),
    "a cent is missing": (change(pnl="6.83"), "the exchange has"),
    "a fee is in the gross": (change(gross_pnl="7.4", fees="0.51"), "the exchange has"),
    "another time of exit": (change(exit_time="1970-01-01T00:02:00.001+00:00"), "the exchange has"),
    "the last bit of the score": (change(entry_score=0.6), "breakdown sums"),
    "no score": (change(entry_score=None), "no entry score"),
    "the wallet moved by itself": (insert(12, wallet("1006.85")), "the wallet moved"),
    "no stop for three seconds": (insert(6, stop("", 20), stop("91", 3_100)), "ms without a stop"),
    "a stop moved away": (insert(10, stop("94.9", 950)), "stop went from 95 to 94.9"),
    "a stop came back worse": (
        insert(10, stop("", 950), stop("94", 960)),
        "stop went from 95 to 94",
    ),
    "an id has two orders": (insert(3, order(order_id="o2")), "has 2 orders"),
    "an id was sent twice": (
        insert(3, line("order", status="refused", order_link_id=LINK, ret_code=110072)),
        "was sent twice",
    ),
    "an id was used twice by the daemon": (
        lambda log, books: books.events.append(books.events[0]),
        "was sent 2 times",
    ),
    "an order never ended": (insert(3, order("New", "wb000001-BTCUSDT-2", "o2")), "ended as New"),
    "an order is still in flight": (
        lambda log, books: books.state["intents"].append({"intent": {"order_link_id": LINK}}),
        "still in flight",
    ),
    "a trade was left behind": (
        lambda log, books: books.state["unrecorded_trades"].append({"trade_id": "t"}),
        "never recorded",
    ),
    "a ghost position": (
        lambda log, books: books.state["positions"].append(
            {"symbol": "BTCUSDT", "position_idx": 0, "bought_qty": "1", "sold_qty": "0"}
        ),
        "remembered",
    ),
    "the exchange broke its own law": (insert(3, line("violation", text="margin")), "violation"),
}


@pytest.mark.parametrize("name", UNTRUTHS)
def test_every_untruth_is_found(name: str) -> None:
    tell, expected = UNTRUTHS[name]
    log, books = clean_log(), copy.deepcopy(clean_books())
    tell(log, books)
    findings = verdict_of(log, books)
    assert any(expected in finding for finding in findings), findings


def test_an_open_position_without_a_stop_is_counted_to_the_end_of_the_log() -> None:
    log = [*clean_log()[:4], wallet("999.7"), line("request", 5_000)]
    books = clean_books()
    books.trades.clear()
    assert any("4990 ms without a stop" in finding for finding in verdict_of(log, books))


def bare_for_five_seconds() -> tuple[list[Line], Books]:
    log = [*clean_log()[:4], wallet("999.7"), line("request", 5_000)]
    books = clean_books()
    books.trades.clear()
    books.state["positions"] = [
        {"symbol": "BTCUSDT", "position_idx": 0, "bought_qty": "0.5", "sold_qty": "0"}
    ]
    return log, books


def test_what_could_not_be_reached_is_excused_and_what_could_be_is_not() -> None:
    log, books = bare_for_five_seconds()
    assert verdict_of(log, replace(books, excused=(Span(0, 3_000),))) == ()
    [finding] = verdict_of(log, replace(books, excused=(Span(0, 2_900),)))
    assert "2100 ms without a stop" in finding


def test_what_happened_after_the_end_of_the_daemon_need_not_be_known() -> None:
    books = replace(clean_books(), until_ms=1_999)
    books.trades.clear()
    books.state["positions"] = [
        {"symbol": "BTCUSDT", "position_idx": 0, "bought_qty": "0.5", "sold_qty": "0"}
    ]
    assert verdict_of(clean_log(), books) == ()
    assert verdict_of(clean_log(), replace(books, until_ms=2_000))


def test_an_exchange_that_was_away_excuses_only_its_absence() -> None:
    log, books = bare_for_five_seconds()
    log[-1:] = [line("request", 1_000), line("start", 9_000), line("request", 12_000)]
    [finding] = verdict_of(log, books)
    assert "3000 ms without a stop, from 9000 on" in finding


def test_a_tight_loop_is_found_and_the_same_number_over_more_time_is_not() -> None:
    def ledger(step_ms: int) -> Ledger:
        taken = Ledger()
        for number in range(12):
            taken.take(line("request", number * step_ms, path="/v5/order/create"))
        return taken

    [finding] = requests_are_paced(ledger(10), 11)
    assert finding == "/v5/order/create was asked 12 times within a second"
    assert not list(requests_are_paced(ledger(10), 12))
    assert not list(requests_are_paced(ledger(100), 11))
