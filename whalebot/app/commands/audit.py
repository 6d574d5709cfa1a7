"""`audit`: verify the trail of orders, commands and changes, or show it."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.options import add_common_options, count, moment_ms
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.adapters.audit.files import Head
    from whalebot.adapters.audit.record import AuditRecord
    from whalebot.adapters.audit.verify import Verdict

_HEAD: Final = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
_SHOWN: Final = 50


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "audit",
        help="verify or show the trail of orders, commands and changes",
        description="The audit trail in state/audit.jsonl: what was ordered, by whom, and what came of it. "
        "Reads only, beside a running daemon too.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "check every record; exit code 1 names the first that does not hold"
    check = actions.add_parser("verify", help=text, description=f"Read the whole trail and {text}.")
    check.add_argument(
        "--expect", type=_head, metavar="SEQ:HASH", help="a record noted elsewhere that must be there"
    )
    check.add_argument(
        "--begins-later", action="store_true", help="the oldest numbered files were moved to an archive"
    )
    show = actions.add_parser(
        "show",
        help="print records, the newest last",
        description="Print the records of the trail, the newest last, as lines or as JSON.",
    )
    show.add_argument(
        "--last", type=count, default=_SHOWN, metavar="N", help=f"at most so many (default {_SHOWN})"
    )
    show.add_argument("--kind", action="append", default=[], metavar="KIND", help="this kind only (repeat)")
    show.add_argument("--actor", metavar="ACTOR", help="of this actor only")
    show.add_argument("--from", dest="since", type=moment_ms, metavar="TIME", help="from this time on, UTC")
    show.add_argument("--to", dest="until", type=moment_ms, metavar="TIME", help="before this time, UTC")
    show.add_argument("--json", action="store_true", help="print the records as JSON lines")
    for action in (check, show):
        add_common_options(action)


def run(args: argparse.Namespace) -> int:
    """Do the action. Raises ConfigError where there is no trail."""
    from whalebot.adapters.audit.files import head_path
    from whalebot.adapters.audit.reading import trail_files
    from whalebot.adapters.storage.filesystem import FileSystem

    trail = args.paths.audit
    if not trail_files(FileSystem(), trail) and not head_path(trail).exists():
        raise ConfigError(f"{trail}: there is no audit trail; name the daemon's folder with --dir")
    return _verify(args) if args.action == "verify" else _show(args)


def _head(text: str) -> Head:
    from whalebot.adapters.audit.files import Head

    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: write the number and the hash as verify prints them")
    return Head(int(found[1]), found[2])


def _verify(args: argparse.Namespace) -> int:
    from whalebot.adapters.audit.verify import verify
    from whalebot.adapters.storage.filesystem import FileSystem

    trail = args.paths.audit
    verdict = verify(FileSystem(), trail, expected=args.expect, begins_later=args.begins_later)
    for remark in verdict.remarks:
        print(f"note: {_visible(remark)}")
    if verdict.found is not None:
        print(f"BROKEN {trail.parent}/{_visible(str(verdict.found))}")
        print(f"{verdict.count} records before it hold")
        return DIFFERENCE
    if not args.quiet:
        _tell(verdict)
    return CLEAN


def _tell(verdict: Verdict) -> None:
    first, last = verdict.first, verdict.last
    if first is None or last is None:
        print("whole: no record yet")
        return
    print(f"whole: {verdict.count} records in {verdict.files} file(s), {first.ts} to {last.ts}")
    print(f"last record {last.seq}:{last.hash}")


def _show(args: argparse.Namespace) -> int:
    import sys
    from collections import deque

    import msgspec

    from whalebot.adapters.audit.reading import records
    from whalebot.adapters.storage.filesystem import FileSystem

    chosen = (r for r in records(FileSystem(), args.paths.audit) if _is_wanted(r, args))
    shown = deque(chosen, maxlen=args.last)
    if not shown:
        print("no record is of this kind, actor and time", file=sys.stderr)
    for record in shown:
        if args.json:
            sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
        else:
            facts = " ".join(f"{name}={value}" for name, value in record.fields.items())
            print(_visible(f"{record.seq:>7} {record.ts} {record.mode} {record.actor} {record.kind} {facts}"))
    return CLEAN


def _is_wanted(record: AuditRecord, args: argparse.Namespace) -> bool:
    from whalebot.domain.intervals import iso_utc

    return (
        (not args.kind or record.kind in args.kind)
        and (args.actor is None or record.actor == args.actor)
        # Texts of one form compare like their times.
        and (args.since is None or record.ts >= iso_utc(args.since))
        and (args.until is None or record.ts < iso_utc(args.until))
    )


def _visible(text: str) -> str:
    """A venue's words and a client's name stand in records: nothing of them may steer a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
