"""The view as plain JSON values: Decimals as strings, times in ms UTC, enums by value."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from whalebot.domain.analysis import Analysis
from whalebot.domain.view import View


def view_to_json(view: View) -> dict[str, Any]:
    """Return the view for a machine. Field names are those of the view; None stays null.

    `streams` is a list of {name, up, detail}, `refusals` an object rule -> count, and an analysis holds its
    breakdown as an object weight name -> contribution, in scoring order.
    """
    found = _plain(view)
    found["streams"] = [{"name": name, "up": up, "detail": detail} for name, up, detail in view.streams]
    found["refusals"] = dict(view.refusals)
    for symbol, target in zip(view.symbols, found["symbols"], strict=True):
        if symbol.analysis is not None:
            target["analysis"]["breakdown"] = _breakdown(symbol.analysis)
    assert isinstance(found, dict)
    return found


def _breakdown(analysis: Analysis) -> dict[str, float | None]:
    return {name: _plain(value) for name, value in analysis.breakdown}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")
