"""Engine and exchange in one thread: an event goes in, and everything that comes of it has happened."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from whalebot.adapters.exchange.core import (
    BarLiquidity,
    Exchange,
    FeeRates,
    InstrumentListed,
    NoLatency,
    Settings,
)
from whalebot.adapters.exchange.core.inputs import FundingDue, PricePoint
from whalebot.adapters.exchange.core.market import Band
from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.adapters.exchange.inprocess.reads import ACCOUNT
from whalebot.adapters.exchange.inprocess.translate import ticker_of
from whalebot.domain.enums import Stream
from whalebot.domain.events import (
    AccountDue,
    Event,
    Filled,
    FundingPaid,
    InstrumentsFetched,
    OrderRefused,
    PositionReported,
    StreamUp,
    WalletReported,
)
from whalebot.domain.instrument import Instrument
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.orders import Execution, FundingPayment
from whalebot.domain.state import GuardrailMemory, PositionMemory, StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.bars import Analyzer
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings, FeedSettings, Timing
from whalebot.research.event.errands import Errands
from whalebot.research.settings import BacktestSettings

NOW_MS: Final = 1
"""Real time stands still; only the market's passes, so that no answer is ever late."""

LABEL: Final = "backtest"
"""Stands in the trades where live ones name their mode."""

_REMEMBERED_ROWS: Final = 100


class Tape:
    """`EventSink` and `HistorySource` of what is inside: queues what the exchange says, keeps the fills.

    `touched`: symbols whose position changed since they were looked at. `wallet`: the newest balance.
    """

    def __init__(self, settings: BacktestSettings, rules: Mapping[str, Instrument]) -> None:
        self.queue: deque[Event] = deque()
        self.fills: list[Execution | FundingPayment] = []
        self.touched: set[str] = set()
        self.has_filled = False
        self.refusals: list[OrderRefused] = []
        self.wallet = settings.balance
        self.rules = dict(rules)

    def put(self, event: Event) -> None:
        """Take what the exchange says."""
        if isinstance(event, Filled):
            self.fills.append(event.execution)
            self.has_filled = True
        elif isinstance(event, FundingPaid):
            self.fills.append(event.payment)
        elif isinstance(event, PositionReported):
            self.touched.add(event.position.symbol)
        elif isinstance(event, OrderRefused):
            self.refusals.append(event)
        elif isinstance(event, WalletReported):
            self.wallet = event.wallet.wallet_balance
        self.queue.append(event)

    def wait_settled(self, timeout_s: float) -> bool:
        """Everything is acted upon as it comes."""
        return True

    def now_ms(self) -> int:
        """Return the one moment of real time that there is."""
        return NOW_MS

    def server_time_ms(self) -> int:
        """Return the same."""
        return NOW_MS

    def candles(
        self, symbol: str, interval: str, start_ms: int | None, end_ms: int | None, limit: int
    ) -> tuple[Candle, ...]:
        """Return nothing: no bar is known before it is played."""
        return ()

    def instruments(self, symbols: Iterable[str]) -> tuple[Instrument, ...]:
        """Return the rules as of now."""
        return tuple(self.rules[symbol] for symbol in symbols)


