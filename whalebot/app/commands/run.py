"""`run`: trade, in the mode that the configuration or the command line names."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from whalebot.app.options import add_run_options, run_overrides
from whalebot.domain.errors import ConfigError


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Trade until Ctrl-C, --for or --until-end. The default mode, demo, needs no keys and no network."
    add_run_options(subparsers.add_parser("run", help="trade (the default command)", description=text))


def run(args: argparse.Namespace) -> int:
    """Run the daemon; return its exit code."""
    from whalebot.app.setup import check_start, read_setup

    args.paths.prepare()
    setup = read_setup(args, run_overrides(args), create=True)
    try:
        check_start(setup, args.live)
    except ConfigError:
        # The problems speak of a file that was not there before.
        if not setup.config_found:
            print(f"whalebot: {setup.notes[0]}", file=sys.stderr)
        raise

    from whalebot.app.daemon import run_daemon
    from whalebot.app.run_options import RunOptions

    return run_daemon(
        setup,
        RunOptions(
            args.live, args.for_ms, args.until_end, args.view, args.quiet, args.verbose, args.tick, args.step
        ),
    )
