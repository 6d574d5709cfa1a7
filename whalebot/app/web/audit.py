"""The audit trail for the web server: the daemon's own writer, and a look at the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.audit.reading import last_records
from whalebot.adapters.audit.record import AuditRecord
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.web.problems import ApiProblem
from whalebot.ports import Auditor

_MOST_LOOKED_AT: Final = 2000
"""Records that are read to find some of one kind."""


class WebAudit:
    """`AuditDesk` of the web server. `writer` None: nothing is recorded, as over a folder."""

    def __init__(self, trail: Path, writer: Auditor | None) -> None:
        self._trail = trail
        self._writer = writer

    def record(self, kind: str, actor: str, fields: Mapping[str, str]) -> None:
        """Note what somebody did. Returns at once and never raises."""
        if self._writer is not None:
            self._writer.record(kind, actor, fields)

    def newest(
        self, limit: int, before: int | None, kind: str | None
    ) -> tuple[list[Mapping[str, Any]], str | None, int]:
        """Return records below a number, newest first; the cursor of what follows; how many there are.

        Raises ApiProblem where the trail cannot be read.
        """
        try:
            newest = last_records(FileSystem(), self._trail, 1)
            looked_at = limit + 1 if kind is None else _MOST_LOOKED_AT
            records = last_records(FileSystem(), self._trail, looked_at, before)
        except OSError as error:
            raise ApiProblem("degraded", f"the audit trail cannot be read ({error.strerror})") from error
        found = [record for record in records if kind is None or record.kind == kind]
        more = str(found[limit - 1].seq) if len(found) > limit else None
        return [_shown(record) for record in found[:limit]], more, newest[0].seq if newest else 0


def _shown(record: AuditRecord) -> Mapping[str, Any]:
    return {
        "id": str(record.seq),
        "time": record.ts.replace("+00:00", "Z"),
        "kind": record.kind,
        "actor": record.actor,
        "fields": dict(record.fields),
        "hash": record.hash,
    }
