"""Pages of newest-first rows, and the percent-encoded cursors between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import bad_parameter
from whalebot.domain.intervals import DAY_MS

Row = TypeVar("Row")
_TOKEN: Final = "page_token="
_LAST_TIME: Final = "lasttime="
_MAX_DIGITS: Final = 15


def page(rows: Sequence[Row], params: Params, limit: int, key: Callable[[Row], str]) -> tuple[list[Row], str]:
    """Return `limit` rows behind the request's cursor, and the cursor of the next page ("" at the end).

    A cursor names the last row that was shown, so rows that arrive in between shift nothing. Raises Refused
    for a cursor that this exchange did not give out.
    """
    start = 0
    cursor = params.text("cursor")
    if cursor:
        token = _decoded(cursor, _TOKEN)
        start = next((index + 1 for index, row in enumerate(rows) if key(row) == token), len(rows))
    chosen = list(rows[start : start + limit])
    has_more = start + limit < len(rows)
    return chosen, quote(f"{_TOKEN}{key(chosen[-1])}&", safe="") if chosen and has_more else ""


def time_cursor(ts_ms: int) -> str:
    """Return the cursor of a page of time rows that ended at `ts_ms`."""
    return quote(f"lastid=0&{_LAST_TIME}{ts_ms}", safe="")


def before_cursor(params: Params) -> int | None:
    """Return the time before which the next page of time rows lies, None on the first page."""
    cursor = params.text("cursor")
    if not cursor:
        return None
    token = _decoded(cursor, _LAST_TIME)
    if not (token.isascii() and token.isdecimal() and len(token) <= _MAX_DIGITS):
        raise bad_parameter("cursor invalid")
    return int(token)


def window(params: Params, span_ms: int, now_ms: int) -> tuple[int, int]:
    """Return (start, end) of a query by time: by default the newest `span_ms`; a wider span is refused.

    With only one bound the other lies `span_ms` away.
    """
    start = params.integer("startTime", -1, low=0)
    end = params.integer("endTime", -1, low=0)
    if start < 0 and end < 0:
        return now_ms - span_ms, now_ms
    if start < 0:
        return end - span_ms, end
    if end < 0:
        return start, start + span_ms
    if end < start:
        raise bad_parameter("startTime should be less than endTime")
    if end - start > span_ms:
        raise bad_parameter(f"the time range between startTime and endTime exceeds {span_ms // DAY_MS} days")
    return start, end


def _decoded(cursor: str, name: str) -> str:
    # Clients hand a cursor back as it came, or encode it once more: both are understood.
    for _ in range(3):
        if name in cursor:
            return cursor.partition(name)[2].partition("&")[0]
        cursor = unquote(cursor)
    raise bad_parameter("cursor invalid")
