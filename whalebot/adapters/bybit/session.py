"""pybit's HTTP client with our own sending: our clock, our limits, no retry, answers as typed errors.

pybit supplies the endpoints and the signature. Its own `_submit_request` is replaced, because it sleeps and
sends again on some answers (10002, 10006) whatever its retry settings say, widens the receive window, and
signs with the machine's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from pybit.unified_trading import HTTP

from whalebot.adapters.bybit.answer_bounds import BoundedAdapter
from whalebot.adapters.bybit.answer_counts import AnswerCounts
from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.conventions import told
from whalebot.adapters.bybit.limits import CircuitOpen, RateGate, header_number, let_through
from whalebot.adapters.bybit.retcodes import STAMP_REFUSED, Outcome, outcome_of
from whalebot.adapters.bybit.wire import Count, Ms
from whalebot.domain.errors import AuthError, RateLimited, TransportError, VenueRefused, WhalebotError

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 10.0
_DEFINITE_NO: Final = frozenset({400, 404})
_LARGEST_ANSWER: Final = 32 * 1024 * 1024
_BLOCK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: the undecoded `result` and the venue's time (ms UTC, 0 where it is absent)."""

    result: msgspec.Raw
    time_ms: int


class _Envelope(msgspec.Struct):
    ret_code: Count = msgspec.field(name="retCode")
    ret_msg: str | None = msgspec.field(name="retMsg", default="")
    result: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    time: Ms = 0


_envelope = msgspec.json.Decoder(_Envelope, strict=False)


