"""What a backtest assumes besides the configuration of the engine: money, fees, slippage, chance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.engine.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """One run. Fees are fractions of notional, `slippage_percent` percent of the price, as in the file.

    `slippage_percent` None: half a tick plus one basis point. `latency_ms` 0: an order fills at the next
    event. `seed` is for whatever is random; the two tiers themselves are not. The engine's own expectation
    of costs lies in `engine.trade.costs`.
    """

    engine: EngineSettings
    balance: Decimal = Decimal(1000)
    taker_fee: Decimal = Decimal("0.00055")
    maker_fee: Decimal = Decimal("0.0002")
    slippage_percent: Decimal | None = None
    latency_ms: int = 0
    seed: int = 0
