"""The newest trades of a page, each with its explanation folded in: words, score as bars, candles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from whalebot.domain.enums import Side
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.weight_names import full_name
from whalebot.research.report.explaining import course_of, reason_of, sum_of
from whalebot.research.report.page_parts import coloured
from whalebot.research.report.wording import duration, moment, money, ratio, words

NEWEST: Final = 200
Candles = Callable[[ClosedTrade], str]
"""Draws a trade on its bars; "" where none are known."""


def trades_heading(count: int) -> str:
    """Say how many of the trades the list shows."""
    return "Trades, newest first" if count <= NEWEST else f"The newest {NEWEST} of {count:,} trades"


def trade_list(trades: Sequence[ClosedTrade], all_of_them: str = "", candles: Candles | None = None) -> str:
    """Return the newest trades, one line each, that open to their explanation.

    all_of_them: HTML that says where the rest is, shown where trades are left out.
    """
    newest = sorted(trades, key=lambda trade: -trade.exit_ms)[:NEWEST]
    head = "".join(
        f"<span>{name}</span>" for name in ("exit, UTC", "symbol", "net PnL", "R", "held", "closed by")
    )
    rows = "".join(_trade(trade, candles) for trade in newest)
    more = f'<p class="hint">{all_of_them}</p>' if len(trades) > NEWEST and all_of_them else ""
    return f'<div class="trades"><div class="line head" aria-hidden="true">{head}</div>{rows}</div>{more}'


def _trade(trade: ClosedTrade, candles: Candles | None) -> str:
    r = float("nan") if trade.r_multiple is None else float(trade.r_multiple)
    long = trade.side is Side.BUY
    said = "".join(f"<p>{escape(text)}</p>" for text in (reason_of(trade), course_of(trade), sum_of(trade)))
    drawn = candles(trade) if candles is not None else ""
    mark = " *" if trade.reconciled else ""
    return (
        f'<details><summary class="line"><span>{moment(trade.exit_ms)}</span>'
        f'<span>{escape(trade.symbol)} <em class="{"up" if long else "down"}">'
        f"{'long' if long else 'short'}</em></span>"
        f"<span>{coloured(money(trade.pnl, sign=True), float(trade.pnl))}</span>"
        f"<span>{ratio(r, sign=True)}</span><span>{duration(trade.exit_ms - trade.entry_ms)}</span>"
        f"<span>{escape(words(trade.closed_by.value))}{mark}</span></summary>"
        f'<div class="why"><div class="said">{said}{drawn}</div>{score_bars(trade)}</div></details>'
    )


def score_bars(trade: ClosedTrade) -> str:
    """Return the score of the entry part by part, the strongest first; to the right what spoke for it."""
    parts = sorted(((name, part) for name, part in trade.breakdown if part), key=lambda one: -abs(one[1]))
    if not parts:
        return ""
    most = abs(parts[0][1])
    rows = "".join(
        f"<li>{escape(full_name(name))}<b>{ratio(part, sign=True)}</b>"
        f'<u><i class="{"p" if part * trade.side.sign > 0 else "c"}" '
        f'style="width:{abs(part) / most * 50:.0f}%"></i></u></li>'
        for name, part in parts
    )
    score = "" if trade.entry_score is None else f" {ratio(trade.entry_score, sign=True)}"
    return f'<ul class="score" aria-label="Parts of the entry score{score}">{rows}</ul>'
