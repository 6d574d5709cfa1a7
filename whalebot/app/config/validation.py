"""The table against the model: every fault as a line people understand."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whalebot.app.config import schema
from whalebot.app.config.document import DEFAULT_WEIGHT_SET, Config
from whalebot.app.config.problems import HIDDEN, Path, Problem, first_per_path, path_text, value_text
from whalebot.app.config.references import is_secret_place
from whalebot.app.config.tree import value_at, without
from whalebot.domain.errors import BugError

_MOST_NAMES: Final = 26
_MOST_ROUNDS: Final = 20
_SIMILAR, _CLOSE = 0.6, 0.8
_SHORTEST_BEGINNING: Final = 3
_INTERVAL_WORDS: Final = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120",
    "4h": "240", "6h": "360", "12h": "720", "1d": "D", "1w": "W", "1mo": "M",
}  # fmt: skip


def validate(table: dict[str, Any], shown: dict[str, Any]) -> tuple[Config, list[Problem]]:
    """Check a table against the model.

    `shown` is the table as the file has it (references unresolved): its values are what messages show.
    Returns the configuration in which every faulty value took its default, and all problems.
    """
    table = _complete_weight_sets(table)
    problems: list[Problem] = []
    for _ in range(_MOST_ROUNDS):
        try:
            return Config.model_validate_json(json.dumps(table)), first_per_path(problems)
        except ValidationError as e:
            errors = e.errors(include_url=False, include_context=False, include_input=False)
            found = [_problem(error, shown) for error in errors]
            problems += found
            for problem in found:
                table = without(table, problem.path)
    raise BugError("the faulty values of the configuration could not be told apart")


def unknown_key(path: Path, value: Any) -> Problem:
    """Say of a key that nobody knows what was probably meant."""
    name, parent = str(path[-1]), path[:-1]
    siblings = schema.keys_at(parent)
    # A name that another table has is meant as it stands, unless one here is very close.
    elsewhere = [place for place in schema.tables_with(name) if place != parent]
    longer = [known for known in siblings if known.startswith(name.lower())]
    if elsewhere or len(name) < _SHORTEST_BEGINNING:
        longer = []
    cutoff = _CLOSE if elsewhere else _SIMILAR
    near = (
        difflib.get_close_matches(name, longer, n=1, cutoff=0.0)
        or difflib.get_close_matches(name, siblings, n=1, cutoff=cutoff)
        or [known for known in siblings if known.lower() == name.lower()]
    )
    if near:
        advice = f'did you mean "{near[0]}"?'
    elif elsewhere:
        advice = f"it belongs to {path_text(elsewhere[0])}" if elsewhere[0] else "it belongs to the top level"
    else:
        advice = f"allowed here: {_names(siblings)}"
    return Problem(path, f"unknown key; {advice}", value_text(path, value))


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown


def _problem(error: ErrorDetails, shown: dict[str, Any]) -> Problem:
    path = _place(error["loc"])
    value = value_at(shown, path)
    if error["type"] == "extra_forbidden":
        return unknown_key(path, value)
    if error["type"] == "missing":
        return Problem(path, f"missing; allowed is {schema.allowed(path)}")
    if error["loc"][-1:] == ("[key]",):
        return Problem(path, "a name has 1 to 64 letters, digits, dots, dashes or underscores")
    text = HIDDEN if is_secret_place(path) and not isinstance(value, int | float) else value_text(path, value)
    return Problem(path, f"allowed is {schema.allowed(path)}{_near_value(path, value)}", text)


def _near_value(path: Path, value: Any) -> str:
    """Guess the choice that was meant."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    choices = _choices(schema.node_at(path) or {})
    if _INTERVAL_WORDS.get(str(value).lower()) in choices:
        return f'; did you mean "{_INTERVAL_WORDS[str(value).lower()]}"?'
    near = [c for c in choices if c.lower() == str(value).lower()]
    near = near or difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def _choices(node: dict[str, Any]) -> list[str]:
    options: Iterable[Any] = node.get("enum", ())
    return [option for option in options if isinstance(option, str)]


def _place(loc: tuple[int | str, ...]) -> Path:
    """Keep of pydantic's location what is a place in the file: without the branches of a union."""
    path: Path = ()
    for part in loc:
        if part == "[key]" or (path and _is_leaf(path)):
            break
        path = (*path, part)
    return path


def _is_leaf(path: Path) -> bool:
    node = schema.node_at(path)
    return (
        node is not None
        and any("type" in option for option in node.get("anyOf", ()))
        and not any(option.get("type") in ("array", "object") for option in node.get("anyOf", ()))
    )


def _complete_weight_sets(table: dict[str, Any]) -> dict[str, Any]:
    """A set of the owner's own weighs what it names and nothing else; the default set is always there."""
    sets = table.get("weight_sets")
    if not isinstance(sets, dict):
        return table
    silent = dict.fromkeys(schema.keys_at(("weight_sets", DEFAULT_WEIGHT_SET)), 0)
    complete = {
        name: {**silent, **weights} if isinstance(weights, dict) and name != DEFAULT_WEIGHT_SET else weights
        for name, weights in sets.items()
    }
    return {**table, "weight_sets": {DEFAULT_WEIGHT_SET: {}, **complete}}
