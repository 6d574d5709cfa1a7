"""Below runtime and adapters nothing knows a clock, a thread, chance, an output or the mode."""

from __future__ import annotations

import ast
import re

from source_tree import FLOORS, QUIET_FLOORS, below, calls_of, imports_of, modules

_BANNED_MODULES = frozenset(
    {
        "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
        "random", "secrets", "select", "shutil", "signal", "socket", "subprocess", "tempfile", "threading",
        "time", "urllib", "uuid", "aiohttp", "pybit", "requests", "rich", "websocket",
    }
)  # fmt: skip
_WALL_CLOCK = re.compile(r"(^|\.)(now|utcnow|today)$")
_MODE_FLAG = re.compile(r"is_(demo|live|paper|replay)(_mode)?|(demo|live|paper|replay)_mode|dry_run")
_MODES = frozenset({"demo", "replay", "paper", "testnet", "bybit-demo", "live"})


def test_quiet_floors_import_nothing_that_touches_the_world() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in below(QUIET_FLOORS)
        for node, name in imports_of(module)
        if name.split(".")[0] in _BANNED_MODULES
    ]
    assert not wrong, "\n".join(wrong)


def test_quiet_floors_read_no_wall_clock_and_no_chance() -> None:
    wrong = [
        f"{module.at(node)} calls {name}"
        for module in below(QUIET_FLOORS)
        for node, name in calls_of(module)
        if (_WALL_CLOCK.search(name) and name.split(".")[0] in ("datetime", "date", "pd"))
        or ".random." in f".{name}"
        or name in ("print", "open", "input", "breakpoint")
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_application_sets_up_logging_and_prints() -> None:
    setup = ("logging.basicConfig", "logging.config.dictConfig", "logging.config.fileConfig", "print")
    wrong = [
        f"{module.at(node)} calls {name}"
        for module in below(FLOORS["research"])
        for node, name in calls_of(module)
        if name in setup
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_application_knows_the_mode() -> None:
    wrong = [
        f"{module.at(node)} compares with a mode"
        for module in below(FLOORS["research"])
        for node in module.nodes
        if isinstance(node, ast.Compare)
        and any(isinstance(c, ast.Constant) and c.value in _MODES for c in [node.left, *node.comparators])
    ]
    wrong += [
        f"{module.at(node)} names a mode flag"
        for module in below(FLOORS["research"])
        for node in module.nodes
        if isinstance(node, ast.Name | ast.arg | ast.Attribute)
        and re.fullmatch(
            r"is_(demo|live|paper|replay)(_mode)?|(demo|live|paper|replay)_mode|dry_run", _identifier(node)
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_runs_text_as_code() -> None:
    banned = {"eval", "exec", "compile", "os.system", "os.popen", "__import__"}
    wrong = [
        f"{module.at(node)} calls {name}"
        for module in modules()
        for node, name in calls_of(module)
        if name in banned
        or any(k.arg == "shell" and not _is_false(k.value) for k in node.keywords if "subprocess" in name)
    ]
    wrong += [
        f"{module.at(node)} imports {name}"
        for module in modules()
        for node, name in imports_of(module)
        if name.split(".")[0] in {"pickle", "marshal", "shelve", "dill"}
    ]
    assert not wrong, "\n".join(wrong)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _identifier(node: ast.Name | ast.arg | ast.Attribute) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.arg if isinstance(node, ast.arg) else node.attr
