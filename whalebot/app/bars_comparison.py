"""The trades of a history against a backtest on bars, with the same configuration."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.app.setup import Setup
    from whalebot.domain.trade import ClosedTrade
    from whalebot.research.comparing.comparison import Comparison


def compare_with_bars(args: argparse.Namespace) -> Comparison:
    """Run the event tier on the files of --data and pair its trades with the history's, of the time and
    symbols that the files hold. Raises ConfigError."""
    from whalebot.app.config.convert import to_decimal
    from whalebot.app.data_files import parse_data_files
    from whalebot.app.engine_setup import engine_settings
    from whalebot.app.setup import read_setup
    from whalebot.engine.settings import FeedSettings
    from whalebot.research.comparing.comparison import compare_trades
    from whalebot.research.dataset import Dataset
    from whalebot.research.event.run import run_event_tier
    from whalebot.research.reading import Source, read_symbol
    from whalebot.research.settings import BacktestSettings
    from whalebot.research.strategy import DEFAULT, make_strategy

    setup = read_setup(args)
    config = setup.config
    trade = config.trade_management
    files = parse_data_files(args.data, Path.cwd(), "--data")
    data = Dataset(
        config.interval, tuple(read_symbol(Source(f.symbol, f.path), config.interval) for f in files)
    )
    settings = BacktestSettings(
        engine_settings(config, FeedSettings(has_book=False)),
        balance=to_decimal(trade.account_balance),
        taker_fee=(args.fee_taker if args.fee_taker is not None else to_decimal(trade.trading_fee_percent))
        / 100,
        maker_fee=(args.fee_maker if args.fee_maker is not None else to_decimal(trade.maker_fee_percent))
        / 100,
        slippage_percent=None if trade.slippage_percent is None else to_decimal(trade.slippage_percent),
        latency_ms=args.latency_ms if isinstance(args.latency_ms, int) else 0,
    )
    result = run_event_tier(settings, data, make_strategy(DEFAULT, settings.engine))
    happened = [
        t
        for t in _history(setup)
        if t.symbol in {f.symbol for f in files} and result.first_ms <= t.entry_ms < result.last_ms
    ]
    return compare_trades(happened, result.trades, config.interval)


def _history(setup: Setup) -> list[ClosedTrade]:
    from whalebot.adapters.storage.history import read_history

    try:
        trades, _ = read_history(setup.paths.history)
    except FileNotFoundError:
        raise ConfigError(f"{setup.paths.history}: there is no history yet; nothing to compare") from None
    return [trade for trade in trades if trade.mode == setup.config.mode]
