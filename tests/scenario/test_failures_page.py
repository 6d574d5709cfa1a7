"""The page about failures names only tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| (?!what goes wrong|---)(.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_failure_has_tests_and_every_test_exists() -> None:
    rows = _ROW.findall((ROOT / "docs/when-things-go-wrong.md").read_text(encoding="utf-8"))
    assert len(rows) == 34
    missing = []
    for failure, _, tests in rows:
        named = _TEST.findall(tests)
        assert named, failure
        missing += [f"{file}::{name}" for file, name in named if name not in names_in(ROOT / file)]
    assert not missing, "\n".join(missing)


def names_in(path: Path) -> set[str]:
    """The names of the test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
