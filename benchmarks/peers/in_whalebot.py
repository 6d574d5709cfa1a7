"""The EMA cross in both tiers of this program: python -m benchmarks.peers.in_whalebot JOB."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np

from benchmarks.peers.job import CASH, Deal, Job, answer, read_job, tell_deals, timed
from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.decisions.risk.settings import CostSettings, GuardrailSettings, StopRules, TradeSettings
from whalebot.domain.enums import ClosedBy
from whalebot.domain.instrument import Instrument
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.averages import ema
from whalebot.indicators.volatility import atr
from whalebot.research.column.crossing import crosses_of
from whalebot.research.column.engine import Account
from whalebot.research.column.running import run_column_tier
from whalebot.research.column.tape import make_tape
from whalebot.research.column.terms import entry_windows, terms_of
from whalebot.research.column.wishing import decided
from whalebot.research.dataset import Dataset, DatedRules, SymbolData, make_symbol_data
from whalebot.research.event.run import run_event_tier
from whalebot.research.result import BacktestResult
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.ema_cross import EmaCrossStrategy

PASS, EVENT, LOOP = "column tier, trades as records", "event tier", "hand-written loop"
READ: Final = "column tier, every trade read"
NO_STOP: Final = 1000.0
"""ATR: a stop that no price reaches."""


def read_data(job: Job) -> SymbolData:
    """Return the bars of a job, exact, with rules that make every order one unit."""
    with np.load(job.bars) as file:
        decimals, volume_decimals, length_ms = (int(v) for v in file["about"])
        columns = [file[name] for name in ("open_ms", "open", "high", "low", "close", "volume")]
    table = BarTable("BTCUSDT", str(length_ms // 60_000), decimals, volume_decimals, *columns)
    one = Decimal(1)
    grid = Instrument(
        "BTCUSDT",
        Decimal(repr(job.tick)),
        Decimal("0.001"),
        Decimal("0.001"),
        one,
        one,
        Decimal(5),
        Decimal(100),
    )
    return make_symbol_data(table, table.interval, [DatedRules(int(table.open_ms[0]), grid)])


def settings_of(job: Job, interval: str) -> BacktestSettings:
    """Return settings under which nothing but the cross and its stop decides.

    So much is risked that the venue's largest order, one unit, is what every entry comes to.
    """
    trade = TradeSettings(
        risk_per_trade=1.0,
        stop_loss_atr=job.stop_atr or NO_STOP,
        take_profit_atr=NO_STOP,
        stops=StopRules(trailing=False, breakeven_trigger=None, lock_in=None),
        costs=CostSettings(taker_fee=job.fee, slippage=0.0),
        close_on_opposite_signal=True,
        reverse_on_opposite_signal=True,
        cooldown_ms=0,
    )
    engine = EngineSettings(
        symbols=("BTCUSDT",),
        interval=interval,
        label="backtest",
        config_hash="",
        trade=trade,
        guardrails=GuardrailSettings(enabled=False),
    )
    return BacktestSettings(
        engine, Decimal(int(CASH)), Decimal(repr(job.fee)), Decimal(repr(job.fee)), Decimal(0)
    )


def deals_of(result: BacktestResult, data: SymbolData) -> list[Deal]:
    """Return trades as every backtester of the comparison tells them."""
    opens, deals = data.fine.open_ms, []
    for trade in result.trades:
        first, end = (int(opens.searchsorted(t, "right")) - 1 for t in (trade.entry_ms, trade.exit_ms))
        prices = float(trade.entry_price), float(trade.exit_price)
        assert trade.qty == 1
        ended = trade.closed_by is not ClosedBy.END_OF_DATA
        deals.append(Deal(first, end, trade.side.sign, *prices, float(trade.pnl), ended))
    return deals


def as_records(job: Job, settings: BacktestSettings, data: SymbolData) -> int:
    """Decide, make the tape and trade; leave the trades as the records of the compiled pass."""
    dataset = Dataset(data.decisions.interval, (data,))
    columns = EmaCrossStrategy(settings.engine).columns(data)
    account = Account(
        make_tape(dataset, settings.engine.trade.leverage),
        (decided(columns, data),),
    )
    outcome = account.run(terms_of(settings), entry_windows(settings), settings.balance, keeps_curve=True)
    return len(outcome.trades)


def looped(job: Job, data: SymbolData) -> int:
    """Trade by the loop that knows this strategy alone."""
    loop: Any = importlib.import_module("benchmarks.handwritten_loop").ema_cross
    bars = data.decisions.bars
    rules = (job.fast, job.slow, job.atr_period, job.stop_atr, job.fee)
    equity = np.empty(len(bars))
    return int(loop(bars.open, bars.high, bars.low, bars.close, equity, *rules, 0.01, CASH)[1])


def sweep(job: Job, settings: BacktestSettings, data: SymbolData) -> int:
    """Trade every pair of averages: crosses anew, averages, tape and ATR kept."""
    bars = data.decisions.bars
    tape = make_tape(Dataset(data.decisions.interval, (data,)), settings.engine.trade.leverage)
    terms, windows, found = terms_of(settings), entry_windows(settings), 0
    made = {period: ema(bars.close, period) for period in {period for pair in job.pairs for period in pair}}
    spans = np.nan_to_num(atr(bars.high, bars.low, bars.close, job.atr_period))
    for fast, slow in job.pairs:
        account = Account(tape, (crosses_of(made[fast], made[slow], spans),))
        found += len(account.run(terms, windows, settings.balance, keeps_curve=False).trades)
    return found


def main() -> None:
    """Answer one job."""
    job = read_job()
    data = read_data(job)
    settings = settings_of(job, data.decisions.interval)
    dataset = Dataset(data.decisions.interval, (data,))
    strategy = EmaCrossStrategy(settings.engine)
    tier = run_event_tier if job.variant == EVENT else run_column_tier
    if job.task == "trades":
        answer(deals=tell_deals(deals_of(tier(settings, dataset, strategy), data)))
        return
    runs: dict[str, Callable[[], int]] = {
        PASS: lambda: as_records(job, settings, data),
        LOOP: lambda: looped(job, data),
        # A whole result makes its trades when they are read.
        READ: lambda: len([*tier(settings, dataset, strategy).trades]),
    }
    if job.task == "sweep":
        answer(**timed(job, lambda: sweep(job, settings, data)))
        return
    answer(**timed(job, runs.get(job.variant, lambda: len(tier(settings, dataset, strategy).trades))))


if __name__ == "__main__":
    main()
