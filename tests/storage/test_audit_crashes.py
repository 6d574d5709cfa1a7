"""The audit trail under a power cut at every byte: what was synced is there, and the chain goes on."""

from __future__ import annotations

import contextlib
from pathlib import Path

from disk_model import ARRIVALS, DiskModel, PowerCut

from whalebot.adapters.audit.files import read_head
from whalebot.adapters.audit.reading import records
from whalebot.adapters.audit.record import Context
from whalebot.adapters.audit.verify import verify
from whalebot.adapters.audit.writer import AuditWriter, Entry

TRAIL = Path("/w/state/audit.jsonl")
CONTEXT = Context("1.2.3", "paper", "0123456789abcdef")


def entry(number: int) -> Entry:
    return Entry("2026-01-02T03:04:05.678+00:00", CONTEXT, "test", "web", {"number": str(number)})


def run(disk: DiskModel, synced: list[int]) -> None:
    """Write four records in small files, a sync after every second one."""
    writer = AuditWriter(TRAIL, disk, max_bytes=500)
    for number in range(4):
        writer.write([entry(number)])
        if number % 2:
            writer.sync()
            synced.append(number)
    writer.close()


def numbers(disk: DiskModel) -> list[int]:
    return [int(record.fields["number"]) for record in records(disk, TRAIL) if record.kind == "test"]


def test_a_power_cut_at_any_byte_loses_nothing_that_was_synced() -> None:
    checked = set()
    whole = DiskModel()
    run(whole, [])
    assert whole.spent > 1_500
    for cut in range(whole.spent + 1):
        disk, synced = DiskModel(), list[int]()
        disk.budget = cut
        with contextlib.suppress(PowerCut):
            run(disk, synced)
        safe = max(synced, default=-1) + 1
        for arrival in ARRIVALS:
            after = disk.reboot(arrival)
            if (after.seen(), safe) not in checked:
                checked.add((after.seen(), safe))
                check_after_cut(after, arrival, safe, cut)
    assert len(checked) > 2_000


def check_after_cut(after: DiskModel, arrival: str, safe: int, cut: int) -> None:
    """What was synced is there, and the chain goes on from it."""
    there = numbers(after)
    assert there[:safe] == list(range(safe)), cut
    head = read_head(after, TRAIL)
    assert head is None or head.seq <= len(list(records(after, TRAIL))), cut
    writer = AuditWriter(TRAIL, after)
    writer.write([entry(9)])
    writer.sync()
    *kept, last = numbers(after)
    assert last == 9, cut
    # What arrived behind a hole does not continue the chain: it is kept aside with the hole.
    assert kept == (there if arrival != "back_only" else there[: max(safe, len(kept))]), cut
    verdict = verify(after, TRAIL)
    assert verdict.found is None, (cut, str(verdict.found))


def test_a_kill_at_any_byte_keeps_every_whole_line() -> None:
    whole = DiskModel()
    run(whole, [])
    for cut in range(whole.spent + 1):
        disk = DiskModel()
        disk.budget = cut
        with contextlib.suppress(PowerCut):
            run(disk, [])
        disk.budget = None
        there = numbers(disk)
        assert there == list(range(len(there))), cut
        writer = AuditWriter(TRAIL, disk)
        writer.write([entry(9)])
        writer.sync()
        assert numbers(disk) == [*there, 9], cut
        assert verify(disk, TRAIL).found is None, cut
