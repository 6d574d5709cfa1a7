"""Running totals of closed trades: exact sums, and the figures that follow from sums alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from whalebot.decisions.performance.exact import EXACT
from whalebot.domain.trade import ClosedTrade

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a set of trades comes to, whatever their order. Quote currency; costs above zero are paid.

    A win is a trade with net PnL above zero, a loss one below; exactly zero is neither. `won` is the sum of
    the wins, `lost` that of the losses (not negative). `r_sum` and `r_squares` run over the `r_count` trades
    whose initial risk is known.
    """

    trades: int = 0
    wins: int = 0
    losses: int = 0
    gross_pnl: Decimal = _ZERO
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO
    pnl: Decimal = _ZERO
    won: Decimal = _ZERO
    lost: Decimal = _ZERO
    best: Decimal | None = None
    worst: Decimal | None = None
    r_count: int = 0
    r_sum: Decimal = _ZERO
    r_squares: Decimal = _ZERO

    def plus(self, trade: ClosedTrade) -> Totals:
        """Return the totals with one trade more."""
        pnl, r = trade.pnl, trade.r_multiple
        with localcontext(EXACT):
            return Totals(
                trades=self.trades + 1,
                wins=self.wins + (pnl > 0),
                losses=self.losses + (pnl < 0),
                gross_pnl=self.gross_pnl + trade.gross_pnl,
                fees=self.fees + trade.fees,
                funding=self.funding + trade.funding,
                pnl=self.pnl + pnl,
                won=self.won + max(pnl, _ZERO),
                lost=self.lost + max(-pnl, _ZERO),
                best=pnl if self.best is None else max(self.best, pnl),
                worst=pnl if self.worst is None else min(self.worst, pnl),
                r_count=self.r_count + (r is not None),
                r_sum=self.r_sum + (r or _ZERO),
                r_squares=self.r_squares + (r or _ZERO) * (r or _ZERO),
            )

    @property
    def break_even(self) -> int:
        """Trades with a net PnL of exactly zero."""
        return self.trades - self.wins - self.losses

    @property
    def win_rate(self) -> float:
        """Wins over closed trades, 0 to 1; NaN without trades."""
        return self.wins / self.trades if self.trades else math.nan

    @property
    def profit_factor(self) -> float:
        """Sum of wins over sum of losses; infinite without a loss, NaN where there was neither."""
        if self.lost:
            return float(self.won / self.lost)
        return math.inf if self.won else math.nan

    @property
    def expectancy(self) -> float:
        """Mean net PnL of a trade in quote currency; NaN without trades."""
        return float(self.pnl) / self.trades if self.trades else math.nan

    @property
    def expectancy_r(self) -> float:
        """Mean net PnL in units of the initial risk, over trades that had one; NaN without."""
        return float(self.r_sum) / self.r_count if self.r_count else math.nan

    @property
    def average_win(self) -> float:
        """Mean of the wins; NaN without."""
        return float(self.won) / self.wins if self.wins else math.nan

    @property
    def average_loss(self) -> float:
        """Mean of the losses, not negative; NaN without."""
        return float(self.lost) / self.losses if self.losses else math.nan

    @property
    def payoff(self) -> float:
        """Average win over average loss; NaN where either is missing."""
        return self.average_win / self.average_loss

    @property
    def sqn(self) -> float:
        """System quality number, sqrt(n) * mean(R) / std(R, ddof 1); NaN below 2 trades or without spread.

        Source: V. Tharp, "The Definitive Guide to Position Sizing", 2008; not capped at 100 trades.
        """
        n = self.r_count
        if n < 2:
            return math.nan
        with localcontext(EXACT):
            variance = (self.r_squares - self.r_sum * self.r_sum / n) / (n - 1)
            # The quotient above is rounded at the 80th digit, which is no spread.
            if variance <= self.r_squares.scaleb(-40):
                return math.nan
            return float(self.r_sum / n / variance.sqrt()) * math.sqrt(n)


def totals_of(trades: Iterable[ClosedTrade]) -> Totals:
    """Return the totals of some trades."""
    totals = Totals()
    for trade in trades:
        totals = totals.plus(trade)
    return totals
