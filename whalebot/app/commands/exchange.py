"""`exchange`: the local Bybit-compatible exchange on its own."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    from whalebot.adapters.exchange.server.options import add_arguments

    text = "Serve a Bybit v5 compatible exchange on 127.0.0.1. Prices are simulated or played from files."
    add_arguments(subparsers.add_parser("exchange", help="run the local exchange", description=text))


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from whalebot.adapters.exchange.main import options_from_args, run_exchange
    from whalebot.adapters.exchange.server.refusal import Refused
    from whalebot.domain.errors import ConfigError

    options = options_from_args(args)
    if options.scenario is not None and (not options.scenario.exists() or options.scenario.is_dir()):
        raise ConfigError(f"--scenario {options.scenario}: there is no such file")
    try:
        if not options.data:
            return run_exchange(options)

        from whalebot.app.tracks import read_tracks

        return run_exchange(options, read_tracks)
    except Refused as refusal:
        raise ConfigError(f"--scenario {options.scenario}: {refusal.message}") from None
