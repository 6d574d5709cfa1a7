"""From the file to a checked configuration, or to all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from whalebot.app.config.checks import check_together, warnings
from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config
from whalebot.app.config.environment import Environment, too_open
from whalebot.app.config.migrations import fee_notes, migrate
from whalebot.app.config.problems import ConfigProblems, Path, Problem, first_per_path, value_text
from whalebot.app.config.reading import parse, read_file
from whalebot.app.config.references import literal_secrets, resolve
from whalebot.app.config.tree import put_at
from whalebot.app.config.validation import validate


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used. `notes` are for the log; `found` tells whether there was a file."""

    config: Config
    notes: tuple[str, ...]
    found: bool
    secrets: tuple[str, ...] = field(repr=False, default=())


def load(
    path: FilePath,
    environment: Environment,
    overrides: Mapping[Path, Any] | None = None,
    env_path: FilePath | None = None,
) -> Loaded:
    """Read and check a configuration file; where there is none the defaults are used.

    `overrides` come from the command line and stand above the file. Raises ConfigProblems with every fault,
    or ConfigError where the file cannot be read at all. The file is never changed.
    """
    text = read_file(path)
    loaded = check_text(text if text is not None else "{}", str(path), environment, overrides or {})
    notes = list(loaded.notes)
    if env_path is not None and too_open(env_path):
        notes.append(f"{env_path} can be read by others; try: chmod 600 {env_path}")
    return Loaded(loaded.config, tuple(notes), text is not None, loaded.secrets)


def check_text(text: str, source: str, environment: Environment, overrides: Mapping[Path, Any]) -> Loaded:
    """Check the text of a configuration file. Raises as `load` does."""
    written, problems = parse(text, source)
    migration = migrate(written)
    problems += migration.problems
    notes = migration.notes + fee_notes(migration.table)
    table = _without_other_faults(migration.table, notes)
    problems += literal_secrets(table)
    resolved, unset, secrets = resolve(table, environment)
    problems += unset
    _override(overrides, resolved, table)
    config, faults = validate(resolved, table)
    problems += faults
    problems += _outside(check_together(config), problems)
    if problems:
        raise ConfigProblems(source, first_per_path(problems))
    return Loaded(config, (*notes, *warnings(config)), True, tuple(secrets.values()))


def _override(overrides: Mapping[Path, Any], *tables: dict[str, Any]) -> None:
    for table in tables:
        for place, value in overrides.items():
            put_at(table, place, value)
        if ("symbols",) in overrides:
            table.pop("symbol", None)


def _outside(found: Iterable[Problem], known: list[Problem]) -> list[Problem]:
    """Drop findings about places that are faulty already: they speak of a default, not of the file."""
    faulty = {problem.path for problem in known}
    return [
        problem
        for problem in found
        if not any(_touches(problem.path, place) for place in faulty)
        and not any(other[: len(place)] == place for other in problem.compared_with for place in faulty)
    ]


def _touches(path: Path, place: Path) -> bool:
    shorter = min(len(path), len(place))
    return path[:shorter] == place[:shorter]


def _without_other_faults(table: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Tables of other commands: one that is no table is a warning here and an error there."""
    kept = dict(table)
    for name in OTHER_COMMANDS_TABLES:
        if name in kept and not isinstance(kept[name], dict):
            if kept[name] is not None:
                shown = value_text((name,), kept[name])
                notes.append(f"{name} = {shown}: must be a table; not used by this command")
            del kept[name]
    return kept
