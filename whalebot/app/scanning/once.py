"""`scan --once`: every symbol judged once from REST, printed, and what is new announced."""

from __future__ import annotations

from whalebot import __version__
from whalebot.app.exits import CLEAN
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.config import ScanConfig
from whalebot.app.scanning.output import announce_all, print_rows
from whalebot.app.scanning.run import open_scan
from whalebot.domain.errors import TransportError
from whalebot.scanner.once import scan_once
from whalebot.scanner.options import ScannerOptions


def run_once(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    """Judge every symbol once and print the table. Raises TransportError where none could be loaded."""
    with open_scan(args, config, options) as scan:
        failed = scan_once(scan.asking, scan.desk)
        if failed == len(scan.desk.cards):
            raise TransportError("no symbol could be loaded; see the lines above")
        announce_all(scan, __version__)
        scan.publisher.publish(scan.desk, is_over=True)
        print_rows(scan)
    return CLEAN
