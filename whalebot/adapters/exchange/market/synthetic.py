"""A market that makes itself from a seed: correlated symbols in changing regimes.

The same seed and symbols give the same market to the byte, on any machine and however it is stepped. A
symbol's path depends on the seed, its own specification and the length of history, not on the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from whalebot.adapters.exchange.market.archive import Retention
from whalebot.adapters.exchange.market.bar_market import BarMarket
from whalebot.adapters.exchange.market.noise import make_key
from whalebot.adapters.exchange.market.player import Player
from whalebot.adapters.exchange.market.regimes import Regime
from whalebot.adapters.exchange.market.state import seal, unseal
from whalebot.adapters.exchange.market.synthetic_feed import SyntheticFeed
from whalebot.adapters.exchange.market.views import SymbolSpec
from whalebot.adapters.exchange.market.walk import WalkState
from whalebot.adapters.exchange.market.weather import WeatherLog, WeatherState
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, MINUTE_MS
from whalebot.domain.listings import parse_symbols

MARKET_NAMES: Final = ("gbm-regimes",)
# 2025-01-01 00:00 UTC.
DEFAULT_START_MS: Final = 1_735_689_600_000
# History is 1000 bars and more of 240 minutes for a few symbols, of 60 minutes for many.
_FEW: Final = 4
_LONG: Final = Retention(minute_days=43, history_days=170)
_SHORT: Final = Retention(minute_days=12, history_days=45)


class SyntheticMarket(BarMarket):
    """The market "gbm-regimes", from `start_ms` (cut to the minute) on; it never finishes.

    Raises ConfigError without symbols or with a symbol twice, StateMismatch when `state` belongs to another
    seed or other symbols.
    """

    def __init__(
        self,
        specs: Sequence[SymbolSpec],
        seed: int,
        start_ms: int = DEFAULT_START_MS,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        _check_symbols([spec.instrument.symbol for spec in specs])
        self._identity: Final = {"kind": "gbm-regimes", "seed": seed, "symbols": _digest(specs)}
        retention = _LONG if len(specs) <= _FEW else _SHORT
        body = None if state is None else unseal(state, self._identity)
        begin = _fresh(len(specs), start_ms, retention) if body is None else _saved(body)
        self._weather: Final = WeatherLog(seed, begin.first_day, begin.weather)
        self._feeds: Final = [
            SyntheticFeed(spec, seed, self._weather, walk, retention)
            for spec, walk in zip(specs, begin.walks, strict=True)
        ]
        # Day by day, so that the common factor of a day is made once for all symbols.
        for day in range(begin.first_day, max(begin.indexes) * MINUTE_MS // DAY_MS + 1):
            for feed in self._feeds:
                feed.make_until(day)
        player = Player(self._feeds, begin.indexes, begin.start_ms)
        if body is not None:
            player.load_state(body["player"])
        super().__init__("gbm-regimes", True, player, begin.start_ms, make_key(seed, "book"))

    def regime(self, day: int, hour: int) -> Regime:
        """Return the hidden regime of an hour (0 to 23) of a day, counted from 1970, that is kept."""
        return self._weather.day(day).regimes[hour]

    def export_state(self) -> dict[str, Any]:
        """Return the state, see `MarketSource`: from its first day on everything is made again."""
        first_day = max(feed.first_day for feed in self._feeds)
        weather = self._weather.state(first_day)
        states = [feed.state_before(first_day) for feed in self._feeds]
        return seal(
            self._identity,
            {
                "start_ms": self.start_ms,
                "first_day": first_day,
                "weather": [weather.level, weather.centre, weather.variance, weather.regime.value],
                "walks": [[s.price, s.variance, s.pressure, s.open_interest] for s in states],
                "player": self._player.export_state(),
            },
        )


def make_specs(symbols: str) -> tuple[SymbolSpec, ...]:
    """Return specifications for "BTCUSDT,ETHUSDT", or for the first N symbols of the shipped list for "N".

    Raises ConfigError for a symbol that is not in the list.
    """
    return tuple(
        SymbolSpec(listing.instrument, listing.typical_price, listing.daily_turnover)
        for listing in parse_symbols(symbols)
    )


@dataclass(frozen=True, slots=True)
class _Beginning:
    """From which day on everything is made, in which states, and from which minute on it is played."""

    start_ms: int
    first_day: int
    weather: WeatherState
    walks: Sequence[WalkState | None]
    indexes: Sequence[int]


def _fresh(symbols: int, start_ms: int, retention: Retention) -> _Beginning:
    minute = start_ms // MINUTE_MS
    first_day = start_ms // DAY_MS - retention.history_days
    return _Beginning(minute * MINUTE_MS, first_day, WeatherState(), [None] * symbols, [minute] * symbols)


def _saved(body: Mapping[str, Any]) -> _Beginning:
    level, centre, variance, regime = body["weather"]
    return _Beginning(
        int(body["start_ms"]),
        int(body["first_day"]),
        WeatherState(float(level), float(centre), float(variance), Regime(regime)),
        [WalkState(*map(float, row)) for row in body["walks"]],
        [int(lane["index"]) for lane in body["player"]["lanes"]],
    )


def _check_symbols(names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"a market needs at least one symbol and none twice, not: {', '.join(names)}")


def _digest(specs: Sequence[SymbolSpec]) -> str:
    return hashlib.sha256("\n".join(map(repr, specs)).encode()).hexdigest()
