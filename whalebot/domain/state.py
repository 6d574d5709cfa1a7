"""What must survive a restart, and nothing else: one versioned document per mode.

The venue is the truth for what exists; this document is the truth for why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from whalebot.domain.enums import ClosedBy, Side, Signal
from whalebot.domain.orders import FundingPayment, OrderIntent
from whalebot.domain.trade import ClosedTrade

STATE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class PositionMemory:
    """Why a position exists and what it has earned so far. Quote currency, ms UTC.

    `bought` and `sold` are sums of price times quantity, exact; `bought_qty` and `sold_qty` the base units.
    `atr` is frozen at the decision. `foreign` positions are only protected, never managed.
    """

    symbol: str
    side: Side
    entry_link_id: str
    first_exec_id: str
    opened_ms: int
    entry_score: float | None
    breakdown: tuple[tuple[str, float], ...]
    atr: float
    initial_stop: Decimal | None
    target: Decimal | None
    stop: Decimal | None
    best_price: Decimal | None
    worst_price: Decimal | None
    stop_moved: bool
    bars_held: int
    bought: Decimal
    bought_qty: Decimal
    sold: Decimal
    sold_qty: Decimal
    fees: Decimal
    funding: Decimal
    link_ids: tuple[str, ...]
    closing_as: ClosedBy | None
    foreign: bool
    leverage: Decimal
    position_idx: int = 0
    reconciled: bool = False
    last_fill_ms: int = 0


@dataclass(frozen=True, slots=True)
class IntentMemory:
    """An order in flight: what was meant, and for an entry why."""

    intent: OrderIntent
    outcome_unknown: bool
    order_id: str
    entry_score: float | None
    breakdown: tuple[tuple[str, float], ...]
    atr: float


@dataclass(frozen=True, slots=True)
class SymbolMemory:
    """Signal and cooldown of one symbol, and its executions: those applied, and up to when none lacks.

    `last_exec_ms` is the time of the last execution before which every other one is known too,
    `recent_exec_ms` the time of each of `recent_exec_ids`; none older than `forgotten_ms` is remembered. All
    in ms UTC.
    """

    symbol: str
    signal: Signal = Signal.HOLD
    last_entry_ms: int | None = None
    last_exit_ms: int | None = None
    last_exec_ms: int | None = None
    bars_since_exit: int | None = None
    recent_exec_ids: tuple[str, ...] = ()
    recent_exec_ms: tuple[int, ...] = ()
    forgotten_ms: int = 0


@dataclass(frozen=True, slots=True)
class WaitingTrade:
    """A trade that ended at a settlement whose funding is not known yet: not to be recorded before it is.

    `memory` has what was booked so far; `exit_ms` and `due_ms`, the settlement, in ms UTC; `exit_level` the
    price that ended it, without slippage. `mode` and `config_hash` are those under which it ended.
    """

    memory: PositionMemory
    exit_ms: int
    exit_level: Decimal | None
    closed_by: ClosedBy
    mode: str
    config_hash: str
    due_ms: int


@dataclass(frozen=True, slots=True)
class CashMemory:
    """How far the venue's log of the balance was read, market time in ms UTC, and the last money moved.

    `balance`: what the wallet held when all of it was explained, or given up on; None: not kept then.
    """

    known_to_ms: int | None = None
    moved_ids: tuple[str, ...] = ()
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DayBook:
    """What one symbol made on one UTC day, in quote: fills, fees and funding from `from_ms` on.

    `is_sure` False: something on that day could not be valued.
    """

    symbol: str
    day_ms: int
    from_ms: int
    net: Decimal = Decimal(0)
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class GuardrailMemory:
    """Account-wide limits and where they stand. Times are market time, ms UTC.

    `day_carried` is the part of the day's result that money moved in or out took out of the comparison with
    `day_base_equity`.
    """

    peak_equity: Decimal | None = None
    day_start_ms: int | None = None
    day_base_equity: Decimal | None = None
    day_carried: Decimal = Decimal(0)
    last_equity: Decimal | None = None
    consecutive_losses: int = 0
    paused_until_ms: int | None = None
    pause_rule: str = ""
    manual_pause: bool = False


@dataclass(frozen=True, slots=True)
class StateDocument:
    """Everything the engine must find again after a restart.

    A trade of `waiting_trades` is among `unrecorded_trades` too, as it would be without what it waits for.
    `early_funding` was told before the fill of the position it belongs to.
    """

    run_id: str
    revision: int = 0
    version: int = STATE_VERSION
    next_intent_no: int = 1
    saved_ms: int = 0
    intents: tuple[IntentMemory, ...] = ()
    positions: tuple[PositionMemory, ...] = ()
    symbols: tuple[SymbolMemory, ...] = ()
    guardrails: GuardrailMemory = field(default_factory=GuardrailMemory)
    unrecorded_trades: tuple[ClosedTrade, ...] = ()
    waiting_trades: tuple[WaitingTrade, ...] = ()
    cash: CashMemory = field(default_factory=CashMemory)
    day_books: tuple[DayBook, ...] = ()
    early_funding: tuple[FundingPayment, ...] = ()
