"""A whole backtest by columns: decide on every bar at once, one compiled pass, exact trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from whalebot.decisions.risk import guardrails
from whalebot.domain.trade import ClosedTrade
from whalebot.research.column import slots as at
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
    made = dict(columns or {data.symbol: strategy.columns(data) for data in dataset.symbols})
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
    def reading(s: int, row: int) -> Reading:
        part = parts[s]
        return float(part.score[row]), tuple((name, float(v[row])) for name, v in part.breakdown.items())

    trades = Recorder(dataset, tape.units, tape.funding, settings, reading).trades(outcome.trades)
    by_name = {data.symbol: data for data in dataset.symbols}
    return [readable(trade, by_name[trade.symbol]) for trade in trades]
