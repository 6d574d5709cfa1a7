"""One symbol of a synthetic market as a lane plays it; its days are made when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.market.archive import Archive, Retention
from whalebot.adapters.exchange.market.bars import Columns
from whalebot.adapters.exchange.market.events import Liquidation, PricePoint
from whalebot.adapters.exchange.market.feed import Mood
from whalebot.adapters.exchange.market.ladder import RawBar, raw_bars
from whalebot.adapters.exchange.market.noise import make_key, uniform
from whalebot.adapters.exchange.market.prints import LIQUIDATION, FourPrices, Script, script_of_bar
from whalebot.adapters.exchange.market.views import FundingRow, PriceKind, SymbolSpec
from whalebot.adapters.exchange.market.walk import HolderMood, Walk, WalkState
from whalebot.adapters.exchange.market.weather import BASE_SIGMA, DAY_MINUTES, WeatherLog
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import DAY_MS, MINUTE_MS

_BLOCK: Final = 120
_HOUR_MS: Final = 60 * MINUTE_MS
# Interest part of the funding rate, how it leans with pressure, and its bounds, all per eight hours.
_USUAL_RATE, _RATE_LEAN, _RATE_BOUND = 1e-4, 3e-4, 3e-3
_EIGHT_HOURS_MIN: Final = 480
_RATE_UNIT: Final = Decimal("0.00000001")
_SHARE_UNIT: Final = Decimal("0.0001")
# Foreign positions are liquidated in minutes that move more usual deviations than this.
_BURST_FROM: Final = 3.5
_BURST_MOST: Final = 6


class SyntheticFeed:
    """The `Feed` of one generated symbol. Bars are numbered by minutes since 1970."""

    interval: Final = "1"

    def __init__(
        self, spec: SymbolSpec, seed: int, weather: WeatherLog, state: WalkState | None, retention: Retention
    ) -> None:
        self.instrument: Final = spec.instrument
        self._walk: Final = Walk(spec, seed)
        self.units: Final = self._walk.units
        self._weather: Final = weather
        self._state = self._walk.first_state() if state is None else state
        self._archive: Final = Archive(self._walk.tick, retention)
        self._liquidation_key: Final = make_key(seed, spec.instrument.symbol, "liquidation")
        self._usual_interest: Final = float(spec.daily_turnover / spec.start_price) / 2.0
        # Each symbol makes its next day at a minute of its own, so that midnight is no stall for many.
        self._ahead_minute: Final = self._liquidation_key % DAY_MINUTES
        self._next_day = weather.first_day
        self._block_at = -1
        self._block: list[RawBar] = []
        self._references: list[tuple[FourPrices, FourPrices]] = []

    @property
    def first_ms(self) -> int:
        """Open of the oldest bar kept."""
        return self._archive.first_day * DAY_MS

    @property
    def first_day(self) -> int:
        """The oldest day kept, counted from 1970."""
        return self._archive.first_day

    def state_before(self, day: int) -> WalkState:
        """Return the symbol's state at the start of a day that is kept."""
        return self._archive.state_before(day)

    def instrument_at(self, ts_ms: int) -> Instrument:
        """Return the order rules: they stay."""
        return self.instrument

    def bar(self, index: int) -> RawBar:
        """Return the bar of a minute, making the days up to it."""
        block, at = divmod(index, _BLOCK)
        if block != self._block_at:
            day, minute = divmod(block * _BLOCK, DAY_MINUTES)
            self.make_until(day)
            part = self._archive.minutes(day).part(minute, minute + _BLOCK)
            self._block_at, self._block = block, list(raw_bars(part, self.interval))
            self._references = self._archive.references(part)
        if index % DAY_MINUTES == self._ahead_minute:
            self.make_until(index // DAY_MINUTES + 1)
        return self._block[at]

    def script(self, index: int, bar: RawBar, close_before: int | None, side_before: Side) -> Script:
        """Return the prints of a bar and foreign liquidations after them."""
        block, at = divmod(index, _BLOCK)
        if block != self._block_at:
            self.bar(index)
        return script_of_bar(
            self.instrument.symbol,
            self.units,
            bar,
            close_before,
            side_before,
            self._references[at],
            [(event.ts_ms, LIQUIDATION, event) for event in self._liquidations(index, bar)],
        )

    def prints(self, bar: RawBar, close_before: int | None, side_before: Side) -> list[PricePoint]:
        """Return the prints of a closed bar."""
        return script_of_bar(self.instrument.symbol, self.units, bar, close_before, side_before).points

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return the kept bars in [start_ms, end_ms)."""
        return self._archive.columns(kind, interval, start_ms, end_ms)

    def funding_between(self, after_ms: int, until_ms: int) -> Sequence[FundingRow]:
        """Return the settlements in (after_ms, until_ms], each at the rate shown just before."""
        length = self.instrument.funding_interval_min * MINUTE_MS
        first, last = after_ms // length + 1, until_ms // length
        if last < first:
            return ()
        return [FundingRow(at * length, self._rate(at * length - 1)) for at in range(first, last + 1)]

    def next_funding_ms(self, now_ms: int) -> int:
        """Return the first funding instant after now."""
        length = self.instrument.funding_interval_min * MINUTE_MS
        return (now_ms // length + 1) * length

    def mood(self, ts_ms: int) -> Mood:
        """Return funding rate, open interest and long share as of the hour that contains `ts_ms`."""
        holders = self._holders(ts_ms)
        pressure = holders.pressure
        steps = round(holders.open_interest * self._usual_interest / float(self.instrument.qty_step))
        share = round((0.5 + 0.15 * pressure / (1.0 + abs(pressure))) * 1e4)
        return Mood(self._rate(ts_ms), steps * self.instrument.qty_step, share * _SHARE_UNIT)

    def mood_start_ms(self) -> int:
        """An hour after the oldest bar, so that the rate before an instant is known."""
        return self.first_ms + _HOUR_MS

    def _liquidations(self, index: int, bar: RawBar) -> Sequence[Liquidation]:
        """Return a burst of liquidations in a minute that moved far: longs in a fall, shorts in a rise."""
        move = (bar.close / bar.open - 1.0) / (BASE_SIGMA * self._walk.volatility)
        if abs(move) < _BURST_FROM:
            return ()
        count = min(_BURST_MOST, 1 + int(abs(move) - _BURST_FROM))
        pause = (bar.close_ms - bar.open_ms) // 3 // (count + 1)
        first_ms = bar.open_ms + 2 * (bar.close_ms - bar.open_ms) // 3
        return [self._liquidation(index, i, bar, move, first_ms + (i + 1) * pause) for i in range(count)]

    def _liquidation(self, index: int, number: int, bar: RawBar, move: float, ts_ms: int) -> Liquidation:
        at = (index * _BURST_MOST + number) * 2
        depth = 0.003 * uniform(self._liquidation_key, at)
        part = 0.002 + 0.03 * uniform(self._liquidation_key, at + 1)
        tick, step = self._walk.tick, self._walk.step
        level = bar.low * (1.0 - depth) if move < 0 else bar.high * (1.0 + depth)
        return Liquidation(
            ts_ms,
            self.instrument.symbol,
            Side.BUY if move < 0 else Side.SELL,
            max(round(level / tick), 1) * tick * self.units.price_unit,
            max(round(bar.volume * part / step), 1) * step * self.units.volume_unit,
        )

    def make_until(self, day: int) -> None:
        """Make the days up to and including one, counted from 1970."""
        while self._next_day <= day:
            made, self._state = self._walk.make_day(
                self._next_day, self._state, self._weather.day(self._next_day)
            )
            self._archive.append(made)
            self._next_day += 1

    def _holders(self, ts_ms: int) -> HolderMood:
        return self._archive.moods(ts_ms // DAY_MS)[ts_ms % DAY_MS // _HOUR_MS]

    def _rate(self, ts_ms: int) -> Decimal:
        rate = _USUAL_RATE + _RATE_LEAN * self._holders(ts_ms).pressure
        rate = max(-_RATE_BOUND, min(_RATE_BOUND, rate))
        return round(rate * self.instrument.funding_interval_min / _EIGHT_HOURS_MIN * 1e8) * _RATE_UNIT
