"""Puts the server together: gate, routes, errors, pages, the tick that keeps chronicle and stream going."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.api_times import ApiTimes
from whalebot.adapters.web.asked import only_known
from whalebot.adapters.web.desk import Desk
from whalebot.adapters.web.docs_page import STYLE, STYLE_PATH, docs_page
from whalebot.adapters.web.gate import BUG_TEXT, Gate, GateRules
from whalebot.adapters.web.openapi import described, methods_of
from whalebot.adapters.web.problems import ApiProblem, problem_response
from whalebot.adapters.web.rates import RateLimit
from whalebot.adapters.web.routes_owner import owner_routes
from whalebot.adapters.web.routes_run import probe_routes, run_routes
from whalebot.adapters.web.routes_scan import scan_routes
from whalebot.adapters.web.routes_trading import trading_routes
from whalebot.adapters.web.static_files import StaticFiles
from whalebot.adapters.web.stream import PAUSE_S, StreamHub

_log = logging.getLogger("whalebot.web")
_PREFIX: Final = "/api/v1"
_ABOUT: Final = (
    "Reads the daemon's frozen picture, takes its owner's commands. Money is text, times are ISO-8601 UTC, "
    "what is not known is null. Errors are application/problem+json."
)
_BY_STATUS: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 400: "bad_request"}


def make_application(
    desk: Desk, rules: GateRules, mask: Callable[[str], str] = str, rates: RateLimit | None = None
) -> ASGIApp:
    """Return the whole server as an ASGI application."""
    answers, times = Answers(mask), ApiTimes()
    hub = StreamHub(desk, answers, rules)
    app = FastAPI(
        title="Whalebot",
        version=desk.facts.version,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_life(desk, hub),
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    known = [Depends(only_known)]
    for router in (run_routes(desk, answers, times, hub), trading_routes(desk, answers)):
        app.include_router(router, prefix=_PREFIX, dependencies=known)
    for router in (owner_routes(desk, answers), scan_routes(desk.scanner, answers)):
        app.include_router(router, prefix=_PREFIX, dependencies=known)
    app.include_router(probe_routes(desk))
    _stream(app, hub)
    document = described(app, rules.is_local)
    _errors(app, document, mask)
    _pages(app, document)
    return Gate(times.around(app), rules, rates or RateLimit(), mask)


def _life(desk: Desk, hub: StreamHub) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.ensure_future(_keep_going(desk, hub))
        try:
            yield
        finally:
            hub.close()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    return life


async def _keep_going(desk: Desk, hub: StreamHub) -> None:
    """Take what the loop left and tell it on, ten times a second."""
    _guarded("the history of trades", lambda: _fill(desk))
    while True:
        while _guarded("the chronicle", lambda: desk.chronicle.take(desk.feed)):
            await asyncio.sleep(0)
        _guarded("the stream", hub.tick)
        await asyncio.sleep(PAUSE_S)


def _fill(desk: Desk) -> None:
    trades = desk.load_history()
    desk.chronicle.trades.fill(trades)
    for trade in desk.chronicle.trades.newest(desk.facts.mode, 200)[::-1]:
        desk.chronicle.paths.end(trade)
    desk.chronicle.version += 1


def _guarded(what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - root of the ticking: one bad turn must not end the stream
        _log.error("the web server: %s failed", what, exc_info=error)
        return None


def _stream(app: FastAPI, hub: StreamHub) -> None:
    async def stream(socket: WebSocket) -> None:
        await hub.serve(socket)

    app.add_api_websocket_route(f"{_PREFIX}/stream", stream)


def _errors(app: FastAPI, document: Mapping[str, Any], mask: Callable[[str], str]) -> None:
    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiProblem)
        return problem_response(error, mask)

    async def on_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        others = methods_of(document, request.url.path)
        if error.status_code == 405 and others:
            return problem_response(_not_with(request, others), mask)
        code = _BY_STATUS.get(error.status_code, "bad_request")
        return problem_response(ApiProblem(code, str(error.detail), headers=error.headers), mask)

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(_invalid(error), mask)

    async def on_bug(_: Request, error: Exception) -> Response:
        # The framework raises it again afterwards, and the gate writes it to the log.
        del error
        return problem_response(ApiProblem("internal", BUG_TEXT), mask)

    app.add_exception_handler(Exception, on_bug)
    app.add_exception_handler(ApiProblem, on_problem)
    app.add_exception_handler(HTTPException, on_status)
    app.add_exception_handler(RequestValidationError, on_invalid)


def _not_with(request: Request, others: list[str]) -> ApiProblem:
    allowed = ", ".join(others)
    text = f"not with {request.method}; allowed: {allowed}"
    return ApiProblem("method_not_allowed", text, headers={"Allow": allowed})


def _invalid(error: RequestValidationError) -> ApiProblem:
    """Say what the framework found wrong first; a parameter is 400, a body 422."""
    first = error.errors()[0]
    place, *rest = [str(part) for part in first["loc"]] or ["body"]
    field = ".".join(rest) or place
    code = "invalid" if place == "body" else "bad_request"
    return ApiProblem(code, f"{field}: {first['msg']}", field=field)


def _pages(app: FastAPI, document: Mapping[str, Any]) -> None:
    files, page, text = StaticFiles(), docs_page(document), json.dumps(document)

    async def openapi(_: Request) -> Response:
        return Response(text, media_type="application/json", headers={"Cache-Control": "no-cache"})

    async def docs(_: Request) -> Response:
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})

    async def file(request: Request) -> Response:
        others = methods_of(document, request.url.path)
        if others:
            raise _not_with(request, others)
        return await files.answer(request)

    app.add_route("/openapi.json", openapi, methods=["GET"], include_in_schema=False)
    app.add_route("/docs", docs, methods=["GET"], include_in_schema=False)
    app.add_route(STYLE_PATH, style, methods=["GET"], include_in_schema=False)
    app.add_route("/{path:path}", file, methods=["GET"], include_in_schema=False)
