"""The line of `status` about the venue's books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from whalebot.app.status_text import _books


@pytest.mark.parametrize(
    ("view", "lines"),
    [
        ({}, []),
        ({"books_checked_ms": None, "books_difference": None}, []),
        (
            {"books_checked_ms": 1_735_776_000_000, "books_difference": format(Decimal(0), "f")},
            ["  books       the result of 2025-01-01: as the venue's log says"],
        ),
        (
            {"books_checked_ms": 1_735_776_000_000, "books_difference": "-2.50"},
            ["  books       the result of 2025-01-01: -2.50 USDT off what the venue's log says"],
        ),
    ],
)
def test_a_day_is_told_with_what_it_is_off(view: dict[str, object], lines: list[str]) -> None:
    assert list(_books(view)) == lines
