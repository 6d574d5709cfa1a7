"""The common factor of a synthetic market: regimes, clustering volatility, season and jumps, day by day.

Volatility follows GARCH(1,1) from hour to hour (Bollerslev 1986), times the regime's and the season's. All
arithmetic is plain (+ - * / and square root) in a fixed order, and noise is a function of the minute, so
that a seed gives the same market on every machine whatever stretch of it is computed first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.noise import GAUSS_SD, Floats, gauss_units, make_key, uniforms
from whalebot.adapters.exchange.market.regimes import CLIMATES, Regime, follower

DAY_MINUTES: Final = 1440
DAY_HOURS: Final = 24
# Deviation of one-minute returns in an average hour: 15-minute bars then move about 0.4 % in ATR.
BASE_SIGMA: Final = 0.00074
_HOUR_SIGMA: Final = BASE_SIGMA * 60.0**0.5
_ALPHA, _BETA = 0.10, 0.87
_VARIANCE_RANGE: Final = (0.35, 5.0)
_CRASH_SHOCK: Final = 2.0
_HOME_PULL: Final = 0.02 / DAY_HOURS
_JUMPS_PER_MINUTE: Final = 1.0 / 2900.0
_GAP_SHARE: Final = 0.4
_DAYS_KEPT: Final = 3
# Volatility by hour of the day, UTC: quiet before Asia, busiest where Europe and America overlap.
_NIGHT_AND_MORNING: Final = (0.95, 1.0, 0.95, 0.85, 0.8, 0.8, 0.85, 0.95, 1.05, 1.05, 1.0, 0.95)
_AFTERNOON_AND_EVENING: Final = (1.0, 1.2, 1.35, 1.35, 1.25, 1.15, 1.05, 1.0, 1.0, 0.95, 0.85, 0.85)
_SEASON: Final = (*_NIGHT_AND_MORNING, *_AFTERNOON_AND_EVENING)


@dataclass(frozen=True, slots=True)
class WeatherState:
    """Where the common factor stands at the start of a day.

    `level` is its sum of returns, `centre` the level a range is drawn to, `variance` is relative (mean 1).
    """

    level: float = 0.0
    centre: float = 0.0
    variance: float = 1.0
    regime: Regime = Regime.RANGE


@dataclass(frozen=True, slots=True)
class WeatherDay:
    """One day of the common factor: (1440,) arrays by minute, regimes by hour.

    `returns` trade inside the minute, `gaps` between two minutes; `sigma` is the deviation of one minute.
    """

    returns: Floats
    gaps: Floats
    sigma: Floats
    regimes: tuple[Regime, ...]


class Weather:
    """Makes days of the common factor of one seed."""

    def __init__(self, seed: int) -> None:
        self._switch, self._pick, self._drift = (
            make_key(seed, "weather", n) for n in ("switch", "pick", "drift")
        )
        self._shock, self._jump = (make_key(seed, "weather", n) for n in ("shock", "jump"))
        self._burst, self._flare = (make_key(seed, "weather", n) for n in ("burst", "flare"))

    def make_day(self, day: int, state: WeatherState) -> tuple[WeatherDay, WeatherState]:
        """Return a day (counted from 1970) that starts in `state`, and the state at its end."""
        units = gauss_units(self._shock, day * DAY_MINUTES, DAY_MINUTES)
        shocks = (units.reshape(DAY_HOURS, 60).sum(axis=1) / (GAUSS_SD * 60.0**0.5)).tolist()
        draws = [
            uniforms(key, day * DAY_HOURS, DAY_HOURS).tolist()
            for key in (self._switch, self._pick, self._drift)
        ]
        sigmas, drifts, regimes = [], [], []
        for hour, season in enumerate(_SEASON):
            switch, pick, push = (draw[hour] for draw in draws)
            state = _turn(state, switch, pick)
            sigma, drift = _force(state, season, push)
            state = _settle(state, drift * 60.0 + sigma * 60.0**0.5 * shocks[hour], shocks[hour])
            sigmas.append(sigma)
            drifts.append(drift)
            regimes.append(state.regime)
        sigma_by_minute = np.repeat(np.array(sigmas), 60) * self._bursts(day)
        returns = sigma_by_minute * (units / GAUSS_SD) + np.repeat(np.array(drifts), 60)
        inside, gaps = make_jumps(self._jump, day, _JUMPS_PER_MINUTE)
        return WeatherDay(returns + inside, gaps, sigma_by_minute, tuple(regimes)), state

    def _bursts(self, day: int) -> Floats:
        """Return what minutes have of their hour's deviation: quarters of an hour now and then flare up."""
        short = uniforms(self._burst, day * DAY_MINUTES // 5, DAY_MINUTES // 5)
        long = uniforms(self._flare, day * DAY_MINUTES // 15, DAY_MINUTES // 15)
        fourth = long * long * long * long
        flare = 0.65 + 0.45 * long + 1.3 * fourth * fourth
        return np.asarray(np.repeat(0.7 + 0.6 * short, 5) * np.repeat(flare, 15))


def make_jumps(key: int, day: int, rate: float) -> tuple[Floats, Floats]:
    """Return a day's jumps as returns, (1440,): those inside a minute and those between two."""
    draws = uniforms(key, day * DAY_MINUTES * 3, DAY_MINUTES * 3).reshape(3, DAY_MINUTES)
    sign = np.where(draws[1] < 0.5, -1.0, 1.0)
    size = np.where(draws[0] < rate, sign * (0.003 + 0.012 * draws[2] * draws[2]), 0.0)
    is_gap = draws[1] * 2.0 % 1.0 < _GAP_SHARE
    return np.where(is_gap, 0.0, size), np.where(is_gap, size, 0.0)


def _turn(state: WeatherState, switch: float, pick: float) -> WeatherState:
    if switch * CLIMATES[state.regime].dwell_h >= 1.0:
        return state
    regime = follower(state.regime, pick, state.level)
    variance = state.variance * _CRASH_SHOCK if regime is Regime.CRASH else state.variance
    return WeatherState(state.level, state.level, min(variance, _VARIANCE_RANGE[1]), regime)


def _force(state: WeatherState, season: float, push: float) -> tuple[float, float]:
    """Return deviation and drift per minute of one hour."""
    climate = CLIMATES[state.regime]
    sigma = BASE_SIGMA * climate.volatility * season * state.variance**0.5
    trend = climate.drift * _HOUR_SIGMA * (0.4 + 1.2 * push)
    drift = trend - climate.pull * (state.level - state.centre) - _HOME_PULL * state.level
    return sigma, drift / 60.0


def _settle(state: WeatherState, hour_return: float, shock: float) -> WeatherState:
    variance = (1.0 - _ALPHA - _BETA) + (_ALPHA * shock * shock + _BETA) * state.variance
    low, high = _VARIANCE_RANGE
    return WeatherState(state.level + hour_return, state.centre, max(low, min(high, variance)), state.regime)


class WeatherLog:
    """The common factor of all symbols, made day by day from the first on; the last days stay at hand."""

    def __init__(self, seed: int, first_day: int, state: WeatherState) -> None:
        self.first_day: Final = first_day
        self._weather: Final = Weather(seed)
        self._states: dict[int, WeatherState] = {first_day: state}
        self._days: dict[int, WeatherDay] = {}

    def day(self, day: int) -> WeatherDay:
        """Return a day whose predecessors have been asked for."""
        known = self._days.get(day)
        if known is not None:
            return known
        made, self._states[day + 1] = self._weather.make_day(day, self._states[day])
        self._days[day] = made
        self._days.pop(day - _DAYS_KEPT, None)
        return made

    def state(self, day: int) -> WeatherState:
        """Return the state at the start of a day, and forget those of days before it."""
        for old in [known for known in self._states if known < day]:
            del self._states[old]
        return self._states[day]
