"""The judge itself: a clean run passes, and each single untruth is found by the law it breaks."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from whalebot.research.chaos.entry_laws import entries_are_single
from whalebot.research.chaos.judge import Books, judge, requests_are_paced
from whalebot.research.chaos.ledger import Ledger
from whalebot.research.chaos.spans import Span

Line = dict[str, Any]
LINK = "wb000001-BTCUSDT-1"
TENTH = Decimal("0.1")
HELD = {
    "symbol": "BTCUSDT",
    "side": "Buy",
    "position_idx": 0,
    "bought_qty": "0.5",
    "sold_qty": "0",
    "entry_link_id": LINK,
    "entry_score": 0.6,
    "initial_stop": "91",
    "foreign": False,
}


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


SECOND = "wb000001-BTCUSDT-2"


def doubled(log: list[Line], books: Books) -> None:
    """One intent sent as two orders with ids of their own: a position of twice the size."""
    second = {**log[3], "order_link_id": SECOND, "exec_id": "y"}
    log[3:3] = [order("Filled", SECOND, "o2")]
    log.insert(5, second)
    for entry in log:
        if entry["kind"] == "execution" and entry["closed_size"] != "0":
            entry["qty"] = entry["closed_size"] = "1.0"
        elif entry["kind"] == "stop":
            entry["size"] = "1.0"
        elif entry["kind"] == "wallet" and entry["wallet_balance"] != "1000":
            entry["wallet_balance"] = str(Decimal(entry["wallet_balance"]) - Decimal("0.3"))
    books.trades[0].update(qty="1.0", fees="0.91", pnl="6.54", order_link_ids=[LINK, SECOND])
    books.events.append({"kind": "entry_sent", "fields": {"order_link_id": SECOND}})


def test_one_intent_that_became_two_orders_is_found_though_all_amounts_agree() -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    doubled(log, books)
    findings = verdict_of(log, books)
    assert len(findings) == 2, findings
    assert "opened by 2 orders of ours" in findings[0]
    assert "one decision led to 2 orders that traded" in findings[1]


def decided(bar: str, link_id: str, atr: str) -> list[dict[str, Any]]:
    """What the daemon tells of a bar that it enters on."""
    sent = {"order_link_id": link_id, "atr": atr}
    return [
        {"kind": "analysis", "symbol": "BTCUSDT", "text": f"BTCUSDT 15m  {bar}  100.0 +0.9 BUY"},
        {"kind": "entry_sent", "symbol": "BTCUSDT", "fields": sent},
    ]


@pytest.mark.parametrize(
    ("second", "is_double"),
    [
        (decided("09:30", SECOND, "1.5"), True),
        (decided("09:30", SECOND, "1.5")[1:], True),
        (decided("09:45", SECOND, "1.5"), False),
        (decided("09:30", SECOND, "1.6"), False),
        (decided("09:30", "wb000001-BTCUSDT-3", "1.5"), False),
    ],
    ids=["bar decided again", "sent again", "next bar", "analyses lost between", "the other never traded"],
)
def test_a_bar_leads_to_one_order_that_trades(second: list[dict[str, Any]], is_double: bool) -> None:
    ledger = Ledger()
    for number, name in enumerate((LINK, SECOND)):
        ledger.take(
            {**execution("Buy", "0", "0", "0", number, 0), "order_link_id": name, "symbol": str(number)}
        )
    books = replace(clean_books(), events=[*decided("09:30", LINK, "1.5"), *second])
    assert bool(list(entries_are_single(ledger, books))) is is_double


def moved_away(log: list[Line], books: Books) -> None:
    log.insert(10, stop("70", 950))


STOPS: dict[str, tuple[dict[str, Any], str]] = {
    "the initial stop was never there": ({"initial_stop": "90.5"}, "from 95 to 70"),
    "there is no initial stop": ({"initial_stop": None}, "from 95 to 70"),
    "the first move ends before the initial stop": ({"initial_stop": "91.5"}, "its initial stop is 91.5"),
}


@pytest.mark.parametrize("name", STOPS)
def test_stops_are_judged_whatever_is_known_of_the_first(name: str) -> None:
    changed, expected = STOPS[name]
    log, books = clean_log(), copy.deepcopy(clean_books())
    moved_away(log, books)
    books.trades[0].update(changed)
    assert any(expected in finding for finding in verdict_of(log, books))


@pytest.mark.parametrize("initial", ["91", None])
def test_the_stops_of_what_is_still_open_are_judged(initial: str | None) -> None:
    log, books = [*clean_log()[:10], stop("60", 950)], copy.deepcopy(clean_books())
    books.trades.clear()
    books.state["positions"] = [{**HELD, "initial_stop": initial}]
    [finding] = verdict_of(log, books)
    assert "stop went from 95 to 60" in finding


def test_the_move_to_the_initial_stop_is_free_and_the_only_one() -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    log[6], log[9] = stop("89.5", 500), stop("89.6", 900)
    books.trades[0].update(initial_stop="89.5")
    assert verdict_of(log, books) == ()
    log[9] = stop("89.4", 900)
    [finding] = verdict_of(log, books)
    assert "from 89.5 to 89.4" in finding


def test_moved_stops_of_somebody_else_are_counted_and_not_judged() -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    log[3]["order_link_id"] = ""
    log.insert(10, stop("70", 950))
    ledger = Ledger()
    for entry in log:
        ledger.take(entry)
    verdict = judge(ledger.finish(), books)
    assert verdict.unjudged_stops == 1
    assert not any("stop went" in finding for finding in verdict.findings)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"reconciled": True, "entry_score": None, "breakdown": {}}, "no entry score"),
        ({"reconciled": True}, "rebuilt from the venue's books"),
        ({"initial_stop": None}, "its initial stop was forgotten"),
        ({"trade_id": "BTCUSDT-x"}, "was opened by us, and is remembered as BTCUSDT-x"),
    ],
)
def test_what_we_opened_is_not_forgotten(changed: dict[str, Any], expected: str) -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    books.trades[0].update(changed)
    assert any(expected in finding for finding in verdict_of(log, books))


def test_what_ended_before_its_entry_was_settled_has_no_initial_stop() -> None:
    log = [entry for entry in clean_log() if entry["kind"] != "stop"]
    log.insert(4, stop("90", 12))
    books = copy.deepcopy(clean_books())
    books.trades[0].update(initial_stop=None)
    assert verdict_of(log, books) == ()
    books.events.append({"kind": "entry", "fields": {"order_link_id": LINK}})
    [finding] = verdict_of(log, books)
    assert "its initial stop was forgotten" in finding


@pytest.mark.parametrize("changed", [{"entry_score": None}, {"entry_link_id": "", "foreign": True}])
def test_what_is_open_is_remembered_as_ours(changed: dict[str, Any]) -> None:
    log, books = clean_log()[:10], copy.deepcopy(clean_books())
    books.trades.clear()
    books.state["positions"] = [HELD]
    assert verdict_of(log, books) == ()
    books.state["positions"] = [{**HELD, **changed}]
    [finding] = verdict_of(log, books)
    assert LINK in finding


def test_amounts_from_the_venues_books_may_be_rounded_and_no_others() -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    books.trades[0].update(fees="0.61000002", pnl="6.83999998")
    assert any("the exchange has" in finding for finding in verdict_of(log, books))
    books.trades[0].update(reconciled=True)
    [finding] = verdict_of(log, books)
    assert "rebuilt from the venue's books" in finding


def test_an_order_that_never_left_is_in_flight_for_ever_unless_it_was_made_at_the_end() -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    books.state["saved_ms"] = 60_000
    books.state["intents"] = [{"intent": {"order_link_id": "wb000001-BTCUSDT-9", "sent_ms": 2_500}}]
    [finding] = verdict_of(log, books)
    assert "the exchange never had it" in finding
    assert verdict_of(log, replace(books, until_ms=20_000)) == ()
    assert verdict_of(log, replace(books, until_ms=30_000)) == (finding,)


@pytest.mark.parametrize("until_ms", [None, 60_000])
@pytest.mark.parametrize(("saved_ms", "is_found"), [(22_499, False), (22_500, True)])
def test_what_the_daemon_wrote_a_moment_after_an_order_left_may_hold_it(
    until_ms: int | None, saved_ms: int, is_found: bool
) -> None:
    log, books = clean_log(), copy.deepcopy(clean_books())
    books.state["intents"] = [{"intent": {"order_link_id": "wb000001-BTCUSDT-9", "sent_ms": 2_500}}]
    books.state["saved_ms"] = saved_ms
    findings = verdict_of(log, replace(books, until_ms=until_ms))
    assert bool(findings) is is_found
    assert all("the exchange never had it" in finding for finding in findings)


def test_without_an_end_everything_must_be_known() -> None:
    books = copy.deepcopy(clean_books())
    books.trades.clear()
    assert verdict_of(clean_log(), replace(books, until_ms=1_500)) == ()
    [finding] = verdict_of(clean_log(), books)
    assert "not in the history" in finding


def test_no_excuse_covers_more_than_the_ceiling_while_everybody_was_there() -> None:
    log, books = bare_for_five_seconds()
    log[-1] = line("request", 60_000)
    excused = Span(0, 60_000, "lose execution")
    [finding] = verdict_of(log, replace(books, excused=(excused,)))
    assert "59990 ms without a stop in all, which nothing excuses" in finding
    assert verdict_of(log, replace(books, excused=(excused, Span(20_000, 50_000, is_gone=True)))) == ()


def test_an_excuse_bears_on_its_symbol_and_its_time_is_kept_by_reason() -> None:
    log, books = bare_for_five_seconds()
    assert verdict_of(log, replace(books, excused=(Span(0, 6_000, "thin", "ETHUSDT"),)))
    spans = (Span(0, 2_000, "dead"), Span(1_000, 6_000, "thin", "BTCUSDT"))
    ledger = Ledger()
    for entry in log:
        ledger.take(entry)
    verdict = judge(ledger.finish(), replace(books, excused=spans))
    assert verdict.findings == ()
    assert list(verdict.excused.values()) == [Counter({"dead": 1_990, "thin": 3_000})]


@pytest.mark.parametrize(
    ("event", "bare_ms"),
    [
        ({"kind": "unprotected", "text": "BTCUSDT: no stop at the venue"}, 3_500),
        ({"kind": "stop_repair", "symbol": "BTCUSDT"}, 3_500),
        ({"kind": "reconciled"}, 3_500),
        ({"kind": "entry", "symbol": "ETHUSDT", "fields": {"order_link_id": "wb1"}}, None),
        ({"kind": "analysis", "symbol": "BTCUSDT"}, None),
    ],
)
def test_lost_news_excuses_until_the_daemon_shows_that_it_knows(
    event: dict[str, Any], bare_ms: int | None
) -> None:
    log, books = bare_for_five_seconds()
    told = {"ts": "1970-01-01T00:00:01.500+00:00", **event}
    books = replace(
        books, events=[*books.events, told], excused=(Span(5, 63_000, "lose position", news_ms=5),)
    )
    findings = verdict_of(log, books)
    assert findings == () if bare_ms is None else f"{bare_ms} ms without" in findings[0]


def test_a_long_and_a_short_of_one_symbol_are_two_positions() -> None:
    short = {**execution("Sell", "0", "0", "0.2", 20, 61_000), "order_link_id": SECOND, "qty": "0.4"}
    over = {**execution("Buy", "0.4", "1", "0.2", 700, 90_000), "order_link_id": "", "qty": "0.4"}
    log = clean_log()[1:5]
    log[-1] = {**log[-1], "position_idx": 1}
    log += [short, {**stop("110", 25, "0.4"), "position_idx": 2}]
    log += [line("funding", position_idx=2, amount="0.5", exec_id="f"), over]
    ledger = Ledger()
    for entry in log:
        ledger.take(entry)
    ledger.finish()
    [closed], [held] = ledger.closed, ledger.open
    assert (closed.side, closed.entered, closed.net, closed.stops) == ("Sell", 4 * TENTH, TENTH, [110])
    assert (held.side, held.size, held.funding, held.stops) == ("Buy", 5 * TENTH, 0, [90])
    assert ledger.oddities == []


def test_an_execution_that_closes_nothing_is_told() -> None:
    ledger = Ledger()
    ledger.take(execution("Sell", "0.5", "1", "0", 0, 0))
    assert ledger.oddities == ["execution x closed what was not open"]
