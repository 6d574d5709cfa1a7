"""Values of the form "${NAME}": resolved from the environment, and demanded where a secret may stand."""

from __future__ import annotations

import re
from typing import Any, Final

from whalebot.app.config.document import OTHER_COMMANDS_TABLES
from whalebot.app.config.environment import Environment
from whalebot.app.config.problems import HIDDEN, Path, Problem, sounds_secret
from whalebot.app.config.tree import mapped, value_at, walk

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OPTIONAL_TABLES: Final = ("alerts", "web")


def is_secret_place(path: Path) -> bool:
    """Tell whether a secret can stand at this place of the file."""
    match path:
        case ("alerts", "channels", int(), "url") | ("alerts", "heartbeat_url"):
            return True
        case ("alerts", "telegram", "token") | ("web", "token"):
            return True
    return False


def literal_secrets(table: dict[str, Any]) -> list[Problem]:
    """Name the places where a secret is written out instead of referred to."""
    return [
        Problem(
            path,
            'allowed is only "${NAME}", with NAME=... in .env: this value may hold a secret',
            HIDDEN,
        )
        for path, value in walk(table)
        if is_secret_place(path) and isinstance(value, str) and not _REFERENCE.fullmatch(value)
    ]


def resolve(
    table: dict[str, Any], environment: Environment
) -> tuple[dict[str, Any], list[Problem], dict[Path, str]]:
    """Replace references by their values.

    Returns the new table, a problem for each name that is not set (not in a table that is switched off),
    and the secrets that were put in, by place.
    """
    problems: list[Problem] = []
    secrets: dict[Path, str] = {}

    def change(path: Path, leaf: Any) -> Any:
        reference = _REFERENCE.fullmatch(leaf) if isinstance(leaf, str) else None
        if reference is None or path[0] in OTHER_COMMANDS_TABLES:
            return leaf
        value = environment.get(reference[1])
        if value is None:
            if path[0] not in _OPTIONAL_TABLES or value_at(table, (path[0], "enabled")) is True:
                text = f"{reference[1]} is not set; add the line {reference[1]}=... to .env"
                problems.append(Problem(path, text, f'"{leaf}"'))
            return leaf
        if is_secret_place(path) or sounds_secret(reference[1]):
            secrets[path] = value
        return value

    return mapped(table, change), problems, secrets
