"""The inbox: what is complete, what is conflated, and in which order it comes out."""

from __future__ import annotations

import threading

from runtime_samples import (
    closed,
    command,
    delta,
    down,
    drained,
    forming,
    liquidated,
    lost,
    snapshot,
    ticker,
    trades,
)

from whalebot.domain.enums import Stream
from whalebot.domain.events import BookLost, Event, Order, TimerDue
from whalebot.runtime.inbox import Inbox


def _filled(*events: Event) -> Inbox:
    inbox = Inbox(max_book_deltas=5)
    for event in events:
        inbox.put(event)
    return inbox


def test_account_events_come_first_in_order_and_complete() -> None:
    private = down(Stream.PRIVATE, at=2)
    inbox = _filled(ticker(last=1), command(Order.PAUSE, 1), closed(), private, command(Order.RESUME, 3))
    assert drained(inbox) == [
        command(Order.PAUSE, 1),
        private,
        command(Order.RESUME, 3),
        ticker(last=1),
        closed(),
    ]


def test_tickers_of_a_symbol_join_and_keep_what_the_newer_does_not_say() -> None:
    inbox = _filled(ticker(last=1, mark=5, at=1), ticker("B", last=9, at=1), ticker(last=2, at=2))
    assert drained(inbox) == [ticker(last=2, mark=5, at=2), ticker("B", last=9, at=1)]
    assert inbox.counters().coalesced == 1


def test_trades_join_to_range_last_and_sums() -> None:
    inbox = _filled(trades(price=3, buy=1.0), trades(price=7, sell=2.0), trades(price=5, buy=4.0, at=9))
    (print_,) = drained(inbox)
    assert (print_.high, print_.low, print_.last) == (7, 3, 5)  # type: ignore[union-attr]
    assert (print_.buy_qty, print_.sell_qty, print_.count) == (5.0, 2.0, 3)  # type: ignore[union-attr]
    assert print_.recv_ms == 9


def test_nothing_joins_across_a_closed_bar_of_its_symbol() -> None:
    events = [
        trades(price=1, at=1),
        ticker(last=1, at=1),
        forming(open_ms=0, at=1),
        closed(open_ms=0, at=2),
        trades(price=2, at=3),
        ticker(last=2, at=3),
        forming(open_ms=60_000, at=3),
    ]
    assert drained(_filled(*events)) == events


def test_a_closed_bar_of_another_symbol_does_not_part_events() -> None:
    inbox = _filled(ticker("B", last=1), closed("A"), ticker("B", last=2))
    assert drained(inbox) == [ticker("B", last=2), closed("A")]


def test_a_forming_bar_is_replaced_per_interval() -> None:
    inbox = _filled(forming(at=1), forming(interval="60", at=1), forming(at=2))
    assert drained(inbox) == [forming(at=2), forming(interval="60", at=1)]


def test_an_event_taken_is_not_joined_any_more() -> None:
    inbox = _filled(ticker(last=1))
    assert inbox.get(0) == ticker(last=1)
    inbox.put(ticker(mark=3))
    assert drained(inbox) == [ticker(mark=3)]


def test_a_stalled_loop_holds_bounded_memory_and_still_gets_the_sum() -> None:
    inbox = _filled(*(trades(price=1 + i % 7, buy=1.0, at=i) for i in range(1000)))
    assert inbox.counters().depth == 1
    (print_,) = drained(inbox)
    assert (print_.count, print_.buy_qty, print_.high, print_.low) == (1000, 1000.0, 7, 1)  # type: ignore[union-attr]


def test_book_deltas_wait_one_by_one() -> None:
    events = [snapshot(), delta(u=2), delta("B", u=5), delta(u=3)]
    assert drained(_filled(*events)) == events


