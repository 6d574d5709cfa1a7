"""The lease inside the daemon: what its loss tells, whom it stops, and when it is given back."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from lease_cluster import Store

from whalebot.adapters.lease.kubernetes import KubernetesLease, LeaseTerms
from whalebot.app import lease as room_module
from whalebot.app.lease import LeaseRoom
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, NotSent
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lifecycle import ThreadWatch


class Rig:
    """A room on a store in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: str = "kubernetes") -> None:
        self.clock = ManualClock(1_700_000_000_000)
        self.store = Store()
        self.store.create({"holderIdentity": "", "leaseDurationSeconds": 1})
        lease = KubernetesLease(self.store, self.clock, LeaseTerms("a", 30, 7_000))
        monkeypatch.setattr(room_module, "_kubernetes_lease", lambda *_: lease)
        self.notices: list[Notice] = []
        self.alerts: list[tuple[Level, str]] = []
        self.halts: list[str] = []
        setup: Any = SimpleNamespace(config=SimpleNamespace(lease=SimpleNamespace(kind=kind, renew_s=3600)))
        self.room = LeaseRoom(setup, self.clock, self.notices.append)

    def wait(self) -> None:
        self.room.wait(threading.Event(), lambda _: None)

    def look(self) -> None:
        self.room.watching(lambda: None, self.halts.append, self._alert)()

    def _alert(self, level: Level, title: str, text: str, kind: str) -> None:
        self.alerts.append((level, kind))


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


def test_its_loss_is_noticed_before_anything_else_is_looked_at(rig: Rig) -> None:
    """What else is looked at may hang with the disk."""
    rig.wait()
    rig.clock.advance(23_001)
    halted_by_then: list[list[str]] = []
    look = lambda: halted_by_then.append(list(rig.halts))  # noqa: E731
    rig.room.watching(look, rig.halts.append, rig._alert)()
    assert halted_by_then == [["the lease on the account is lost"]]
    rig.room.stop()


def test_where_none_is_asked_for_nothing_is_fenced(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, "off")
    rig.wait()
    rig.room.check()
    assert rig.room.fenced(dict) is dict
    assert (rig.room.lost(), rig.room.valid_s(), rig.room.vitals(), rig.room.threads()) == ("", None, {}, ())
    rig.room.stop()
    assert rig.store.spec["holderIdentity"] == ""


def test_its_loss_is_told_once_and_ends_the_loop(rig: Rig) -> None:
    rig.wait()
    rig.room.check()
    rig.look()
    assert rig.room.vitals() == {"valid_s": 23}
    assert rig.halts == []
    rig.clock.advance(23_001)
    for _ in range(2):
        rig.look()
    assert rig.halts == ["the lease on the account is lost"]
    assert [(notice.level, notice.kind) for notice in rig.notices] == [(Level.CRITICAL, "lease_lost")]
    assert rig.alerts == [(Level.CRITICAL, "lease_lost")]
    assert "stops at the venue stay" in rig.notices[0].text
    assert rig.room.valid_s() == 0
    assert "not renewed in time" in rig.room.vitals()["lost"]
    with pytest.raises(NotSent):
        rig.room.check()
    rig.room.stop()
    assert rig.store.spec["holderIdentity"] == "a", "what was lost is not ours to give back"


def test_it_is_given_back_when_nothing_can_be_on_its_way(rig: Rig) -> None:
    rig.wait()
    rig.room.stop()
    assert rig.store.spec["holderIdentity"] == ""
    with pytest.raises(NotSent, match="ending"):
        rig.room.check()


def test_while_an_order_may_be_on_its_way_it_is_kept(rig: Rig) -> None:
    sending = threading.Event()
    sender = threading.Thread(target=sending.wait, args=(60,), daemon=True)
    sender.start()
    rig.room.senders = lambda: (sender,)
    rig.wait()
    rig.room.stop()
    sending.set()
    sender.join(30)
    assert rig.store.spec["holderIdentity"] == "a"


def test_the_death_of_its_thread_is_noticed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(rig.store, "read", break_down)
    with pytest.raises(BugError, match="has ended"):
        rig.wait()
    watch = ThreadWatch()
    watch.expect(rig.room.threads())
    assert watch.newly_dead() == ("lease",)
    with pytest.raises(NotSent):
        rig.room.check()
