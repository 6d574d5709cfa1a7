"""The table view: what it shows, and that it gives the terminal back."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import UTC

import pytest
from rich.console import Console
from view_samples import analysis, position, symbol, view, warming

from whalebot.adapters.terminal.live import LiveView
from whalebot.adapters.terminal.style import Style
from whalebot.adapters.terminal.table import daemon_table
from whalebot.domain.view import View

_STYLE = Style(colour=False, signs=True)


def _drawn(found: View | None, width: int = 200, recent: tuple[str, ...] = ()) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(daemon_table(found, recent, "whalebot demo", _STYLE, UTC, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


_FULL = view(
    symbol("BTCUSDT", analysis(), position()),
    symbol("ETHUSDT", warming(analysis("ETHUSDT"))),
    replace(symbol("SOLUSDT"), unknown_orders=("w-7",), ticker_age_ms=None, last_price=None),
)


def test_a_wide_terminal_shows_everything() -> None:
    text = _drawn(_FULL)
    for part in (
        "equity 1,012.30", "session -7.21 in 4 trades", "LONG 0.012 @ 64,100.03", "63,980.50", "64,900.00",
        "+1.80", "ichi +.27", "1h ↑↓ 4h ·", "warming up, 2 groups", "no bar yet", "unknown outcome: w-7",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("width", [80, 100, 120, 150, 200])
def test_no_line_is_wider_than_the_terminal_and_the_position_stays(width: int) -> None:
    text = _drawn(_FULL, width, recent=("x" * 300,))
    assert max(len(line) for line in text.splitlines()) <= width
    assert "LONG 0.012 @ 64,100.03  63,980.50" in text


def test_the_table_tells_why_nothing_is_entered() -> None:
    found = replace(
        _FULL, manual_pause=True, blocked_by=("history incomplete",), streams=(("private", False, "silence"),)
    )
    text = _drawn(found)
    for part in ("private stream down: silence", "paused by the owner", "history incomplete"):
        assert f"no entries: {part}" in text


def test_before_the_first_view_the_table_waits() -> None:
    assert "waiting for the first data" in _drawn(None)


class _Terminal(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "ENTRY" in text:
            self.drawn.set()
        return super().write(text)


def test_the_live_view_draws_and_gives_the_screen_back() -> None:
    terminal = _Terminal()
    live = LiveView(terminal, lambda: _FULL, "whalebot", _STYLE, UTC)
    assert live.fits(terminal)
    live.start()
    live.say("BTCUSDT ENTRY filled")
    assert terminal.drawn.wait(10)
    live.stop()
    assert live.thread is not None
    assert not live.thread.is_alive()
    assert terminal.getvalue().rstrip().endswith("\x1b[?25h") or "\x1b[?1049l" in terminal.getvalue()


def test_a_view_that_cannot_be_read_ends_the_picture_only(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> View:
        raise RuntimeError("a bug in the picture")

    live = LiveView(_Terminal(), broken, "whalebot", _STYLE, UTC)
    live.start()
    assert live.thread is not None
    live.thread.join(10)
    assert "a bug in the picture" in caplog.text


def test_no_table_without_a_terminal() -> None:
    assert not LiveView.fits(io.StringIO())
