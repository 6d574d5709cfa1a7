"""What may be asked for: kinds of query parameters, and the refusal of those that nobody knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import Query
from pydantic import BeforeValidator, WithJsonSchema
from starlette.requests import Request

from whalebot.adapters.web.problems import ApiProblem

_SYMBOL: Final = r"^[A-Za-z0-9/_.:-]{1,40}$"
_WORD: Final = r"^[A-Za-z0-9_-]{1,40}$"
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)


def _to_ms(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("not a time; allowed: 2026-01-31 or 2026-01-31T08:15:00Z")
    # The parser takes at most six digits of a second.
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.upper()))
    at = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


Moment = Annotated[
    int | None,
    BeforeValidator(_to_ms),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Query(description="a time, UTC where it names no zone"),
]
Cursor = Annotated[int | None, Query(ge=0, le=10**12, description="`next` of the part before")]
Limit = Annotated[int, Query(ge=1, le=500)]
SymbolAsked = Annotated[str | None, Query(pattern=_SYMBOL, max_length=40)]
SymbolNeeded = Annotated[str, Query(pattern=_SYMBOL, max_length=40)]
Word = Annotated[str | None, Query(pattern=_WORD, max_length=40)]
SideAsked: TypeAlias = Literal["Buy", "Sell"] | None
LevelAsked: TypeAlias = Literal["info", "warning", "critical"] | None
Window: TypeAlias = Literal["all", "today", "7d", "30d", "90d", "month"]


async def only_known(request: Request) -> None:
    """Refuse query parameters that the endpoint does not have. Raises ApiProblem."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is None:
        return
    known = {parameter.alias for parameter in dependant.query_params}
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ApiProblem("bad_request", f"unknown parameter {name[:40]}{hint}", field=name[:40])


def known_symbol(symbol: str, known: Sequence[str], where: str = "traded here") -> str:
    """Return the symbol as it is spelled here. Raises ApiProblem naming the nearest."""
    if symbol in known:
        return symbol
    if symbol.upper() in known:
        return symbol.upper()
    near = difflib.get_close_matches(symbol.upper(), known, n=3, cutoff=0.4)
    told = f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(known[:10])}"
    raise ApiProblem("unknown_symbol", f"{symbol} is not {where}{told}", field="symbol", nearest=near)
