"""One symbol of a synthetic market, day by day: one-minute bars on its grid, and the mood of its holders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.market.bars import Columns, Ints, path_turnover
from whalebot.adapters.exchange.market.noise import GAUSS_SD, Floats, gauss_units, make_key, uniform, uniforms
from whalebot.adapters.exchange.market.regimes import Regime
from whalebot.adapters.exchange.market.units import Units, decimals_of, make_units, to_units
from whalebot.adapters.exchange.market.views import SymbolSpec
from whalebot.adapters.exchange.market.weather import (
    BASE_SIGMA,
    DAY_HOURS,
    DAY_MINUTES,
    WeatherDay,
    make_jumps,
)
from whalebot.domain.intervals import MINUTE_MS

_ALPHA, _BETA = 0.08, 0.89
_VARIANCE_RANGE: Final = (0.4, 4.0)
_HOME_PULL: Final = 0.02 / DAY_MINUTES
_JUMPS_PER_MINUTE: Final = 1.0 / 5800.0
_PRESSURE_MEMORY: Final = 0.92
# (daily turnover from, volatility, share of variance that is the common factor's)
_SIZES: Final = ((6e9, 1.0, 0.88), (5e8, 1.15, 0.66), (1e8, 1.3, 0.5))
_SMALL: Final = (1.45, 0.4)


@dataclass(frozen=True, slots=True)
class WalkState:
    """Where a symbol stands at the start of a day. `open_interest` is relative to its usual level."""

    price: float
    variance: float = 1.0
    pressure: float = 0.0
    open_interest: float = 1.0


@dataclass(frozen=True, slots=True)
class HolderMood:
    """One hour of the symbol's holders. `pressure`: recent moves in deviations; `premium`: mark/index - 1."""

    pressure: float
    premium: float
    open_interest: float


@dataclass(frozen=True, slots=True)
class WalkDay:
    """One day of a symbol: 1440 bars, 24 moods, and the state before it."""

    day: int
    before: WalkState
    bars: Columns
    moods: tuple[HolderMood, ...]


