"""The last start of a campaign run: how often it is made, and what it must bring about."""

from __future__ import annotations

from typing import Any, cast

from whalebot.research.chaos.epilogue import settle
from whalebot.research.chaos.rig import Rig


class FakeVenue:
    def __init__(self, did: list[str], told: list[list[str]]) -> None:
        self._did = did
        self._told = told

    def stop(self) -> None:
        self._did.append("stop exchange")

    def start(self, **changed: Any) -> None:
        self._did.append(f"start exchange {changed}")

    def state(self) -> dict[str, Any]:
        return {"log_number": 7}

    def happened(self, since: int) -> tuple[list[str], int]:
        assert since == 7
        return self._told.pop(0), 8


class FakeRig:
    """`told`: kinds of the exchange's log at each end of the daemon; `waiting`: its states, one a look."""

    def __init__(self, told: list[list[str]], waiting: list[dict[str, Any]] | None = None) -> None:
        self.did: list[str] = []
        self.findings: list[str] = []
        self.venue = FakeVenue(self.did, told)
        self._waiting = waiting or []

    def write_config(self, **changed: Any) -> None:
        self.did.append(f"configure {changed}")

    def start_daemon(self) -> None:
        self.did.append("start daemon")

    def stop_daemon(self) -> None:
        self.did.append("stop daemon")

    def ask_daemon(self) -> dict[str, Any]:
        return {"blocked_by": (), "reconciled_ms": 1, "tradable": True}

    def state(self) -> dict[str, Any]:
        return self._waiting.pop(0) if self._waiting else {}


def settled(rig: FakeRig) -> list[str]:
    settle(cast(Rig, rig), lambda _: rig.did.append("wait"))
    return rig.did


def test_exchange_and_daemon_start_once_more_at_the_pace_of_real_time() -> None:
    rig = FakeRig([["wallet"]])
    assert settled(rig) == [
        "stop exchange",
        "start exchange {'speed': 1}",
        "configure {'time_scale': 1, 'on_shutdown': 'keep'}",
        "start daemon",
        "stop daemon",
        "stop exchange",
    ]
    assert rig.findings == []


def test_the_daemon_is_not_ended_while_a_trade_waits_or_an_order_is_not_accounted_for() -> None:
    rig = FakeRig([[]], [{"waiting_trades": [1]}, {"intents": [1]}, {}])
    assert settled(rig)[3:] == ["start daemon", "wait", "wait", "stop daemon", "stop exchange"]


def test_what_filled_while_the_daemon_ended_is_left_to_one_more_start() -> None:
    rig = FakeRig([["execution"], []])
    assert settled(rig).count("start daemon") == 2
    assert rig.findings == []


def test_a_daemon_that_always_trades_at_its_end_is_found() -> None:
    rig = FakeRig([["execution"], ["execution"], ["execution"]])
    settled(rig)
    assert len(rig.findings) == 1
