"""What is wrong with a configuration: all of it at once, one line a problem."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from whalebot.domain.errors import ConfigError

Path: TypeAlias = tuple[str | int, ...]
"""Where a value lies in the file: names of tables and keys, positions in lists."""

HIDDEN: Final = "(hidden)"
_LONGEST_VALUE: Final = 60
_PLAIN_NAME: Final = re.compile(r"[\w$-]{1,60}", re.ASCII)
_SECRET_NAME: Final = re.compile(r"key$|api_?key|secret|token|passw|passphrase|private_?key|credential", re.I)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it is, what stands there (None: nothing worth showing), what to do about it.

    `compared_with` names the other places that the fault speaks of.
    """

    path: Path
    text: str
    value: str | None = None
    compared_with: tuple[Path, ...] = ()

    def __str__(self) -> str:
        place = path_text(self.path)
        return f"{place} = {self.value}: {self.text}" if self.value is not None else f"{place}: {self.text}"


class ConfigProblems(ConfigError):
    """A configuration that cannot be used. `problems` is never empty; `source` names the file."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{source}: {count}, nothing was started and the file stays as it is", *map(str, problems)]
        super().__init__("\n  ".join(lines))


def path_text(path: Path) -> str:
    """Write a path as people do: trade_management.leverage, symbols[1]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_name_text(part)}" if text else _name_text(part)
    return text or "the file"


def _name_text(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return json.dumps(name if len(name) <= _LONGEST_VALUE else name[:_LONGEST_VALUE] + "...")


def value_text(path: Path, value: Any) -> str:
    """Show a value as JSON in ASCII (nothing in it can steer a terminal), shortened.

    One that may be a secret by its name is not shown.
    """
    if any(isinstance(part, str) and _SECRET_NAME.search(part) for part in path[-2:]):
        return HIDDEN
    if isinstance(value, dict):
        return "{...}" if value else "{}"
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def sounds_secret(name: str) -> bool:
    """Tell whether a name is one that people give to secrets."""
    return bool(_SECRET_NAME.search(name))


def first_per_path(problems: Iterable[Problem]) -> list[Problem]:
    """Keep the first problem of each place."""
    found: dict[Path, Problem] = {}
    for problem in problems:
        found.setdefault(problem.path, problem)
    return list(found.values())
