"""Lots: examples worked by hand, and laws that hold for any history."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.research.tax.lots import DUST, Disposal, LotBook, Method, NotEnough, Reason

DAY = 86_400_000


def book_of(method: Method) -> LotBook:
    """Three lots: 1 at 100, 2 at 300 (150 each), 1 at 120, on days 1, 2 and 3."""
    book = LotBook(method)
    book.acquire("BTC", 1 * DAY, D(1), D(100))
    book.acquire("BTC", 2 * DAY, D(2), D(300))
    book.acquire("BTC", 3 * DAY, D(1), D(120))
    return book


def sell(book: LotBook, qty: str, proceeds: str, fee: str = "0") -> list[Disposal]:
    return book.dispose("BTC", 9 * DAY, D(qty), D(proceeds), D(fee), Reason.TRADE)


@pytest.mark.parametrize(
    ("method", "parts", "left"),
    [
        # 2.5 sold for 500, 200 each: parts as (day, quantity, cost, gain), what is left as (quantity, cost).
        (Method.FIFO, [(1, "1", "100", "100"), (2, "1.5", "225", "75")], [("0.5", "75"), ("1", "120")]),
        (Method.LIFO, [(3, "1", "120", "80"), (2, "1.5", "225", "75")], [("1", "100"), ("0.5", "75")]),
        (Method.HIFO, [(2, "2", "300", "100"), (3, "0.5", "60", "40")], [("1", "100"), ("0.5", "60")]),
        # The pool: 4 for 520, 130 each.
        (Method.AVERAGE, [(None, "2.5", "325", "175")], [("1.5", "195")]),
    ],
)
def test_worked_by_hand(
    method: Method, parts: list[tuple[int | None, str, str, str]], left: list[tuple[str, str]]
) -> None:
    book = book_of(method)
    found = sell(book, "2.5", "500")
    days = [None if part.acquired_ms is None else part.acquired_ms // DAY for part in found]
    assert [(day, p.qty, p.cost, p.gain) for day, p in zip(days, found, strict=True)] == [
        (day, D(qty), D(cost), D(gain)) for day, qty, cost, gain in parts
    ]
    assert [(lot.qty, lot.cost) for lot in book.remaining()] == [(D(qty), D(cost)) for qty, cost in left]
    assert book.held("BTC") == D("1.5")


def test_the_fee_of_a_sale_is_shared_like_its_proceeds() -> None:
    found = sell(book_of(Method.FIFO), "3", "600", fee="9")
    assert [part.fee for part in found] == [D(3), D(6)]
    assert [part.gain for part in found] == [D(97), D(94)]


def test_of_equal_prices_hifo_takes_the_older() -> None:
    book = LotBook(Method.HIFO)
    book.acquire("BTC", 1, D(1), D(100))
    book.acquire("BTC", 2, D(2), D(200))
    (part,) = sell(book, "1", "0")
    assert part.acquired_ms == 1


def test_thirds_lose_no_cent() -> None:
    book = LotBook(Method.FIFO)
    book.acquire("BTC", 1, D(3), D(100))
    parts = [part for _ in range(3) for part in sell(book, "1", "10")]
    assert sum(part.cost for part in parts) == D(100)
    assert book.remaining() == []


def test_more_than_there_is_cannot_be_sold() -> None:
    book = book_of(Method.FIFO)
    with pytest.raises(NotEnough, match="only 4 had been acquired"):
        sell(book, "4.1", "1")
    with pytest.raises(NotEnough, match="only 0 had been"):
        book.dispose("ETH", 1, D(1), D(1), D(0), Reason.FEE)
    assert len(sell(book, str(D(4) + DUST), "1")) == 3
    assert book.held("BTC") == 0


qty = st.decimals("0.00000001", "1000", allow_nan=False, places=8)
money = st.decimals("0", "1000000", allow_nan=False, places=6)
steps = st.lists(st.tuples(st.sampled_from(["BTC", "ETH"]), st.booleans(), qty, money, money), max_size=40)


@given(method=st.sampled_from(Method), steps=steps)
def test_quantities_and_costs_always_add_up(method: Method, steps: list[tuple[str, bool, D, D, D]]) -> None:
    book = LotBook(method)
    came: dict[str, tuple[D, D]] = {}
    gone: list[Disposal] = []
    for at, (coin, buys, amount, value, fee) in enumerate(steps):
        held = book.held(coin)
        if buys or not held:
            book.acquire(coin, at, amount, value)
            known = came.get(coin, (D(0), D(0)))
            came[coin] = (known[0] + amount, known[1] + value)
        else:
            sold = min(amount, held)
            parts = book.dispose(coin, at, sold, value, fee, Reason.TRADE)
            assert sum(part.qty for part in parts) == sold
            assert sum(part.proceeds for part in parts) == value
            assert sum(part.fee for part in parts) == fee
            assert all(part.cost >= 0 and part.qty > 0 for part in parts)
            gone += parts
    for coin, (quantity, cost) in came.items():
        lots = [lot for lot in book.remaining() if lot.coin == coin]
        own = [part for part in gone if part.coin == coin]
        assert sum((p.qty for p in own), D(0)) + sum((lot.qty for lot in lots), D(0)) == quantity
        assert sum((p.cost for p in own), D(0)) + sum((lot.cost for lot in lots), D(0)) == cost
        assert all(lot.qty > 0 and lot.cost >= 0 for lot in lots)


@given(steps=steps)
def test_hifo_never_reports_more_gain_than_fifo_or_lifo_on_one_sale(
    steps: list[tuple[str, bool, D, D, D]],
) -> None:
    books = {method: LotBook(method) for method in (Method.FIFO, Method.LIFO, Method.HIFO)}
    for at, (_, _, amount, value, _) in enumerate(steps):
        for book in books.values():
            book.acquire("BTC", at, amount, value)
    if not steps:
        return
    half = books[Method.FIFO].held("BTC") / 2
    cost = {
        method: sum(part.cost for part in book.dispose("BTC", 99, half, D(0), D(0), Reason.TRADE))
        for method, book in books.items()
    }
    assert cost[Method.HIFO] >= max(cost.values()) - D("1e-9")
