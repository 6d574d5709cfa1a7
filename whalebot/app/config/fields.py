"""How a key of config.json is declared: default, meaning, unit and range in one place."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

PERCENT: Final = "percent"
SECONDS: Final = "s"
MINUTES: Final = "min"
MILLISECONDS: Final = "ms"
BARS: Final = "bars"
BPS: Final = "bps"
ATR: Final = "ATR"
QUOTE: Final = "USDT"

SYMBOL_NAME: Final = "the venue's name of a USDT perpetual, as BTCUSDT"
SHORT_NAME: Final = "1 to 64 letters, digits, dots, dashes or underscores"

ALLOWED: Final = "x-allowed"
"""Schema keyword: what is allowed, in words, where type and range do not say it."""
UNIT: Final = "x-unit"
"""Schema keyword: the unit of the value as it is written in the file."""

Symbol = Annotated[
    str,
    Field(
        pattern=r"^[A-Z0-9]{1,26}USDT$",
        json_schema_extra={ALLOWED: SYMBOL_NAME},
    ),
]
TimeOfDay = Annotated[
    str,
    Field(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        json_schema_extra={ALLOWED: 'a UTC time "HH:MM" from "00:00" to "24:00"'},
    ),
]
LocalTime = Annotated[
    str,
    Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        json_schema_extra={ALLOWED: 'a time "HH:MM" from "00:00" to "23:59" in the zone of timezone'},
    ),
]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        json_schema_extra={ALLOWED: SHORT_NAME},
    ),
]
HostName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
        json_schema_extra={ALLOWED: "a host name in lower case, without a port"},
    ),
]


class Table(BaseModel):
    """A table of config.json: unknown keys refused, nothing coerced, no NaN, frozen once read."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def key(default: Any, meaning: str, unit: str = "", allowed: str = "", **limits: Any) -> Any:
    """Declare one key. `limits` are pydantic's gt, ge, lt, le, min_length, max_length, pattern."""
    extra = {name: text for name, text in ((UNIT, unit), (ALLOWED, allowed)) if text}
    if isinstance(default, list | dict):
        raise TypeError("a default must be immutable; use a tuple or default_factory")
    return Field(default, description=meaning, json_schema_extra=dict(extra) or None, **limits)


def whole_number(value: Any) -> Any:
    """Refuse true and 50.0 where a choice among whole numbers would take them for 1 and 50."""
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


def table(model: type[Table], meaning: str) -> Any:
    """Declare a key that holds a table whose keys all have defaults."""
    return Field(default_factory=model, description=meaning)
