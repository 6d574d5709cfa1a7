"""What can be done to each key, derived from its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whalebot.app.config.document import OTHER_COMMANDS_TABLES
from whalebot.app.config.problems import Path
from whalebot.app.config.schema import json_schema, leaves

# The tables of other commands are theirs to judge.
LEAVES = [(path, node) for path, node in leaves() if path[0] not in OTHER_COMMANDS_TABLES]

NO_RANGE = {
    "$schema",
    "exchange.trusted_hosts",
    "demo.data",
    "alerts.channels[0].url",
    "alerts.heartbeat_url",
}
NO_RANGE |= {"alerts.telegram.token", "alerts.telegram.chat_ids", "alerts.quiet_hours"}
NO_RANGE |= {"web.token", "web.allowed_hosts"}
NO_RANGE |= {"active_weight_set", "timezone", "take_profit_ladder.steps", "alerts.channels"}
"""Places where every value of the right type passes the schema; other checks look at some of them."""

_ITEMS = {
    "channels": {"name": "phone", "url": "${CHANNEL_URL}"},
    "steps": {"atr_multiple": 1.0, "size_percent": 50.0},
}


def place_of(path: Path) -> Path:
    """Return a real place for a key: the default set for a set of any name."""
    return tuple("default_scalping" if part == "*" else part for part in path)


def table_with(place: Path, value: Any) -> dict[str, Any]:
    """Return a file that holds this value and nothing else (in a list: one whole item)."""
    if 0 in place:
        at = place.index(0)
        item = {**_ITEMS[str(place[at - 1])], place[-1]: value}
        return table_with(place[:at], [item])
    inner: Any = value
    for part in reversed(place):
        inner = {part: inner}
    result: dict[str, Any] = inner
    return result


def options(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a key may be, each alternative apart."""
    if "$ref" in node:
        return options(json_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in node:
        return [option for part in node["anyOf"] for option in options(part)]
    return [node]


def wrong_types(node: dict[str, Any]) -> Iterator[Any]:
    """Yield values of every JSON type that the key does not have, those that tempt a converter first."""
    kinds = {option.get("type", "string") for option in options(node)}
    kinds |= (
        {"number"} if any("const" in o or "enum" in o for o in options(node)) and _numbers(node) else set()
    )
    if "boolean" not in kinds:
        yield True
    if "string" not in kinds:
        yield "5"
    if not kinds & {"number", "integer"}:
        yield 5
    elif "number" not in kinds or _numbers(node):
        yield 5.0
    if "array" not in kinds:
        yield [5]
    if "object" not in kinds:
        yield {"a": 5}
    if "null" not in kinds:
        yield None


def out_of_range(node: dict[str, Any]) -> Iterator[Any]:
    """Yield values of the right type that are not allowed."""
    for option in options(node):
        if "enum" in option or "const" in option:
            yield 7 if _numbers(node) else "nonsense"
        yield from _beyond(option)
        if "pattern" in option:
            yield "!?"
        if option.get("minLength"):
            yield ""
        if option.get("minItems"):
            yield []
        if option.get("type") == "array" and ("enum" in _item(option) or "prefixItems" in _item(option)):
            yield ["nonsense"]


def _item(option: dict[str, Any]) -> dict[str, Any]:
    items: dict[str, Any] = option.get("items", {})
    return items


def _beyond(option: dict[str, Any]) -> Iterator[Any]:
    step = 1 if option.get("type") == "integer" else 0.001
    if "minimum" in option:
        yield option["minimum"] - step
    if "maximum" in option:
        yield option["maximum"] + max(step, abs(option["maximum"]) * 0.001 if step < 1 else step)
    if "exclusiveMinimum" in option:
        yield option["exclusiveMinimum"]
        yield option["exclusiveMinimum"] - step
    if "exclusiveMaximum" in option:
        yield option["exclusiveMaximum"]


def _numbers(node: dict[str, Any]) -> bool:
    return any(isinstance(value, int) for option in options(node) for value in option.get("enum", ()))


def misspelt(name: str) -> str:
    """Return the name with two letters exchanged."""
    for at in range(len(name) // 2, len(name) - 1):
        if name[at] != name[at + 1]:
            return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name + name[-1]
