"""`doctor`: checks everything before money moves; exit code 1 where something must be mended."""

from __future__ import annotations

import argparse
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Check configuration, disk, permissions, key, account, symbols and streams; says what to do."
    parser = subparsers.add_parser("doctor", help="check everything before money moves", description=text)
    modes = ("demo", "replay", "paper", "testnet", "bybit-demo", "live")
    parser.add_argument("--mode", choices=modes, help="check for this mode instead of the configured one")


def run(args: argparse.Namespace) -> int:
    """Print one line a check."""
    from whalebot.app.doctor.findings import Finding, Mark
    from whalebot.app.doctor.local import check_local
    from whalebot.app.setup import Setup, read_setup

    setup: Setup = read_setup(args, {("mode",): args.mode} if args.mode else {})
    found: list[Finding] = []

    def say(finding: Finding) -> None:
        found.append(finding)
        if not args.quiet or finding.mark is not Mark.OK:
            print(setup.masker.mask(str(finding)), flush=True)

    for finding in check_local(setup):
        say(finding)
    if setup.config.mode in ("demo", "replay"):
        print(f"mode {setup.config.mode} makes its market on this machine: there is no venue to ask")
    elif any(finding.mark is Mark.FAIL and finding.subject == "configuration" for finding in found):
        print("the venue is not asked before the configuration is complete")
    else:
        from whalebot.app.doctor.venue import VenueDoctor

        for finding in VenueDoctor(setup).findings():
            say(finding)
    failed = sum(finding.mark is Mark.FAIL for finding in found)
    warned = sum(finding.mark is Mark.WARN for finding in found)
    print(f"{failed} to mend, {warned} to look at, {len(found) - failed - warned} in order")
    return DIFFERENCE if failed else CLEAN
