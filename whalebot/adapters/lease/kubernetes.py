"""The lease on an account as a Kubernetes Lease object.

As client-go's leader election does it, time is never compared between machines: another's record has run out
when it was seen unchanged, by our own clock, for as long as it says; ours is valid from before the request
that renewed it left. What is different: an unanswered request proves nothing, the margin ends our right
before another can have it, and a record that is not there any more may have been deleted under a holder, so
that a new one counts only after the time of an old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from whalebot.adapters.lease.api import LeaseChanged, LeaseGone, Record
from whalebot.domain.errors import TransportError
from whalebot.ports import Clock

_RELEASE_TIMEOUTS_S: Final = (1.0, 1.5)


class LeaseRecords(Protocol):
    """The record, kept by optimistic locking: see `LeaseApi`."""

    def read(self) -> Record | None:
        """Return the record, None where there is none."""
        ...

    def create(self, spec: Record) -> Record:
        """Make the record. Raises LeaseChanged."""
        ...

    def replace(self, record: Record, timeouts_s: tuple[float, float] = ...) -> Record:
        """Write over the version that the record names. Raises LeaseChanged, LeaseGone."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Who asks, for how long, and how long before the end of that time nothing may leave any more.

    `margin_ms` must cover how long the venue takes a request after it was made.
    """

    identity: str
    duration_s: int
    margin_ms: int

    @property
    def duration_ms(self) -> int:
        """The time of one lease."""
        return self.duration_s * 1000


class KubernetesLease:
    """Implements `AccountLease`. `identity` must be of this process alone, not of its machine or pod."""

    def __init__(self, records: LeaseRecords, clock: Clock, terms: LeaseTerms) -> None:
        self._records = records
        self._clock = clock
        self._terms = terms
        self._record: Record = {}
        self._holder = ""
        self._seen_version = ""
        self._seen_ms = 0
        self._is_new = False
        self._counts_from_ms = 0
        self._valid_until_ms = 0

    @property
    def valid_until_ms(self) -> int:
        """Local time after which nothing may be sent; 0 while it is not held."""
        return self._valid_until_ms

    @property
    def holder(self) -> str:
        """Who held it when it was last looked at; "" for nobody."""
        return self._holder

    def acquire(self) -> bool:
        """Ask once: take over a record that was given back or has run out, make one where there is none."""
        found = self._records.read()
        if found is None:
            self._make()
            return False
        self._see(found)
        is_ours = self._holder == self._terms.identity
        if is_ours:
            self._begin_if_new()
        elif self._holder and self._clock.now_ms() <= self._free_ms(found):
            return False
        try:
            until_ms = self._write(found)
        except (LeaseChanged, LeaseGone):
            return False
        if is_ours and self._clock.now_ms() < self._counts_from_ms:
            return False
        self._valid_until_ms = until_ms
        return True

    def renew(self) -> bool:
        """Ask for more time; False when another has it or the record is gone."""
        try:
            self._valid_until_ms = self._write(self._record)
            return True
        except LeaseGone:
            return self._lose("")
        except LeaseChanged:
            # By ourselves, where the answer to an earlier request was lost; or by another.
            found = self._records.read()
        if found is None:
            return self._lose("")
        self._see(found)
        if self._holder != self._terms.identity:
            return self._lose(self._holder or "nobody")
        try:
            self._valid_until_ms = self._write(found)
        except (LeaseChanged, LeaseGone) as error:
            raise TransportError(f"{error}, twice in a row") from None
        return True

    def release(self) -> None:
        """Give it back. Nothing may be on its way to the venue any more."""
        self._valid_until_ms = 0
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._now_text()}
        try:
            self._records.replace(_with(self._record, spec), _RELEASE_TIMEOUTS_S)
        except (LeaseChanged, LeaseGone) as error:
            raise TransportError(f"{error}; it runs out by itself") from None

    def _make(self) -> None:
        self._is_new, self._holder, self._seen_version = True, "", ""
        now = self._now_text()
        try:
            self._records.create({**self._claim(now), "acquireTime": now, "leaseTransitions": 0})
        except LeaseChanged:
            return
        # Whether it was made is learned at the next look, the same whether the answer came or not.

    def _begin_if_new(self) -> None:
        if self._is_new:
            self._is_new = False
            self._counts_from_ms = self._clock.now_ms() + self._terms.duration_ms

    def _see(self, found: Record) -> None:
        version: str = found["metadata"]["resourceVersion"]
        if version != self._seen_version:
            self._seen_version, self._seen_ms = version, self._clock.now_ms()
        self._holder = _spec(found).get("holderIdentity") or ""

    def _free_ms(self, found: Record) -> int:
        duration_s = _spec(found).get("leaseDurationSeconds")
        return self._seen_ms + (self._terms.duration_ms if duration_s is None else int(duration_s) * 1000)

    def _write(self, found: Record) -> int:
        """Write our claim over a record; return until when it is valid."""
        now = self._now_text()
        changes = self._claim(now)
        if (_spec(found).get("holderIdentity") or "") != self._terms.identity:
            changes["acquireTime"] = now
            changes["leaseTransitions"] = int(_spec(found).get("leaseTransitions") or 0) + 1
        left_ms = self._clock.now_ms()
        self._record = self._records.replace(_with(found, changes))
        if self._record["metadata"].get("uid") != found["metadata"].get("uid"):
            # An update may create what is not there; then nobody knows who had it meanwhile.
            raise LeaseGone("the record was made anew by the update")
        self._see(self._record)
        if self._holder != self._terms.identity:
            raise TransportError("the API server answered with another holder than was written")
        return left_ms + self._terms.duration_ms - self._terms.margin_ms

    def _claim(self, now: str) -> dict[str, Any]:
        return {
            "holderIdentity": self._terms.identity,
            "leaseDurationSeconds": self._terms.duration_s,
            "renewTime": now,
        }

    def _lose(self, holder: str) -> bool:
        self._holder, self._valid_until_ms = holder, 0
        return False

    def _now_text(self) -> str:
        moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _spec(record: Record) -> dict[str, Any]:
    return record.get("spec") or {}


def _with(record: Record, changes: dict[str, Any]) -> Record:
    return {**record, "spec": {**_spec(record), **changes}}
