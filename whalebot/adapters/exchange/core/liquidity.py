"""What a taker gets: replaceable models of the liquidity that an order meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Protocol

from whalebot.adapters.exchange.core.exact import HUNDRED, ZERO
from whalebot.adapters.exchange.core.market import Market
from whalebot.domain.enums import Side

_BASIS_POINT = Decimal("0.0001")


class Slice(NamedTuple):
    """One fill on offer. `level` names the level of the book it comes from, None without a book."""

    price: Decimal
    qty: Decimal
    level: Decimal | None = None


class Liquidity(Protocol):
    """A model of what rests in the market. All methods are pure reads."""

    def walk(self, market: Market, side: Side, qty: Decimal, limit: Decimal) -> list[Slice]:
        """Return what a taker of `side` gets for `qty` at `limit` or better, best first, maybe less."""

    def touch(self, market: Market, side: Side) -> Decimal | None:
        """Return the least aggressive price at which a limit order of `side` takes; None: nothing to take."""

    def queue_ahead(self, market: Market, side: Side, price: Decimal) -> Decimal | None:
        """Return what rests before a new order at `price`; None: unknown, only trading through fills it."""


@dataclass(frozen=True, slots=True)
class BarLiquidity:
    """Unlimited depth around the last price, for data without a book.

    A taker pays half the spread where it is known, else half a tick, plus one basis point; or, where
    `slippage_percent` is set, that percentage of the price instead. Rounded to the tick against the taker.
    """

    slippage_percent: Decimal | None = None

    def walk(self, market: Market, side: Side, qty: Decimal, limit: Decimal) -> list[Slice]:
        """Return one fill of the whole quantity, or nothing where the limit lies behind the touch."""
        touch = self.touch(market, side)
        if touch is None or (limit - touch) * side.sign < 0:
            return []
        price = self._taker_price(market, side)
        return [Slice(min(price, limit) if side is Side.BUY else max(price, limit), qty)]

    def touch(self, market: Market, side: Side) -> Decimal | None:
        """Return the first price of the grid beyond the last price."""
        return None if market.last is None else _one_tick_beyond(market, market.last, side)

    def queue_ahead(self, market: Market, side: Side, price: Decimal) -> Decimal | None:
        """Return None: what rests is unknown."""
        return None

    def _taker_price(self, market: Market, side: Side) -> Decimal:
        last, tick = market.last or ZERO, market.instrument.tick_size
        if self.slippage_percent is not None:
            slip = last * self.slippage_percent / HUNDRED
        else:
            slip = self._half_spread(market) + last * _BASIS_POINT
        if side is Side.BUY:
            return market.instrument.ceil_price(last + slip)
        return max(market.instrument.floor_price(last - slip), tick)

    def _half_spread(self, market: Market) -> Decimal:
        bid, ask = market.depth.best_bid(), market.depth.best_ask()
        if bid is None or ask is None or ask <= bid:
            return market.instrument.tick_size / 2
        return (ask - bid) / 2


@dataclass(frozen=True, slots=True)
class BookLiquidity:
    """Walks the levels of the book, recorded or synthetic; what is not there is not filled.

    When the last price has moved outside a book that is older than it, the book keeps its shape and is
    shifted beside the last price, so that a stop in mid-path does not meet yesterday's levels.
    """

    def walk(self, market: Market, side: Side, qty: Decimal, limit: Decimal) -> list[Slice]:
        """Return the levels that `qty` uses up, within the limit."""
        slices: list[Slice] = []
        for price, offered, level in self._offers(market, side):
            if qty <= 0 or (limit - price) * side.sign < 0:
                break
            slices.append(Slice(price, min(qty, offered), level))
            qty -= offered
        return slices

    def touch(self, market: Market, side: Side) -> Decimal | None:
        """Return the best price on the other side."""
        return next((price for price, _, _ in self._offers(market, side)), None)

    def queue_ahead(self, market: Market, side: Side, price: Decimal) -> Decimal | None:
        """Return the quantity shown at the price: a new order stands behind all of it."""
        return market.depth.resting(side, price)

    def _offers(self, market: Market, side: Side) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
        shift = _shift(market)
        for level, qty in market.depth.offers(side):
            price = level + shift
            if shift:
                grid = market.instrument
                price = grid.ceil_price(price) if side is Side.BUY else grid.floor_price(price)
            if price > 0:
                yield price, qty, level


@dataclass(frozen=True, slots=True)
class BestAvailable:
    """The book where there is one on both sides, else the model for bars."""

    bar: Liquidity = field(default_factory=BarLiquidity)
    book: Liquidity = field(default_factory=BookLiquidity)

    def walk(self, market: Market, side: Side, qty: Decimal, limit: Decimal) -> list[Slice]:
        """See the chosen model."""
        return self._model(market).walk(market, side, qty, limit)

    def touch(self, market: Market, side: Side) -> Decimal | None:
        """See the chosen model."""
        return self._model(market).touch(market, side)

    def queue_ahead(self, market: Market, side: Side, price: Decimal) -> Decimal | None:
        """See the chosen model."""
        return self._model(market).queue_ahead(market, side, price)

    def _model(self, market: Market) -> Liquidity:
        # the anchors stay when takers have emptied a side: that side has nothing left, not unlimited depth
        is_known = market.depth.anchor_bid is not None and market.depth.anchor_ask is not None
        return self.book if is_known else self.bar


@dataclass(frozen=True, slots=True)
class PartialLiquidity:
    """A fault: whatever the inner model offers, a taker gets only `share` (0 to 1) of what it wants.

    The rest is cancelled, whatever the order's time in force: it cannot rest across the market.
    """

    inner: Liquidity
    share: Decimal

    def walk(self, market: Market, side: Side, qty: Decimal, limit: Decimal) -> list[Slice]:
        """Return the inner model's fills of the smaller quantity."""
        wanted = market.instrument.floor_qty(qty * self.share)
        return self.inner.walk(market, side, wanted, limit) if wanted > 0 else []

    def touch(self, market: Market, side: Side) -> Decimal | None:
        """See the inner model."""
        return self.inner.touch(market, side)

    def queue_ahead(self, market: Market, side: Side, price: Decimal) -> Decimal | None:
        """See the inner model."""
        return self.inner.queue_ahead(market, side, price)


def _one_tick_beyond(market: Market, price: Decimal, side: Side) -> Decimal:
    grid = market.instrument
    if side is Side.BUY:
        return grid.floor_price(price) + grid.tick_size
    return grid.ceil_price(price) - grid.tick_size


def _shift(market: Market) -> Decimal:
    bid, ask = market.depth.anchor_bid, market.depth.anchor_ask
    if market.is_book_newer or market.last is None:
        return ZERO
    if ask is not None and market.last > ask:
        return _one_tick_beyond(market, market.last, Side.BUY) - ask
    if bid is not None and market.last < bid:
        return _one_tick_beyond(market, market.last, Side.SELL) - bid
    return ZERO
