"""Several symbols that decide at the same instant, and one that is not configured any more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import BAR_MS, BTC, SYMBOL, ScriptedAnalyzer, World, all_of, only

from whalebot.decisions.risk.settings import CostSettings, GuardrailSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import FetchSnapshot, SubmitOrder
from whalebot.domain.enums import Signal, Stream
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.orders import AccountSnapshot, OrderIntent, WalletReport
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings, FeedSettings, Timing

OTHER = "ETHUSDT"
NOW = 1_760_000_400_000 // BAR_MS * BAR_MS
PRICE = Decimal("60000")


def entries_at_one_instant(leverage: Decimal) -> list[OrderIntent]:
    """Two symbols close the same bar and both want in."""
    symbols = (SYMBOL, OTHER)
    analyzers = {s: ScriptedAnalyzer() for s in symbols}
    settings = EngineSettings(
        symbols=symbols,
        interval="15",
        label="test",
        config_hash="c0ffee",
        trade=TradeSettings(costs=CostSettings(slippage=0.0), leverage=leverage),
        guardrails=GuardrailSettings(min_target_to_cost=None),
        feed=FeedSettings(has_book=False),
        timing=Timing(view_ms=None),
    )
    engine = Engine(settings, StateDocument(run_id="r1"), analyzers)
    engine.start(NOW)
    rules = (BTC, replace(BTC, symbol=OTHER))
    engine.process(ev.InstrumentsFetched(Known(rules, NOW), NOW))
    for symbol in symbols:
        before = Known((candle(symbol, NOW - BAR_MS),), NOW)
        engine.process(ev.HistoryFetched(symbol, "15", before, NOW, None, None))
    engine.process(ev.StreamUp(Stream.PUBLIC, NOW))
    request = all_of(engine.process(ev.StreamUp(Stream.PRIVATE, NOW)), FetchSnapshot)[0]
    money = Decimal(1000)
    snapshot = AccountSnapshot((), (), WalletReport(money, money, money, NOW))
    engine.process(ev.SnapshotFetched(request.request_no, Known(snapshot, NOW), NOW))
    later = NOW + 1_000
    sent: list[OrderIntent] = []
    for symbol in symbols:
        engine.process(ev.LeverageAnswered(symbol, leverage, True, "", later))
        engine.process(ev.TickerChanged(symbol, PRICE, PRICE, PRICE, PRICE, PRICE, None, None, later, later))
        analyzers[symbol].score, analyzers[symbol].signal = 2.5, Signal.BUY
    for symbol in symbols:
        effects = engine.process(ev.CandleClosed(candle(symbol, NOW), later))
        sent += [order.intent for order in all_of(effects, SubmitOrder)]
    return sent


def candle(symbol: str, open_ms: int) -> Candle:
    return Candle(symbol, "15", open_ms, PRICE, PRICE, PRICE, PRICE, Decimal(10))


def test_both_are_sized_by_risk_where_margin_is_plenty() -> None:
    assert [intent.qty for intent in entries_at_one_instant(Decimal(10))] == [Decimal("0.046")] * 2


def test_the_second_is_sized_on_what_the_first_leaves() -> None:
    first, second = entries_at_one_instant(Decimal(4))
    assert first.qty == Decimal("0.046")
    # 1000 - 0.046 x 60000 / 4 = 310 left; 60000 x (1/4 + 2 x 0.055 %) = 15066 a unit
    assert second.qty == Decimal("0.020")


def test_what_is_remembered_of_a_symbol_that_is_not_configured_stays_on_disk() -> None:
    """Its position is still at the venue, and configuring it again must find out why."""
    world = World().ready()
    world.enter()
    held = world.engine.document()
    waiting = World().ready()
    only(waiting.close_bar(2.5), SubmitOrder)
    document = replace(held, intents=waiting.engine.document().intents)
    settings = replace(world.engine._ctx.settings, symbols=(OTHER,))
    other = Engine(settings, document, {OTHER: ScriptedAnalyzer()})
    other.start(world.now)
    kept = other.final_document()
    assert (kept.positions, kept.intents) == (document.positions, document.intents)
    assert set(document.symbols) <= set(kept.symbols)
