"""What every request passes first: host, pace, origin, token, size. Nothing behind it sees a stranger."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whalebot.adapters.web.problems import ApiProblem, problem_response
from whalebot.adapters.web.rates import RateLimit

_log = logging.getLogger("whalebot.web")

MOST_BODY_BYTES: Final = 64 * 1024
MOST_HEAD_BYTES: Final = 16 * 1024
BUG_TEXT: Final = "a bug of the server; its log says more. Trading goes on."
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OPEN: Final = frozenset({"/healthz", "/readyz", "/openapi.json", "/docs"})
_COUNTED: Final = ("/api/", "/metrics", "/healthz", "/readyz", "/openapi.json")
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class GateRules:
    """Who may come in.

    `names`: host names beside those of this machine, for a proxy in front. `is_local`: only this machine can
    connect; else reads need the token too and any address is taken for a host (a rebound name never is one).
    `is_read_only`: nothing can be changed, with no token.
    """

    token: str = field(repr=False)
    is_local: bool = True
    names: frozenset[str] = frozenset()
    is_read_only: bool = False

    def knows_host(self, host: str) -> bool:
        """Tell whether a Host header means this server."""
        name = _host_name(host)
        if name in _LOCAL_NAMES or name in self.names:
            return True
        return not self.is_local and _is_address(name)

    def is_token(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode(), self.token.encode())


class Gate:
    """ASGI middleware, outermost. Answers what it refuses itself and adds the security headers to all."""

    def __init__(
        self, app: ASGIApp, rules: GateRules, rates: RateLimit, mask: Callable[[str], str] = str
    ) -> None:
        self._app = app
        self._rules = rules
        self._rates = rates
        self._mask = mask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in or answer it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def dressed(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                known = {name.lower() for name, _ in message["headers"]}
                more = [(n.lower().encode(), v.encode()) for n, v in SECURITY_HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in known)]
            await send(message)

        try:
            body = await self._checked(scope, receive)
            await self._app(scope, _replayed(body, receive), dressed)
        except ApiProblem as problem:
            await problem_response(problem, self._mask)(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - root of a request: a bug answers 500, the server goes on
            _log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            if not has_begun:
                bug = ApiProblem("internal", BUG_TEXT)
                await problem_response(bug, self._mask)(scope, receive, dressed)

    async def _checked(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body of a request that may come in. Raises ApiProblem."""
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        self._check_host(headers)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEAD_BYTES:
            raise ApiProblem("too_large", f"the head of a request may hold {MOST_HEAD_BYTES} bytes")
        if path.startswith(_COUNTED) or _is_other_site(headers):
            self._check_pace(scope, headers)
        if path.startswith("/api/") or method not in _SAFE_METHODS:
            self._check_origin(headers)
        self._check_token(headers, path, method)
        return await _body(headers, receive)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._rules.knows_host(host):
            raise ApiProblem(
                "wrong_host",
                "this server does not answer to that host name; open it by its address, or add the name to "
                "web.allowed_hosts",
            )

    def _check_pace(self, scope: Scope, headers: Headers) -> None:
        """Count a request. Strangers and other sites' pages share the owner's address, but not the bucket."""
        client = scope.get("client")
        kind = "owner" if self._has_token(headers) else "other site" if _is_other_site(headers) else ""
        wait_s = self._rates.wait_s(f"{client[0] if client else ''} {kind}")
        if wait_s:
            text = f"more than the allowed requests a second; wait {wait_s} s"
            raise ApiProblem("rate_limited", text, headers={"Retry-After": str(wait_s)})

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if _is_other_site(headers) or (origin is not None and not _same(origin, headers)):
            raise ApiProblem("cross_site", "another site's page may not use this server")

    def _check_token(self, headers: Headers, path: str, method: str) -> None:
        is_write = method not in _SAFE_METHODS
        is_closed = path.startswith("/api/") or path == "/metrics"
        if is_write and self._rules.is_read_only:
            raise ApiProblem("read_only", "this server shows a folder; no daemon runs that could take it")
        if path in _OPEN or not (is_write or (is_closed and not self._rules.is_local)):
            return
        if not self._has_token(headers):
            raise ApiProblem(
                "unauthorised",
                "needs the header Authorization: Bearer TOKEN; the token is web.token of the configuration, "
                "or what the file web.token in the folder state holds",
                headers={"WWW-Authenticate": "Bearer"},
            )

    def _has_token(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._rules.is_token(given.strip())

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_pace(scope, headers)
            self._check_origin(headers)
            await self._app(scope, receive, send)
        except ApiProblem as problem:
            response = problem_response(problem, self._mask)
            await _refuse_socket(response, scope, receive, send)
        except Exception as error:
            # What the server itself says is not logged, see `server`.
            _log.error("%s failed", scope["path"], exc_info=error)
            raise


async def _refuse_socket(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a handshake with an HTTP status, or a plain close where the server cannot."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})


async def _body(headers: Headers, receive: Receive) -> bytes:
    """Read a body within its limit. Raises ApiProblem."""
    told = headers.get("content-length", "0")
    too_large = ApiProblem(
        "too_large", f"a request may hold {MOST_BODY_BYTES} bytes", headers={"Connection": "close"}
    )
    if not told.isdigit() or int(told) > MOST_BODY_BYTES:
        raise too_large
    if told == "0" and "transfer-encoding" not in headers:
        return b""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiProblem("bad_request", "the connection ended before the request")
        body += message.get("body", b"")
        if len(body) > MOST_BODY_BYTES:
            raise too_large
        if not message.get("more_body", False):
            break
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json" and body:
        raise ApiProblem("unsupported_media_type", "a body must be application/json")
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def replay() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        message: dict[str, Any] = {"type": "http.request", "body": body, "more_body": False}
        return message

    return replay


def _same(origin: str, headers: Headers) -> bool:
    """Tell whether an Origin is this server under the name it was asked by."""
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and host.lower() == headers.get("host", "").lower()


def _is_other_site(headers: Headers) -> bool:
    """Tell whether a browser says that a page of another site asks; no page can make it say otherwise."""
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _host_name(host: str) -> str:
    """Return the name in a Host header without its port, lower case; brackets of IPv6 taken off."""
    host = host.strip().lower()
    if host.startswith("["):
        inside, closed, rest = host[1:].partition("]")
        return inside if closed and (not rest or _is_port(rest)) else ""
    name, colon, port = host.partition(":")
    return name.removesuffix(".") if not colon or port.isdigit() else ""


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdigit()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
