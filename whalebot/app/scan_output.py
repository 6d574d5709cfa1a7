"""What a scan prints and writes: the table, and every announced signal."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from whalebot.decisions.scan.announcing import EMITTED
from whalebot.decisions.scan.record import record_of
from whalebot.scanner.printing import as_csv, as_json, as_json_lines, as_table
from whalebot.scanner.view import columns_of, rows_of

if TYPE_CHECKING:
    from whalebot.app.scan_run import Scan


def print_rows(scan: Scan) -> None:
    """Print the ranking in the format asked for, on standard output."""
    rows = scan.query.apply(rows_of(scan.desk))
    columns = columns_of(scan.desk, scan.query.columns)
    form = scan.args.format or "table"
    if form in ("json", "jsonl", "csv"):
        text = {"json": as_json, "jsonl": as_json_lines, "csv": as_csv}[form](rows, columns)
    else:
        ticks = {card.symbol: card.tick_size for card in scan.desk.cards.values()}
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        text = as_table(rows, columns, ticks, width)
    print(scan.args.masker.mask(text), flush=True)


def announce_all(scan: Scan, version: str) -> None:
    """Hand every event of the desk to the writer; an end goes to the history alone."""
    announcements, scan.desk.announcements = scan.desk.announcements, []
    for announcement in announcements:
        event = announcement.event
        record = record_of(event, announcement.facts, version)
        if event.kind in EMITTED:
            scan.writer.announce(record, scan.desk.announcer.to_dict())
        else:
            scan.writer.keep(record)
    if announcements:
        scan.writer.save_state(scan.desk.announcer.to_dict())
