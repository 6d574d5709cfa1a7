"""One backtest on the event tier, from data to result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from whalebot.domain.enums import ClosedBy, TriggerBy
from whalebot.domain.errors import ConfigError
from whalebot.domain.market import Candle
from whalebot.engine.bars import Analyzer
from whalebot.research.dataset import Dataset
from whalebot.research.event.columns_analyzer import ColumnsAnalyzer
from whalebot.research.event.machine import Machine
from whalebot.research.event.schedule import Schedule
from whalebot.research.event.track import Track, higher_candles
from whalebot.research.outcome import curve_of, make_result, readable
from whalebot.research.result import BacktestResult, Tier
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns, Strategy, from_start


def run_event_tier(
    settings: BacktestSettings,
    dataset: Dataset,
    strategy: Strategy,
    *,
    columns: Mapping[str, DecisionColumns] | None = None,
    keeps_all: bool = False,
    bar_by_bar: bool = False,
    progress: Callable[[int], None] | None = None,
) -> BacktestResult:
    """Trade the data set with the daemon's engine and the matching core.

    columns: decisions by symbol, where they are made already. keeps_all: pass nothing by; the result is the
    same, only later. bar_by_bar: let the strategy's analyzers decide inside the engine instead of reading
    columns. progress: hears the time (ms UTC) reached. Raises ConfigError for what bars cannot play.
    """
    _check(settings)
    decided = dict(columns or {data.symbol: strategy.columns(data) for data in dataset.symbols})
    decided = {
        data.symbol: from_start(decided[data.symbol], data.decisions.close_ms, dataset.trade_from_ms)
        for data in dataset.symbols
    }
    everything = keeps_all or bar_by_bar or _must_keep_all(settings, dataset)
    is_alone = len(dataset.symbols) == 1
    tracks = [
        Track(data, decided[data.symbol], keeps_all=everything, is_alone=is_alone) for data in dataset.symbols
    ]
    analyzers, higher = _analyzers(dataset, strategy, decided, tracks, bar_by_bar)
    rules = {data.symbol: data.rules[0].instrument for data in dataset.symbols}
    start_ms = min(int(data.fine.open_ms[0]) for data in dataset.symbols)
    machine = Machine(settings, rules, analyzers, start_ms)
    Schedule(machine, tracks, higher).run(progress)
    by_symbol = {data.symbol: data for data in dataset.symbols}
    trades = tuple(readable(trade, by_symbol[trade.symbol]) for trade in machine.trades)
    open_at_end = [trade.symbol for trade in trades if trade.closed_by is ClosedBy.END_OF_DATA]
    curve = curve_of(settings.balance, machine.tape.fills, dataset.symbols)
    return make_result(
        Tier.EVENT, settings, dataset, strategy.name, decided, trades, curve, machine.refused, open_at_end
    )


def _check(settings: BacktestSettings) -> None:
    if settings.latency_ms:
        raise ConfigError(
            f"trade_management.latency_ms: {settings.latency_ms}: bars have no prices between their points, "
            "an order trades at the next one; set null or 0"
        )
    if settings.engine.intrabar:
        raise ConfigError("intrabar: decisions on bars in progress need recorded trades; set false")


def _must_keep_all(settings: BacktestSettings, dataset: Dataset) -> bool:
    """What is passed by rests on rules that these set-ups do not have."""
    trade = settings.engine.trade
    intervals = {data.fine.interval for data in dataset.symbols}
    return (
        trade.max_hold_bars is not None or trade.trigger_by is not TriggerBy.LAST_PRICE or len(intervals) > 1
    )


def _analyzers(
    dataset: Dataset,
    strategy: Strategy,
    decided: Mapping[str, DecisionColumns],
    tracks: Sequence[Track],
    bar_by_bar: bool,
) -> tuple[dict[str, Analyzer], list[Candle]]:
    if not bar_by_bar:
        made: dict[str, Analyzer] = {
            data.symbol: ColumnsAnalyzer(data.symbol, data.decisions, decided[data.symbol])
            for data in dataset.symbols
        }
        return made, []
    if dataset.trade_from_ms is not None:
        raise ConfigError("bar by bar a strategy trades from its first bar on; leave out --from")
    analyzers: dict[str, Analyzer] = {}
    higher: list[Candle] = []
    for data, track in zip(dataset.symbols, tracks, strict=True):
        analyzer = analyzers[data.symbol] = strategy.analyzer(data.symbol)
        for interval in analyzer.higher_intervals:
            higher += higher_candles(track, interval)
    higher.sort(key=lambda candle: candle.close_ms)
    return analyzers, higher
