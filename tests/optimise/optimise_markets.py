"""Markets, a strategy and settings for the tests of searches; child processes run parts of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.decisions.analysis.settings import IndicatorSettings
from whalebot.decisions.risk.settings import CostSettings, GuardrailSettings, StopRules, TradeSettings
from whalebot.domain.instrument import Instrument
from whalebot.engine.bars import Analyzer
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import Dataset, DatedRules, SymbolData, make_symbol_data
from whalebot.research.optimise.bench import Answer, Bench, Task
from whalebot.research.optimise.figures import Figures
from whalebot.research.optimise.sampling import make_pruner, make_sampler
from whalebot.research.optimise.search import Plan, Search, new_owner
from whalebot.research.optimise.space import Space, Value, space_of
from whalebot.research.optimise.storage import load_study, open_storage, open_study
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns

HOUR = 3_600_000
DAY = 24 * HOUR
START = 19_000 * DAY
NAME = "optimise_markets:Momentum"
PULSE = "optimise_markets:Pulse"


# --- markets ----------------------------------------------------------------------------------------------


def table(open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray) -> BarTable:
    """Hourly bars of whole ticks of 0.1."""
    columns = (np.asarray(c, dtype=np.int64) for c in (open_, high, low, close))
    count = len(open_)
    times = START + np.arange(count, dtype=np.int64) * HOUR
    return BarTable("BTCUSDT", "60", 1, 3, times, *columns, np.full(count, 1000, dtype=np.int64))


def drifting(seed: int, days: int, edge: float) -> BarTable:
    """A random walk whose drift, `edge` of its hourly deviation, turns every few days. 0: pure noise."""
    rng = np.random.default_rng(seed)
    count = days * 24
    side = np.where(np.cumsum(rng.random(count) < 1 / 80) % 2 == 0, 1.0, -1.0)
    close = 100_000 * np.exp(np.cumsum(0.004 * (rng.normal(size=count) + edge * side)))
    open_ = np.concatenate(([100_000.0], close[:-1]))
    reach = 1 + np.abs(rng.normal(0, 0.001, (2, count)))
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    return table(*(np.rint(values) for values in (open_, high, low, close)))


def pulses(days: int) -> BarTable:
    """Every day at 04:00 the price falls by 100, rises by 320, and comes back after a deeper fall."""
    steps = np.zeros((days, 24))
    steps[:, 5:9] = [-1000, 3200, -5000, 2800]
    close = 100_000 + np.cumsum(steps.ravel())
    open_ = np.concatenate(([100_000.0], close[:-1]))
    return table(open_, np.maximum(open_, close), np.minimum(open_, close), close)


def dataset(*tables: BarTable) -> Dataset:
    """One symbol or several on an account."""
    return Dataset("60", tuple(_symbol(bars) for bars in tables))


def _symbol(bars: BarTable) -> SymbolData:
    step = Decimal("0.001")
    rules = Instrument(
        bars.symbol, Decimal("0.1"), step, step, Decimal(1000), Decimal(500), Decimal(5), Decimal(100)
    )
    return make_symbol_data(bars, "60", [DatedRules(START, rules)])


class Momentum:
    """Long above the close of `atr_period` bars ago, short below; enters on every change of view."""

    name = "momentum"

    def __init__(self, settings: EngineSettings) -> None:
        self._back = settings.indicators.atr_period

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Decide on every bar."""
        close = data.decisions.bars.close
        view = np.zeros(len(close), dtype=np.int8)
        view[self._back :] = np.sign(close[self._back :] - close[: -self._back])
        return DecisionColumns(view.astype(np.float64), np.ones(len(close)), view, close * 0.01, view != 0)

    def analyzer(self, symbol: str) -> Analyzer:
        """Not asked for."""
        raise AssertionError(symbol)


