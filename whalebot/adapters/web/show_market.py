"""Signals, analyses and bars as the API shows them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.desk import RunFacts
from whalebot.adapters.web.stop_paths import Path
from whalebot.adapters.web.values import because, direction, known_money, moment, money, number, parts
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Side
from whalebot.domain.intervals import bar_open_ms
from whalebot.domain.market import Candle
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import SymbolView, View

STALE_MS = 10_000
_MOST_MARKED = 1000


def signals(chronicle: Chronicle) -> list[dict[str, Any]]:
    """Return what is thought of every symbol."""
    view = chronicle.view
    return [] if view is None else [signal_of(symbol, view) for symbol in view.symbols]


def signal_of(symbol: SymbolView, view: View) -> dict[str, Any]:
    """Return what is thought of one symbol."""
    return {**_described(symbol), "blocked_by": list(view.blocked_by)}


def _described(symbol: SymbolView) -> dict[str, Any]:
    held, said = symbol.position, symbol.analysis
    return {
        "symbol": symbol.symbol,
        "last_price": money(symbol.last_price),
        "mark_price": money(symbol.mark_price),
        "spread_bps": number(symbol.spread_bps),
        "ticker_age_ms": symbol.ticker_age_ms,
        "book_stale": symbol.book_stale,
        "stale": is_stale(symbol),
        "position": direction(held.side) if held is not None else None,
        "in_flight": list(symbol.in_flight),
        "unknown_orders": list(symbol.unknown_orders),
        "time": moment(said.close_ms) if said else None,
        "score": number(said.score) if said else None,
        "threshold": number(said.threshold) if said else None,
        "signal": said.signal.value if said else None,
        "may_enter": said.may_enter if said else False,
        "warming": list(said.warming) if said else [],
        "without_input": list(said.without_input) if said else [],
        "atr": number(said.atr) if said and said.atr else None,
        "trends": _trends(said) if said else [],
        "breakdown": parts(said.breakdown) if said else [],
        "words": _signal_words(said),
    }


def unknown_signal(symbol: str) -> dict[str, Any]:
    """Return that nothing is known of a symbol yet."""
    nothing = SymbolView(symbol, None, None, None, None, True, None, None, (), ())
    return {**_described(nothing), "blocked_by": []}


def is_stale(symbol: SymbolView) -> bool:
    """Tell whether the prices of a symbol are too old to be called present."""
    return symbol.book_stale or symbol.ticker_age_ms is None or symbol.ticker_age_ms > STALE_MS


def _trends(analysis: Analysis) -> list[dict[str, Any]]:
    return [
        {"interval": t.interval, "indicator": t.indicator, "trend": t.trend.value} for t in analysis.trends
    ]


def _signal_words(analysis: Analysis | None) -> str:
    if analysis is None:
        return "no bar was judged yet"
    if not analysis.may_enter:
        waits = f": {', '.join(analysis.warming)}" if analysis.warming else ""
        return f"score {analysis.score:+.2f}; warming up, no entry yet{waits}"
    reasons = because(analysis.breakdown)
    return (
        f"score {analysis.score:+.2f} of {analysis.threshold:.2f} needed: {analysis.signal.value}"
        f"{f'; {reasons}' if reasons else ''}"
    )


def short_point(analysis: Analysis) -> dict[str, Any]:
    """Return one judged bar in short."""
    return {
        "time": moment(analysis.close_ms),
        "score": number(analysis.score),
        "signal": analysis.signal.value,
        "threshold": number(analysis.threshold),
        "close": known_money(analysis.close),
    }


def full_point(analysis: Analysis) -> dict[str, Any]:
    """Return one judged bar with all that made its score."""
    return {
        **short_point(analysis),
        "breakdown": parts(analysis.breakdown),
        "trends": _trends(analysis),
        "atr": number(analysis.atr) if analysis.atr else None,
    }


def bars(
    chronicle: Chronicle,
    facts: RunFacts,
    symbol: str,
    timeframe: str,
    limit: int,
    before_ms: int | None = None,
) -> dict[str, Any]:
    """Return the newest bars that open before a time, oldest first, and what happened on them."""
    candles = closed_bars(chronicle, symbol, timeframe, limit, before_ms)
    forming = chronicle.bars.forming(symbol, timeframe) if before_ms is None else None
    begin_ms = candles[0].open_ms if candles else 0
    known = chronicle.bars.timeframes(symbol) or [facts.interval]
    marks = markers(chronicle, facts.mode, symbol, candles, timeframe, before_ms=before_ms)
    paths = [path for path in chronicle.paths.of(symbol) if _touches(path, begin_ms, before_ms)]
    return {
        "symbol": symbol,
        "timeframe": timeframe,
        "timeframes": sorted(
            known, key=lambda name: (name != facts.interval, name in "DWM", len(name), name)
        ),
        "source": facts.bars_from,
        "last_bar_close": moment(candles[-1].close_ms) if candles else None,
        "bars": [bar_of(candle, chronicle.bars.analysis_of(candle)) for candle in candles],
        "forming": bar_of(forming, None) if forming is not None else None,
        "markers": marks,
        "stop_path": [path_of(path) for path in paths],
    }


def closed_bars(
    chronicle: Chronicle, symbol: str, timeframe: str, most: int, before_ms: int | None = None
) -> list[Candle]:
    """Return the closed bars; one that lies ahead of the market's clock is a wrong stamp and left out."""
    found = chronicle.bars.closed(symbol, timeframe, most, before_ms)
    view = chronicle.view
    if view is not None:
        while found and found[-1].open_ms > view.now_ms + (found[-1].close_ms - found[-1].open_ms):
            found.pop()
    return found


