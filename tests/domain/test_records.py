"""Changed copies of records: the same as those of the standard library."""

from __future__ import annotations

import dataclasses

import pytest

from whalebot.domain.records import replace
from whalebot.domain.state import GuardrailMemory


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A record with a check of its own."""

    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("left of the edge")


@pytest.mark.parametrize("changes", [{}, {"y": 5}, {"y": 1, "x": 2}])
def test_changes_as_the_standard_library_does(changes: dict[str, int]) -> None:
    point = Point(3, 4)
    assert replace(point, **changes) == dataclasses.replace(point, **changes)
    assert point == Point(3, 4)


def test_changes_a_record_of_the_engine() -> None:
    memory = GuardrailMemory(consecutive_losses=2)
    changed = replace(memory, pause_rule="x", manual_pause=True)
    assert changed == dataclasses.replace(memory, pause_rule="x", manual_pause=True)


def test_refuses_a_name_that_is_no_field() -> None:
    with pytest.raises(TypeError, match="Point has no field z"):
        replace(Point(1), z=1)


def test_checks_the_copy_as_it_does_any_record() -> None:
    with pytest.raises(ValueError, match="edge"):
        replace(Point(1), x=-1)
