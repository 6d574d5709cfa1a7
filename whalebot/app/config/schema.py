"""The JSON Schema of config.json, and what it says about one place in the file, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from whalebot.app.config.document import Config
from whalebot.app.config.fields import ALLOWED
from whalebot.app.config.problems import Path

SCHEMA_FILE: Final = FilePath(__file__).with_name("schema.json")
_KINDS: Final = {"string": "a text", "boolean": "true or false", "null": "null", "object": "a table { ... }"}


@cache
def json_schema() -> dict[str, Any]:
    """Return the schema of the whole file, every key with its default, unit and meaning."""
    schema = Config.model_json_schema(by_alias=True)
    schema["title"] = "Whalebot configuration"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Return the schema as the shipped file has it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def node_at(path: Path) -> dict[str, Any] | None:
    """Return what the schema says about a place, None where it knows no such place."""
    node: dict[str, Any] | None = json_schema()
    for part in path:
        node = _child(node, part) if node is not None else None
    return node


def keys_at(path: Path) -> tuple[str, ...]:
    """Return the names a table may have, in the order of the schema."""
    node = node_at(path) or {}
    return tuple(_resolved(node).get("properties", ()))


def tables_with(name: str) -> list[Path]:
    """Return the tables that have a key of this name."""
    return [path[:-1] for path, _ in leaves() if path[-1] == name and "*" not in path]


def leaves() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every key with its schema; "*" stands for a name the owner chooses, 0 for an item of a list."""
    yield from _leaves((), json_schema())


def allowed(path: Path) -> str:
    """Say what may stand at a place."""
    node = node_at(path)
    return describe(node) if node is not None else "nothing"


def describe(node: dict[str, Any]) -> str:
    """Say in words what a schema node allows."""
    if ALLOWED in node:
        return _with_null(node, str(node[ALLOWED]))
    node = _resolved(node)
    if ALLOWED in node:
        return str(node[ALLOWED])
    if "anyOf" in node:
        return " or ".join(describe(option) for option in node["anyOf"])
    if "const" in node or "enum" in node:
        return _choice(node.get("enum", [node.get("const")]))
    if node.get("type") in ("number", "integer"):
        return _range(node)
    if node.get("type") == "array":
        return _list(node)
    return _KINDS.get(str(node.get("type")), "a value")


def _with_null(node: dict[str, Any], text: str) -> str:
    nullable = any(option.get("type") == "null" for option in node.get("anyOf", ()))
    return f"{text}, or null" if nullable else text


def _choice(options: list[Any]) -> str:
    names = [json.dumps(option) for option in options]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _range(node: dict[str, Any]) -> str:
    kind = "a whole number" if node["type"] == "integer" else "a number"
    low = f"above {_figure(node['exclusiveMinimum'])}" if "exclusiveMinimum" in node else ""
    low = f"from {_figure(node['minimum'])}" if "minimum" in node else low
    high = f"to {_figure(node['maximum'])}" if "maximum" in node else ""
    high = f"to below {_figure(node['exclusiveMaximum'])}" if "exclusiveMaximum" in node else high
    return " ".join(part for part in (kind, low, high) if part)


def _figure(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _list(node: dict[str, Any]) -> str:
    if "prefixItems" in node:
        return f"a list of {len(node['prefixItems'])}: {describe(node['prefixItems'][0])}"
    least = " (not empty)" if node.get("minItems") else ""
    return f"a list{least}, each item: {describe(node.get('items', {}))}"


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow references and look through "or null" to the one thing that is meant."""
    while "$ref" in node:
        node = json_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1 and options[0].get("type") in (None, "array", "object"):
        return _resolved(options[0])
    return node


def _child(node: dict[str, Any], part: str | int) -> dict[str, Any] | None:
    node = _resolved(node)
    if isinstance(part, int):
        items = node.get("prefixItems")
        child = items[part] if items and part < len(items) else node.get("items")
    else:
        child = node.get("properties", {}).get(part) or _open_child(node, part)
    return child if isinstance(child, dict) else None


def _open_child(node: dict[str, Any], name: str) -> Any:
    """The schema of a key whose name the owner chooses."""
    del name
    patterns = node.get("patternProperties")
    return next(iter(patterns.values())) if patterns else node.get("additionalProperties")


def _leaves(path: Path, node: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    inner = _resolved(node)
    if "properties" in inner:
        for name, child in inner["properties"].items():
            yield from _leaves((*path, name), child)
    elif inner.get("type") == "object" and isinstance(_open_child(inner, "*"), dict):
        yield from _leaves((*path, "*"), _open_child(inner, "*"))
    elif inner.get("type") == "array" and "properties" in _resolved(inner.get("items", {})):
        yield path, node
        yield from _leaves((*path, 0), inner["items"])
    else:
        yield path, node