def bar_of(candle: Candle, analysis: Analysis | None) -> dict[str, Any]:
    """Return one bar."""
    return {
        "time": moment(candle.open_ms),
        "open": known_money(candle.open),
        "high": known_money(candle.high),
        "low": known_money(candle.low),
        "close": known_money(candle.close),
        "volume": known_money(candle.volume),
        "score": number(analysis.score) if analysis is not None else None,
        "threshold": number(analysis.threshold) if analysis is not None else None,
        "signal": analysis.signal.value if analysis is not None else None,
    }


def markers(
    chronicle: Chronicle,
    mode: str,
    symbol: str,
    candles: Sequence[Candle],
    timeframe: str,
    most: int = _MOST_MARKED,
    before_ms: int | None = None,
) -> list[dict[str, Any]]:
    """Return the entries and exits that lie on these bars, oldest first."""
    if not candles:
        return []
    opens = [candle.open_ms for candle in candles]
    trades = chronicle.trades.between(mode, symbol, opens[0], before_ms)[-most:]
    found = [*_closed_marks(trades), *_open_marks(chronicle, symbol)]
    made = []
    for at_ms, mark in sorted(found, key=lambda pair: pair[0]):
        place = bisect_right(opens, at_ms) - 1
        if place >= 0 and (before_ms is None or at_ms < before_ms):
            bar_ms = opens[place] if place < len(opens) - 1 else bar_open_ms(at_ms, timeframe)
            made.append({"time": moment(at_ms), "bar_time": moment(bar_ms), **mark})
    return made


def _closed_marks(trades: Sequence[ClosedTrade]) -> Iterator[tuple[int, dict[str, Any]]]:
    for trade in trades:
        yield trade.entry_ms, _entry(trade.side, trade.qty, trade.entry_price, trade.trade_id)
        yield trade.exit_ms, _exit(trade)


def _open_marks(chronicle: Chronicle, symbol: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for shown in chronicle.view.symbols if chronicle.view is not None else ():
        held = shown.position
        if held is not None and held.symbol == symbol:
            yield held.opened_ms, _entry(held.side, held.qty, held.entry_price, None)


def _entry(side: Side, qty: Decimal, price: Decimal, trade_id: str | None) -> dict[str, Any]:
    return {
        "kind": "entry",
        "side": side.value,
        "price": known_money(price),
        "qty": known_money(qty),
        "text": f"entry {direction(side)} {qty:f} at {price:f}",
        "trade_id": trade_id,
    }


def _exit(trade: ClosedTrade) -> dict[str, Any]:
    reason = trade.closed_by.value.replace("_", " ")
    return {
        "kind": "exit",
        "side": trade.side.opposite.value,
        "price": known_money(trade.exit_price),
        "qty": known_money(trade.qty),
        "text": f"exit at {trade.exit_price:f} by {reason}: {trade.pnl:+.2f} USDT",
        "trade_id": trade.trade_id,
    }


def path_of(path: Path) -> dict[str, Any]:
    """Return the way of one stop."""
    return {
        "symbol": path.symbol,
        "side": path.side.value,
        "entry_price": known_money(path.entry_price),
        "opened": moment(path.opened_ms),
        "closed": moment(path.closed_ms),
        "points": [
            {"time": moment(at_ms), "stop": money(stop), "target": money(target)}
            for at_ms, stop, target in path.points
        ],
    }


def _touches(path: Path, begin_ms: int, before_ms: int | None) -> bool:
    begins_in_time = before_ms is None or path.opened_ms < before_ms
    return begins_in_time and (path.closed_ms is None or path.closed_ms >= begin_ms)