def test_too_many_deltas_become_one_loss_until_the_next_snapshot() -> None:
    inbox = _filled(snapshot(), *(delta(u=u) for u in range(2, 40)), delta("B", u=7))
    first, other = drained(inbox)
    assert isinstance(first, BookLost)
    assert (first.symbol, other) == ("A", delta("B", u=7))
    inbox.put(delta(u=40))
    assert drained(inbox) == []
    inbox.put(snapshot(u=50))
    inbox.put(delta(u=51))
    assert drained(inbox) == [snapshot(u=50), delta(u=51)]


def test_a_snapshot_voids_what_waited_before_it() -> None:
    inbox = _filled(snapshot(), delta(u=2), delta("B", u=9), snapshot(u=10), delta(u=11))
    assert drained(inbox) == [delta("B", u=9), snapshot(u=10), delta(u=11)]
    assert inbox.counters().dropped == 2


def test_a_loss_told_by_the_stream_voids_and_mutes_the_book() -> None:
    inbox = _filled(snapshot(), delta(u=2), lost(at=5), delta(u=3))
    assert drained(inbox) == [lost(at=5)]


def test_the_public_stream_falls_in_its_place_among_the_data() -> None:
    events = [snapshot(u=1), ticker(last=1), down(), ticker(last=2), delta(u=2)]
    assert drained(_filled(*events)) == events


def test_liquidations_are_bounded() -> None:
    inbox = _filled(*(liquidated(at=i) for i in range(1500)))
    assert len(drained(inbox)) == 1000
    assert inbox.counters().dropped == 500


def test_void_places_are_given_back_while_nobody_takes() -> None:
    inbox = Inbox(max_book_deltas=2000)
    for u in range(0, 200_000, 1000):
        inbox.put(snapshot(u=u))
        for step in range(1, 500):
            inbox.put(delta(u=u + step))
    market = inbox._market
    assert len(market._entries) < 20_000
    assert inbox.counters().depth == len(drained(inbox)) == 500


def test_counters_tell_what_waits_and_since_when() -> None:
    inbox = _filled(ticker(last=1, at=10), command(at=20), ticker(last=2, at=30))
    found = inbox.counters()
    assert (found.received, found.coalesced, found.depth, found.account_depth) == (3, 1, 2, 1)
    assert found.oldest_ms == 10
    drained(inbox)
    found = inbox.counters()
    assert (found.taken, found.depth, found.high_water, found.oldest_ms) == (2, 0, 2, None)


def test_get_returns_nothing_after_its_time() -> None:
    assert Inbox().get(0.01) is None


def test_get_wakes_for_an_event_from_another_thread() -> None:
    inbox = Inbox()
    thread = threading.Timer(0.02, inbox.put, [command()])
    thread.start()
    assert inbox.get(5) == command()
    thread.join(30)


def test_many_threads_lose_no_account_event_and_keep_each_threads_order() -> None:
    inbox = Inbox()
    threads = [
        threading.Thread(target=lambda n=n: [inbox.put(TimerDue(n * 10_000 + i)) for i in range(500)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    found = []
    while len(found) < 2000:
        event = inbox.get(5)
        assert event is not None
        found.append(event.recv_ms)
    for thread in threads:
        thread.join(30)
    for n in range(4):
        assert [x for x in found if x // 10_000 == n] == [n * 10_000 + i for i in range(500)]


def test_settled_means_processed_not_only_taken() -> None:
    inbox = _filled(command())
    assert not inbox.wait_settled(0)
    assert inbox.get(0) is not None
    assert not inbox.wait_settled(0)
    assert inbox.get(0) is None
    assert inbox.wait_settled(0)


def test_settled_waits_for_counted_jobs_and_for_what_they_put() -> None:
    inbox = _filled(command())
    settled: list[bool] = []
    inbox.get(0)
    inbox.job_started()
    waiter = threading.Thread(target=lambda: settled.append(inbox.wait_settled(5)))
    waiter.start()
    assert inbox.get(0) is None
    assert not inbox.wait_settled(0)
    inbox.put(TimerDue(1))
    inbox.job_finished()
    assert not inbox.wait_settled(0)
    assert inbox.get(0) == TimerDue(1)
    assert inbox.get(0) is None
    waiter.join(30)
    assert settled == [True]
