"""From typed values to plain JSON values and back, by their annotations; built once per type.

Decimals become text, enums their value, dataclasses dicts of their fields, dicts without text keys lists of
pairs. A union of dataclasses names its member under "kind". Nothing is rounded and nothing is guessed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

_KIND: Final = "kind"
_LEAVES: Final = (str, int, bool, Decimal)

Convert = Callable[[Any], Any]


@cache
def encoder(hint: Any) -> Convert:
    """Return the function that makes plain JSON values of a value annotated with `hint`."""
    members = _members(hint)
    if len(members) > 1:
        by_type = {member: encoder(member) for member in members}
        return lambda value: {_KIND: type(value).__name__, **by_type[type(value)](value)}
    inner = _encoder_of_one(members[0])
    return inner if members[0] is hint else lambda value: None if value is None else inner(value)


@cache
def decoder(hint: Any) -> Convert:
    """Return the function that undoes `encoder(hint)`."""
    members = _members(hint)
    if len(members) > 1:
        by_name = {member.__name__: decoder(member) for member in members}
        return lambda value: by_name[value[_KIND]](value)
    inner = _decoder_of_one(members[0])
    return inner if members[0] is hint else lambda value: None if value is None else inner(value)


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union but None; the type itself for any other."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(member for member in get_args(hint) if member is not NoneType)
    return (hint,)


def _encoder_of_one(kind: Any) -> Convert:
    if isinstance(kind, type):
        if is_dataclass(kind):
            return _dataclass_encoder(kind)
        if issubclass(kind, Decimal):
            return str
        return _value_of if issubclass(kind, Enum) else _same
    inner = [encoder(argument) for argument in get_args(kind) if argument is not Ellipsis]
    if get_origin(kind) is not dict:
        return lambda value: [inner[0](item) for item in value]
    if get_args(kind)[0] is str:
        return lambda value: {key: inner[1](item) for key, item in value.items()}
    return lambda value: [[inner[0](key), inner[1](item)] for key, item in value.items()]


def _decoder_of_one(kind: Any) -> Convert:
    if isinstance(kind, type):
        if is_dataclass(kind):
            return _dataclass_decoder(kind)
        return kind if issubclass(kind, (Decimal, Enum)) else _same
    origin = get_origin(kind)
    inner = [decoder(argument) for argument in get_args(kind) if argument is not Ellipsis]
    if origin is dict and get_args(kind)[0] is str:
        return lambda value: {key: inner[1](item) for key, item in value.items()}
    if origin is dict:
        return lambda value: {inner[0](key): inner[1](item) for key, item in value}
    container: Callable[[Iterable[Any]], Any] = deque if origin is deque else list
    return lambda value: container(inner[0](item) for item in value)


def _dataclass_encoder(kind: type) -> Convert:
    hints = _saved_fields(kind)
    if len(hints) == len(fields(kind)) and all(map(_is_leaf, hints.values())):
        # The same in C: thousands of closed orders and fills are saved every few seconds.
        return msgspec.to_builtins
    parts = [(name, encoder(hint)) for name, hint in _saved_fields(kind).items()]
    return lambda value: {name: encode(getattr(value, name)) for name, encode in parts}


def _dataclass_decoder(kind: type) -> Convert:
    parts = [(name, decoder(hint)) for name, hint in _saved_fields(kind).items()]

    def decode(value: Mapping[str, Any]) -> Any:
        return kind(**{name: convert(value[name]) for name, convert in parts})

    return decode


def _saved_fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.metadata.get("saved", True)}


def _is_leaf(hint: Any) -> bool:
    first, *others = _members(hint)
    return not others and (first in _LEAVES or (isinstance(first, type) and issubclass(first, Enum)))


def _value_of(value: Enum) -> Any:
    return value.value


def _same(value: Any) -> Any:
    return value
