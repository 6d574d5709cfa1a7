"""The package's source as the guards see it: parsed modules with their floor and room."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "whalebot"

FLOORS = {
    "domain": 0,
    "indicators": 1,
    "decisions": 2,
    "ports": 3,
    "engine": 4,
    "runtime": 5,
    "adapters": 5,
    "research": 6,
    "scanner": 6,
    "app": 7,
}
QUIET_FLOORS = 4
"""Up to this floor nothing may know clocks, threads, chance or an output."""


@dataclass(frozen=True, eq=False)
class Module:
    """One source file. `room` is "domain", "engine"...; for an adapter its own name, "adapters.bybit"."""

    path: Path
    name: str
    floor: int
    room: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """All of the tree, walked once for all guards."""

    def at(self, node: ast.AST) -> str:
        """Return `path:line` of a node, for a message."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"

    def line(self, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
        """Return the source line on which a node begins."""
        return self.text.splitlines()[node.lineno - 1]


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    return tuple(_read(path) for path in sorted(PACKAGE.rglob("*.py")))


def below(floor: int) -> Iterator[Module]:
    """Yield the modules up to and including a floor."""
    return (module for module in modules() if module.floor <= floor)


def place_of(name: str) -> tuple[int, str] | None:
    """Return floor and room of a dotted module name, None for a name outside the package."""
    parts = name.split(".")
    if parts[0] != "whalebot":
        return None
    if len(parts) == 1:
        # The package itself holds its version and nothing else.
        return FLOORS["domain"], "domain"
    if parts[1] not in FLOORS:
        return FLOORS["app"], "app"
    room = parts[1]
    if room == "adapters" and len(parts) > 2:
        room = f"adapters.{parts[2]}"
    return FLOORS[parts[1]], room


@cache
def imports_of(module: Module) -> tuple[tuple[ast.stmt, str], ...]:
    """Return every imported module with its statement; a relative import is made absolute."""
    return tuple(_imports_of(module))


@cache
def calls_of(module: Module) -> tuple[tuple[ast.Call, str], ...]:
    """Return every call with the dotted name that is called, "" where it is not a plain name."""
    return tuple((node, called_name(node)) for node in module.nodes if isinstance(node, ast.Call))


def _imports_of(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node, inner if _is_module(inner) else base


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method."""
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def called_name(node: ast.Call) -> str:
    """Return the dotted name that is called, "" where it is not a plain name."""
    parts: list[str] = []
    target: ast.expr = node.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    if not isinstance(target, ast.Name):
        return ""
    return ".".join([target.id, *reversed(parts)])


def tracked_files() -> tuple[Path, ...]:
    """Return the files git knows of; none outside a repository."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.CalledProcessError):
        return ()
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def ignored_files(folder: str) -> tuple[str, ...]:
    """Return the files below `folder` that git passes over by .gitignore; none outside a repository."""
    command = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", folder]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(name for name in listed.stdout.split("\0") if name)


def _read(path: Path) -> Module:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    name = ".".join(parts)
    place = place_of(name)
    assert place is not None
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, str(path))
    return Module(path, name, *place, text, tree, tuple(ast.walk(tree)))


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    if module.path.name != "__init__.py":
        parts = parts[:-1]
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)


@cache
def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()
