"""What the market tells the core: price points, depth, instruments, funding instants.

Every input carries simulated time in ms UTC. Prices: quote per base; quantities: base.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument

Level = tuple[Decimal, Decimal]
"""One step of a book: (price, quantity)."""


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """Venue rules of a symbol that its instrument does not carry.

    `maintenance_rate` is the fraction of position value kept as maintenance margin (one risk tier).
    `price_limit_ratio` bounds how far beyond the last price a limit order may reach through the market;
    `market_price_ratio` gives a market order its protective price. Both are fractions of the last price.
    """

    maintenance_rate: Decimal = Decimal("0.005")
    risk_id: int = 1
    risk_limit_value: Decimal = Decimal("2000000")
    price_limit_ratio: Decimal = Decimal("0.1")
    market_price_ratio: Decimal = Decimal("0.05")
    default_leverage: Decimal = Decimal("10")
    max_price: Decimal = Decimal("1999999.8")


@dataclass(frozen=True, slots=True)
class InstrumentListed:
    """Lists a symbol, or changes its rules (tick size, status...) while orders and positions stay."""

    instrument: Instrument
    ts_ms: int
    rules: SymbolRules = field(default_factory=SymbolRules)


@dataclass(frozen=True, slots=True)
class PricePoint:
    """One point of the price path; None leaves a price as it was.

    Between two points the last price passes through every level in between, and a stop there fills at its
    level. `is_gap` says that the price jumped instead (a bar's open, a hole in the data): then everything
    that was jumped over fills at the point itself. `volume` and `taker_side` describe the trade at exactly
    this price, where known; they use up the queue in front of resting orders.
    """

    symbol: str
    ts_ms: int
    last_price: Decimal | None = None
    mark_price: Decimal | None = None
    index_price: Decimal | None = None
    volume: Decimal | None = None
    taker_side: Side | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class BookChanged:
    """Depth of a symbol, recorded or synthetic. A delta changes the levels it names; quantity 0 deletes one.

    One level a side is enough to make the spread known.
    """

    symbol: str
    ts_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_snapshot: bool = True


@dataclass(frozen=True, slots=True)
class FundingDue:
    """A funding instant: longs pay `rate` × value on the mark price, shorts receive it (rate < 0: reversed).

    `mark_price` None takes the newest mark, else the newest last price. It is paid on the position held just
    before `ts_ms`, whatever was filled at that very instant before this input came.
    """

    symbol: str
    ts_ms: int
    rate: Decimal
    mark_price: Decimal | None = None


MarketInput = PricePoint | BookChanged | InstrumentListed | FundingDue
