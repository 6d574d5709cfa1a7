"""Errors of the API as problem documents (RFC 9457), each with a stable code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response

PROBLEM_TYPE: Final = "application/problem+json"

CODES: Final[Mapping[str, tuple[int, str]]] = {
    "bad_request": (400, "Bad request"),
    "unauthorised": (401, "Unauthorised"),
    "cross_site": (403, "Cross-site request"),
    "read_only": (403, "Read only"),
    "orders_not_allowed": (403, "Manual orders are not allowed"),
    "config_place_refused": (403, "Not to be changed over the web"),
    "not_found": (404, "Not found"),
    "unknown_symbol": (404, "Unknown symbol"),
    "no_scanner": (404, "No scanner"),
    "method_not_allowed": (405, "Method not allowed"),
    "conflict": (409, "Conflict"),
    "not_ready": (409, "Not ready"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "wrong_host": (421, "Wrong host"),
    "invalid": (422, "Invalid"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "Internal error"),
    "degraded": (503, "Degraded"),
}
"""Code -> HTTP status and title."""


class ApiProblem(Exception):
    """An answer that is an error. `detail` says what is wrong and what to do; `field` which input it is."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        nearest: Sequence[str] = (),
        problems: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.nearest = list(nearest)
        self.problems = list(problems)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code][0]

    def document(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        status, title = CODES[self.code]
        return {
            "type": f"/docs#{self.code}",
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": self.code,
            "field": self.field,
            "nearest": self.nearest,
            "problems": self.problems,
        }


def problem_response(problem: ApiProblem, mask: Any = str) -> Response:
    """Return a problem as a response; `mask` takes secrets out of its texts."""
    shown = masked_values(problem.document(), mask)
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(
        msgspec.json.encode(shown), status_code=problem.status, headers=headers, media_type=PROBLEM_TYPE
    )


def masked_values(value: Any, mask: Any) -> Any:
    """Mask texts one by one: a mask put into the finished JSON could break it."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(name): masked_values(item, mask) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(item, mask) for item in value]
    return value
