"""How figures are written."""

from __future__ import annotations

import math
from decimal import Decimal as D

import pytest

from whalebot.research.report.wording import duration, money, price, ratio, share


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (money(D("1234.567")), "1,234.57"),
        (money(D("-0.5"), sign=True), "−0.50"),
        (money(D("0.0312"), sign=True), "+0.0312"),
        (money(D(0)), "0.00"),
        (money(None), "–"),
        (money(math.nan), "–"),
        (share(0.12345), "12.3 %"),
        (share(-0.5, 0, sign=True), "−50 %"),
        (share(math.nan), "–"),
        (ratio(1.005, sign=True, unit=" R"), "+1.00 R"),
        (ratio(math.inf), "∞"),
        (price(D("3502.084279764706")), "3502.0843"),
        (price(D("0.00001234567890")), "0.000012345679"),
        (price(D("1E+2")), "100"),
        (duration(900), "1 s"),
        (duration(59 * 60_000), "59 min"),
        (duration(3 * 3_600_000 + 5 * 60_000), "3 h 05 min"),
        (duration(49 * 3_600_000), "2 d 01 h"),
        (duration(math.nan), "–"),
    ],
)
def test_wording(said: str, text: str) -> None:
    assert said == text
