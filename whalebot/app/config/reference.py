"""The reference of all keys for people, made from the schema: `python -m whalebot.app.config.reference`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from whalebot.app.config.fields import UNIT
from whalebot.app.config.problems import Path, path_text
from whalebot.app.config.schema import describe, json_schema, leaves, node_at

BEGIN: Final = "<!-- keys: made from the models, do not edit by hand -->"
END: Final = "<!-- end of keys -->"
_REQUIRED: Final = "(required)"


def reference() -> str:
    """Return the tables of all keys as Markdown, one table of the file after the other."""
    parts = [BEGIN, ""]
    top_level_first = sorted(leaves(), key=lambda leaf: _section(leaf[0]) != ())
    for title, keys in groupby(top_level_first, key=lambda leaf: _section(leaf[0])):
        parts += [*_heading(title), "| key | default | unit | allowed | meaning |", "|---|---|---|---|---|"]
        parts += [_row(path, node) for path, node in keys]
        parts.append("")
    return "\n".join([*parts, END]) + "\n"


def with_reference(document: str) -> str:
    """Return a document with the part between the two marks made anew. Raises ValueError without marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks the lines {BEGIN} and {END}")
    return before + reference().rstrip("\n") + after


def _section(path: Path) -> Path:
    return path[:1] if len(path) > 1 else ()


def _heading(section: Path) -> Iterator[str]:
    name = path_text(section) if section else "Top level"
    meaning = str((node_at(section) or {}).get("description", "")) if section else ""
    yield f"### {name}" if not section else f"### `{name}`"
    yield ""
    if meaning:
        yield meaning[0].upper() + meaning[1:] + "."
        yield ""


def _row(path: Path, node: dict[str, Any]) -> str:
    name = path_text(tuple("NAME" if part == "*" else part for part in path)).replace("[0]", "[]")
    cells = (f"`{name}`", _default(path, node), _unit(node), describe(node), str(node.get("description", "")))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(path: Path, node: dict[str, Any]) -> str:
    if "default" in node:
        text = json.dumps(node["default"], ensure_ascii=False)
        return "null" if node["default"] is None else f"`{text}`"
    return _REQUIRED if path[-1] in _required(path) else ""


def _required(path: Path) -> tuple[str, ...]:
    parent = node_at(path[:-1]) or {}
    while "$ref" in parent:
        parent = json_schema()["$defs"][parent["$ref"].rsplit("/", 1)[1]]
    return tuple(parent.get("required", ()))


def _unit(node: dict[str, Any]) -> str:
    return str(node.get(UNIT, ""))


if __name__ == "__main__":
    print(reference(), end="")
