"""From a command line to the strategy and the data that are checked."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from whalebot.app.options import positive

if TYPE_CHECKING:
    from whalebot.engine.settings import EngineSettings
    from whalebot.research.dataset import SymbolData
    from whalebot.research.strategy import Strategy

_INTERVALS: Final = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add what both checks take."""
    parser.add_argument(
        "--data", nargs="+", metavar="FILE", help="bars as FILE or SYMBOL=FILE (default: what data/ keeps)"
    )
    parser.add_argument("--symbols", metavar="A,B", help="only these symbols")
    parser.add_argument(
        "--interval",
        choices=_INTERVALS,
        metavar="I",
        help=f"interval of decisions: {', '.join(_INTERVALS)} (default: the configured one)",
    )
    parser.add_argument(
        "--strategy",
        default="scoring",
        metavar="NAME|module:Class",
        help="a shipped strategy, or your own module:Class (default: scoring)",
    )
    parser.add_argument("--tick", type=positive, metavar="SIZE", help="tick size of unknown symbols")
    parser.add_argument("--step", type=positive, metavar="SIZE", help="quantity step of unknown symbols")


def to_check(args: argparse.Namespace) -> Iterator[tuple[EngineSettings, Strategy, SymbolData]]:
    """Yield settings, strategy and data of each symbol. Raises ConfigError."""
    from whalebot.app.data_files import parse_data_files
    from whalebot.app.engine_setup import engine_settings
    from whalebot.app.setup import read_setup
    from whalebot.app.store_sources import sources_of
    from whalebot.domain.errors import ConfigError
    from whalebot.engine.settings import FeedSettings
    from whalebot.research.reading import Source, read_symbol
    from whalebot.research.strategy import make_strategy

    config = read_setup(args, {("mode",): "replay", ("demo", "data"): []}).config
    interval = args.interval or config.interval
    config = config.model_copy(update={"interval": interval})
    chosen = {name.strip().upper() for name in (args.symbols or "").split(",") if name.strip()}
    if args.data:
        files = parse_data_files(args.data, Path.cwd(), "--data")
        sources = [Source(f.symbol, f.path) for f in files if not chosen or f.symbol in chosen]
        if not sources:
            raise ConfigError(f"--symbols: --data has no file of {', '.join(sorted(chosen))}")
    else:
        sources = sources_of(args.paths.data, chosen, [interval])
    for source in sources:
        settings = replace(engine_settings(config, FeedSettings(has_book=False)), symbols=(source.symbol,))
        strategy = make_strategy(args.strategy, settings)
        yield settings, strategy, read_symbol(source, interval, args.tick, args.step)
