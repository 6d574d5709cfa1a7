"""Endpoints about trading: positions, orders, trades, performance, signals, analyses, bars."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from whalebot.adapters.web import models as m
from whalebot.adapters.web import models_trading as t
from whalebot.adapters.web import show_market, show_positions
from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.asked import (
    Cursor,
    Limit,
    Moment,
    SideAsked,
    SymbolAsked,
    SymbolNeeded,
    Window,
    Word,
    known_symbol,
)
from whalebot.adapters.web.desk import Desk
from whalebot.adapters.web.models_config import ManualOrder
from whalebot.adapters.web.paging import part_of
from whalebot.adapters.web.performance_asked import PerformanceAsked
from whalebot.adapters.web.problems import ApiProblem
from whalebot.domain.intervals import INTERVALS

SymbolPath = Annotated[str, Path(max_length=40)]


def trading_routes(desk: Desk, answers: Answers) -> APIRouter:
    """Return the endpoints below /api/v1."""
    router = APIRouter(tags=["trading"])

    @router.get("/positions", response_model=m.Envelope[list[t.Position]])
    async def positions(request: Request) -> Response:
        """What is held."""
        return answers.ok(request, show_positions.positions(desk.chronicle))

    @router.get("/orders", response_model=m.Envelope[list[t.OrderSeen]])
    async def orders(request: Request) -> Response:
        """The orders of this run, newest first."""
        return answers.ok(request, show_positions.orders(desk.chronicle))

    @router.post("/orders", response_model=m.Envelope[t.OrderSeen], status_code=201)
    async def order(body: ManualOrder) -> Response:
        """Manual orders: this version refuses them all."""
        del body
        raise ApiProblem(
            "orders_not_allowed",
            "this version makes no manual orders: every order goes through the strategy and its guardrails; "
            "to leave positions use the command flatten or panic",
        )

    _history(router, desk, answers)
    _market(router, desk, answers)
    return router


def _history(router: APIRouter, desk: Desk, answers: Answers) -> None:
    chronicle, facts = desk.chronicle, desk.facts
    asked = PerformanceAsked(desk, answers)

    @router.get("/trades", response_model=m.Envelope[m.Page[t.Trade]])
    async def trades(
        request: Request,
        limit: Limit = 50,
        cursor: Cursor = None,
        symbol: SymbolAsked = None,
        side: SideAsked = None,
        reason: Word = None,
        mode: Word = None,
        begin: Annotated[Moment, Query(alias="from")] = None,
        end: Annotated[Moment, Query(alias="to")] = None,
    ) -> Response:
        """Closed trades, newest first; `from` (inclusive) and `to` (exclusive) look at the exit."""
        found = [
            trade
            for trade in chronicle.trades.of_mode(mode or facts.mode)
            if (symbol is None or trade.symbol == symbol)
            and (side is None or trade.side.value == side)
            and (reason is None or trade.closed_by.value == reason)
            and (begin is None or trade.exit_ms >= begin)
            and (end is None or trade.exit_ms < end)
        ]
        return answers.ok(request, part_of(found, show_positions.trade_of, limit, cursor))

    @router.get("/trades/{trade_id}", response_model=m.Envelope[t.Trade])
    async def trade(request: Request, trade_id: Annotated[str, Path(max_length=120)]) -> Response:
        """One closed trade."""
        found = chronicle.trades.find(trade_id, facts.mode)
        if found is None:
            raise ApiProblem("not_found", f"there is no trade {trade_id}", field="trade_id")
        return answers.ok(request, show_positions.trade_of(found))

    @router.get("/performance", response_model=m.Envelope[t.Performance])
    async def performance(request: Request, window: Window = "all", symbol: SymbolAsked = None) -> Response:
        """What the trades brought, in a window that ends now (market time)."""
        return answers.sent(request, asked.of(window, symbol))


def _market(router: APIRouter, desk: Desk, answers: Answers) -> None:
    chronicle, facts = desk.chronicle, desk.facts

    @router.get("/signals", response_model=m.Envelope[list[t.Signal]])
    async def signals(request: Request) -> Response:
        """What is thought of every symbol."""
        return answers.ok(request, show_market.signals(chronicle))

    @router.get("/signals/{symbol}", response_model=m.Envelope[t.SignalHistory])
    async def signal(request: Request, symbol: SymbolPath, limit: Limit = 50) -> Response:
        """What is thought of one symbol, and the judged bars before, oldest first."""
        name = known_symbol(symbol, facts.symbols)
        history = chronicle.bars.analyses(name)[-limit:]
        points = [show_market.short_point(one) for one in history]
        return answers.ok(request, {"current": _current(desk, name), "history": points})

    @router.get("/analysis/{symbol}", response_model=m.Envelope[t.AnalysisHistory])
    async def analysis(request: Request, symbol: SymbolPath, limit: Limit = 100) -> Response:
        """Judged bars with everything that made their scores, oldest first; 409 before the first."""
        name = known_symbol(symbol, facts.symbols)
        history = chronicle.bars.analyses(name)[-limit:]
        if not history:
            raise ApiProblem("not_ready", f"no bar of {name} was judged yet in this run", field="symbol")
        points = [show_market.full_point(one) for one in history]
        return answers.ok(request, {"current": _current(desk, name), "history": points})

    @router.get("/bars", response_model=m.Envelope[t.Bars])
    async def bars(
        request: Request,
        symbol: SymbolNeeded,
        timeframe: Annotated[str | None, Query(pattern=f"^({'|'.join(INTERVALS)})$")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 300,
        end: Annotated[Moment, Query(alias="to")] = None,
    ) -> Response:
        """Candles, volume, scores, entries, exits and the way of the stops, oldest first; with `to` those of
        bars that open before it.
        """
        name = known_symbol(symbol, facts.symbols)
        chosen = timeframe or facts.interval
        return answers.ok(request, show_market.bars(chronicle, facts, name, chosen, limit, end))


def _current(desk: Desk, symbol: str) -> dict[str, Any]:
    view = desk.chronicle.view
    for shown in view.symbols if view is not None else ():
        if shown.symbol == symbol and view is not None:
            return show_market.signal_of(shown, view)
    return show_market.unknown_signal(symbol)
