"""Walking and changing the nested dicts and lists that a JSON file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from whalebot.app.config.problems import Path


def walk(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value below `node` with its path, tables and lists before what they hold."""
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in items:
        yield from walk(child, (*path, name))


def value_at(node: Any, path: Path, default: Any = None) -> Any:
    """Return the value at `path`, or `default` where the path leads nowhere."""
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return default
    return node


def put_at(node: dict[str, Any], path: Path, value: Any) -> None:
    """Set the value at `path`, making the tables on the way; a value in the way is replaced by a table."""
    for part in path[:-1]:
        child = node.get(str(part))
        if not isinstance(child, dict):
            child = node[str(part)] = {}
        node = child
    node[str(path[-1])] = value


def without(node: Any, path: Path) -> Any:
    """Return a copy that lacks the key at `path`; inside a list the whole list goes."""
    if not path or not isinstance(node, dict) or path[0] not in node:
        return node
    copy = dict(node)
    name = str(path[0])
    if len(path) == 1 or not isinstance(node[name], dict):
        del copy[name]
    else:
        copy[name] = without(node[name], path[1:])
    return copy


def mapped(node: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """Return a copy in which every leaf is `change(path, leaf)`."""
    if isinstance(node, dict):
        return {name: mapped(child, change, (*path, name)) for name, child in node.items()}
    if isinstance(node, list):
        return [mapped(child, change, (*path, number)) for number, child in enumerate(node)]
    return change(path, node)
