"""Sizes, docstrings and catches: what keeps the tree readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source_tree import FLOORS, ROOT, Module, functions_of, modules

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_METHODS = 19
_ROOT_CATCH = re.compile(r"# noqa: BLE001\W+\w.{9,}")
_VAGUE_FILES = {"utils.py", "helpers.py", "common.py", "misc.py", "manager2.py"}


def test_files_are_short_and_say_what_they_are_for() -> None:
    wrong = [
        f"{module.path.relative_to(ROOT)}: {lines} lines"
        for module in modules()
        if (lines := module.text.count("\n")) > MAX_FILE_LINES
    ]
    wrong += [
        f"{module.path.relative_to(ROOT)}: no name for a subject"
        for module in modules()
        if module.path.name in _VAGUE_FILES
    ]
    assert not wrong, "\n".join(wrong)


def test_functions_are_short() -> None:
    wrong = [
        f"{module.at(function)} {function.name}: {lines} lines"
        for module in modules()
        for function in functions_of(module)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not wrong, "\n".join(wrong)


def test_classes_have_few_methods() -> None:
    wrong = []
    for module in modules():
        for node in module.nodes:
            if isinstance(node, ast.ClassDef):
                methods = [m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]
                own = [m for m in methods if not (m.name.startswith("__") and m.name.endswith("__"))]
                if len(own) > MAX_METHODS:
                    wrong.append(f"{module.at(node)} {node.name}: {len(own)} methods")
    assert not wrong, "\n".join(wrong)


def test_what_is_public_has_a_docstring() -> None:
    wrong = [f"{module.at(node)} {name}" for module in modules() for node, name in _undocumented(module)]
    assert not wrong, "\n".join(wrong)


def test_broad_catches_stand_at_roots_and_say_why() -> None:
    wrong = []
    for module in modules():
        for node in module.nodes:
            if not isinstance(node, ast.ExceptHandler) or not _is_broad(node.type) or _passes_on(node):
                continue
            if module.floor < FLOORS["runtime"]:
                wrong.append(f"{module.at(node)}: a broad catch on a quiet floor")
            elif not _ROOT_CATCH.search(module.line(node)):
                wrong.append(f"{module.at(node)}: a broad catch without its reason")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_be_done_later() -> None:
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    wrong = [
        f"{module.path.relative_to(ROOT)}:{number}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), 1)
        if marks.search(line) or re.search(r"raise NotImplementedError", line)
    ]
    assert not wrong, "\n".join(wrong)


def _is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(part) for part in kind.elts)
    return kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))


def _passes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _undocumented(module: Module) -> Iterator[tuple[ast.AST, str]]:
    if ast.get_docstring(module.tree) is None:
        yield module.tree, "module"
    yield from _undocumented_in(module.tree)


def _undocumented_in(parent: ast.Module | ast.ClassDef) -> Iterator[tuple[ast.AST, str]]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not _is_setter(node):
            yield node, node.name
        if isinstance(node, ast.ClassDef):
            yield from _undocumented_in(node)


def _is_setter(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list)