class Walk:
    """Makes days of one symbol of one seed."""

    def __init__(self, spec: SymbolSpec, seed: int) -> None:
        instrument = spec.instrument
        symbol = instrument.symbol
        decimals = decimals_of(instrument.tick_size)
        volume_decimals = decimals_of(instrument.qty_step)
        self.step: Final = to_units(instrument.qty_step, volume_decimals)
        self.tick: Final = to_units(instrument.tick_size, decimals)
        self.units: Final[Units] = make_units(decimals, volume_decimals, self.step)
        self._start_price: Final = float(spec.start_price)
        self._ticks_per_quote: Final = 1.0 / float(instrument.tick_size)
        minute_volume = float(spec.daily_turnover) / DAY_MINUTES / float(spec.start_price)
        self._minute_steps: Final = minute_volume / float(instrument.qty_step)
        names = ("shock", "upper", "lower", "volume", "jump", "drift", "premium")
        self._keys: Final = {name: make_key(seed, symbol, name) for name in names}
        self.volatility, share = _size_of(float(spec.daily_turnover), uniform(make_key(seed, symbol), 0))
        self._common: Final = share**0.5
        self._own: Final = (1.0 - share) ** 0.5

    def first_state(self) -> WalkState:
        """Return the state of a symbol that is listed today."""
        return WalkState(self._start_price)

    def make_day(self, day: int, state: WalkState, weather: WeatherDay) -> tuple[WalkDay, WalkState]:
        """Return a day (counted from 1970) that starts in `state`, and the state at its end."""
        units = gauss_units(self._keys["shock"], day * DAY_MINUTES, DAY_MINUTES)
        variances, after = self._own_variances(units, state)
        sigma = weather.sigma * self.volatility
        own = sigma * self._own * np.repeat(np.array(variances) ** 0.5, 60)
        inside, gaps = make_jumps(self._keys["jump"], day, _JUMPS_PER_MINUTE)
        push = np.repeat(uniforms(self._keys["drift"], day * 4, 4) - 0.5, DAY_MINUTES // 4)
        home = _HOME_PULL * (state.price / self._start_price - 1.0)
        returns = weather.returns * (self.volatility * self._common) + own * (units / GAUSS_SD)
        returns = returns + own * (0.09 * push) + inside - home
        gaps = gaps + weather.gaps * self._common
        bars, price = self._bars(day, state.price, returns, gaps, sigma)
        moods, pressure, interest = self._moods(day, state, bars, sigma, weather)
        return WalkDay(day, state, bars, moods), WalkState(price, after, pressure, interest)

    def _own_variances(self, units: Ints, state: WalkState) -> tuple[list[float], float]:
        """Return the relative variance of each hour, GARCH(1,1) on the hourly sums of noise, and the next."""
        shocks = (units.reshape(DAY_HOURS, 60).sum(axis=1) / (GAUSS_SD * 60.0**0.5)).tolist()
        low, high = _VARIANCE_RANGE
        variances, variance = [], state.variance
        for shock in shocks:
            variances.append(variance)
            variance = (1.0 - _ALPHA - _BETA) + (_ALPHA * shock * shock + _BETA) * variance
            variance = max(low, min(high, variance))
        return variances, variance

    def _bars(
        self, day: int, price: float, returns: Floats, gaps: Floats, sigma: Floats
    ) -> tuple[Columns, float]:
        """Return the day's bars and its last price, unrounded."""
        factors = np.empty(2 * DAY_MINUTES + 1)
        factors[0], factors[1::2], factors[2::2] = price, 1.0 + gaps, 1.0 + returns
        track = np.cumprod(factors)
        opens, closes = track[1::2], track[2::2]
        first = day * DAY_MINUTES
        # The product of two uniforms has mean 1/4: the path then overshoots open and close by 0.4 sigma on
        # each side, as a random walk does.
        upper, lower = (
            uniforms(self._keys[name], 2 * first, 2 * DAY_MINUTES).reshape(2, DAY_MINUTES)
            for name in ("upper", "lower")
        )
        highs = np.maximum(opens, closes) * (1.0 + 1.6 * sigma * upper[0] * upper[1])
        lows = np.minimum(opens, closes) * (1.0 - 1.6 * sigma * lower[0] * lower[1])
        open_, high, low, close = (self._on_grid(prices) for prices in (opens, highs, lows, closes))
        open_ms = np.arange(first, first + DAY_MINUTES, dtype=np.int64) * MINUTE_MS
        volume = self._volumes(first, returns, sigma)
        turnover = path_turnover(open_, high, low, close, volume, self.units)
        return Columns(open_ms, open_, high, low, close, volume, turnover), float(track[-1])

    def _on_grid(self, prices: NDArray[np.floating[Any]]) -> Ints:
        ticks: Ints = np.maximum(np.rint(prices * self._ticks_per_quote), 1.0).astype(np.int64)
        return ticks * self.tick

    def _volumes(self, first: int, returns: Floats, sigma: Floats) -> Ints:
        """Volume follows volatility and the size of the move, with a long upper tail."""
        draws = uniforms(self._keys["volume"], first, DAY_MINUTES)
        squared = draws * draws
        tail = 0.4 + 0.6 * draws + 2.1 * squared * squared * squared
        usual = BASE_SIGMA * self.volatility
        liveliness = 0.45 * (sigma / usual) + 0.65 * (np.abs(returns) / usual)
        steps = np.rint(self._minute_steps * tail * liveliness)
        return np.maximum(steps, 1.0).astype(np.int64) * self.step

    def _moods(
        self, day: int, state: WalkState, bars: Columns, sigma: Floats, weather: WeatherDay
    ) -> tuple[tuple[HolderMood, ...], float, float]:
        """Funding, premium and open interest follow the pressure of the hours before, not of the next."""
        draws = uniforms(self._keys["premium"], day * DAY_HOURS, DAY_HOURS).tolist()
        opens, closes = bars.open[::60].tolist(), bars.close[59::60].tolist()
        deviations = (sigma[::60] * 60.0**0.5).tolist()
        pressure, interest = state.pressure, state.open_interest
        moods = []
        for hour in range(DAY_HOURS):
            moods.append(HolderMood(pressure, 4e-4 * pressure + 1e-4 * (draws[hour] - 0.5), interest))
            move = (closes[hour] / opens[hour] - 1.0) / deviations[hour]
            pressure = _PRESSURE_MEMORY * pressure + (1.0 - _PRESSURE_MEMORY) * move
            interest += 0.02 * (1.0 + 0.3 * pressure - interest) + 0.006 * (draws[hour] - 0.5)
            if weather.regimes[hour] is Regime.CRASH:
                interest *= 0.97
        return tuple(moods), pressure, interest


def _size_of(turnover: float, draw: float) -> tuple[float, float]:
    """Return volatility and common share of variance: a larger market is calmer and more typical."""
    for least, volatility, share in _SIZES:
        if turnover >= least:
            return volatility, share
    return _SMALL[0] + 0.4 * draw, _SMALL[1]
