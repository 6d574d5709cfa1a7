"""status, pause, resume and panic against the control socket of a daemon whose engine is the test."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sample_views import some_position, some_symbol, some_view

from whalebot.adapters.control.server import ControlServer
from whalebot.app.cli import main
from whalebot.app.commands import panic, pause, resume
from whalebot.app.paths import find_paths
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.enums import Signal, Trend
from whalebot.domain.events import Command, Event, Order
from whalebot.domain.view import View
from whalebot.runtime.clock import ManualClock

NOON = 1_735_732_800_000  # 2025-01-01 12:00:00 UTC
POSITION = some_position(opened_ms=NOON, unrealised_pnl=Decimal("3.5"))
ANALYSIS = Analysis(
    symbol="BTCUSDT",
    interval="15",
    open_ms=NOON - 900_000,
    close_ms=NOON,
    close=Decimal("42825"),
    volume=12.5,
    score=-2.1,
    breakdown=(("vwap", -0.5), ("psar", 0.1), ("roc_signal", 0.0), ("macd_alignment", -1.7)),
    signal=Signal.SELL,
    trends=(TrendReading("60", "ema", Trend.DOWN),),
    atr=100.0,
    warming=(),
    without_input=(),
    may_enter=True,
    threshold=2.0,
)
SYMBOL = some_symbol(
    mark_price=None, ticker_age_ms=1500, analysis=ANALYSIS, position=POSITION, unknown_orders=("wb-1",)
)
VIEW = some_view(
    SYMBOL,
    now_ms=NOON,
    real_ms=NOON + 5_000,
    streams=(("public", True, ""), ("private", False, "silent for 31 s")),
)


class Engine:
    """Does at once what it is told, unless it is deaf; shows its view to the server."""

    def __init__(self) -> None:
        self.view: View | None = VIEW
        self.heard: list[Order] = []
        self.is_deaf = False

    def put(self, event: Event) -> None:
        assert isinstance(event, Command)
        self.heard.append(event.order)
        if self.is_deaf or self.view is None:
            return
        if event.order is Order.PANIC:
            flat = replace(SYMBOL, position=None, unknown_orders=())
            self.view = replace(self.view, manual_pause=True, tradable=False, symbols=(flat,))
        else:
            self.view = replace(self.view, manual_pause=event.order is Order.PAUSE)

    def wait_settled(self, timeout_s: float) -> bool:
        return True

    def read(self) -> View | None:
        return self.view


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A daemon that listens in the folder of the test."""
    paths = find_paths(str(tmp_path), None)
    paths.prepare()
    made = Engine()
    server = ControlServer(paths.control_socket, made, ManualClock(), made.read, lambda: {"queue": 3})
    server.start()
    yield made
    server.stop()


