"""The alerts of this run: numbered, each equal one once in a while, acknowledged or not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from whalebot.domain.alerts import AlertRecord
from whalebot.domain.enums import Level

KEPT: Final = 500


class AlertBook:
    """The last alerts by id. Not thread-safe."""

    def __init__(self, dedup_ms: int, kept: int = KEPT) -> None:
        self._dedup_ms = dedup_ms
        self._kept = kept
        self._records: OrderedDict[int, AlertRecord] = OrderedDict()
        self._open: OrderedDict[Hashable, int] = OrderedDict()
        self._told: set[int] = set()
        self._last_id = 0

    def note(
        self, level: Level, kind: str, title: str, text: str, now_ms: int, key: Hashable = None
    ) -> tuple[AlertRecord, bool]:
        """Take an alert down; return its record and whether it is to be told.

        It is not where an equal one was told within the time; `key` makes alerts of other words equal.
        """
        key = (level, title, text) if key is None else (level, key)
        before = self._records.get(self._open.get(key, 0))
        if before is not None and 0 <= now_ms - before.ts_ms < self._dedup_ms:
            record = replace(before, count=before.count + 1, last_ms=now_ms, title=title, text=text)
            self._records[record.id] = record
            return record, record.id not in self._told
        self._last_id += 1
        record = AlertRecord(self._last_id, now_ms, now_ms, level, kind, title, text)
        self._records[record.id] = record
        self._open[key] = record.id
        self._open.move_to_end(key)
        if len(self._records) > self._kept:
            self._told.discard(self._records.popitem(last=False)[0])
        if len(self._open) > self._kept:
            self._open.popitem(last=False)
        return record, True

    def told(self, alert_id: int) -> None:
        """Note that an alert is on its way to people, so that its like need not be told for a while."""
        if alert_id in self._records:
            self._told.add(alert_id)

    def acknowledge(self, alert_id: int, actor: str, now_ms: int) -> AlertRecord | None:
        """Note that somebody has seen an alert; the first one counts. None where there is no such alert."""
        record = self._records.get(alert_id)
        if record is None or record.acknowledged_ms is not None:
            return record
        return self._put(replace(record, acknowledged_ms=now_ms, acknowledged_by=actor))

    def escalate(self, now_ms: int, after_ms: int) -> tuple[AlertRecord, ...]:
        """Return the critical alerts that nobody acknowledged for so long, each once."""
        due = [
            record
            for record in self._records.values()
            if record.level is Level.CRITICAL
            and record.acknowledged_ms is None
            and record.escalated_ms is None
            and now_ms - record.ts_ms >= after_ms
        ]
        return tuple(self._put(replace(record, escalated_ms=now_ms)) for record in due)

    def records(self) -> tuple[AlertRecord, ...]:
        """Return the alerts, newest first."""
        return tuple(reversed(self._records.values()))

    def _put(self, record: AlertRecord) -> AlertRecord:
        self._records[record.id] = record
        return record
