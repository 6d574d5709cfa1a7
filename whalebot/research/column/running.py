"""A whole backtest by columns: decide on every bar at once, one compiled pass, exact trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from whalebot.adapters.exchange.core import codes
from whalebot.decisions.risk import guardrails
from whalebot.domain.trade import ClosedTrade
from whalebot.research.column import slots as at
from whalebot.research.column.deciding import breakdown_at, columns_of
from whalebot.research.column.engine import Account, Outcome
from whalebot.research.column.recording import Reading, Recorder
from whalebot.research.column.refusing import check_expressible
from whalebot.research.column.tape import Decided, Tape, make_tape
from whalebot.research.column.terms import entry_windows, terms_of
from whalebot.research.dataset import Dataset
from whalebot.research.outcome import make_result, readable
from whalebot.research.result import BacktestResult, EquityCurve, Tier
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
    account = Account(tape, tuple(Decided(part.asked(), part.signal, part.atr) for part in parts))
    windows = entry_windows(settings)
    outcome = account.run(terms_of(settings), windows, settings.balance, keeps_curve=True)
    return make_result(
        Tier.COLUMN,
        settings,
        dataset,
        strategy.name,
        decided,
        _exact_trades(settings, dataset, parts, tape, outcome),
        EquityCurve(tape.curve_ms, outcome.curve),
        refusals(outcome),
        ("numba",),
    )


def refusals(outcome: Outcome) -> dict[str, int]:
    """Return how many entries each rule refused."""
    return {name: count for number, name in RULES.items() if (count := int(outcome.refused[number]))}


def _exact_trades(
    settings: BacktestSettings,
    dataset: Dataset,
    parts: Sequence[DecisionColumns],
    tape: Tape,
    outcome: Outcome,
) -> list[ClosedTrade]:
    firsts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    rows = [
        np.unique(outcome.trades["row"][outcome.trades["symbol"] == s]) - firsts[s] for s in range(len(parts))
    ]
    breakdowns = [breakdown_at(part, wanted) for part, wanted in zip(parts, rows, strict=True)]

    def reading(s: int, row: int) -> Reading:
        place = int(np.searchsorted(rows[s], row))
        parts_of_score = tuple((name, float(values[place])) for name, values in breakdowns[s].items())
        return float(parts[s].score[row]), parts_of_score

    trades = Recorder(dataset, tape.units, tape.funding, settings, reading).trades(outcome.trades)
    by_name = {data.symbol: data for data in dataset.symbols}
    return [readable(trade, by_name[trade.symbol]) for trade in trades]