class Pulse(Momentum):
    """Asks to buy at the close before each pulse, at an ATR of 100."""

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Decide on every bar."""
        count = len(data.decisions)
        asks = np.arange(count) % 24 == 4
        return DecisionColumns(
            asks.astype(np.float64),
            np.ones(count),
            np.ones(count, dtype=np.int8),
            np.full(count, 100.0),
            asks,
        )


@dataclass(frozen=True, slots=True)
class Maker:
    """Settings of `stop`, `target` and `back`; no costs, no limits."""

    native_trailing: bool = False

    def __call__(self, values: Mapping[str, Value]) -> BacktestSettings:
        """Return them."""
        trade = TradeSettings(
            cooldown_ms=0,
            stop_loss_atr=float(values.get("stop") or 3.0),
            take_profit_atr=float(values.get("target") or 6.0),
            stops=StopRules(trailing=False, breakeven_trigger=None, lock_in=None),
            costs=CostSettings(taker_fee=0.0, maker_fee=0.0, slippage=0.0),
            native_trailing=self.native_trailing,
        )
        engine = EngineSettings(
            symbols=("BTCUSDT",),
            interval="60",
            label="test",
            config_hash="0" * 16,
            trade=trade,
            guardrails=GuardrailSettings(enabled=False),
            indicators=replace(IndicatorSettings(), atr_period=int(values.get("back") or 14)),
        )
        return BacktestSettings(engine, Decimal(10_000), Decimal(0), Decimal(0), Decimal(0))


def bench(bars: BarTable, strategy: str = NAME, *more: BarTable) -> Bench:
    """A strategy on bars."""
    return Bench(dataset(bars, *more), strategy, Maker())


BACK = space_of({"parameters": {"back": {"type": "int", "low": 8, "high": 72, "step": 4}}})
STOPS = space_of(
    {
        "parameters": {
            "stop": {"low": 0.5, "high": 4.0, "step": 0.25},
            "target": {"low": 0.5, "high": 6.0, "step": 0.25},
        }
    }
)

# --- searches without a market ----------------------------------------------------------------------------

HILL = space_of({"parameters": {"x": {"low": -5.0, "high": 5.0}, "y": {"low": -5.0, "high": 5.0}}})


def hill(values: Mapping[str, Value]) -> Figures:
    """Figures with the most PnL, -1, at x = 2, y = -1; too few trades far left."""
    x, y = float(values["x"] or 0), float(values["y"] or 0)
    pnl = -1.0 - (x - 2) ** 2 - (y + 1) ** 2
    trades = 50 if x > -2 else 3
    return Figures(pnl, trades, pnl, pnl, x, pnl, pnl, 0.1, -pnl, 0, "column")


class HillPool:
    """Answers at once; kills its own process when it has answered `deadly` tasks.

    `meets`: a storage in which another search must have begun too before the first answer.
    """

    def __init__(self, deadly: int | None = None, jobs: int = 1, meets: str | None = None) -> None:
        self._meets = meets
        self.jobs = jobs
        self.tasks: list[Task] = []
        self.answered = 0
        self._deadly = deadly

    def submit(self, task: Task) -> None:
        """Take a task."""
        self.tasks.append(task)

    def answers(self, timeout_s: float) -> list[Answer]:
        """Play all."""
        if self._meets is not None:
            study = load_study(open_storage(self._meets), "hill")
            while sum(name.startswith("beat:") for name in study.user_attrs) < 2:
                threading.Event().wait(0.05)
            self._meets = None
        if self.answered == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        found = [Answer(t.number, hill(t.values), np.array([0.01, 0.02]), "h") for t in self.tasks]
        self.answered += len(found)
        self.tasks.clear()
        return found

    def close(self) -> None:
        """Nothing to let go."""


def search_hill(
    url: str | None, pool: HillPool, trials: int, sampler: str = "random", space: Space = HILL, seed: int = 7
) -> object:
    """Search the hill in a study named "hill"; return the study."""
    owner = new_owner()
    made = make_sampler(sampler, space, 1, seed, owner, pool.jobs)
    study = open_study(open_storage(url), "hill", ["net_pnl"], {"a": 1}, made, make_pruner("none", 1))
    Search(study, Plan(space, ("net_pnl",), trials), pool, owner).run()
    return study


if __name__ == "__main__":
    _url, _trials, _how, _jobs = sys.argv[1:]
    _meets = _how == "meet"
    _pool = HillPool(None if _meets else int(_how), int(_jobs), _url if _meets else None)
    search_hill(_url, _pool, int(_trials))
