"""The view: what it shows at every size, what it writes, and that it gives the terminal back."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from fcntl import ioctl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import T0_MS, analysis, position, symbol, view, warming

from whalebot.adapters.terminal.canvas import Canvas
from whalebot.adapters.terminal.frame import daemon_frame
from whalebot.adapters.terminal.gauges import middle_bar, position_scale, result_in_r, score_gauge
from whalebot.adapters.terminal.live import LiveView
from whalebot.adapters.terminal.rows import symbol_rows, urgency
from whalebot.adapters.terminal.spans import Row, as_many_as_fit, fitted, right, width_of
from whalebot.adapters.terminal.style import PLAIN, Style
from whalebot.domain.enums import Side
from whalebot.domain.view import View

_SIGNS = Style(colour=False, signs=True)
_COLOUR = Style(colour=True, signs=True)
_SGR = re.compile(r"\033\[[0-9;]*m")
_FULL = view(
    symbol("BTCUSDT", analysis(), position()),
    symbol("ETHUSDT", warming(analysis("ETHUSDT"))),
    replace(symbol("SOLUSDT"), unknown_orders=("w-7",), ticker_age_ms=None, last_price=None),
)
_SHORT = replace(
    position(stop="64600.00", pnl="-1.80"),
    side=Side.SELL,
    initial_stop=Decimal("64600.033333333333"),
    take_profit=Decimal("63300.00"),
    stop_moved=False,
)


def _many(count: int) -> View:
    return view(
        *(symbol(f"S{n}USDT", analysis(score=n / 20), position() if n == 3 else None) for n in range(count))
    )


def _frame(
    found: View | None, width: int = 80, height: int = 24, style: Style = _SIGNS, *recent: str
) -> list[str]:
    return daemon_frame(found, recent, "whalebot demo", style, UTC, (width, height))


def _text(row: Row) -> str:
    return "".join(text for _, text in row)


def test_one_symbol_on_a_small_terminal_shows_everything() -> None:
    text = "\n".join(_frame(view(symbol(found=analysis(), held=position()))))
    for part in (
        *("whalebot demo  trading", "2025-10-09 09:00:00 UTC", "equity 1,012.30", "today +12.30 (+1.23%)"),
        *("session -7.21 in 4 trades", "● public up", "● private up", "compared with the venue 0.0s ago"),
        *("BTCUSDT  64,250.10", "15m bar 09:15", "1h ↑↓ 4h ·", "score +0.40 HOLD", "entry at ±2.00"),
        *(
            "LONG 0.012 @ 64,100.03",
            "+1.80 USDT by price",
            "+0.31 R",
            "paid 0.42",
            "trail 63,980.50",
            "64,900.00 target",
        ),
        *("unconf  -.40", "sma50   -.28", "ichi    +.27", "ema     +.22", "vwap    +.04", "── latest"),
    ):
        assert part in text, part
    assert "roc" not in text, "a group that said nothing"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10), (500, 5)])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 50])
@pytest.mark.parametrize("style", [PLAIN, _COLOUR])
def test_a_frame_is_as_large_as_the_screen_whatever_it_holds(
    size: tuple[int, int], count: int, style: Style
) -> None:
    lines = _frame(_many(count), *size, style, "\033[32mx\033[0m" * 300)
    assert len(lines) == size[1]
    assert max(len(_SGR.sub("", line)) for line in lines) <= size[0]
    assert style.colour or all(line.isascii() or "±" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_many_symbols_keep_the_position_in_sight_and_count_the_rest(width: int, height: int) -> None:
    text = "\n".join(_frame(_many(50), width, height))
    assert re.search(r"S3USDT +64,250.10 +\+0.15.*LONG.*63,980.50.*\+1.80 +\+0.31", text)
    assert bool(re.search(r"and 3\d more, none of them with a position", text)) is (height == 24)
    assert ("because" in text) is (width >= 200)


def test_what_is_urgent_comes_first() -> None:
    held, near, far = _many(50).symbols[3], _many(50).symbols[49], _many(50).symbols[1]
    unknown = replace(far, unknown_orders=("w-1",))
    assert sorted([far, near, held, unknown], key=urgency, reverse=True) == [unknown, held, near, far]
    lines = symbol_rows(_many(50), _SIGNS, 160, 20)
    assert len(lines) == 20 + 1
    assert _text(lines[1]).count("USDT") == 2, "two blocks side by side"


def test_the_screen_tells_why_nothing_is_entered() -> None:
    found = replace(
        _FULL,
        tradable=False,
        manual_pause=True,
        blocked_by=("history incomplete",),
        streams=(("private", False, "silence"),),
        paused_until_ms=T0_MS + 90_000,
    )
    text = "\n".join(_frame(found, 120, 40))
    for part in (
        *(
            "paused by you",
            "private DOWN",
            "no entries: private stream down: silence",
            "guardrail: paused for 1.5m",
        ),
        *("an order with an unknown outcome", "w-7", "paused by its owner, until `whalebot resume`"),
    ):
        assert part in text, part
    assert "no price yet" in text
    assert "warming up: 2 of the groups" in text
    assert "no entries: history incomplete" in "\n".join(
        _frame(replace(found, manual_pause=False, symbols=()), 120)
    )


@pytest.mark.parametrize("tradable", [True, False])
def test_a_guardrails_pause_is_not_called_trading(tradable: bool) -> None:
    paused = replace(_FULL, tradable=tradable, paused_until_ms=T0_MS + 90_000)
    assert "whalebot demo  paused by a guardrail " in _frame(paused)[0]
    assert "paused by you" in _frame(replace(paused, manual_pause=True))[0]


def test_before_the_first_view_the_screen_waits() -> None:
    assert "waiting for the first data" in _frame(None)[1]


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(1, "    |####"), (-1, "####|    "), (0.5, "    |##  "), (0, "    |    "), (9, "    |####")],
)
def test_a_bar_is_as_long_as_its_value(value: float, drawn: str) -> None:
    assert _text(middle_bar(value, 1.0, 4, signs=False)) == drawn


def test_half_a_cell_is_drawn_as_half() -> None:
    assert _text(middle_bar(0.375, 1.0, 4, signs=True)) == "    │█▌  "
    assert _text(middle_bar(-0.375, 1.0, 4, signs=True)) == "  ▐█│    "


def test_a_score_is_drawn_against_its_threshold() -> None:
    assert _text(score_gauge(1.0, 2.0, 6, signs=False)) == "..:...|##.:.."
    assert _text(score_gauge(-3.0, 2.0, 6, signs=False)) == "######|...:.."
    assert _text(score_gauge(0.0, 0.0, 2, signs=False)) == "..|.."


def test_a_position_lies_between_its_stop_and_its_target() -> None:
    """Stop 90, entry 100, price 105, target 120: at 0, 10, 15 and 30 of 30."""
    held = replace(
        position(),
        entry_price=Decimal(100),
        stop_loss=Decimal(90),
        initial_stop=Decimal(90),
        take_profit=Decimal(120),
        last_price=Decimal(105),
        qty=Decimal(2),
        unrealised_pnl=Decimal(10),
    )
    assert _text(position_scale(held, 31, signs=False)) == "[---------+====o--------------]"
    assert result_in_r(held) == 0.5
    short = replace(
        held, side=Side.SELL, stop_loss=Decimal(110), initial_stop=Decimal(110), take_profit=Decimal(80),
        last_price=Decimal(104), unrealised_pnl=Decimal(-8),
    )  # fmt: skip
    assert _text(position_scale(short, 31, signs=False)) == "[-----o===+-------------------]"
    assert result_in_r(short) == -0.4
    trailed = replace(held, stop_loss=Decimal(102))
    assert _text(position_scale(trailed, 31, signs=False)) == "          +=[==o--------------]"
    assert result_in_r(replace(held, initial_stop=None)) is None


def test_a_position_without_a_stop_is_loud() -> None:
    for count in (1, 30):
        held = replace(
            _many(count), symbols=(symbol(found=analysis(), held=position(stop=None)), *_many(count).symbols)
        )
        assert any("\033[97;41mNO STOP\033[0m" in line for line in _frame(held, 80, 24, _COLOUR))


@pytest.mark.parametrize(("count", "word"), [(1, "stop not known yet"), (30, "stop ?")])
def test_before_the_first_comparison_a_missing_stop_is_not_known_yet(count: int, word: str) -> None:
    held = symbol(found=analysis(), held=position(stop=None))
    started = replace(_many(count), symbols=(held, *_many(count).symbols), reconciled_ms=None)
    text = "\n".join(_frame(started, 80, 24, _COLOUR))
    assert f"\033[33m{word}\033[0m" in text
    assert "NO STOP" not in text


@given(
    st.lists(st.tuples(st.sampled_from(["", "red"]), st.text("ab", max_size=6)), max_size=5),
    st.integers(0, 20),
)
def test_rows_are_cut_and_filled_to_their_width(row: Row, width: int) -> None:
    assert width_of(fitted(row, width)) == width
    assert width_of(right(row, width)) == width
    assert width_of(as_many_as_fit([row, row, row], width)) <= max(width, width_of(row))


def test_a_painted_line_is_cut_where_it_is_seen() -> None:
    painted = _COLOUR.paint("red", "abcdef") + "ghi"
    assert _COLOUR.cut(painted, 4) == "\033[31mabc…\033[0m"
    assert _COLOUR.cut(painted, 9) == painted
    assert Style(colour=True).cut(painted, 4) == "\033[31mabcd\033[0m"


class _Sink(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "ENTRY" in text:
            self.drawn.set()
        return super().write(text)


def test_only_lines_that_changed_are_written() -> None:
    sink = _Sink()
    canvas = Canvas(sink)
    canvas.draw(["one", "two"], (80, 24))
    before = len(sink.getvalue())
    canvas.draw(["one", "two"], (80, 24))
    assert len(sink.getvalue()) == before
    canvas.draw(["one", "new"], (80, 24))
    assert sink.getvalue()[before:] == "\033[?2026h\033[2;1H\033[Knew\033[0m\033[?2026l"
    canvas.draw(["one", "new"], (100, 24))
    assert sink.getvalue().count("\033[2J") == 2, "another size: everything anew"
    canvas.leave()
    canvas.leave()
    canvas.draw(["late"], (100, 24))
    assert sink.getvalue().endswith("\033[0m\033[?7h\033[?25h\033[?1049l")


def test_the_live_view_draws_gives_the_screen_back_and_leaves_the_last_lines() -> None:
    sink = _Sink()
    live = LiveView(sink, lambda: _FULL, "whalebot", _SIGNS, UTC)
    live.start()
    live.say("BTCUSDT ENTRY filled")
    assert sink.drawn.wait(30)
    live.stop()
    live.stop()
    assert live.thread is not None
    assert not live.thread.is_alive()
    left = sink.getvalue().rpartition("\033[?1049l")[2].splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d BTCUSDT ENTRY filled", left[0])
    assert left[1] == "whalebot: equity 1,012.30, session -7.21 in 4 trades, position left open in BTCUSDT"


def test_the_farewell_of_one_trade_counts_one() -> None:
    sink = _Sink()
    live = LiveView(sink, lambda: replace(_FULL, trades_closed=1), "whalebot", _SIGNS, UTC)
    live.start()
    live.stop()
    assert "session -7.21 in 1 trade, position left" in sink.getvalue()


def _read_until(master: int, wanted: str) -> str:
    text = ""
    until = time.monotonic() + 30
    while wanted not in text and time.monotonic() < until:
        if select.select([master], [], [], 1.0)[0]:
            text += os.read(master, 65536).decode(errors="ignore")
    assert wanted in text
    return text


def test_another_size_is_seen_and_a_sudden_end_gives_the_screen_back() -> None:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(slave, "w", encoding="utf-8") as terminal:
        live = LiveView(terminal, lambda: _FULL, "whalebot", _SIGNS, UTC)
        live.start()
        assert "─" * 81 not in _read_until(master, "── latest")
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
        assert "\033[2J" in _read_until(master, "─" * 150)
        live.leave_at_once()
        assert _read_until(master, "\033[?1049l").count("\033[?25h") == 1
        assert live.thread is not None
        live.thread.join(30)
    os.close(master)


def test_a_view_that_cannot_be_read_ends_the_picture_only(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> View:
        raise RuntimeError("a bug in the picture")

    live = LiveView(_Sink(), broken, "whalebot", _SIGNS, UTC)
    live.start()
    assert live.thread is not None
    live.thread.join(30)
    assert "a bug in the picture" in caplog.text


def test_a_terminal_that_was_closed_ends_the_picture_only(caplog: pytest.LogCaptureFixture) -> None:
    class Closed(_Sink):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    live = LiveView(Closed(), lambda: _FULL, "whalebot", _SIGNS, UTC)
    live.start()
    assert live.thread is not None
    live.thread.join(30)
    live.stop()
    assert "the terminal is gone (Input/output error); the daemon goes on without the view" in caplog.text
    assert "Traceback" not in caplog.text


def test_no_view_without_a_terminal() -> None:
    assert not LiveView.fits(io.StringIO(), {})
    assert not LiveView.fits(_Sink(), {"TERM": "dumb"})
    assert LiveView.fits(_Sink(), {"TERM": "xterm"})


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = ["timestamp,open,high,low,close,volume"]
    for n in range(4000):
        price = 1000 + 40 * ((n // 60) % 5) + n % 7
        rows.append(f"{T0_MS // 60_000 * 60_000 + n * 60_000},{price},{price + 3},{price - 3},{price + 1},5")
    path = tmp_path_factory.mktemp("bars") / "BTCUSDT-1m.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def _run(bars: Path, folder: Path, width: int, colour: str) -> Iterator[str]:
    """Run a daemon in a terminal of its own; yield what it wrote before Ctrl-C, then all of it."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    before = termios.tcgetattr(slave)
    arguments = [
        "run",
        "--dir",
        str(folder),
        "--mode",
        "replay",
        "--data",
        str(bars),
        "--speed",
        "3600",
        "--view",
    ]
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": colour, "PYTHONUTF8": "1"}
    # A shell that leads a session and opens a terminal makes it its own, so that Ctrl-C reaches the daemon.
    shell = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(slave)]
    with subprocess.Popen(
        [*shell, sys.executable, "-m", "whalebot", *arguments],
        stdin=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as daemon:
        try:
            text, asked = b"", False
            until = time.monotonic() + 60
            while time.monotonic() < until and (
                daemon.poll() is None or select.select([master], [], [], 0.2)[0]
            ):
                if select.select([master], [], [], 0.2)[0]:
                    text += os.read(master, 65536)
                if not asked and "warming up" in text.decode(errors="ignore"):
                    yield text.decode(errors="ignore")
                    os.write(master, b"\x03")
                    asked = True
            assert daemon.wait(30) == 0
            assert termios.tcgetattr(slave)[:4] == before[:4]
            yield text.decode(errors="ignore")
        finally:
            daemon.kill()
            os.close(slave)
            os.close(master)


@pytest.mark.parametrize(("width", "colour"), [(80, ""), (200, "1")])
def test_in_a_terminal_the_view_fits_and_ctrl_c_gives_the_screen_back(
    bars: Path, tmp_path: Path, width: int, colour: str
) -> None:
    during, after = _run(bars, tmp_path, width, colour)
    lines = [_SGR.sub("", part) for part in re.split(r"\033\[\d+;1H", during)[1:]]
    assert max(len(re.sub(r"\033\[[?0-9;]*[A-Za-z]", "", line)) for line in lines) <= width
    assert bool(re.search(r"\033\[3[0-9]m", during)) is (colour == "")
    assert after.count("\033[?1049h") == after.count("\033[?1049l") == 1
    assert after.index("\033[?25h") > after.index("\033[?25l")
    assert "whalebot" in after.rpartition("\033[?1049l")[2]
