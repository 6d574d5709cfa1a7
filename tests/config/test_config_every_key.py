"""Every key of the file, found by walking the schema: wrong type, out of range, misspelt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config_places import LEAVES, NO_RANGE, misspelt, out_of_range, place_of, table_with, wrong_types

from whalebot.app.config.migrations import RENAMED_GROUPS, UNSCORED
from whalebot.app.config.problems import path_text
from whalebot.app.config.schema import describe

IDS = [path_text(path) for path, _ in LEAVES]


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_a_wrong_type_is_named_with_place_value_and_what_is_allowed(path, node, refused) -> None:
    place = place_of(path)
    for value in wrong_types(node):
        [problem] = refused(table_with(place, value)).problems
        assert problem.path[: len(place)] == place
        assert describe(node) in problem.text or "each item" in describe(node)
        assert problem.value in (json.dumps(value), "(hidden)", "{...}", "{}", "[]")


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_a_value_out_of_range_is_named(path, node, refused) -> None:
    place, values = place_of(path), list(out_of_range(node))
    if not values:
        assert node.get("type") == "boolean" or path_text(path) in NO_RANGE
        return
    for value in values:
        found = refused(table_with(place, value)).problems
        assert [p for p in found if p.path[: len(place)] == place], found


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_a_misspelt_key_is_named_with_the_nearest_name(path, node, refused) -> None:
    del node
    place = place_of(path)
    if not isinstance(place[-1], str):
        return
    wrong = misspelt(place[-1])
    found = refused(table_with((*place[:-1], wrong), 1)).problems
    [problem] = [p for p in found if p.path == (*place[:-1], wrong)]
    assert problem.text == f'unknown key; did you mean "{place[-1]}"?'


TABLES = sorted({path[:1] for path, _ in LEAVES if len(path) > 1})


@pytest.mark.parametrize("place", TABLES, ids=path_text)
@pytest.mark.parametrize("value", [5, "x", [], True, None])
def test_a_table_that_is_none_is_named(place, value, refused) -> None:
    [problem] = refused(table_with(place, value)).problems
    assert problem.path == place
    assert problem.text == "allowed is a table { ... }"


def test_all_keys_wrong_at_once_are_all_named(refused) -> None:
    table: dict[str, Any] = {}
    places = []
    for path, _ in LEAVES:
        place = place_of(path)
        if 0 in place:
            continue
        inner = table
        for part in place[:-1]:
            inner = inner.setdefault(part, {})
        inner[place[-1]] = {"wrong": True}
        places.append(place)
    named = {problem.path for problem in refused(table).problems}
    assert named >= set(places)


def test_no_present_name_is_an_old_name() -> None:
    names = {path[-1] for path, _ in LEAVES if path[0] in ("indicators", "weight_sets")}
    assert not names & (set(RENAMED_GROUPS) | set(UNSCORED))
