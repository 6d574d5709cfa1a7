"""Paper trading: prices move the account before they are handed on, those from the far future never."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from whalebot.adapters.exchange.core.inputs import PricePoint
from whalebot.adapters.exchange.inprocess.paper import PaperSink
from whalebot.domain.events import Event, TickerChanged, TradesPrinted

D = Decimal
LATEST = 1_000_000


class Recorder:
    """Both sides of the sink: the account that is moved and the inbox behind it, in one order."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def apply(self, found: Any) -> None:
        self.seen.append(found)

    def put(self, event: Event) -> None:
        self.seen.append(event)

    def wait_settled(self, timeout_s: float) -> bool:
        return True


def trades(ts_ms: int, high: int = 3, low: int = 1, last: int = 2) -> TradesPrinted:
    return TradesPrinted("BTCUSDT", D(high), D(low), D(last), 1.0, 1.0, 3, ts_ms, 7)


def made() -> tuple[Recorder, PaperSink]:
    seen = Recorder()
    return seen, PaperSink(seen, ("BTCUSDT",), seen, lambda ms: ms <= LATEST)  # type: ignore[arg-type]


def test_a_price_moves_the_account_before_it_is_handed_on() -> None:
    seen, sink = made()
    sink.put(trades(LATEST))
    *prices, last = seen.seen
    assert [p.last_price for p in prices] == [D(1), D(3), D(2)]
    assert all(isinstance(p, PricePoint) for p in prices)
    assert last == trades(LATEST)


@pytest.mark.parametrize(
    ("high", "low", "last", "path"), [(3, 1, 1, [1, 3, 1]), (3, 1, 3, [3, 1, 3]), (2, 2, 2, [2])]
)
def test_the_last_price_told_is_the_last_one_the_account_meets(
    high: int, low: int, last: int, path: list[int]
) -> None:
    seen, sink = made()
    sink.put(trades(LATEST, high, low, last))
    assert [p.last_price for p in seen.seen[:-1]] == path


def test_a_price_from_the_far_future_is_only_handed_on() -> None:
    seen, sink = made()
    ticker = TickerChanged("BTCUSDT", D(2), D(2), D(2), D(1), D(3), None, None, LATEST + 1, 7)
    sink.put(trades(LATEST + 1))
    sink.put(ticker)
    assert seen.seen == [trades(LATEST + 1), ticker]
