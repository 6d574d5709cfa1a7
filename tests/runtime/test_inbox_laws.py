"""Laws of the inbox over random histories of putting and taking."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st
from runtime_samples import closed, command, delta, forming, snapshot, ticker, trades

from whalebot.domain.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    Command,
    Event,
    Order,
    TickerChanged,
    TradesPrinted,
)
from whalebot.runtime.inbox import Inbox

_MAX_DELTAS = 4


@st.composite
def _histories(draw: st.DrawFn) -> list[Event | None]:
    """Events stamped in order of arrival; None stands for one get."""
    choices = draw(
        st.lists(st.tuples(st.integers(0, 8), st.sampled_from("AB"), st.integers(1, 9)), max_size=80)
    )
    history: list[Event | None] = []
    books = {"A": 0, "B": 0}
    for at, (kind, symbol, value) in enumerate(choices):
        if kind in (0, 1):
            history.append(None)
        elif kind == 2:
            history.append(ticker(symbol, last=value if value > 3 else None, mark=value % 4 or None, at=at))
        elif kind == 3:
            history.append(trades(symbol, value, float(value), 1.0, at))
        elif kind == 4:
            history.append(closed(symbol, at * 60_000, at=at))
        elif kind == 5:
            history.append(forming(symbol, at * 60_000, at=at))
        elif kind == 6:
            books[symbol] += 1
            history.append(delta(symbol, books[symbol], at))
        elif kind == 7:
            books[symbol] += 5
            history.append(snapshot(symbol, books[symbol], at))
        else:
            history.append(command(Order.PAUSE, at))
    return history


def _play(history: list[Event | None]) -> tuple[list[Event], list[Event]]:
    inbox, put, got = Inbox(_MAX_DELTAS), [], []
    for event in history:
        if event is not None:
            put.append(event)
            inbox.put(event)
        elif (taken := inbox.get(0)) is not None:
            got.append(taken)
    while (taken := inbox.get(0)) is not None:
        got.append(taken)
    return put, got


def _segments(events: list[Event], symbol: str, kind: type) -> list[list[Event]]:
    """The events of a kind and symbol, parted at the closed bars of that symbol."""
    parts: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, CandleClosed) and event.candle.symbol == symbol:
            parts.append([])
        elif type(event) is kind and _symbol(event) == symbol:
            parts[-1].append(event)
    return parts


def _symbol(event: Event) -> str:
    return event.candle.symbol if isinstance(event, CandleForming) else event.symbol  # type: ignore[union-attr]


@given(_histories())
def test_commands_and_closed_bars_are_complete_and_in_order(history: list[Event | None]) -> None:
    put, got = _play(history)
    for kind in (Command, CandleClosed):
        assert [e for e in got if type(e) is kind] == [e for e in put if type(e) is kind]


@given(_histories())
def test_trades_between_two_bars_keep_sums_range_and_last(history: list[Event | None]) -> None:
    put, got = _play(history)
    for symbol in "AB":
        sides = [_segments(events, symbol, TradesPrinted) for events in (put, got)]
        for before, after in zip(*sides, strict=True):
            assert _tape(before) == _tape(after)


@given(_histories())
def test_tickers_between_two_bars_leave_the_same_prices(history: list[Event | None]) -> None:
    put, got = _play(history)
    for symbol in "AB":
        sides = [_segments(events, symbol, TickerChanged) for events in (put, got)]
        for before, after in zip(*sides, strict=True):
            assert _prices(before) == _prices(after)


@given(_histories())
def test_the_newest_forming_bar_between_two_bars_arrives(history: list[Event | None]) -> None:
    put, got = _play(history)
    for symbol in "AB":
        sides = [_segments(events, symbol, CandleForming) for events in (put, got)]
        for before, after in zip(*sides, strict=True):
            assert before[-1:] == after[-1:]


@given(_histories())
def test_a_book_is_whole_or_known_to_be_lost(history: list[Event | None]) -> None:
    put, got = _play(history)
    for symbol in "AB":
        newest = [e for e in put if isinstance(e, BookDelta | BookSnapshot) and e.symbol == symbol]
        usable, u = True, None
        for event in got:
            if isinstance(event, BookLost) and event.symbol == symbol:
                usable = False
            elif isinstance(event, BookSnapshot) and event.symbol == symbol:
                usable, u = True, event.u
            elif isinstance(event, BookDelta) and event.symbol == symbol and usable:
                assert u is None or event.u == u + 1
                u = event.u
        if usable and newest:
            assert u == newest[-1].u


@given(_histories())
def test_counters_account_for_every_event(history: list[Event | None]) -> None:
    inbox = Inbox(_MAX_DELTAS)
    for event in history:
        if event is not None:
            inbox.put(event)
        else:
            inbox.get(0)
        found = inbox.counters()
        made = found.received + found.overflows
        assert made == found.coalesced + found.dropped + found.taken + found.depth


def _tape(events: list[Event]) -> tuple[object, ...]:
    prints = [e for e in events if isinstance(e, TradesPrinted)]
    if not prints:
        return ()
    sums: dict[str, float] = defaultdict(float)
    for event in prints:
        sums["buy"] += event.buy_qty
        sums["sell"] += event.sell_qty
        sums["count"] += event.count
    return (max(e.high for e in prints), min(e.low for e in prints), prints[-1].last, dict(sums))


def _prices(events: list[Event]) -> dict[str, object]:
    found: dict[str, object] = {}
    for event in events:
        assert isinstance(event, TickerChanged)
        found |= {
            name: value
            for name in ("last_price", "mark_price", "ts_ms")
            if (value := getattr(event, name)) is not None
        }
    return found
