"""The page about failures names only tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| (?!what goes wrong|---)(.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
_PROCESSES = ("tests/scenario/", "tests/e2e/")
NO_PROCESS = {
    "The account or the key is of the wrong kind.": "a command of its own says so, before a daemon runs",
    "Decisions use the bar that is still forming.": "which bars decide shows in the decisions, not outside",
    "Indicators look into the future.": "a law of functions without time, held for every one of them",
}
"""What no daemon played as a process could show, and why."""
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_failure_has_tests_and_every_test_exists() -> None:
    rows = _ROW.findall((ROOT / "docs/when-things-go-wrong.md").read_text(encoding="utf-8"))
    assert len(rows) == 35
    missing = []
    for failure, _, tests in rows:
        named = _TEST.findall(tests)
        assert named, failure
        missing += [f"{file}::{name}" for file, name in named if name not in names_in(ROOT / file)]
    assert not missing, "\n".join(missing)


def test_every_failure_is_played_with_whole_processes_or_says_why_not() -> None:
    rows = _ROW.findall((ROOT / "docs/when-things-go-wrong.md").read_text(encoding="utf-8"))
    alone = {
        failure
        for failure, _, tests in rows
        if not any(file.startswith(_PROCESSES) for file, _ in _TEST.findall(tests))
    }
    assert alone == set(NO_PROCESS)


def names_in(path: Path) -> set[str]:
    """The names of the test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
