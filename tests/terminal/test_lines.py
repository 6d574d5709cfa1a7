"""The lines of the terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import T0_MS, analysis, position, symbol, view, warming

from whalebot.adapters.terminal.analysis_line import analysis_line
from whalebot.adapters.terminal.notice_line import notice_line
from whalebot.adapters.terminal.numbers import (
    age_text,
    average_text,
    contribution_text,
    count_text,
    interval_text,
    money_text,
    price_text,
    signed_money,
)
from whalebot.adapters.terminal.screen import Screen
from whalebot.adapters.terminal.style import PLAIN, Style, style_of
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level, Signal
from whalebot.domain.view import View
from whalebot.runtime.clock import ManualClock

_COLOUR = Style(colour=True, signs=True)


def _line(found: View, style: Style = PLAIN) -> str:
    first = found.symbols[0]
    assert first.analysis is not None
    return analysis_line(first, first.analysis, found, style, UTC)


def test_a_line_tells_price_score_reasons_trends_position_and_result() -> None:
    found = view(symbol(found=analysis(), held=position()))
    assert _line(found) == (
        "BTCUSDT 15m  09:15  64,250.10 +0.40 HOLD  sma50 -.28 ichi +.27 ema +.22 unconf -.40  1h +- 4h ?  "
        "LONG 0.012 @ 64,100.03 trail 63,980.50 +1.80 by price  eq 1,012.30 -7.21 in 4"
    )


def test_colours_change_nothing_but_colours() -> None:
    found = view(symbol(found=analysis(signal=Signal.BUY), held=position(pnl="-3")))
    painted = _line(found, Style(colour=True))
    assert "\033[32mBUY" in painted
    assert "\033[31m-3.00" in painted
    plain = _line(found)
    assert plain not in painted
    assert Style(colour=True).visible_length(painted) == len(plain)


def test_a_narrow_terminal_gets_what_matters_most() -> None:
    found = view(symbol(found=analysis(), held=position()))
    full = _line(found)
    for width in (160, 120, 100):
        line = _line(found, Style(colour=True, width=width))
        assert Style(colour=True).visible_length(line) <= width
        assert "LONG" in line
        assert "+0.40" in line
        assert ("09:15" in line) is (width > 100)
    assert _line(found, Style(width=len(full))) == full


def test_a_position_without_a_stop_is_loud() -> None:
    line = _line(view(symbol(found=analysis(), held=position(stop=None))), _COLOUR)
    assert "\033[97;41mNONE\033[0m" in line


def test_a_stop_nobody_has_told_of_yet_is_not_called_missing() -> None:
    started = replace(view(symbol(found=analysis(), held=position(stop=None))), reconciled_ms=None)
    line = _line(started, _COLOUR)
    assert " \033[33m?\033[0m" in line
    assert "NONE" not in line


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (99, "Sell 0.033 closed by trailing stop at 44093.9: net +1.20 (price +1.30, fees -0.10)"),
        (97, "Sell 0.033 by trailing stop at 44093.9: net +1.20"),
        (71, "Sell 0.033 by trailing stop at 44093.9: net +1.20"),
        (60, "trailing stop at 44093.9: net +1.20"),
        (45, "trailing stop: net +1.20"),
        (10, "trailing stop: net +1.20"),
    ],
)
def test_a_closed_trade_fits_and_never_loses_its_result(width: int, expected: str) -> None:
    notice = Notice(
        Level.INFO,
        "trade_closed",
        "Sell 0.033 closed by trailing_stop at 44093.9: net +1.20 (price +1.30, fees -0.10, funding +0.00)",
        "BTCUSDT",
        0,
        (("pnl", "1.2"), ("closed_by", "trailing_stop")),
    )
    for style in (Style(width=width), Style(colour=True, width=width)):
        line = notice_line(notice, style)
        assert expected in line
        assert expected.startswith("trailing stop: ") or style.visible_length(line) <= width
        assert ("(price" in line) is (width == 99)
    assert "(price +1.30, fees -0.10)" in notice_line(notice, PLAIN)


def test_while_warming_up_the_line_says_so() -> None:
    assert "warming up, 2 groups" in _line(view(symbol(found=warming(analysis()))))


def test_a_flat_account_without_a_wallet_is_told_plainly() -> None:
    found = replace(view(symbol(found=analysis())), equity=None)
    assert _line(found).endswith("1h +- 4h ?  flat")


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (Notice(Level.INFO, "entry", "Buy filled at 1", "BTCUSDT"), "BTCUSDT ENTRY   Buy filled at 1"),
        (Notice(Level.INFO, "stop_moved", "stop moved to 2", "BTCUSDT"), "BTCUSDT STOP    stop moved to 2"),
        (Notice(Level.WARNING, "stream_down", "public: silence"), "warning public: silence"),
        (Notice(Level.CRITICAL, "kill", "day loss reached"), "ALERT   day loss reached"),
        (Notice(Level.INFO, "funding", "funding paid 0.389328828669", "A"), "A funding paid 0.3893"),
        (Notice(Level.INFO, "reconciled", "all agrees"), "all agrees"),
    ],
)
def test_notices_are_labelled(notice: Notice, line: str) -> None:
    assert notice_line(notice, PLAIN) == line


@pytest.mark.parametrize(("pnl", "colour"), [("1.2", "32"), ("-1.2", "31")])
def test_a_closed_trade_has_the_colour_of_its_result(pnl: str, colour: str) -> None:
    notice = Notice(Level.INFO, "trade_closed", "closed", "A", 0, (("pnl", pnl),))
    assert f"\033[{colour}mclosed" in notice_line(notice, _COLOUR)
    told = replace(
        notice,
        text="Buy 1 closed by trailing_stop at 2: net +1.20 (price +1.30, fees -0.10, funding +0.00)",
        fields=(("pnl", pnl), ("closed_by", "trailing_stop")),
    )
    assert "Buy 1 closed by trailing stop at 2: net +1.20 (price +1.30, fees -0.10)" in notice_line(
        told, PLAIN
    )
    broken = replace(notice, fields=(("pnl", "a lot"),))
    assert "closed" in notice_line(broken, _COLOUR)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (price_text(Decimal("0.00001230")), "0.00001230"),
        (price_text(Decimal("1E+3")), "1,000"),
        (price_text(None), "-"),
        (average_text(Decimal("100.123456"), Decimal("99.10"), None), "100.12"),
        (average_text(Decimal("100.123456")), "100.12345600"),
        (money_text(Decimal("1234567.891")), "1,234,567.89"),
        (signed_money(Decimal("-0.001")), "0.00"),
        (signed_money(Decimal("7.5")), "+7.50"),
        (contribution_text(-0.055), "-.06"),
        (contribution_text(1.25), "+1.25"),
        (count_text(1, "trade"), "1 trade"),
        (count_text(0, "trade"), "0 trades"),
        (count_text(1234, "entry", "entries"), "1,234 entries"),
        (interval_text("15"), "15m"),
        (interval_text("240"), "4h"),
        (interval_text("D"), "1d"),
        (age_text(None), "-"),
        (age_text(240), "0.2s"),
        (age_text(5_400_000), "1.5h"),
    ],
)
def test_numbers_read_well(found: str, expected: str) -> None:
    assert found == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=8))
def test_a_price_loses_no_decimal(price: Decimal) -> None:
    assert Decimal(price_text(price).replace(",", "")) == price


class _Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_colours_only_where_they_are_welcome() -> None:
    assert style_of(_Terminal(), {}).colour
    assert not style_of(_Terminal(), {"NO_COLOR": "1"}).colour
    assert not style_of(_Terminal(), {"TERM": "dumb"}).colour
    assert style_of(io.StringIO(), {}) == Style(colour=False, signs=False, width=None)


def _screen(clock: ManualClock) -> Screen:
    return Screen(PLAIN, ZoneInfo("America/Chicago"), clock)


def _shown(screen: Screen, bar: int, signal: Signal = Signal.HOLD) -> list[bool]:
    return [new.shown for new in screen.new_analyses(view(symbol(found=analysis(bar=bar, signal=signal))))]


def test_an_analysis_is_new_once() -> None:
    screen = _screen(ManualClock(T0_MS))
    assert _shown(screen, 0) == [True]
    assert _shown(screen, 0) == []


def test_an_accelerated_market_does_not_flood_the_screen() -> None:
    clock = ManualClock(T0_MS)
    screen = _screen(clock)
    shown = []
    for bar in range(40):
        shown += _shown(screen, bar)
        clock.advance(250)
    assert len(shown) == 40
    assert sum(shown) == 10


def test_a_new_signal_is_shown_at_once_and_a_held_one_is_not_repeated() -> None:
    screen = _screen(ManualClock(T0_MS))
    signals = [Signal.HOLD, Signal.HOLD, Signal.BUY, Signal.BUY, Signal.SELL, Signal.HOLD]
    shown = [_shown(screen, bar, signal)[0] for bar, signal in enumerate(signals)]
    assert shown == [True, False, True, False, True, False]


def test_each_symbol_has_its_own_pace() -> None:
    screen = _screen(ManualClock(T0_MS))
    found = view(symbol("A", analysis("A")), symbol("B", analysis("B")), symbol("C"))
    assert [(new.analysis.symbol, new.shown) for new in screen.new_analyses(found)] == [
        ("A", True),
        ("B", True),
    ]


def test_refusals_of_one_rule_are_told_once_in_a_while_and_all_else_always() -> None:
    clock = ManualClock(T0_MS)
    screen = _screen(clock)
    refused = Notice(Level.INFO, "entry_refused", "too dear", "A", 0, (("rule", "cost"),))
    other = replace(refused, fields=(("rule", "spread"),))
    entry = Notice(Level.INFO, "entry", "filled", "A")
    assert [screen.shows(n) for n in (refused, refused, other, entry, entry)] == [
        True,
        False,
        True,
        True,
        True,
    ]
    clock.advance(1000)
    assert screen.shows(refused)


def test_a_stop_that_moves_all_the_time_is_told_once_in_a_while() -> None:
    clock = ManualClock(T0_MS)
    screen = _screen(clock)
    moved = Notice(Level.INFO, "stop_moved", "stop moved to 2", "A")
    assert [screen.shows(n) for n in (moved, moved, replace(moved, symbol="B"))] == [True, False, True]
    clock.advance(1000)
    assert screen.shows(moved)


def test_the_screen_writes_times_in_the_owners_zone() -> None:
    (new,) = _screen(ManualClock(T0_MS)).new_analyses(view(symbol(found=analysis())))
    screen = Screen(_COLOUR, ZoneInfo("America/Chicago"), ManualClock(T0_MS))
    assert "04:15" in screen.analysis(new)
    assert "\033" in screen.analysis(new)
    assert "\033" not in screen.plain_analysis(new)
    assert "09:15" in screen.plain_analysis(new)
