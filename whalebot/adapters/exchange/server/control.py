"""The control interface: the exchange's state, its log, what was asked of it, and orders for faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from whalebot.adapters.exchange.server.envelope import encode
from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.exchange.server.faults import FaultDesk
from whalebot.adapters.exchange.server.refusal import Refused

_JSON = "application/json"
_MAX_DIGITS = 15
_Handler = Callable[[web.Request], Awaitable[web.Response]]
_Answer = Callable[[], dict[str, Any]]


class Control:
    """Serves `/control/...` to programs of this machine, and not to web pages."""

    def __init__(self, state: _Answer, usage: _Answer, log: EventLog, faults: FaultDesk) -> None:
        self._state = state
        self._usage = usage
        self._log = log
        self._faults = faults

    def add_routes(self, app: web.Application) -> None:
        """Add the endpoints."""
        app.router.add_get("/control/state", _for_programs(self._get_state))
        app.router.add_get("/control/usage", _for_programs(self._get_usage))
        app.router.add_get("/control/log", _for_programs(self._get_log))
        app.router.add_post("/control/faults", _for_programs(self._post_faults))

    async def _get_state(self, request: web.Request) -> web.Response:
        return _answer(encode(self._state()))

    async def _get_usage(self, request: web.Request) -> web.Response:
        return _answer(encode(self._usage()))

    async def _get_log(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not (since.isascii() and since.isdecimal() and len(since) <= _MAX_DIGITS):
            return _refusal("since must be the number of a line", 400)
        return _answer(self._log.since(int(since)))

    async def _post_faults(self, request: web.Request) -> web.Response:
        try:
            accepted = self._faults.load(await request.read())
        except Refused as refusal:
            return _refusal(refusal.message, 400)
        return _answer(encode({"accepted": accepted}))


def _for_programs(handler: _Handler) -> _Handler:
    async def guarded(request: web.Request) -> web.Response:
        # Browsers name the page that asks; a page must not steer the exchange behind its owner's back.
        if "Origin" in request.headers:
            return _refusal("the control interface is not for web pages", 403)
        return await handler(request)

    return guarded


def _answer(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type=_JSON)


def _refusal(error: str, status: int) -> web.Response:
    return _answer(encode({"error": error}), status)
