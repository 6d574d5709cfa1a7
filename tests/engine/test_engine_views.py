"""The pictures that are published at each closed bar, with more than one symbol."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import BAR_MS, T0, ScriptedAnalyzer

from whalebot.domain import events as ev
from whalebot.domain.effects import PublishView
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.state import StateDocument
from whalebot.domain.view import SymbolView
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings, FeedSettings, Timing

FIRST, SECOND = "BTCUSDT", "ETHUSDT"


def bar(symbol: str, open_ms: int) -> Candle:
    price = Decimal(100)
    return Candle(symbol, "15", open_ms, price, price, price, price, Decimal(1))


def loaded() -> Engine:
    symbols = (FIRST, SECOND)
    settings = EngineSettings(
        symbols=symbols,
        interval="15",
        label="test",
        config_hash="c0ffee",
        feed=FeedSettings(has_book=False),
        timing=Timing(heartbeat_ms=None, view_ms=250),
    )
    engine = Engine(settings, StateDocument(run_id="r1"), {s: ScriptedAnalyzer() for s in symbols})
    engine.start(T0)
    for symbol in symbols:
        history = Known((bar(symbol, T0 - BAR_MS),), T0)
        engine.process(ev.HistoryFetched(symbol, "15", history, T0, None, None))
    return engine


def published(engine: Engine, event: ev.Event) -> dict[str, SymbolView]:
    views = [e.view for e in engine.process(event) if isinstance(e, PublishView)]
    return {symbol.symbol: symbol for symbol in views[-1].symbols}


def ticker(symbol: str, price: str, now_ms: int) -> ev.TickerChanged:
    last = Decimal(price)
    return ev.TickerChanged(symbol, last, None, None, None, None, None, None, now_ms, now_ms)


def test_each_bar_shows_its_own_symbol_as_it_is_now_and_keeps_the_analyses_of_the_others() -> None:
    engine = loaded()
    close_ms = T0 + BAR_MS
    engine.process(ticker(FIRST, "101", T0 + 1))
    first = published(engine, ev.CandleClosed(bar(FIRST, T0), T0 + 2))
    assert first[FIRST].last_price == Decimal(101)
    assert first[FIRST].analysis is not None
    assert first[FIRST].analysis.close_ms == close_ms
    assert first[SECOND].analysis is None

    engine.process(ticker(SECOND, "102", T0 + 3))
    second = published(engine, ev.CandleClosed(bar(SECOND, T0), T0 + 4))
    assert second[SECOND].last_price == Decimal(102)
    assert second[SECOND].analysis is not None
    assert second[FIRST].analysis == first[FIRST].analysis


def test_the_picture_of_the_timer_looks_at_every_symbol() -> None:
    engine = loaded()
    published(engine, ev.CandleClosed(bar(FIRST, T0), T0 + 1))
    engine.process(ticker(SECOND, "103", T0 + 2))
    assert published(engine, ev.TimerDue(T0 + 250))[SECOND].last_price == Decimal(103)
