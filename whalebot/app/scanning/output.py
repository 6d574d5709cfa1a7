"""What a scan prints and writes: the table, and every announced signal."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

from whalebot.adapters.logs.system import wants_colour
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.decisions.scan.announcing import EMITTED
from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.record import SignalRecord, record_of
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.judging import Announcement
from whalebot.scanner.printing import as_csv, as_json, as_json_lines, as_table
from whalebot.scanner.tables import indicator_table, signal_table
from whalebot.scanner.view import TableQuery, columns_of, rows_of

if TYPE_CHECKING:
    from whalebot.app.scanning.run import Scan


def print_rows(scan: Scan) -> None:
    """Print the ranking in the format asked for, on standard output."""
    print_table(scan.args, scan.desk, scan.query, sys.stdout.isatty())


def print_table(args: ScanArguments, desk: ScanDesk, query: TableQuery, is_terminal: bool) -> None:
    """Print the ranking of a desk; on a terminal only the columns that fit."""
    rows = query.apply(rows_of(desk))
    columns = columns_of(desk, query.columns)
    form = args.format or "table"
    if form in ("json", "jsonl", "csv"):
        text = {"json": as_json, "jsonl": as_json_lines, "csv": as_csv}[form](rows, columns)
    else:
        ticks = {card.symbol: card.tick_size for card in desk.cards.values()}
        width = shutil.get_terminal_size().columns if is_terminal else None
        text = as_table(rows, columns, ticks, width)
    print(args.masker.mask(text), flush=True)


def print_signal(scan: Scan, evaluation: Evaluation, record: SignalRecord) -> None:
    """Print an announced signal: its record as a line of JSON, or the tables of its symbol."""
    if scan.args.format == "jsonl":
        print(scan.args.masker.mask(json.dumps(record.as_json(), ensure_ascii=False)), flush=True)
        return
    from rich.console import Console

    tick = scan.desk.cards[evaluation.symbol].tick_size
    settings = scan.desk.settings(evaluation.interval)
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        no_color=not wants_colour(sys.stdout, os.environ),
        force_terminal=is_terminal,
        width=None if is_terminal else 160,
    )
    console.print(signal_table(evaluation, tick))
    console.print(indicator_table(evaluation, settings, tick, False))


def emit(scan: Scan, announcement: Announcement, version: str) -> SignalRecord | None:
    """Hand an event to the writer; return its record, None for an end, which only the history keeps."""
    event = announcement.event
    record = record_of(event, announcement.facts, version)
    scan.publisher.note(record)
    if event.kind not in EMITTED:
        scan.writer.keep(record)
        scan.writer.save_state(scan.desk.announcer.to_dict())
        return None
    scan.writer.announce(record, scan.desk.announcer.to_dict())
    return record


def announce_all(scan: Scan, version: str) -> None:
    """Hand every event of the desk on: to the writer, and to whom alerts are sent."""
    announcements, scan.desk.outbox.announcements = scan.desk.outbox.announcements, []
    for announcement in announcements:
        record = emit(scan, announcement, version)
        if record is not None and scan.alerts is not None:
            scan.alerts.offer(record)
    scan.writer.save_state(scan.desk.announcer.to_dict())


def print_replayed(args: ScanArguments, record: SignalRecord) -> None:
    """Print the record of a replay as a line of JSON."""
    print(args.masker.mask(json.dumps(record.as_json(), ensure_ascii=False)), flush=True)
