"""A trade in words: why it was entered, how it ended, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.weight_names import full_name
from whalebot.research.report.wording import duration, money, price, ratio, share

_MOST_FOR: Final = 3
_MOST_AGAINST: Final = 2
_ENDED: Final = {
    ClosedBy.STOP_LOSS: "the stop loss closed it",
    ClosedBy.TAKE_PROFIT: "it reached its target",
    ClosedBy.TRAILING_STOP: "the trailing stop closed it",
    ClosedBy.OPPOSITE_SIGNAL: "the opposite signal closed it",
    ClosedBy.REVERSAL: "it was turned around",
    ClosedBy.TIME_STOP: "its time was over",
    ClosedBy.KILL: "a guardrail closed it",
    ClosedBy.MANUAL: "a command closed it",
    ClosedBy.FOREIGN: "something outside this program closed it",
    ClosedBy.LIQUIDATION: "the venue liquidated it",
    ClosedBy.ADL: "the venue's auto-deleveraging closed it",
    ClosedBy.SHUTDOWN: "it was closed with the daemon",
    ClosedBy.END_OF_DATA: "the data ended",
    ClosedBy.DATA_GAP: "a gap in the data closed it",
}


def reason_of(trade: ClosedTrade) -> str:
    """Say why a trade was entered: the score and what spoke for and against it."""
    if trade.entry_score is None or not any(part for _, part in trade.breakdown):
        return (
            "No score is recorded: it was opened outside this program, or rebuilt from the venue's records."
        )
    sign = trade.side.sign
    spoke = sorted(((part * sign, name) for name, part in trade.breakdown if part), reverse=True)
    backed = [(part, name) for part, name in spoke if part > 0][:_MOST_FOR]
    opposed = [(part, name) for part, name in reversed(spoke) if part < 0][:_MOST_AGAINST]
    direction = "Long" if trade.side is Side.BUY else "Short"
    said = f"{direction} because the score stood at {ratio(trade.entry_score, sign=True)}"
    if backed:
        verb = "speaks" if len(backed) == 1 else "speak"
        said += f": {_listed(backed, sign)} {verb} for it"
    if opposed:
        said += f"{', ' if backed else ': '}{_listed(opposed, sign)} against"
    return f"{said}."


def course_of(trade: ClosedTrade) -> str:
    """Say how a trade went: prices, time, stop, how it ended and what it came to."""
    first, last = ("Bought", "sold") if trade.side is Side.BUY else ("Sold", "bought back")
    base = trade.symbol.removesuffix("USDT")
    held = duration(trade.exit_ms - trade.entry_ms)
    return (
        f"{first} {trade.qty:f} {base} at {_price(trade.entry_price)}, {_stop_of(trade)}; {last} at "
        f"{_price(trade.exit_price)} after {held}: {_ENDED[trade.closed_by]}. On the way it was "
        f"{money(trade.mfe)} ahead at best and {money(trade.mae)} behind at worst, before costs."
    )


def sum_of(trade: ClosedTrade) -> str:
    """Say what a trade came to, costs apart."""
    r = "" if trade.r_multiple is None else f" ({ratio(float(trade.r_multiple), sign=True)} R)"
    funding = f", funding paid {money(trade.funding, sign=True)}" if trade.funding else ""
    rebuilt = " Rebuilt from the venue's records, not seen live." if trade.reconciled else ""
    return (
        f"Gross {money(trade.gross_pnl, sign=True)}, fees {money(trade.fees)}{funding}: net "
        f"{money(trade.pnl, sign=True)} USDT{r}.{rebuilt}"
    )


def _price(amount: Decimal) -> str:
    return f"{Decimal(price(amount)):,f}"


def _stop_of(trade: ClosedTrade) -> str:
    if trade.initial_stop is None:
        return "its first stop is not known"
    away = abs(float(trade.initial_stop / trade.entry_price) - 1) if trade.entry_price else 0.0
    return f"stop {_price(trade.initial_stop)} ({share(away, 2)} away)"


def _listed(parts: Sequence[tuple[float, str]], sign: int) -> str:
    texts = [f"{full_name(name)} {ratio(part * sign, sign=True)}" for part, name in parts]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