class Machine:
    """One engine trading on one exchange. Deterministic: equal calls give equal results."""

    def __init__(
        self,
        settings: BacktestSettings,
        rules: Mapping[str, Instrument],
        analyzers: Mapping[str, Analyzer],
        start_ms: int,
    ) -> None:
        symbols = tuple(rules)
        self.tape = Tape(settings, rules)
        self._core = _new_core(settings, rules.values(), start_ms)
        self._account = SimulatedAccount(self._core, symbols, self.tape, self.tape, holds_orders=True)
        self._errands = Errands(self._account, self.tape, symbols, self.tape)
        self.settings = for_simulation(settings.engine, symbols)
        self._engine = Engine(self.settings, StateDocument(run_id="sim"), analyzers)
        for effect in self._engine.start(NOW_MS):
            self.tape.queue.extend(self._errands.carry_out(effect))
        for stream in Stream:
            self.say(StreamUp(stream, NOW_MS))

    # --- what happens -----------------------------------------------------------------------------------

    def say(self, event: Event) -> None:
        """Tell the engine something; whatever it asks for is done when this returns."""
        self.tape.queue.append(event)
        self._drain()

    def reach(self, point: PricePoint) -> None:
        """Let a price be reached: stops first, then what the engine makes of it, then orders that waited."""
        self._account.apply(point)
        self.say(ticker_of(point, NOW_MS))
        if self._account.is_waiting(point.symbol):
            self._account.release(point.symbol)
            self._drain()
            # A position that was just opened begins at this price.
            self.say(ticker_of(point, NOW_MS))

    def pass_by(self, point: PricePoint) -> None:
        """Bring the exchange to a price on the way to which nothing can happen."""
        self._account.apply(point)
        self._drain()

    def settle(self, due: FundingDue) -> None:
        """Let funding be settled."""
        self._account.apply(due)
        self._drain()

    def relist(self, listed: InstrumentListed) -> None:
        """Let the rules of a symbol change."""
        self._account.apply(listed)
        self.tape.rules[listed.instrument.symbol] = listed.instrument
        self.say(InstrumentsFetched(Known((listed.instrument,), NOW_MS), NOW_MS))

    def look(self, ts_ms: int) -> None:
        """Let the engine look at the account at the close of a bar; orders it makes wait for a price."""
        self._account.close_bar()
        self.say(AccountDue(ts_ms, NOW_MS))

    def close_bar(self, event: Event) -> None:
        """Tell of something that comes at the close of a bar; orders made of it wait for the next price."""
        self._account.close_bar()
        self.say(event)

    def finish(self, symbol: str, ts_ms: int) -> None:
        """Let the orders that wait for a price of the symbol trade at its last one: none will follow."""
        self._core.advance(ts_ms)
        self._account.release(symbol)
        self._drain()

    def drop_entries(self, symbol: str, reason: str) -> None:
        """Give up the entries that wait for a price of the symbol."""
        self._account.drop_entries(symbol, reason)
        self._drain()

    # --- what is read -----------------------------------------------------------------------------------

    @property
    def trades(self) -> list[ClosedTrade]:
        """Closed trades in the order they ended."""
        return self._errands.trades

    def quiet(self, symbol: str) -> tuple[Band, Band]:
        """Return the open intervals of last and mark price in which the exchange stays silent."""
        return self._core.quiet(symbol)

    def is_waiting(self, symbol: str) -> bool:
        """True while an order of the symbol waits for a price."""
        return self._account.is_waiting(symbol)

    @property
    def has_waiting(self) -> bool:
        """True while an order of any symbol waits for a price."""
        return self._account.has_waiting

    def position(self, symbol: str) -> PositionMemory | None:
        """Return what the engine holds of a symbol."""
        holding = self._engine.rooms.positions.holdings.get(symbol)
        return None if holding is None else holding.memory

    @property
    def guardrails(self) -> GuardrailMemory:
        """Where the limits of the account stand."""
        return self._engine.rooms.guard.memory

    @property
    def refused(self) -> dict[str, int]:
        """Entries refused so far, by rule; those that the exchange refused under its code."""
        counts = Counter(self._engine.rooms.guard.refusals)
        for told in self.tape.refusals:
            if told.ret_code and told.order_link_id in self._errands.entries:
                counts[f"exchange {told.ret_code}"] += 1
        return dict(sorted(counts.items()))

    def _drain(self) -> None:
        queue, process, carry_out = self.tape.queue, self._engine.process, self._errands.carry_out
        while queue:
            for effect in process(queue.popleft()):
                queue.extend(carry_out(effect))


def for_simulation(settings: EngineSettings, symbols: tuple[str, ...]) -> EngineSettings:
    """Return the owner's settings with the facts of played bars; nothing that decides is changed."""
    return replace(
        settings,
        symbols=symbols,
        label=LABEL,
        feed=FeedSettings(has_book=False, has_holes=True, higher_wait_ms=0),
        timing=Timing(heartbeat_ms=None, view_ms=None, funding_check_ms=None),
        keeps_document=False,
    )


def _new_core(settings: BacktestSettings, rules: Iterable[Instrument], start_ms: int) -> Exchange:
    core = Exchange(
        liquidity=BarLiquidity(settings.slippage_percent),
        latency=NoLatency(),
        settings=Settings(
            history_limit=_REMEMBERED_ROWS, realm=settings.seed & 0xFFFFFFFF, tells_stops=False
        ),
    )
    for instrument in rules:
        core.apply(InstrumentListed(instrument, start_ms))
    core.open_account(ACCOUNT, settings.balance, start_ms, FeeRates(settings.maker_fee, settings.taker_fee))
    return core
