"""From what was played to the result: times as they are to be read, the equity curve, the confessions."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from functools import cache
from importlib.metadata import version
from typing import Final

import numpy as np

from whalebot import __version__
from whalebot.decisions.analysis.bars import close_times
from whalebot.decisions.performance.exact import EXACT, rounded
from whalebot.decisions.risk.costs import cost_in_r, round_trip_cost
from whalebot.domain.enums import ClosedBy
from whalebot.domain.orders import Execution, FundingPayment
from whalebot.domain.records import replace
from whalebot.domain.trade import ClosedTrade
from whalebot.research.dataset import Dataset, SymbolData
from whalebot.research.result import BacktestResult, EquityCurve, SymbolNotes, Tier
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns

_AT_LEVELS: Final = (ClosedBy.STOP_LOSS, ClosedBy.TRAILING_STOP, ClosedBy.TAKE_PROFIT)
_LIBRARIES: Final = ("numpy", "TA-Lib")


def make_result(
    tier: Tier,
    settings: BacktestSettings,
    dataset: Dataset,
    strategy: str,
    decided: Mapping[str, DecisionColumns],
    trades: Sequence[ClosedTrade],
    curve: EquityCurve,
    refused: Mapping[str, int],
    ended_open: Sequence[str],
    libraries: Sequence[str] = (),
) -> BacktestResult:
    """Return the result of a run. `trades` are `readable`; `libraries`: besides numpy and TA-Lib."""
    names = [*_LIBRARIES, *libraries]
    return BacktestResult(
        tier=tier,
        strategy=strategy,
        interval=dataset.interval,
        starting_balance=settings.balance,
        trades=trades,
        curve=_since(curve, dataset.trade_from_ms),
        symbols=tuple(
            _notes(settings, data, decided[data.symbol], dataset.trade_from_ms) for data in dataset.symbols
        ),
        refused=dict(sorted(refused.items())),
        ended_open=tuple(ended_open),
        costs=costs_in_words(settings, dataset),
        digests=tuple(digest for data in dataset.symbols for digest in data.digests),
        versions={
            "whalebot": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in names},
        },
        config_hash=settings.engine.config_hash,
        seed=settings.seed,
    )


def readable(trade: ClosedTrade, data: SymbolData) -> ClosedTrade:
    """Return a trade with its times as results have them, and what belongs to them.

    A time inside a bar is the bar's open. Bars held are the decision bars that closed in between. Where the
    open jumped over a stop or a target, the open is the price that ended the trade.
    """
    open_ms = data.fine.open_ms
    first = int(open_ms.searchsorted(trade.entry_ms, "right")) - 1
    is_end = trade.closed_by is ClosedBy.END_OF_DATA
    last = len(open_ms) if is_end else int(open_ms.searchsorted(trade.exit_ms, "right")) - 1
    fills = data.decisions.fills
    held = int(fills.searchsorted(last, "right") - fills.searchsorted(first, "right"))
    if not is_end and trade.closed_by in _AT_LEVELS and trade.exit_ms == open_ms[last]:
        trade = _with_price(trade, Decimal(int(data.fine.open[last])).scaleb(-data.fine.price_decimals))
    return replace(
        trade,
        entry_ms=int(open_ms[first]),
        exit_ms=trade.exit_ms if is_end else int(open_ms[last]),
        bars_held=held,
    )


def _with_price(trade: ClosedTrade, price: Decimal) -> ClosedTrade:
    with localcontext(EXACT):
        move = (price - trade.entry_price) * trade.qty * trade.side.sign
        return replace(trade, mae=max(trade.mae, rounded(-move)), mfe=max(trade.mfe, rounded(move)))


def curve_of(
    balance: Decimal, fills: Sequence[Execution | FundingPayment], symbols: Sequence[SymbolData]
) -> EquityCurve:
    """Return the equity at every close of the finest bars, from every fill and funding payment."""
    closes = {data.symbol: close_times(data.fine.open_ms, data.fine.interval) for data in symbols}
    ts_ms = np.unique(np.concatenate(list(closes.values())))
    cash = np.zeros(len(ts_ms) + 1)
    cash[0] = float(balance)
    equity = np.zeros(len(ts_ms))
    for data in symbols:
        held = np.zeros(len(ts_ms) + 1)
        for fill in fills:
            if fill.symbol != data.symbol:
                continue
            if isinstance(fill, FundingPayment):
                cash[int(ts_ms.searchsorted(fill.ts_ms))] -= float(fill.amount)
                continue
            at = min(int(ts_ms.searchsorted(fill.ts_ms, "right")), len(ts_ms) - 1)
            signed = float(fill.qty) * fill.side.sign
            held[at] += signed
            cash[at] -= signed * float(fill.price) + float(fill.fee)
        position = np.cumsum(held)[:-1]
        # What is left of sums of floats is no position.
        position[np.abs(position) < 1e-9 * max(1e-9, float(np.abs(held).max()))] = 0.0
        at_close = np.maximum(closes[data.symbol].searchsorted(ts_ms, "right") - 1, 0)
        equity += position * (data.fine.close[at_close] / 10.0**data.fine.price_decimals)
    return EquityCurve(ts_ms, equity + np.cumsum(cash)[:-1])


def costs_in_words(settings: BacktestSettings, dataset: Dataset) -> dict[str, str]:
    """Return every assumption about costs, by name, for people."""
    slippage = settings.slippage_percent
    known = [data.symbol for data in dataset.symbols if data.funding is not None]
    unknown = [data.symbol for data in dataset.symbols if data.funding is None]
    funding = [f"settled rates of {', '.join(known)}"] if known else []
    funding += [f"0 for {', '.join(unknown)}: no rates were given (--funding)"] if unknown else []
    return {
        "taker fee": f"{(settings.taker_fee * 100).normalize():f} % of notional, every fill",
        "maker fee": f"{(settings.maker_fee * 100).normalize():f} %, no order of this run rests",
        "slippage": "half a tick plus 1 bp, every fill"
        if slippage is None
        else f"{slippage.normalize():f} % of the price, every fill",
        "latency": "none: an order trades at the next price",
        "funding": "; ".join(funding),
        "leverage": f"{settings.engine.trade.leverage:f}",
    }


@cache
def _version(name: str) -> str:
    return version(name)


def _since(curve: EquityCurve, from_ms: int | None) -> EquityCurve:
    if from_ms is None:
        return curve
    first = int(curve.ts_ms.searchsorted(from_ms, side="right"))
    return EquityCurve(curve.ts_ms[first:], curve.equity[first:])


def _notes(
    settings: BacktestSettings, data: SymbolData, columns: DecisionColumns, from_ms: int | None
) -> SymbolNotes:
    fine, close_ms = data.fine, data.decisions.close_ms
    ends = close_times(fine.open_ms, fine.interval)
    begin = 0 if from_ms is None else min(int(ends.searchsorted(from_ms, side="right")), len(ends) - 1)
    enters = np.flatnonzero(columns.may_enter)
    known = columns.trends_known
    first_known = None if known is None or not known.any() else int(close_ms[int(known.argmax())])
    return SymbolNotes(
        symbol=data.symbol,
        fine_interval=fine.interval,
        bars=len(fine.open_ms),
        first_ms=int(fine.open_ms[0]),
        last_ms=int(ends[-1]),
        first_close=Decimal(int(fine.close[begin])).scaleb(-fine.price_decimals),
        last_close=Decimal(int(fine.close[-1])).scaleb(-fine.price_decimals),
        may_enter_ms=int(close_ms[enters[0]]) if len(enters) else None,
        trends_known_ms=first_known,
        without_input=columns.without_input,
        gaps=data.gaps,
        cost_in_r=_cost_in_r(settings, data, columns),
        funding_known=data.funding is not None,
        mark_known=data.mark is not None,
        notices=columns.notices,
    )


def _cost_in_r(settings: BacktestSettings, data: SymbolData, columns: DecisionColumns) -> float | None:
    free = columns.may_enter & (columns.atr > 0)
    if not free.any():
        return None
    rules = settings.engine.trade
    close = data.decisions.bars.close[free]
    share = float(np.median(columns.atr[free] / close))
    price = float(np.median(close))
    cost = round_trip_cost(price, float(data.rules[-1].instrument.tick_size), None, rules.costs)
    return cost_in_r(price, share * price, rules.stop_loss_atr, cost)
