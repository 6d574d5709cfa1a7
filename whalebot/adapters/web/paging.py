"""Lists in parts, newest first: a cursor is the number of the oldest item that was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


def part_of(items: Sequence[T], shown: Callable[[T], Any], limit: int, cursor: int | None) -> dict[str, Any]:
    """Return a part of a list that lies oldest first; the cursor counts from its begin, so that what comes
    later moves nothing."""
    end = len(items) if cursor is None else min(cursor, len(items))
    begin = max(0, end - limit)
    page = [shown(item) for item in reversed(items[begin:end])]
    return {"items": page, "next": str(begin) if begin else None, "total": len(items)}


def part_below(
    newest: Iterable[T],
    number: Callable[[T], int],
    shown: Callable[[T], Any],
    limit: int,
    cursor: int | None,
    total: int,
) -> dict[str, Any]:
    """Return a part of numbered items that come newest first: those below the cursor."""
    below = (item for item in newest if cursor is None or number(item) < cursor)
    found = list(islice(below, limit + 1))
    page = found[:limit]
    more = str(number(page[-1])) if len(found) > limit else None
    return {"items": [shown(item) for item in page], "next": more, "total": total}