class VenueSession(HTTP):  # type: ignore[misc]  # pybit carries no types
    """One HTTP session, for one thread. The endpoint methods are pybit's and return a `Reply`.

    Raises VenueRefused, RateLimited, AuthError, TransportError or the fence's NotSent, and nothing else.
    `credentials` None allows the public endpoints only.
    """

    def __init__(
        self,
        rest_url: str,
        credentials: Credentials | None,
        clock: VenueClock,
        gate: RateGate,
        recv_window_ms: int,
        loopback: bool,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        counts: AnswerCounts | None = None,
        fence: Callable[[], None] = let_through,
    ) -> None:
        """fence: asked before each write, which it holds back by raising NotSent."""
        super().__init__(
            api_key=credentials.key if credentials else None,
            api_secret=credentials.secret if credentials else None,
            recv_window=recv_window_ms,
            force_retry=False,
            max_retries=1,
        )
        self.endpoint = rest_url
        for scheme in ("http://", "https://"):
            self.client.mount(scheme, BoundedAdapter())
        self.client.trust_env = not loopback  # a proxy has no business between us and this machine
        self._venue_clock = clock
        self._gate = gate
        self._timeouts = timeouts
        self._counts = counts or AnswerCounts()
        self._fence = fence

    def __repr__(self) -> str:
        """Return the address alone; the inherited one shows the keys."""
        return f"VenueSession({self.endpoint})"

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _submit_request(
        self,
        method: str | None = None,
        path: str | None = None,
        query: dict[str, Any] | None = None,
        auth: bool = False,
    ) -> Reply:
        url = path or ""
        endpoint = urlsplit(url).path
        call = f"{method} {endpoint}"
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        self._gate.acquire(endpoint, call)
        request = self._make_request(method or "GET", url, parameters)
        if auth:
            self._sign(request)
        if method == "POST":
            # After the stamp was made: what passes here is void at the venue one receive window later.
            self._fence()
        try:
            response = self.client.send(request, timeout=self._timeouts, allow_redirects=False, stream=True)
            with response:
                content = _content(response, call)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as e:
            self._counts.add("no_answer")
            # Without the chain: the exception holds the signed request.
            raise TransportError(f"{call}: {type(e).__name__}: {self._told(str(e))}") from None
        self._gate.learn(endpoint, response.headers)
        return self._read(response, content, endpoint, call)

    def _make_request(self, method: str, url: str, parameters: dict[str, Any]) -> requests.PreparedRequest:
        payload = self.prepare_payload(method, parameters)
        if method == "GET":
            url, payload = (f"{url}?{payload}" if payload else url), None
        request: requests.PreparedRequest = self.client.prepare_request(
            requests.Request(method, url, data=payload)
        )
        return request

    def _sign(self, request: requests.PreparedRequest) -> None:
        # What is signed is what leaves: the query as requests encoded it, or the body.
        payload = urlsplit(request.url or "").query if request.method == "GET" else request.body
        if isinstance(payload, bytes):
            payload = payload.decode()
        if self.api_key is None:
            raise AuthError(f"{request.method} {urlsplit(request.url or '').path}: no API key is configured")
        timestamp = self._venue_clock.now_ms()
        request.headers.update(
            {
                "X-BAPI-API-KEY": self.api_key,
                "X-BAPI-SIGN": self._auth(payload or "", self.recv_window, timestamp),
                "X-BAPI-SIGN-TYPE": "2",
                "X-BAPI-TIMESTAMP": str(timestamp),
                "X-BAPI-RECV-WINDOW": str(self.recv_window),
            }
        )

    def _told(self, text: str | None) -> str:
        """Words of the venue, without the key: it repeats the key in some of its refusals."""
        text = text or ""
        for secret in (self.api_key, self.api_secret):
            text = text.replace(secret, "***") if secret else text
        return told(text)

    def _read(self, response: requests.Response, content: bytes, endpoint: str, call: str) -> Reply:
        if response.status_code != 200:
            self._counts.add(f"http_{response.status_code}")
            raise self._status_error(response, content, endpoint, call)
        try:
            envelope = _envelope.decode(content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as e:
            self._counts.add("unreadable")
            raise TransportError(f"{call}: unreadable answer: {self._told(str(e))}") from None
        if envelope.ret_code == 0:
            return Reply(envelope.result, envelope.time)
        raise self._code_error(envelope.ret_code, self._told(envelope.ret_msg), response, endpoint, call)

    def _status_error(
        self, response: requests.Response, content: bytes, endpoint: str, call: str
    ) -> WhalebotError:
        status = response.status_code
        if status == 403:
            return CircuitOpen(f"{call}: HTTP 403 ({_why_403(content)})", self._gate.open_circuit(call))
        if status == 429:
            return self._rate_limited(response, endpoint, call)
        if status == 401:
            return AuthError(f"{call}: HTTP 401: the venue does not accept the key")
        if status in _DEFINITE_NO:
            return VenueRefused(status, f"HTTP {status}: {told(response.reason)}", call)
        return TransportError(f"{call}: HTTP {status}: {told(response.reason)}")

    def _code_error(
        self, code: int, message: str, response: requests.Response, endpoint: str, call: str
    ) -> WhalebotError:
        outcome = outcome_of(code)
        if outcome is not Outcome.DONE:
            self._counts.add(str(code))
        if code == STAMP_REFUSED:
            self._venue_clock.doubt()
        if outcome is Outcome.RATE_LIMITED:
            return self._rate_limited(response, endpoint, call)
        if outcome is Outcome.AUTH:
            return AuthError(f"{call}: retCode {code}: {message}")
        if outcome is Outcome.UNKNOWN:
            return TransportError(f"{call}: retCode {code}: {message}")
        # "Not modified" comes as a refusal too; the calls for which it is success say so themselves.
        return VenueRefused(code, message, call)

    def _rate_limited(self, response: requests.Response, endpoint: str, call: str) -> RateLimited:
        now_ms = self._venue_clock.now_ms()
        reset = header_number(response.headers.get("X-Bapi-Limit-Reset-Timestamp"))
        wait_ms = 1000 if reset is None else max(reset - now_ms, 0)
        until_ms = now_ms - self._venue_clock.offset_ms() + min(wait_ms, 60_000)
        self._gate.close(endpoint, until_ms)
        return RateLimited(call, until_ms)


def _why_403(content: bytes) -> str:
    """Tell which of the two refusals an answer looks like; the venue's gateway words them."""
    text = content[:4096].decode("utf-8", "replace").lower()
    if any(word in text for word in ("country", "region", "cloudfront", "jurisdiction")):
        return "it looks like a blocked region"
    return "it looks like a rate ban of this address"


def _content(response: requests.Response, call: str) -> bytes:
    """Read an answer. Raises TransportError for one that is too large, urllib3's errors where it breaks."""
    parts: list[bytes] = []
    size = 0
    while part := response.raw.read(_BLOCK_BYTES, decode_content=True):
        size += len(part)
        if size > _LARGEST_ANSWER:
            raise TransportError(f"{call}: an answer of more than {_LARGEST_ANSWER} bytes")
        parts.append(part)
    return b"".join(parts)
