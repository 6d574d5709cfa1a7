"""A whole backtest by columns: decide on every bar at once, one compiled pass, exact trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from whalebot.adapters.exchange.core import codes
from whalebot.decisions.risk import guardrails
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.deciding import breakdown_at, columns_of
from whalebot.research.column.engine import Account, Outcome
from whalebot.research.column.recording import Recorder
from whalebot.research.column.refusing import check_expressible
from whalebot.research.column.tape import make_tape
from whalebot.research.column.terms import entry_windows, terms_of
from whalebot.research.column.wishing import decided as decided_by
from whalebot.research.dataset import Dataset
from whalebot.research.outcome import make_result
from whalebot.research.result import BacktestResult, EquityCurve, Tier, TradesOnDemand
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns, Strategy, from_start

RULES: Final = {
    at.DAY_LOSS_PAUSE: guardrails.DAY_LOSS,
    at.DRAWDOWN_PAUSE: guardrails.DRAWDOWN,
    at.STREAK_PAUSE: guardrails.STREAK,
    at.TOO_MANY_OPEN: "max_open_positions",
    at.TOO_MANY_IN_ALL: "max_total_positions",
    at.COOLING: "cooldown_sec",
    at.COOLING_BARS: "cooldown_bars",
    at.OUT_OF_BAND: "price_band_pct",
    at.TOO_MANY_ORDERS: "max_orders_per_minute",
    at.TOO_COSTLY: "min_target_to_cost",
    at.OUT_OF_HOURS: "session_filter",
    at.BELOW_MIN_QTY: "minOrderQty",
    at.BELOW_MIN_NOTIONAL: "minNotionalValue",
    at.BAD_QTY: f"exchange {codes.PARAMETER}",
    at.TOO_LITTLE_WORTH: f"exchange {codes.MIN_NOTIONAL}",
    at.OVER_RISK_LIMIT: f"exchange {codes.RISK_LIMIT}",
    at.NO_BALANCE: f"exchange {codes.AVAILABLE_BALANCE}",
}
"""Names of the rules that refuse entries, by the number the compiled pass gives them."""


def run_column_tier(
    settings: BacktestSettings,
    dataset: Dataset,
    strategy: Strategy,
    *,
    columns: Mapping[str, DecisionColumns] | None = None,
) -> BacktestResult:
    """Trade the data set in one compiled pass over the strategy's columns.

    columns: decisions by symbol, where they are made already. Raises ConfigError, naming whatever a pass
    over columns cannot express.
    """
    check_expressible(settings, dataset)
    made = dict(
        columns or {data.symbol: columns_of(settings.engine, data, strategy) for data in dataset.symbols}
    )
    decided = {
        data.symbol: from_start(made[data.symbol], data.decisions.close_ms, dataset.trade_from_ms)
        for data in dataset.symbols
    }
    parts = [decided[data.symbol] for data in dataset.symbols]
    tape = make_tape(dataset, settings.engine.trade.leverage)
    account = Account(
        tape,
        tuple(decided_by(part, data) for part, data in zip(parts, dataset.symbols, strict=True)),
    )
    windows = entry_windows(settings)
    outcome = account.run(terms_of(settings), windows, settings.balance, keeps_curve=True)
    recorder = Recorder(dataset, tape.units, tape.funding, settings, outcome.trades, partial(_reading, parts))
    return make_result(
        Tier.COLUMN,
        settings,
        dataset,
        strategy.name,
        decided,
        TradesOnDemand(len(outcome.trades), recorder.trade),
        EquityCurve(tape.curve_ms, outcome.curve),
        refusals(outcome),
        recorder.ended_open(),
        ("numba",),
    )


def refusals(outcome: Outcome) -> dict[str, int]:
    """Return how many entries each rule refused."""
    return {name: count for number, name in RULES.items() if (count := int(outcome.refused[number]))}


def _reading(
    parts: Sequence[DecisionColumns], s: int, rows: IntArray
) -> tuple[FloatArray, dict[str, FloatArray]]:
    return parts[s].score[rows], breakdown_at(parts[s], rows)
