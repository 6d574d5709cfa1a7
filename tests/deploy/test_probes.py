"""What a container's probes make of a daemon's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from whalebot.app.probes import probe
from whalebot.domain.errors import TransportError

Answer = Mapping[str, Any]


def answers(*views: Mapping[str, Any] | None) -> Callable[[], Answer]:
    """A daemon that gives these pictures, and the last one for ever."""
    left = list(views)
    return lambda: {"ok": True, "view": left.pop(0) if len(left) > 1 else left[0]}


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def now(self) -> float:
        return self.s

    def sleep(self, seconds: float) -> None:
        self.s += seconds


def asked(name: str, ask: Callable[[], Answer]) -> tuple[bool, str]:
    time = Time()
    found = probe(name, ask, time.now, time.sleep)
    assert time.s <= 10
    return found


def picture(real_ms: int, reconciled_ms: int | None = None) -> Mapping[str, Any]:
    return {"real_ms": real_ms, "reconciled_ms": reconciled_ms}


def test_alive_is_a_loop_that_makes_another_picture_whatever_its_clock_says() -> None:
    assert asked("alive", answers(picture(5), picture(5), picture(5), picture(4))) == (True, "alive")


def test_a_loop_that_stands_still_is_not_alive() -> None:
    is_alive, why = asked("alive", answers(picture(5)))
    assert not is_alive
    assert "stood still" in why


def test_who_waits_for_the_venue_is_alive_and_not_ready() -> None:
    assert asked("alive", answers(None)) == (True, "alive: starting")
    assert asked("ready", answers(None))[0] is False


def test_ready_is_compared_with_the_venue() -> None:
    assert asked("ready", answers(picture(5)))[0] is False
    assert asked("ready", answers(picture(5, 1))) == (True, "ready")


def test_a_daemon_that_does_not_answer_is_no_answer() -> None:
    def silent() -> Answer:
        raise TransportError("nothing")

    with pytest.raises(TransportError):
        asked("alive", silent)
