"""How long the API takes by endpoint: the last few hundred answers of each."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT: Final = 512
_MOST_ENDPOINTS: Final = 100
_PREFIX: Final = "/api/v1"


class _Endpoint:
    def __init__(self) -> None:
        self.count = 0
        self.errors = 0
        self.times_ms: deque[float] = deque(maxlen=_KEPT)


class ApiTimes:
    """ASGI middleware around the routes; counts by the route's pattern, so that the number is bounded."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._endpoints: dict[str, _Endpoint] = {}

    def around(self, app: ASGIApp) -> ApiTimes:
        """Measure an application."""
        self._app = app
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and measure it."""
        assert self._app is not None
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = time.perf_counter(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            self._count(scope, status, (time.perf_counter() - began_s) * 1000)

    def shown(self) -> list[dict[str, Any]]:
        """Return the figures of every endpoint that was asked."""
        return [
            {
                "endpoint": name,
                "count": known.count,
                "errors": known.errors,
                "p50_ms": _quantile(known.times_ms, 0.50),
                "p95_ms": _quantile(known.times_ms, 0.95),
                "p99_ms": _quantile(known.times_ms, 0.99),
            }
            for name, known in sorted(self._endpoints.items())
        ]

    def _count(self, scope: Scope, status: int, took_ms: float) -> None:
        pattern = getattr(scope.get("route"), "path", None)
        if pattern is None or "{path" in pattern:
            return
        is_inside = scope["path"].startswith(_PREFIX) and not pattern.startswith(_PREFIX)
        name = f"{scope['method']} {_PREFIX if is_inside else ''}{pattern}"
        if name not in self._endpoints and len(self._endpoints) >= _MOST_ENDPOINTS:
            return
        known = self._endpoints.setdefault(name, _Endpoint())
        known.count += 1
        known.errors += status >= 500
        known.times_ms.append(took_ms)


def _quantile(times_ms: deque[float], share: float) -> float:
    ordered = sorted(times_ms)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0
