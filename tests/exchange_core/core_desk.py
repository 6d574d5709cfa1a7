"""A desk for tests of the matching core: one exchange, one account, short ways to trade on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from whalebot.adapters.exchange.core import (
    Answer,
    CreateOrder,
    Event,
    Exchange,
    Executed,
    ExecutionRecord,
    FundingDue,
    InstrumentListed,
    OrderRecord,
    OrderUpdated,
    PositionRecord,
    PricePoint,
    SetTradingStop,
    SymbolRules,
)
from whalebot.adapters.exchange.core.commands import Command
from whalebot.domain.enums import OrderType, Side
from whalebot.domain.instrument import Instrument

D = Decimal

BTC = Instrument(
    symbol="BTCUSDT",
    tick_size=D("0.1"),
    qty_step=D("0.001"),
    min_qty=D("0.001"),
    max_qty=D("1190"),
    max_market_qty=D("500"),
    min_notional=D("5"),
    max_leverage=D("100"),
)
ETH = replace(BTC, symbol="ETHUSDT", tick_size=D("0.01"), qty_step=D("0.01"), min_qty=D("0.01"))

ME = "me"


class Desk:
    """One account on one exchange. Time moves by a millisecond with every action."""

    def __init__(self, balance: str = "10000", start: str | None = "100", **models: Any) -> None:
        self.x = Exchange(**models)
        self.ts = 1_700_000_000_000
        self.x.apply(InstrumentListed(BTC, self.ts))
        self.x.apply(InstrumentListed(ETH, self.ts))
        self.x.open_account(ME, D(balance), self.ts)
        self.events: Sequence[Event] = ()
        if start is not None:
            self.price(start)

    def tick(self) -> int:
        self.ts += 1
        return self.ts

    def price(
        self, last: str | None, *, symbol: str = "BTCUSDT", gap: bool = False, **more: Any
    ) -> list[ExecutionRecord]:
        """Feed a price point, keep its events, return its fills; the invariants must hold."""
        more = {name: D(value) if isinstance(value, str) else value for name, value in more.items()}
        value = D(last) if last is not None else None
        self.events = self.x.apply(PricePoint(symbol, self.tick(), value, is_gap=gap, **more))
        self.sound()
        return self.fills()

    def path(self, *prices: str) -> list[ExecutionRecord]:
        """Feed several points of a running path; return all fills."""
        return [fill for price in prices for fill in self.price(price)]

    def funding(self, rate: str, mark: str | None = None, ts_ms: int | None = None) -> None:
        at = self.tick() if ts_ms is None else ts_ms
        self.events = self.x.apply(FundingDue("BTCUSDT", at, D(rate), None if mark is None else D(mark)))
        self.sound()

    def rules(self, **changes: Any) -> None:
        self.x.apply(InstrumentListed(BTC, self.tick(), SymbolRules(**changes)))

    def send(self, command: Command, account: str = ME) -> Answer:
        answer = self.x.submit(account, command, self.tick())
        self.events = answer.events
        self.sound()
        return answer

    def order(self, side: Side, qty: str, price: str | None = None, **more: Any) -> Answer:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        more = {name: D(value) if _is_number(value) else value for name, value in more.items()}
        symbol = more.pop("symbol", "BTCUSDT")
        limit = None if price is None else D(price)
        return self.send(CreateOrder(symbol, side, kind, D(qty), limit, **more))

    def buy(self, qty: str, price: str | None = None, **more: Any) -> Answer:
        return self.order(Side.BUY, qty, price, **more)

    def sell(self, qty: str, price: str | None = None, **more: Any) -> Answer:
        return self.order(Side.SELL, qty, price, **more)

    def stop(self, **more: Any) -> Answer:
        more = {name: D(value) if _is_number(value) else value for name, value in more.items()}
        return self.send(SetTradingStop("BTCUSDT", **more))

    def fills(self) -> list[ExecutionRecord]:
        return [event.execution for event in self.events if isinstance(event, Executed)]

    def updates(self) -> list[OrderRecord]:
        return [event.order for event in self.events if isinstance(event, OrderUpdated)]

    def position(self, idx: int = 0, symbol: str = "BTCUSDT") -> PositionRecord:
        return next(row for row in self.x.read.positions(ME, symbol) if row.position_idx == idx)

    def open(self, kind: str | None = None) -> list[OrderRecord]:
        return [row for row in self.x.read.open_orders(ME) if kind in (None, row.stop_order_type)]

    def find(self, answer: Answer) -> OrderRecord:
        found = self.x.read.order(ME, answer.order_id)
        assert found is not None
        return found

    def find_ended(self, order_id: str) -> OrderRecord:
        return next(row for row in self.x.read.order_history(ME) if row.order_id == order_id)

    @property
    def wallet(self) -> Decimal:
        return self.x.read.wallet(ME).wallet_balance

    def sound(self) -> None:
        assert self.x.check() == []


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).replace("-", "", 1).isdigit()
