"""Saving the core: its state as plain JSON values, and back again to the last digit."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.ids import Mint
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.world import Held, World

VERSION: Final = 1
_KIND: Final = "kind"


def export_state(world: World) -> dict[str, Any]:
    """Return everything that must survive, made of dict, list, str, int, bool and None only."""
    return {
        "version": VERSION,
        "now_ms": world.now_ms,
        "mint": _encode(world.mint, Mint),
        "markets": _encode(world.markets, dict[str, Market]),
        "accounts": _encode(world.accounts, dict[str, Account]),
        "held": _encode(world.held, list[Held]),
    }


def import_state(world: World, state: Mapping[str, Any]) -> None:
    """Fill a fresh world from a saved state. Raises ValueError for another version or a broken document."""
    version = state.get("version")
    if version != VERSION:
        raise ValueError(
            f"exchange state has version {version!r}, this program reads {VERSION}: start afresh"
        )
    try:
        world.now_ms = state["now_ms"]
        world.mint = _decode(state["mint"], Mint)
        world.markets.update(_decode(state["markets"], dict[str, Market]))
        world.accounts.update(_decode(state["accounts"], dict[str, Account]))
        world.held.extend(_decode(state["held"], list[Held]))
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"exchange state is broken: {error!r}: start afresh") from error
    for account in world.accounts.values():
        for order in account.orders.values():
            world.markets[order.symbol].orders[order.order_id] = order


@cache
def _saved_fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.metadata.get("saved", True)}


@cache
def _variants(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union but None; one member for any other type."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(member for member in get_args(hint) if member is not NoneType)
    return (hint,)


def _encode(value: Any, hint: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    variants = _variants(hint)
    if is_dataclass(value) and not isinstance(value, type):
        data = {
            name: _encode(getattr(value, name), kind) for name, kind in _saved_fields(type(value)).items()
        }
        return {_KIND: type(value).__name__, **data} if len(variants) > 1 else data
    inner = get_args(variants[0])
    if isinstance(value, dict):
        if inner[0] is str:
            return {key: _encode(item, inner[1]) for key, item in value.items()}
        return [[_encode(key, inner[0]), _encode(item, inner[1])] for key, item in value.items()]
    return [_encode(item, inner[0]) for item in value]


def _decode(value: Any, hint: Any) -> Any:
    if value is None:
        return None
    variants = _variants(hint)
    kind = variants[0] if len(variants) == 1 else _named(variants, value)
    if isinstance(kind, type):
        if is_dataclass(kind):
            known = _saved_fields(kind)
            return kind(**{name: _decode(value[name], inner) for name, inner in known.items()})
        return kind(value) if issubclass(kind, (Decimal, Enum)) else value
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict and inner[0] is str:
        return {key: _decode(item, inner[1]) for key, item in value.items()}
    if origin is dict:
        return {_decode(key, inner[0]): _decode(item, inner[1]) for key, item in value}
    items = (_decode(item, inner[0]) for item in value)
    return deque(items) if origin is deque else list(items)


def _named(variants: tuple[Any, ...], value: Mapping[str, Any]) -> Any:
    return next(member for member in variants if member.__name__ == value[_KIND])
