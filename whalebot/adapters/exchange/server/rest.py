"""The REST gateway: every request goes through address limit, signature, rate limit and one handler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiohttp import web

from whalebot.adapters.exchange.server.auth import KeyRing
from whalebot.adapters.exchange.server.envelope import Envelopes
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.rate_limits import RateLimits, Verdict
from whalebot.adapters.exchange.server.refusal import NO_ROUTE, TOO_MANY_VISITS, Refused
from whalebot.adapters.exchange.server.venue import Venue

Outcome = dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]
Handler = Callable[[Venue, Params], Outcome]
PREFIX: Final = "/v5/"
_JSON: Final = "application/json; charset=utf-8"
_SILENCE_STEP_S: Final = 0.25
# A body follows its headers at once, unless its sender is slow or hostile.
_PROMPT_S: Final = 0.5
BODY_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `limit`: requests a second per key (0: public); `batch`: the list a batch counts by."""

    method: str
    path: str
    handler: Handler
    limit: int = 0
    batch: str = ""
    message: str = "OK"

    @property
    def is_private(self) -> bool:
        """True when the request must be signed."""
        return self.limit > 0


class RequestFaults(Protocol):
    """What faults do to a request: an HTTP status as the answer, 0 for silence, None to let it pass."""

    def before(self, route: Route) -> int | None:
        """Say what happens before the request is looked at."""

    def after(self, route: Route) -> int | None:
        """Say what happens after it was carried out, before the answer leaves."""


class RestGateway:
    """Answers `/v5/...`. `in_flight` counts requests that are being worked on."""

    def __init__(
        self,
        venue: Venue,
        routes: tuple[Route, ...],
        keys: KeyRing,
        limits: RateLimits,
        envelopes: Envelopes,
        faults: RequestFaults,
    ) -> None:
        self.in_flight = 0
        self.requests = 0
        self.body_timeout_s = BODY_TIMEOUT_S
        self._venue = venue
        self._routes = {(route.method, route.path): route for route in routes}
        self._keys = keys
        self._limits = limits
        self._envelopes = envelopes
        self._faults = faults

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; whatever is wrong with it concerns its sender only."""
        self.in_flight += 1
        self.requests += 1
        try:
            answer = await self._handle(request)
        finally:
            self.in_flight -= 1
        return await _silence(request) if answer is None else answer

    async def _handle(self, request: web.Request) -> web.Response | None:
        if not self._limits.take_address():
            return web.Response(status=403, text="access too frequent")
        target, _, query = request.raw_path.partition("?")
        route = self._routes.get((request.method, target))
        if route is None:
            refusal = Refused(NO_ROUTE, "Route not found.")
            return _json(self._envelopes.refused(refusal, self._now_ms()), status=404)
        struck = self._faults.before(route)
        if struck is not None:
            return _failure(struck)
        # A body that is there is taken without a turn of the loop: most are.
        body = await request.read() if request.content.is_eof() else await self._body_of(request)
        if body is None:
            return web.Response(status=408, text="the body did not come")
        if request.method == "GET" and body.strip():
            return web.Response(status=403, text="a GET request must not carry a body")
        answer = self._answer(route, query, body, request.headers)
        struck = self._faults.after(route)
        return answer if struck is None else _failure(struck)

    async def _body_of(self, request: web.Request) -> bytes | None:
        """Return the body; None when its sender is too slow. Time does not wait for one that stays away."""
        reading = asyncio.ensure_future(request.read())
        try:
            done, _ = await asyncio.wait({reading}, timeout=_PROMPT_S)
            if not done:
                self.in_flight -= 1
                try:
                    done, _ = await asyncio.wait({reading}, timeout=self.body_timeout_s)
                finally:
                    self.in_flight += 1
            return reading.result() if done else None
        finally:
            reading.cancel()

    def _answer(self, route: Route, query: str, body: bytes, headers: Mapping[str, str]) -> web.Response:
        extra: dict[str, str] = {}
        ret_code = 0
        try:
            params, verdict = self._admit(route, query, body, headers)
            if verdict is not None:
                extra = verdict.headers()
                if not verdict.is_allowed:
                    raise Refused(TOO_MANY_VISITS, "Too many visits. Exceeded the API Rate Limit.")
            outcome = route.handler(self._venue, params)
            self._venue.calls[f"{route.method} {route.path}"] += 1
            result, ext = outcome if isinstance(outcome, tuple) else (outcome, None)
            payload = self._envelopes.done(result, self._now_ms(), ext, route.message)
        except Refused as refusal:
            ret_code = refusal.ret_code
            payload = self._envelopes.refused(refusal, self._now_ms())
        if route.is_private:
            self._venue.log.write("request", method=route.method, path=route.path, ret_code=ret_code)
        return _json(payload, extra)

    def _admit(
        self, route: Route, query: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Params, Verdict | None]:
        is_get = route.method == "GET"
        if not route.is_private:
            return Params.from_query(query), None
        signed = query.encode() if is_get else body
        key = self._keys.check_request(headers, signed, self._now_ms())
        if not is_get:
            key.require_trading()
        params = Params.from_query(query) if is_get else Params.from_body(body)
        params.key = key
        entries = params.raw(route.batch) if route.batch else None
        count = max(1, len(entries)) if isinstance(entries, list) else 1
        return params, self._limits.take(key.key, route.path, route.limit, count)

    def _now_ms(self) -> int:
        return self._venue.clock.now_ms()


def _failure(status: int) -> web.Response | None:
    return web.Response(status=status, text="simulated failure") if status else None


async def _silence(request: web.Request) -> web.Response:
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_SILENCE_STEP_S)
    return web.Response(status=503)


def _json(payload: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> web.Response:
    return web.Response(body=payload, status=status, headers={"Content-Type": _JSON, **(headers or {})})
