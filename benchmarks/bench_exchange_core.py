"""Speed of the matching core: market events per second, with orders resting, and round trips of orders.

python -m benchmarks.bench_exchange_core
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal

from benchmarks.figures import Figure
from whalebot.adapters.exchange.core import (
    BarLiquidity,
    BookChanged,
    CancelOrder,
    CreateOrder,
    Exchange,
    InstrumentListed,
    MarketInput,
    PricePoint,
    SetTradingStop,
)
from whalebot.domain.enums import OrderType, Side
from whalebot.domain.instrument import Instrument

EVENTS = 300_000
SYMBOL = "BTCUSDT"
ACCOUNT = "bench"
BTC = Instrument(
    symbol=SYMBOL,
    tick_size=Decimal("0.1"),
    qty_step=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal("1190"),
    max_market_qty=Decimal("500"),
    min_notional=Decimal("5"),
    max_leverage=Decimal("100"),
)


def exchange() -> Exchange:
    """Return an exchange with one rich account and BTCUSDT at 60,000."""
    made = Exchange(liquidity=BarLiquidity())
    made.apply(InstrumentListed(BTC, 0))
    made.open_account(ACCOUNT, Decimal(10_000_000), 0)
    made.apply(PricePoint(SYMBOL, 0, Decimal(60_000), mark_price=Decimal(60_000)))
    return made


def with_orders(resting: int) -> Exchange:
    """Add a position with stop, target and trailing stop, and limit orders on both sides, 10 in all."""
    made = exchange()
    if resting:
        made.submit(ACCOUNT, CreateOrder(SYMBOL, Side.BUY, OrderType.MARKET, Decimal(1)), 0)
        stops = SetTradingStop(
            SYMBOL,
            stop_loss=Decimal(50_000),
            take_profit=Decimal(70_000),
            trailing_stop=Decimal(9_000),
            active_price=Decimal(69_000),
        )
        made.submit(ACCOUNT, stops, 0)
    for step in range(max(resting - 3, 0)):
        side = Side.BUY if step % 2 else Side.SELL
        price = Decimal(60_000 - side.sign * (3_000 + 100 * step))
        made.submit(ACCOUNT, CreateOrder(SYMBOL, side, OrderType.LIMIT, Decimal(1), price), 0)
    return made


def walk(step_ticks: int, *, mark: bool) -> list[MarketInput]:
    """Return a seeded random walk around 60,000, pulled back so that it stays within 2,000."""
    dice, ticks = random.Random(7), 0
    points: list[MarketInput] = []
    for number in range(EVENTS):
        ticks += dice.randint(-step_ticks, step_ticks) - ticks // 2_000
        price = Decimal(600_000 + max(-20_000, min(20_000, ticks))) / 10
        points.append(PricePoint(SYMBOL, number, price, price if mark else None))
    return points


def books(levels: int) -> list[MarketInput]:
    """Return snapshots of a book of so many levels a side."""
    dice = random.Random(7)
    made: list[MarketInput] = []
    for number in range(EVENTS // 30):
        mid = Decimal(600_000 + dice.randint(-100, 100)) / 10
        size = Decimal(dice.randint(1, 900)) / 100
        bids = tuple((mid - Decimal(step) / 10, size) for step in range(1, levels + 1))
        asks = tuple((mid + Decimal(step) / 10, size) for step in range(1, levels + 1))
        made.append(BookChanged(SYMBOL, number, bids, asks))
    return made


def deltas() -> list[MarketInput]:
    """Return one snapshot of 50 levels, then changes of one level a side."""
    dice = random.Random(7)
    made: list[MarketInput] = books(50)[:1]
    mid = Decimal(60_000)
    for number in range(EVENTS // 3):
        size = Decimal(dice.randint(0, 900)) / 100
        away = Decimal(dice.randint(101, 150)) / 10
        made.append(BookChanged(SYMBOL, number, ((mid - away, size),), ((mid + away, size),), False))
    return made


def feed(made: Exchange, events: list[MarketInput]) -> tuple[float, int]:
    """Return seconds and number of inputs."""
    apply = made.apply
    start = time.perf_counter()
    for event in events:
        apply(event)
    return time.perf_counter() - start, len(events)


def feed_and_build(made: Exchange, count: int) -> tuple[float, int]:
    """Return seconds and number of inputs, the making of each point included."""
    price = Decimal("60000.5")
    start = time.perf_counter()
    for number in range(count):
        made.apply(PricePoint(SYMBOL, number, price))
    return time.perf_counter() - start, count


def round_trips(made: Exchange, count: int) -> tuple[float, int]:
    """Return seconds and number of market orders, every other one closing with its stop cancelled."""
    start = time.perf_counter()
    for number in range(count // 2):
        entry = CreateOrder(SYMBOL, Side.BUY, OrderType.MARKET, Decimal(1), stop_loss=Decimal(50_000))
        made.submit(ACCOUNT, entry, number)
        made.submit(
            ACCOUNT, CreateOrder(SYMBOL, Side.SELL, OrderType.MARKET, Decimal(1), reduce_only=True), number
        )
    return time.perf_counter() - start, count


def place_and_cancel(made: Exchange, count: int) -> tuple[float, int]:
    """Return seconds and number of limit orders placed and cancelled."""
    start = time.perf_counter()
    for number in range(count):
        order = CreateOrder(SYMBOL, Side.BUY, OrderType.LIMIT, Decimal(1), Decimal(59_000))
        answer = made.submit(ACCOUNT, order, number)
        made.submit(ACCOUNT, CancelOrder(SYMBOL, answer.order_id), number)
    return time.perf_counter() - start, count


def trailing(made: Exchange, count: int) -> tuple[float, int]:
    """Return seconds and number of points that each pull a trailing stop along."""
    made.submit(ACCOUNT, CreateOrder(SYMBOL, Side.BUY, OrderType.MARKET, Decimal(1)), 0)
    made.submit(ACCOUNT, SetTradingStop(SYMBOL, trailing_stop=Decimal(1000)), 0)
    rising: list[MarketInput] = [
        PricePoint(SYMBOL, number, Decimal(600_000 + number) / 10) for number in range(count)
    ]
    return feed(made, rising)


CASES: list[tuple[str, Callable[[], tuple[float, int]]]] = [
    ("price points, no orders", lambda: feed(exchange(), walk(5, mark=False))),
    ("price points, 10 orders", lambda: feed(with_orders(10), walk(5, mark=False))),
    ("price points with mark, 10 orders", lambda: feed(with_orders(10), walk(5, mark=True))),
    ("price points made and fed, 10 orders", lambda: feed_and_build(with_orders(10), EVENTS)),
    ("points that pull a trailing stop", lambda: trailing(exchange(), EVENTS // 30)),
    ("book snapshots, 50 levels a side", lambda: feed(exchange(), books(50))),
    ("book snapshots, 50 levels, 10 orders", lambda: feed(with_orders(10), books(50))),
    ("book deltas, no orders", lambda: feed(exchange(), deltas())),
    ("book deltas, 10 orders", lambda: feed(with_orders(10), deltas())),
    ("market orders, entry with stop and exit", lambda: round_trips(exchange(), 10_000)),
    ("limit orders placed and cancelled", lambda: place_and_cancel(exchange(), 5_000)),
]


def figures() -> list[Figure]:
    """Measure: the best of two runs each."""
    found: list[Figure] = []
    for name, run in CASES:
        seconds, count = min(run() for _ in range(2))
        found.append(Figure("matching core of the local exchange", name, seconds / count * 1e6, "us"))
    return found


def main() -> None:
    """Print a table: the best of three runs each."""
    print(f"{'case':<42}{'n':>10}{'per second':>14}{'us each':>10}")
    for name, run in CASES:
        seconds, count = min(run() for _ in range(3))
        print(f"{name:<42}{count:>10,}{count / seconds:>14,.0f}{seconds / count * 1e6:>10.2f}")


if __name__ == "__main__":
    main()
