"""Who holds the lease, and until when: on a store in memory and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from lease_cluster import Store

from whalebot.adapters.lease.kubernetes import KubernetesLease, LeaseTerms
from whalebot.domain.errors import NotSent, TransportError
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.fence import FencedGateway
from whalebot.runtime.lease import LeaseKeeper

START_MS = 1_700_000_000_000


class Records(Store):
    """A store whose next writes, or all requests, may fail, before or after they are done."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.loses_answers = False
        self.during: Callable[[], None] = lambda: None

    def read(self):
        self._maybe_down()
        return super().read()

    def create(self, spec):
        return self._done(lambda: super(Records, self).create(spec))

    def replace(self, record, timeouts_s=None):
        return self._done(lambda: super(Records, self).replace(record))

    def _done(self, write):
        self._maybe_down()
        self.during()
        done = write()
        if self.loses_answers:
            raise TransportError("timed out")
        return done

    def _maybe_down(self) -> None:
        if self.is_down:
            raise TransportError("connection refused")


class House:
    """A clock, a record, and leases on it."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_MS)
        self.records = Records()

    def lease(self, name: str, duration_s: int = 30) -> KubernetesLease:
        return KubernetesLease(self.records, self.clock, LeaseTerms(name, duration_s, 7_000))

    def held(self, name: str) -> KubernetesLease:
        """A lease that took over a record given back by another."""
        self.records.create({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 4})
        lease = self.lease(name)
        assert lease.acquire()
        return lease

    def pass_s(self, seconds: float) -> None:
        self.clock.advance(int(seconds * 1000))


@pytest.fixture
def house() -> House:
    return House()


def test_a_record_given_back_is_taken_at_once_and_counted(house: House) -> None:
    lease = house.held("a")
    assert lease.valid_until_ms == START_MS + 23_000
    spec = house.records.spec
    assert spec["holderIdentity"] == "a"
    assert spec["leaseDurationSeconds"] == 30
    assert spec["leaseTransitions"] == 5
    assert spec["acquireTime"] == spec["renewTime"] == "2023-11-14T22:13:20.000000Z"
    assert house.records.record["metadata"]["labels"] == {"kept": "yes"}


def test_renewing_counts_from_before_the_request_and_keeps_when_it_was_acquired(house: House) -> None:
    lease = house.held("a")
    house.pass_s(10)
    house.records.during = lambda: house.pass_s(3)
    assert lease.renew()
    assert lease.valid_until_ms == START_MS + 10_000 + 23_000
    assert house.records.spec["acquireTime"] == "2023-11-14T22:13:20.000000Z"
    assert house.records.spec["renewTime"] == "2023-11-14T22:13:30.000000Z"
    assert house.records.spec["leaseTransitions"] == 5


def test_another_takes_over_only_after_it_saw_no_renewal_for_the_time_in_the_record(house: House) -> None:
    first, second = house.held("a"), house.lease("b", duration_s=60)
    house.pass_s(29)
    assert not second.acquire()
    assert second.holder == "a"
    house.pass_s(2)
    assert first.renew()
    house.pass_s(29)
    assert not second.acquire(), "what it saw has changed since"
    house.pass_s(30)
    assert not second.acquire()
    house.pass_s(0.001)
    assert second.acquire()
    assert house.records.spec["leaseTransitions"] == 6
    assert second.valid_until_ms == house.clock.now_ms() + 53_000
    assert not first.renew()
    assert first.valid_until_ms == 0
    assert first.holder == "b"


def test_the_times_in_the_record_are_not_believed(house: House) -> None:
    house.held("a")
    house.records.spec["renewTime"] = "1999-01-01T00:00:00.000000Z"
    second = house.lease("b")
    assert not second.acquire()
    house.pass_s(30)
    assert not second.acquire()
    house.pass_s(1)
    assert second.acquire()


def test_a_new_record_counts_only_after_the_time_of_one_that_may_have_been_deleted(house: House) -> None:
    first, second = house.held("a"), house.lease("b")
    house.records.delete()
    assert not second.acquire()
    house.pass_s(1)
    assert not second.acquire()
    house.pass_s(24)
    assert not second.acquire()
    assert house.clock.now_ms() > first.valid_until_ms
    assert not first.renew(), "a record made anew is another's"
    house.pass_s(6)
    assert second.acquire()
    assert second.valid_until_ms == house.clock.now_ms() + 23_000


def test_a_deleted_record_is_not_made_again_by_its_holder(house: House) -> None:
    lease = house.held("a")
    house.records.delete()
    assert not lease.renew()
    assert lease.valid_until_ms == 0
    assert house.records.record is None


def test_an_answer_that_is_lost_gives_nothing_and_costs_nothing(house: House) -> None:
    lease = house.held("a")
    house.pass_s(10)
    house.records.loses_answers = True
    with pytest.raises(TransportError):
        lease.renew()
    assert lease.valid_until_ms == START_MS + 23_000
    house.records.loses_answers = False
    house.pass_s(2)
    assert lease.renew(), "the version in hand is old, but the holder is still this one"
    assert lease.valid_until_ms == START_MS + 12_000 + 23_000


def test_a_take_over_whose_answer_is_lost_is_finished_by_the_next_try(house: House) -> None:
    house.records.create({"holderIdentity": "", "leaseDurationSeconds": 1})
    lease = house.lease("a")
    house.records.loses_answers = True
    with pytest.raises(TransportError):
        lease.acquire()
    assert lease.valid_until_ms == 0
    house.records.loses_answers = False
    assert lease.acquire()
    assert house.records.spec["leaseTransitions"] == 1


def test_two_at_once_and_one_gets_it(house: House) -> None:
    house.records.create({"holderIdentity": "", "leaseDurationSeconds": 1})
    first, second = house.lease("a"), house.lease("b")

    def other_is_quicker() -> None:
        house.records.during = lambda: None
        assert second.acquire()

    house.records.during = other_is_quicker
    assert not first.acquire()
    assert house.records.spec["holderIdentity"] == "b"


def test_released_it_is_free_at_once(house: House) -> None:
    first, second = house.held("a"), house.lease("b")
    first.release()
    assert first.valid_until_ms == 0
    assert house.records.spec["holderIdentity"] == ""
    assert house.records.spec["leaseTransitions"] == 5
    assert second.acquire()


def test_what_another_holds_is_not_given_back(house: House) -> None:
    first, second = house.held("a"), house.lease("b")
    second.acquire()
    house.pass_s(31)
    assert second.acquire()
    with pytest.raises(TransportError, match="runs out by itself"):
        first.release()
    assert house.records.spec["holderIdentity"] == "b"


def test_an_update_that_made_the_record_anew_is_no_renewal(house: House, monkeypatch) -> None:
    lease = house.held("a")
    replace = house.records.replace

    def made_anew(record, timeouts_s=None):
        done = replace(record)
        done["metadata"]["uid"] = "uid-of-another"
        return done

    monkeypatch.setattr(house.records, "replace", made_anew)
    assert not lease.renew()
    assert lease.valid_until_ms == 0


# --- the keeper and its fence ------------------------------------------------------------------------------


class Keeping:
    """A keeper whose thread is the test."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.said: list[str] = []
        house.records.create({"holderIdentity": "", "leaseDurationSeconds": 1})
        self.keeper = LeaseKeeper(house.lease("a"), house.clock, 10, self.said.append)


