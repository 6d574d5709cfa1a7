"""The matching core: a pure, deterministic exchange for linear USDT perpetuals.

No I/O, no threads, no wall clock, no randomness: the same inputs give the same outputs to the byte. All
money is Decimal and exact. Time is whatever the inputs carry (ms UTC) and never runs backwards.

    exchange = Exchange()
    exchange.apply(InstrumentListed(instrument, ts_ms))
    exchange.open_account("demo", Decimal(1000), ts_ms)
    events = exchange.apply(PricePoint("BTCUSDT", ts_ms, last_price=Decimal("60000")))
    answer = exchange.submit("demo", CreateOrder("BTCUSDT", Side.BUY, OrderType.MARKET, qty), ts_ms)

Input: `MarketInput` (inputs.py) through `apply`, `Command` (commands.py) through `submit`, mere passing of
time through `advance`. Output: a sequence of `Event` (events.py) made of frozen records (records.py); a
refusal carries the venue's retCode and message. `exchange.read` (queries.py) holds the pure queries,
`exchange.check()` lists broken invariants, `exchange.export_state()` and `Exchange.from_state()` save and
go on.

Replaceable models: `Liquidity` (what a taker gets), `Latency` (when a command is worked on), `FeeModel`.
"""

from __future__ import annotations

from whalebot.adapters.exchange.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    ClosePosition,
    Command,
    CreateOrder,
    Deposit,
    SetLeverage,
    SetMarginMode,
    SetTradingStop,
    SwitchMode,
)
from whalebot.adapters.exchange.core.events import (
    Answer,
    Event,
    Executed,
    FundingSettled,
    Liquidated,
    OrderUpdated,
    PositionUpdated,
    Rejected,
    WalletUpdated,
)
from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.fees import FeeModel, FeeRates, FlatFees
from whalebot.adapters.exchange.core.inputs import (
    BookChanged,
    FundingDue,
    InstrumentListed,
    MarketInput,
    PricePoint,
    SymbolRules,
)
from whalebot.adapters.exchange.core.latency import ConstantLatency, Latency, NextPoint, NoLatency
from whalebot.adapters.exchange.core.liquidity import (
    BarLiquidity,
    BestAvailable,
    BookLiquidity,
    Liquidity,
    PartialLiquidity,
)
from whalebot.adapters.exchange.core.queries import Reader
from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    ExecutionRecord,
    MarketRecord,
    OrderRecord,
    PositionRecord,
    TransactionRecord,
    WalletRecord,
)
from whalebot.adapters.exchange.core.world import Settings

__all__ = [
    "AmendOrder",
    "Answer",
    "BarLiquidity",
    "BestAvailable",
    "BookChanged",
    "BookLiquidity",
    "CancelAll",
    "CancelOrder",
    "ClosePosition",
    "ClosedPnlRecord",
    "Command",
    "ConstantLatency",
    "CreateOrder",
    "Deposit",
    "Event",
    "Exchange",
    "Executed",
    "ExecutionRecord",
    "FeeModel",
    "FeeRates",
    "FlatFees",
    "FundingDue",
    "FundingSettled",
    "InstrumentListed",
    "Latency",
    "Liquidated",
    "Liquidity",
    "MarketInput",
    "MarketRecord",
    "NextPoint",
    "NoLatency",
    "OrderRecord",
    "OrderUpdated",
    "PartialLiquidity",
    "PositionRecord",
    "PositionUpdated",
    "PricePoint",
    "Reader",
    "Rejected",
    "SetLeverage",
    "SetMarginMode",
    "SetTradingStop",
    "Settings",
    "SwitchMode",
    "SymbolRules",
    "TransactionRecord",
    "WalletRecord",
    "WalletUpdated",
]
