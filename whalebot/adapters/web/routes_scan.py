"""Endpoints about the scan that writes beside this server: table, one symbol, past events."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from whalebot.adapters.web import models as m
from whalebot.adapters.web import models_scan as s
from whalebot.adapters.web import show_scan
from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.asked import Cursor, Limit, SymbolAsked, known_symbol
from whalebot.adapters.web.desk import ScanDesk
from whalebot.adapters.web.problems import ApiProblem
from whalebot.domain.scan_table import ScanTable

_DETAIL_EVENTS = 20


def scan_routes(desk: ScanDesk | None, answers: Answers) -> APIRouter:
    """Return the endpoints below /api/v1; files are read on threads of their own."""
    router = APIRouter(tags=["scanner"])

    @router.get("/scanner", response_model=m.Envelope[s.ScanTableShown])
    async def table(request: Request) -> Response:
        """The ranked table of the scan, and how old it is; 404 where no scan has written here."""
        found = await asyncio.to_thread(_table, _needed(desk))
        return answers.ok(request, show_scan.table_of(found, _now_ms()))

    # Above the path with a symbol, which would take the word for one.
    @router.get("/scanner/events", response_model=m.Envelope[s.ScanEvents])
    async def events(
        request: Request,
        limit: Limit = 50,
        cursor: Cursor = None,
        symbol: SymbolAsked = None,
        mode: Literal["live", "replay", "backscan", "demo"] | None = None,
    ) -> Response:
        """What happened to signals, from the scan's history, the last kept first; by default of the market
        that the table shows.
        """
        wanted = _needed(desk)
        shown = mode or _mode(await asyncio.to_thread(wanted.table))
        found, more, total = await asyncio.to_thread(wanted.events, limit, cursor, symbol, shown)
        items, left_out = show_scan.events_of(found)
        return answers.ok(request, {"items": items, "next": more, "total": total, "left_out": left_out})

    @router.get("/scanner/{symbol}", response_model=m.Envelope[s.ScanDetail])
    async def symbol(request: Request, symbol: Annotated[str, Path(max_length=40)]) -> Response:
        """One symbol: its row, votes, levels and last events."""
        wanted = _needed(desk)
        found = await asyncio.to_thread(_table, wanted)
        by_name = {line.symbol: line for line in found.lines}
        name = known_symbol(symbol, list(by_name), "in the scan")
        past = await asyncio.to_thread(wanted.events, _DETAIL_EVENTS, None, name, _mode(found))
        return answers.ok(request, show_scan.detail_of(found, by_name[name], past[0], _now_ms()))

    return router


def _needed(desk: ScanDesk | None) -> ScanDesk:
    if desk is None:
        raise ApiProblem("no_scanner", "no scan can be shown here")
    return desk


def _table(desk: ScanDesk) -> ScanTable:
    table = desk.table()
    if table is None:
        raise ApiProblem("no_scanner", desk.absent)
    return table


def _mode(table: ScanTable | None) -> str:
    return "demo" if table is not None and table.simulated else "live"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
