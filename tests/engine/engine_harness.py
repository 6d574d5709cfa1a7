"""A hand-cranked world for the engine: one symbol, an analyzer that says what the test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.decisions.risk.settings import CostSettings, GuardrailSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Effect, FetchExecutions, FetchSnapshot, SubmitOrder
from whalebot.domain.enums import ExecType, OrderStatus, Side, Signal, Stream
from whalebot.domain.instrument import Instrument
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.orders import (
    AccountSnapshot,
    Execution,
    FundingPayment,
    OrderIntent,
    OrderReport,
    PositionReport,
    WalletReport,
)
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings, FeedSettings, Timing

SYMBOL = "BTCUSDT"
BAR_MS = 900_000
DAY_MS = 86_400_000
T0 = 1_760_000_400_000 // BAR_MS * BAR_MS
E = TypeVar("E")

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


class ScriptedAnalyzer:
    """Scores come from the test; everything else is fixed."""

    higher_intervals: tuple[str, ...] = ()

    def __init__(self, atr: float = 100.0) -> None:
        self.atr = atr
        self.score = 0.0
        self.signal = Signal.HOLD

    def load_history(self, interval: str, candles: Sequence[Candle]) -> None:
        self.loaded = len(candles)

    def on_higher_close(self, candle: Candle) -> None:
        raise AssertionError("no higher timeframe was asked for")

    def on_close(
        self, candle: Candle, imbalance: float | None, trade_delta: float | None, missing: frozenset[str]
    ) -> Analysis:
        return Analysis(
            symbol=candle.symbol,
            interval=candle.interval,
            open_ms=candle.open_ms,
            close_ms=candle.close_ms,
            close=candle.close,
            volume=float(candle.volume),
            score=self.score,
            breakdown=(("ema_alignment", self.score),),
            signal=self.signal,
            trends=(),
            atr=self.atr,
            warming=(),
            without_input=(),
            may_enter=True,
            threshold=2.0,
        )

    def latest(self) -> Mapping[str, float]:
        return {"atr": self.atr}

    def restore_signal(self, signal: Signal) -> None:
        self.signal = signal

    def use_scoring(self, scoring: ScoringSettings) -> None:
        self.scoring = scoring


class World:
    """Feeds the engine and keeps everything it asked for. `now` is real and market time alike, ms."""

    def __init__(
        self,
        trade: TradeSettings | None = None,
        guardrails: GuardrailSettings | None = None,
        state: StateDocument | None = None,
        timing: Timing | None = None,
        feed: FeedSettings | None = None,
    ) -> None:
        self.analyzer = ScriptedAnalyzer()
        self.now = T0
        self.price = Decimal("60000")
        self.wallet = Decimal("1000")
        self.log: list[Effect] = []
        self.exec_no = 0
        self.u = 0
        settings = EngineSettings(
            symbols=(SYMBOL,),
            interval="15",
            label="test",
            config_hash="c0ffee",
            trade=trade or TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10)),
            guardrails=guardrails or GuardrailSettings(min_target_to_cost=None),
            feed=feed or FeedSettings(has_book=False, max_ahead_ms=DAY_MS),
            timing=timing or Timing(view_ms=None, reconcile_ms=DAY_MS),
        )
        self.engine = Engine(settings, state or StateDocument(run_id="r1"), {SYMBOL: self.analyzer})
        self.log += self.engine.start(self.now)

    # --- driving --------------------------------------------------------------------------------------

    def send(self, event: ev.Event) -> list[Effect]:
        effects = self.engine.process(event)
        self.log += effects
        return effects

    def wait(self, ms: int) -> list[Effect]:
        """Let real time pass, firing each timer when it is due."""
        end, found = self.now + ms, []
        while True:
            left = self.engine.ms_to_next_timer(self.now)
            if left is None or self.now + left > end:
                break
            self.now += left
            found += self.send(ev.TimerDue(self.now))
        self.now = end
        return found + self.send(ev.TimerDue(self.now))

    def ready(self, positions: tuple[PositionReport, ...] = ()) -> World:
        """Bring the engine to the point where it may trade."""
        self.send(ev.InstrumentsFetched(Known((BTC,), self.now), self.now))
        history = Known((self.candle((self.now // BAR_MS - 1) * BAR_MS),), self.now)
        self.send(ev.HistoryFetched(SYMBOL, "15", history, self.now, None, None))
        self.ticker(self.price)
        self.send(ev.StreamUp(Stream.PUBLIC, self.now))
        effects = self.send(ev.StreamUp(Stream.PRIVATE, self.now))
        self.answer_snapshot(effects, positions)
        self.send(ev.LeverageAnswered(SYMBOL, Decimal(10), True, "", self.now))
        return self

    def answer_snapshot(
        self, effects: Sequence[Effect], positions: tuple[PositionReport, ...] = ()
    ) -> list[Effect]:
        request = only(effects, FetchSnapshot)
        snapshot = AccountSnapshot(positions, (), self.wallet_report())
        return self.send(ev.SnapshotFetched(request.request_no, Known(snapshot, self.now), self.now))

    def tell_executions(self, *items: Execution | FundingPayment) -> list[Effect]:
        """Answer the newest question for executions, and those that follow from the answer."""
        found: list[Effect] = []
        for _ in range(5):
            effects = self.tell_executions_once(self.log, *items)
            found += effects
            if not all_of(effects, FetchExecutions):
                return found
        raise AssertionError("asked for executions again and again")

    def tell_executions_once(
        self, asked: Sequence[Effect], *items: Execution | FundingPayment
    ) -> list[Effect]:
        since_ms = all_of(asked, FetchExecutions)[-1].since_ms
        return self.send(ev.ExecutionsFetched(SYMBOL, since_ms, Known(items, self.now), self.now))

    def wallet_report(self) -> WalletReport:
        return WalletReport(self.wallet, self.wallet, self.wallet, self.now)

    def ticker(self, price: Decimal) -> list[Effect]:
        self.price = price
        half = Decimal("0.05")
        return self.send(
            ev.TickerChanged(
                SYMBOL, price, price, price, price - half, price + half, None, None, self.now, self.now
            )
        )

    def candle(self, open_ms: int, close: Decimal | None = None) -> Candle:
        close = close or self.price
        return Candle(SYMBOL, "15", open_ms, close, close, close, close, Decimal(10))

    def close_bar(self, score: float = 0.0, signal: Signal | None = None) -> list[Effect]:
        """Close the bar in progress with the given score; prices are as fresh as the bar."""
        open_ms = self.now // BAR_MS * BAR_MS
        self.now = open_ms + BAR_MS
        self.ticker(self.price)
        self.analyzer.score = score
        if signal is None:
            signal = Signal.BUY if score >= 2 else Signal.SELL if score <= -2 else Signal.HOLD
        self.analyzer.signal = signal
        return self.send(ev.CandleClosed(self.candle(open_ms), self.now))

    def fill(
        self,
        side: Side,
        qty: Decimal,
        price: Decimal,
        link_id: str = "",
        stop_order_type: str = "",
        create_type: str = "CreateByUser",
        exec_type: ExecType = ExecType.TRADE,
        exec_id: str | None = None,
        fee: Decimal = Decimal("0.01"),
    ) -> list[Effect]:
        self.exec_no += 1
        execution = Execution(
            symbol=SYMBOL,
            exec_id=exec_id or f"x{self.exec_no}",
            exec_type=exec_type,
            side=side,
            price=price,
            qty=qty,
            fee=fee,
            is_maker=False,
            order_id=f"o-{link_id}",
            order_link_id=link_id,
            stop_order_type=stop_order_type,
            create_type=create_type,
            closed_qty=Decimal(0),
            ts_ms=self.now,
            seq=self.exec_no,
        )
        return self.send(ev.Filled(execution, self.now))

    def wallet_now(self) -> list[Effect]:
        return self.send(ev.WalletReported(self.wallet_report(), self.now))

    def report(
        self,
        side: Side | None,
        qty: Decimal,
        avg: Decimal | None,
        stop: Decimal | None,
        target: Decimal | None = None,
    ) -> list[Effect]:
        return self.send(ev.PositionReported(self.position(side, qty, avg, stop, target), self.now))

    def position(
        self,
        side: Side | None,
        qty: Decimal,
        avg: Decimal | None,
        stop: Decimal | None,
        target: Decimal | None = None,
    ) -> PositionReport:
        idx = self.engine._ctx.hedge_idx(SYMBOL, side or Side.BUY)
        return PositionReport(
            SYMBOL, side, qty, avg, stop, target, None, Decimal(10), idx, avg, None, self.now, self.exec_no
        )

    def enter(self, score: float = 2.5) -> OrderIntent:
        """Close a bar that enters, acknowledge and fill it at the price, with its stop at the venue."""
        intent = only(self.close_bar(score), SubmitOrder).intent
        self.send(ev.OrderAccepted(intent.order_link_id, "o1", self.now))
        self.fill(intent.side, intent.qty, self.price, intent.order_link_id)
        self.report(intent.side, intent.qty, self.price, intent.stop_loss, intent.take_profit)
        self.wallet_now()
        return intent

    def order_report(self, intent: OrderIntent, status: OrderStatus, cum: Decimal) -> OrderReport:
        return OrderReport(
            symbol=SYMBOL,
            order_id="o1",
            order_link_id=intent.order_link_id,
            side=intent.side,
            status=status,
            qty=intent.qty,
            cum_exec_qty=cum,
            avg_price=None,
            reduce_only=intent.reduce_only,
            stop_order_type="",
            create_type="CreateByUser",
            reject_reason="EC_NoError",
            trigger_price=None,
            position_idx=0,
            created_ms=self.now,
            updated_ms=self.now,
        )

    def restart(self, **changes: object) -> World:
        """A new process with the state this one would have left behind."""
        document = replace(self.engine.document(), **changes)  # type: ignore[arg-type]
        settings = self.engine._ctx.settings
        other = World(settings.trade, settings.guardrails, document, feed=settings.feed)
        other.now, other.price, other.wallet, other.exec_no = self.now, self.price, self.wallet, self.exec_no
        return other


def all_of(effects: Sequence[Effect], kind: type[E]) -> list[E]:
    return [e for e in effects if isinstance(e, kind)]


def only(effects: Sequence[Effect], kind: type[E]) -> E:
    found = all_of(effects, kind)
    assert len(found) == 1, f"expected one {kind.__name__}, got {found} in {list(effects)}"
    return found[0]
