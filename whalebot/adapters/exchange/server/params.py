"""Request parameters, read from a query string or a JSON body and checked as the venue checks them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from whalebot.adapters.exchange.server.auth import ApiKey
from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, Refused, bad_parameter

_TRUE: Final = frozenset({"true", "True", "1"})
_FALSE: Final = frozenset({"false", "False", "0", ""})
_MAX_DIGITS: Final = 40


class Params:
    """Typed access to the parameters of one request; every wrong value is a `Refused` with 10001.

    `key` is who asks, None on a public endpoint.
    """

    __slots__ = ("_values", "key")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.key: ApiKey | None = None
        self._values = values

    @classmethod
    def from_query(cls, raw_query: str) -> Params:
        """Read a query string exactly as it was sent; the last value of a repeated name counts."""
        values = {}
        for pair in raw_query.split("&"):
            name, _, value = pair.partition("=")
            if name:
                values[unquote_plus(name)] = unquote_plus(value)
        return cls(values)

    @classmethod
    def from_body(cls, body: bytes) -> Params:
        """Read a JSON object; an empty body is an empty object."""
        if not body.strip():
            return cls({})
        try:
            values = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(BAD_PARAMETER, f"Request parameter error: the body is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise Refused(BAD_PARAMETER, "Request parameter error: the body must be a JSON object")
        return cls(values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def raw(self, name: str) -> Any:
        """Return the value as it came, None when absent."""
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        """Return a text; numbers are taken as the text they were written with."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise bad_parameter(f"{name} must be a string")
        return str(value)

    def required(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if not value:
            raise bad_parameter(f"{name} is required")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """Return one of `allowed`; without a default the parameter is required."""
        value = self.text(name, default)
        if not value:
            raise bad_parameter(f"{name} is required")
        if value not in allowed:
            raise bad_parameter(f"{name} invalid: {value[:40]!r} is not one of {', '.join(allowed)}")
        return value

    def decimal(self, name: str) -> Decimal | None:
        """Return a finite number, None when absent."""
        text = self.text(name)
        if not text:
            return None
        if len(text) > _MAX_DIGITS:
            raise bad_parameter(f"{name} has too many digits")
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise bad_parameter(f"{name} invalid: {text!r} is not a number") from None
        if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS:
            raise bad_parameter(f"{name} invalid: {text!r} is out of range")
        return value

    def integer(self, name: str, default: int, low: int | None = None, high: int | None = None) -> int:
        """Return a whole number; below `low` or above `high` is refused."""
        text = self.text(name)
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            raise bad_parameter(f"{name} invalid: {text[:40]!r} is not a whole number") from None
        if (low is not None and value < low) or (high is not None and value > high):
            raise bad_parameter(f"{name} invalid: {value} is not within {low}..{high}")
        return value

    def limit(self, default: int, high: int) -> int:
        """Return `limit`; the venue caps a larger one instead of refusing it."""
        return min(self.integer("limit", default, low=1), high)

    def flag(self, name: str) -> bool:
        """Return a boolean, given as JSON or as text."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        text = str(value)
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise bad_parameter(f"{name} invalid: {text[:40]!r} is not a boolean")

    def objects(self, name: str, high: int) -> list[Params]:
        """Return a list of 1 to `high` JSON objects."""
        value = self._values.get(name)
        if not isinstance(value, list) or not value:
            raise bad_parameter(f"{name} must be a list of orders")
        if len(value) > high:
            raise bad_parameter(f"{name} holds {len(value)} entries, {high} at most")
        if not all(isinstance(entry, dict) for entry in value):
            raise bad_parameter(f"{name} must hold JSON objects")
        return [Params(entry) for entry in value]
