"""One key of the configuration for a form: kind, range and meaning, from the schema."""

from __future__ import annotations

from typing import Any, Final

from whalebot.app.config.fields import UNIT
from whalebot.app.config.problems import Path, path_text
from whalebot.app.config.references import is_secret_place
from whalebot.app.config.schema import describe, json_schema, node_at

_KINDS: Final = {"object": "table", "array": "list", "null": "null"}


def field_of(path: Path, value: Any, needs_restart: bool, is_editable: bool) -> dict[str, Any]:
    """Return the field at a place; value is as it is shown."""
    node = node_at(path) or {}
    kind, is_nullable = _looked_through(node)
    low, high = kind.get("minimum", kind.get("exclusiveMinimum")), kind.get("maximum")
    return {
        "path": path_text(path),
        "type": _kind(kind),
        "nullable": is_nullable,
        "description": str(node.get("description", "")),
        "unit": str(node.get(UNIT, "")),
        "default": node.get("default"),
        "value": value,
        "minimum": low,
        "maximum": high if high is not None else kind.get("exclusiveMaximum"),
        "exclusive_minimum": "exclusiveMinimum" in kind,
        "choices": kind.get("enum", [kind["const"]] if "const" in kind else None),
        "allowed": describe(node) if node else "",
        "applies": "restart" if needs_restart else "next_bar",
        "editable": is_editable,
        "secret": is_secret_place(path),
    }


def _looked_through(node: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Follow references and "or null" to what is meant; tell whether null is allowed."""
    is_nullable = False
    while True:
        if "$ref" in node:
            node = json_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
            continue
        options = node.get("anyOf")
        if options is None:
            return node, is_nullable
        chosen = [option for option in options if option.get("type") != "null"]
        is_nullable = is_nullable or len(chosen) < len(options)
        if len(chosen) != 1:
            return {}, is_nullable
        node = chosen[0]


def _kind(node: dict[str, Any]) -> str:
    if "enum" in node or "const" in node:
        return "choice"
    kind = str(node.get("type", "any"))
    return _KINDS.get(kind, kind)
