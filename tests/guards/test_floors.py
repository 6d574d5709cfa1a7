"""Imports point down only."""

from __future__ import annotations

import sys

from source_tree import FLOORS, Module, imports_of, modules, place_of


def _allowed(importer: Module, floor: int, room: str) -> bool:
    if importer.room == "app" or room == importer.room:
        return True
    if importer.room.startswith("adapters"):
        return room in ("domain", "ports", "adapters")
    if importer.room == "ports":
        return room == "domain"
    return floor < importer.floor


def test_no_module_imports_upwards_or_sideways() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        for node, name in imports_of(module)
        if (place := place_of(name)) is not None and not _allowed(module, *place)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_has_a_floor() -> None:
    rooms = {module.name.split(".")[1] for module in modules() if module.name.count(".")}
    strangers = rooms - FLOORS.keys() - {"__main__"}
    assert not strangers, f"rooms without a floor: {sorted(strangers)}"


def test_the_domain_needs_only_the_standard_library() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        if module.room in ("domain", "ports")
        for node, name in imports_of(module)
        if name.split(".")[0] not in sys.stdlib_module_names | {"whalebot"}
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_circles() -> None:
    known = {module.name for module in modules()}
    graph = {
        module.name: {_module_named(name, known) for _, name in imports_of(module)} - {None, module.name}
        for module in modules()
    }
    done: set[str | None] = set()
    path: list[str | None] = []

    def visit(name: str | None) -> None:
        assert name not in path, " -> ".join(str(p) for p in [*path[path.index(name) :], name])
        if name in done or name is None:
            return
        path.append(name)
        for target in sorted(graph[name], key=str):
            visit(target)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def _module_named(name: str, known: set[str]) -> str | None:
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name if name in known else None
