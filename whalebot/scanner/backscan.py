"""The scanner over the past: every closed bar judged at its close, as a live run would have announced it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from whalebot.decisions.scan.announcing import Announcer, make_event
from whalebot.decisions.scan.compute import compute_history
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import ScanEvent
from whalebot.decisions.scan.scoring import choose_weight_set
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import History


def backscan(
    history: History,
    settings: ScanSettings,
    tick_size: Decimal,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    announcer: Announcer | None = None,
) -> Iterator[ScanEvent]:
    """Yield the events of the bars that close in [from_ms, to_ms] (ms UTC; None: no bound).

    Bars before `from_ms` only fill the window. `announcer`: goes on from a state instead of from nothing.
    """
    evaluator = Evaluator(settings)
    announcer = announcer or Announcer(settings)
    symbol, interval = history.symbol, history.interval
    for bar in compute_history(history, settings, _first_row(history, from_ms)):
        if to_ms is not None and bar.close_ms > to_ms:
            return
        weight_set = choose_weight_set(bar, settings, announcer.weight_set(symbol, interval))
        announcer.set_weight_set(symbol, interval, weight_set)
        held = announcer.held(symbol, interval)
        found = evaluator.judge(bar, bar.close, held=held, weight_set=weight_set)
        happening = announcer.take(
            symbol, interval, found.signal, found.confidence, bar_start=bar.open_ms, ts_ms=bar.close_ms
        )
        if happening is not None:
            evaluation = evaluator.evaluate(
                bar,
                Decimal(repr(bar.close)),
                symbol=symbol,
                interval=interval,
                ts_ms=bar.close_ms,
                tick_size=tick_size,
                held=held,
                weight_set=weight_set,
            )
            yield make_event(happening, evaluation)


def _first_row(history: History, from_ms: int | None) -> int:
    if from_ms is None or not len(history):
        return 1
    # The bar that closes at `from_ms` is the one before the first that opens then or later.
    return max(1, int(np.searchsorted(history.open_ms, from_ms)) - 1)