def tell(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--dir", str(folder)])


def test_status_tells_everything_a_person_asks_for(engine, tmp_path, capsys) -> None:
    assert tell(tmp_path, "status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "trading: entries are allowed",
        "market time 2025-01-01 12:00:00 UTC",
        "",
        "Account",
        "  equity      1,003.50 USDT; wallet 1,000.00 USDT",
        "  today       -2.50 USDT; 1.25% below the highest equity",
        "  this run    2 trades closed, +4.50 USDT; 3 entries sent; 1 loss in a row",
        "  refused     entries, by rule: spread 4",
        "",
        "Venue",
        "  public      stream up",
        "  private     stream DOWN (silent for 31 s)",
        "  compared    with the venue 5.0s ago; clock offset -3 ms",
        "",
        "BTCUSDT  42,825 USDT, 1.5s old",
        "  position    short 0.02 at 43,000.5 for 0.0s, entered at score -2.10",
        "  result      +3.50 USDT (+0.58 R) by price alone; besides, fees so far 0.50",
        "              USDT, and the cost of leaving",
        "  stop        43,200, 0.88% away, moved",
        "  target      none",
        "  score       -2.10 SELL at the 15m bar of 2025-01-01 12:00:00 UTC; an entry",
        "              needs ±2.00",
        "  because     MACD -1.70, VWAP -0.50, Parabolic SAR +0.10",
        "  trends      1h: ema down",
        "  unknown     the venue is asked what became of order wb-1",
        "",
        "Daemon",
        "  queue       3",
    ]


def test_status_of_a_daemon_that_knows_nothing_yet(engine, tmp_path, capsys) -> None:
    engine.view = None
    assert tell(tmp_path, "status") == 0
    assert capsys.readouterr().out == "starting: nothing is known yet\n\nDaemon\n  queue       3\n"


def test_status_of_a_daemon_that_may_not_enter_says_why(engine, tmp_path, capsys) -> None:
    bare = replace(SYMBOL, last_price=None, ticker_age_ms=None, book_stale=True, analysis=None, position=None)
    engine.view = replace(
        VIEW,
        tradable=False,
        blocked_by=("public stream down", "wallet unknown"),
        paused_until_ms=NOON + 3_600_000,
        equity=None,
        day_pnl=None,
        symbols=(bare,),
    )
    assert tell(tmp_path, "status") == 0
    said = capsys.readouterr().out
    for words in (
        "no entries: public stream down; wallet unknown\n",
        "paused by a guardrail until 2025-01-01 13:00:00 UTC",
        "equity      unknown; wallet 1,000.00 USDT",
        "today       unknown",
        "BTCUSDT  no price yet, order book stale",
    ):
        assert words in said


def test_status_for_machines(engine, tmp_path, capsys) -> None:
    assert tell(tmp_path, "status", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["view"]["symbols"][0]["position"]["qty"] == "0.02"


def test_pause_and_resume_wait_for_their_effect(engine, tmp_path, capsys) -> None:
    assert tell(tmp_path, "pause") == 0
    assert engine.view is not None
    assert engine.view.manual_pause
    assert tell(tmp_path, "resume") == 0
    assert engine.heard == [Order.PAUSE, Order.RESUME]
    assert not engine.view.manual_pause
    said = capsys.readouterr().out
    assert "paused: no new entries until resume" in said
    assert "resumed: " in said


def test_an_order_without_effect_is_said_to_have_none(engine, tmp_path, capsys, monkeypatch) -> None:
    for module in (pause, resume, panic):
        monkeypatch.setattr(module, "_LIMIT_S", 0.0)
    engine.is_deaf = True
    assert tell(tmp_path, "pause") == 1
    assert tell(tmp_path, "panic", "--yes") == 1
    engine.view = replace(VIEW, manual_pause=True)
    assert tell(tmp_path, "resume") == 1
    said = capsys.readouterr().out
    assert said.count("ordered, but ") == 3
    assert "not all is closed after 0 s (BTCUSDT)" in said


def test_panic_closes_everything_after_a_yes(engine, tmp_path, capsys) -> None:
    assert tell(tmp_path, "panic", "--yes") == 0
    said = capsys.readouterr().out
    assert said == "open now: BTCUSDT\neverything is closed; no entries until resume\n"
    assert engine.heard == [Order.PANIC]


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "heard"), [("panic\n", [Order.PANIC]), ("y\n", []), ("\n", [])])
def test_panic_asks_for_its_word(typed, heard, engine, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard(typed))
    assert tell(tmp_path, "panic") == 0
    assert engine.heard == heard
    assert ("nothing was done" in capsys.readouterr().out) is (not heard)


def test_panic_without_anybody_to_ask_does_nothing(engine, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert tell(tmp_path, "panic") == 2
    assert "--yes" in capsys.readouterr().err
    assert engine.heard == []


@pytest.mark.parametrize("command", ["status", "pause", "resume", "panic"])
def test_where_no_daemon_runs_the_message_says_so(command, tmp_path, capsys) -> None:
    assert tell(tmp_path, command) == 2
    assert "no daemon is running here" in capsys.readouterr().err
