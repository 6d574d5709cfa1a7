"""The law of the audit trail: after every fault and kill its chain holds, first record to last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from whalebot.adapters.audit.verify import verify
from whalebot.adapters.storage.filesystem import FileSystem


def trail_holds(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the audit trail of a daemon's folder that nobody writes to any more."""
    verdict = verify(FileSystem(), folder / "state" / "audit.jsonl")
    if verdict.found is not None:
        yield f"the audit trail: {verdict.found}"
    elif not verdict.count:
        yield "the audit trail is empty"