@pytest.fixture
def keeping(house: House) -> Keeping:
    return Keeping(house)


def test_nothing_leaves_before_it_is_held(keeping: Keeping) -> None:
    with pytest.raises(NotSent, match="not held yet"):
        keeping.keeper.check()
    assert keeping.keeper.lost() == ""
    assert keeping.keeper.step() == 10
    keeping.keeper.check()
    assert keeping.keeper.valid_ms == 23_000


def test_waiting_is_said_once_with_the_holder(house: House) -> None:
    house.held("other")
    said: list[str] = []
    keeper = LeaseKeeper(house.lease("a"), house.clock, 10, said.append)
    for _ in range(3):
        assert keeper.step() == 2
        house.pass_s(2)
    assert said == ["the lease on the account is held by other: waiting"]
    assert not keeper.is_held


def test_time_alone_closes_the_fence_whatever_the_thread_does(keeping: Keeping) -> None:
    keeping.keeper.step()
    keeping.house.pass_s(23)
    keeping.keeper.check()
    keeping.house.pass_s(0.001)
    with pytest.raises(NotSent, match="the process stood still"):
        keeping.keeper.check()
    assert keeping.keeper.valid_ms == 0


def test_a_renewal_after_the_end_opens_nothing_again(keeping: Keeping) -> None:
    keeping.keeper.step()
    keeping.house.records.is_down = True
    keeping.house.pass_s(22)
    assert keeping.keeper.step() == 2
    keeping.house.pass_s(2)
    keeping.house.records.is_down = False
    assert "connection refused" in keeping.keeper.lost()
    keeping.keeper.step()
    with pytest.raises(NotSent, match="connection refused"):
        keeping.keeper.check()
    assert keeping.said == ["the lease on the account cannot be asked for: connection refused"]


def test_taken_by_another_it_is_lost_at_once(keeping: Keeping) -> None:
    keeping.keeper.step()
    keeping.house.records.spec["holderIdentity"] = "b"
    keeping.house.records.replace(keeping.house.records.read())
    keeping.keeper.step()
    assert keeping.keeper.lost() == "it is held by b"


def test_an_outage_shorter_than_the_lease_is_survived(keeping: Keeping) -> None:
    keeping.keeper.step()
    keeping.house.pass_s(10)
    keeping.house.records.is_down = True
    for _ in range(5):
        assert keeping.keeper.step() == 2
        keeping.house.pass_s(2)
        keeping.keeper.check()
    keeping.house.records.is_down = False
    assert keeping.keeper.step() == 10
    assert keeping.keeper.valid_ms == 23_000


def test_stopping_closes_the_fence(keeping: Keeping) -> None:
    keeping.keeper.step()
    assert keeping.keeper.stop(30)
    with pytest.raises(NotSent, match="ending"):
        keeping.keeper.check()


class Told:
    """A gateway that remembers what reached it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def submit(self, intent):
        self.calls.append("submit")
        return "id"

    def cancel(self, symbol, order_link_id):
        self.calls.append("cancel")

    def amend_stop(self, change):
        self.calls.append("amend_stop")

    def set_leverage(self, symbol, leverage):
        self.calls.append("set_leverage")


def test_a_fenced_gateway_passes_on_all_or_nothing(keeping: Keeping) -> None:
    told = Told()
    gateway = FencedGateway(told, keeping.keeper.check)
    keeping.keeper.step()
    writes: list[Callable[[], object]] = [
        lambda: gateway.submit(None),
        lambda: gateway.cancel("BTCUSDT", "w-1"),
        lambda: gateway.amend_stop(None),
        lambda: gateway.set_leverage("BTCUSDT", Decimal(2)),
    ]
    for write in writes:
        write()
    assert told.calls == ["submit", "cancel", "amend_stop", "set_leverage"]
    keeping.house.pass_s(24)
    for write in writes:
        with pytest.raises(NotSent):
            write()
    assert len(told.calls) == 4
