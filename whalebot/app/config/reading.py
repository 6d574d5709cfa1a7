"""JSON text into a tree, stricter than json: a key written twice, NaN and infinities are named."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final, NoReturn

from whalebot.app.config.problems import Path, Problem
from whalebot.app.config.regular_file import read_regular
from whalebot.app.config.tree import mapped, without
from whalebot.domain.errors import ConfigError

_LARGEST_FILE: Final = 4 * 1024 * 1024
_REMEDIES: Final = {
    "Expecting property name": "a comma too many before }, a comment, or a name without double quotes",
    "Illegal trailing comma": "remove the comma before the closing bracket",
    "Expecting ',' delimiter": "put a comma after the value before this place, or close its bracket",
    "Expecting ':' delimiter": 'write "name": value',
    "Expecting value": "a value is missing here; words are true, false, null; texts stand in double quotes",
    "Extra data": "the file must hold one table { ... } and nothing after it",
    "Unterminated string": "close the text with a double quote on the same line",
    "Invalid control character": "close the text with a double quote on the same line",
    "Invalid \\escape": "write a backslash in a text twice",
}
_HALF: Final = "half a character: \\ud800 to \\udfff stand in pairs only"


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A number that JSON text can hold but no setting may."""

    text: str


class _Pairs(dict[str, Any]):
    """A JSON table that remembers which of its keys were written twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.repeated = [name for name, _ in pairs if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def read_file(path: FilePath) -> str | None:
    """Return the text of a configuration file, None where there is none.

    Raises ConfigError naming the remedy: a folder, a pipe, no permission, no UTF-8, too large.
    """
    try:
        raw = read_regular(path, _LARGEST_FILE + 1, "the configuration")
    except FileNotFoundError:
        if path.is_symlink():
            raise ConfigError(
                f"{path}: a link to a file that does not exist; mend or remove the link"
            ) from None
        return None
    except IsADirectoryError:
        raise ConfigError(
            f"{path}: a folder, where the configuration belongs; move it away, or name a file with --config"
        ) from None
    except PermissionError:
        raise ConfigError(f"{path}: no permission to read it; try: chmod u+r {path}") from None
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from None
    if len(raw) > _LARGEST_FILE:
        raise ConfigError(f"{path}: more than {_LARGEST_FILE} bytes is no configuration file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: byte {e.start} is not UTF-8; save the file as UTF-8") from None


def parse(text: str, source: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the file's table and the problems found on the way; faulty values are left out of the table.

    Raises ConfigError where the text is no JSON table at all.
    """
    if not text.strip():
        raise ConfigError(f"{source}: empty; delete it and the next start writes a complete default one")
    try:
        root = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=_Unusable,
            parse_float=_number,
            parse_int=_whole,
        )
    except json.JSONDecodeError as e:
        _refuse(source, e)
    except RecursionError:
        raise ConfigError(f"{source}: nested too deeply for a configuration") from None
    if not isinstance(root, dict):
        raise ConfigError(f"{source}: must hold one table {{ ... }}, not {type(root).__name__}")
    return _take_out_faults(root)


def _number(text: str) -> float | _Unusable:
    value = float(text)
    return value if math.isfinite(value) else _Unusable(text)


def _whole(text: str) -> int | _Unusable:
    return int(text) if len(text) <= 300 else _Unusable(text[:20] + "...")


def _refuse(source: str, error: json.JSONDecodeError) -> NoReturn:
    remedy = next((hint for start, hint in _REMEDIES.items() if error.msg.startswith(start)), error.msg)
    raise ConfigError(
        f"{source}: broken JSON at line {error.lineno}, column {error.colno}: {remedy}"
    ) from None


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _take_out_faults(root: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    problems: list[Problem] = []
    pending: list[tuple[Path, Any]] = [((), root)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, _Pairs):
            for name in dict.fromkeys(node.repeated):
                problems.append(
                    Problem((*path, name), "written more than once in its table; keep one of them")
                )
            pending += [((*path, name), child) for name, child in node.items()]
            problems += [Problem((*path, name), _HALF) for name in node if not _is_text(name)]
        elif isinstance(node, list):
            pending += [((*path, number), child) for number, child in enumerate(node)]
        elif isinstance(node, _Unusable):
            problems.append(Problem(path, "allowed is a finite number of sensible length", node.text))
        elif isinstance(node, str) and not _is_text(node):
            problems.append(Problem(path, _HALF))
    table: dict[str, Any] = mapped(root, lambda _, leaf: leaf)
    for problem in problems:
        table = without(table, problem.path)
    return table, problems
