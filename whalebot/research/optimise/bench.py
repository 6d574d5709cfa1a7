"""What every worker is given once: the data, the strategy, and how values become settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from whalebot.domain.errors import ConfigError
from whalebot.indicators.arrays import FloatArray
from whalebot.research.dataset import Dataset
from whalebot.research.optimise.arena import Arena
from whalebot.research.optimise.cutting import cut
from whalebot.research.optimise.figures import Figures, Played, figures_of
from whalebot.research.optimise.space import Value, Values
from whalebot.research.settings import BacktestSettings

SettingsMaker = Callable[[Values], BacktestSettings]
"""From values by configuration key to the settings of a run; raises ConfigError for values it refuses."""


@dataclass(frozen=True, slots=True)
class Task:
    """One set of values to play, `number` naming it; up to `until_ms` only, None: to the end."""

    number: int
    values: Mapping[str, Value]
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task. `refused`: why the configuration did not take the values, then nothing else.

    `returns`: by day. `config_hash`: of the settings that were played.
    """

    number: int
    figures: Figures | None = None
    returns: FloatArray | None = None
    config_hash: str = ""
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """Data, strategy and settings of a search; can be pickled."""

    dataset: Dataset
    strategy: str
    make_settings: SettingsMaker


@dataclass(slots=True)
class Player:
    """Plays tasks on one bench. Not thread-safe."""

    bench: Bench
    _arenas: dict[int | None, Arena] = field(default_factory=dict)

    def answer(self, task: Task) -> Answer:
        """Play a task. A configuration that refuses the values is an answer, not an error."""
        try:
            settings = self.bench.make_settings(task.values)
            figures, returns = figures_of(self._arena(task.until_ms).play(settings))
        except ConfigError as error:
            return Answer(task.number, refused=str(error))
        return Answer(task.number, figures, returns, settings.engine.config_hash)

    def play(self, values: Values) -> Played:
        """Return a whole run. Raises ConfigError."""
        return self._arena(None).play(self.bench.make_settings(values))

    def _arena(self, until_ms: int | None) -> Arena:
        if until_ms not in self._arenas:
            data = self.bench.dataset
            part = data if until_ms is None else cut(data, None, until_ms)
            self._arenas[until_ms] = Arena(part, self.bench.strategy)
        return self._arenas[until_ms]
