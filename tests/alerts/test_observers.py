"""The daemon's observers put together: a day's summary, commands by chat; and a loop that waits for none."""

from __future__ import annotations

import io
import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chat_service import TOKEN, ChatService

from whalebot.adapters.alerts.system import AlertRules, AlertSystem
from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem
from whalebot.app.alerting import alert_rules, tell_notice
from whalebot.app.chat_text import positions_text, summary_text
from whalebot.app.config.document import Config
from whalebot.app.config.environment import Environment
from whalebot.app.observers import Observers
from whalebot.app.paths import find_paths
from whalebot.app.recent_trades import KEPT_MS, RecentTrades
from whalebot.app.setup import Setup
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.effects import Alert, Effect, Notice, Stopped
from whalebot.domain.enums import ClosedBy, Level, Side, Signal, Trend
from whalebot.domain.events import Command, Event, Order, TimerDue
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, SymbolView, View
from whalebot.runtime.clock import ManualClock, SystemClock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.loop import Loop, LoopOutputs

LIMIT_S = 30
HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000
ZERO = Decimal(0)
POSITION = PositionView(
    "BTCUSDT", Side.BUY, Decimal("0.5"), Decimal(100), Decimal(98), None, Decimal(97), None, Decimal("2.5"),
    ZERO, ZERO, NOW_MS - HOUR_MS, 2.5, False, True, Decimal(105),
)  # fmt: skip
SYMBOL = SymbolView("BTCUSDT", Decimal(105), None, None, 10, False, None, POSITION, (), ())
VIEW = View(
    NOW_MS, NOW_MS, True, (), (("public", True, ""), ("private", False, "closed")), (SYMBOL,), Decimal(1000),
    Decimal("1002.5"), Decimal("12.5"), 0.01, 0, 2, Decimal(10), 5, 3, (("spread", 4),), NOW_MS - 5_000, None,
    False,
)  # fmt: skip


def trade(
    trade_id: str, pnl: str, symbol: str = "BTCUSDT", exit_ms: int = NOW_MS, mode: str = "demo"
) -> ClosedTrade:
    return ClosedTrade(
        trade_id, mode, symbol, Side.BUY, 0, exit_ms, Decimal(1), Decimal(1), Decimal(1), ZERO,
        Decimal("0.5"), Decimal("-0.25"), Decimal(pnl), ZERO, None, ZERO, ZERO, 1, ClosedBy.STOP_LOSS, None,
        (), None, (), "h",
    )  # fmt: skip


class Book:
    """A trade history in memory."""

    def __init__(self, *trades: ClosedTrade) -> None:
        self.trades = list(trades)

    def append(self, trade: ClosedTrade) -> bool:
        if any(known.trade_id == trade.trade_id for known in self.trades):
            return False
        self.trades.append(trade)
        return True

    def load(self) -> Sequence[ClosedTrade]:
        return self.trades


class Desk:
    """A channel that hands on what it gets, once its gate is open."""

    name, min_level = "desk", Level.INFO

    def __init__(self, is_open: bool = True) -> None:
        self.got: queue.Queue[tuple[str, str]] = queue.Queue()
        self.gate = threading.Event()
        if is_open:
            self.gate.set()

    def deliver(self, level: Level, title: str, text: str) -> bool:
        self.gate.wait(LIMIT_S)
        self.got.put((title, text))
        return True


# --- texts ------------------------------------------------------------------------------------------------


def test_the_summary_says_what_the_day_brought_and_what_is_open() -> None:
    trades = [trade("1", "10"), trade("2", "-4"), trade("3", "-9", "ETHUSDT")]
    lines = summary_text(VIEW, trades, UTC).splitlines()
    assert lines[0] == "3 trades, 1 won (33%), net -3.00 (fees 1.50, funding +0.75)"
    assert lines[1:3] == ["ETHUSDT: 1 trade, -9.00", "BTCUSDT: 2 trades, +6.00"]
    assert lines[3] == "equity 1,002.50 USDT, today +12.50, drawdown 1.00%"
    assert "BTCUSDT long 0.5 at 100, now 105, +2.50 by price alone; stop 98 (6.67% away)" in lines[4]
    assert "stream private DOWN (closed)" in lines
    assert lines[-1] == "since the start 3 entries, 4 signals refused"


def test_the_summary_ends_with_the_data_and_each_symbols_trends() -> None:
    trends = (TrendReading("60", "ema", Trend.UP), TrendReading("240", "ema", Trend.DOWN))
    seen = Analysis(
        "BTCUSDT", "15", 0, 1, Decimal(1), 1.0, -0.5, (), Signal.HOLD, trends, 1.0, (), (), True, 2.0
    )  # fmt: skip
    view = replace(VIEW, symbols=(replace(SYMBOL, analysis=seen),))
    lines = summary_text(view, [], UTC, "data: well").splitlines()
    assert lines[0] == "no trade"
    assert lines[-2:] == ["data: well", "BTCUSDT: score -0.50 HOLD 60/ema UP 240/ema DOWN"]


def test_a_position_without_a_stop_is_told_in_capitals() -> None:
    bare = replace(VIEW, symbols=(replace(SYMBOL, position=replace(POSITION, stop_loss=None)),))
    assert "stop NONE" in positions_text(bare, UTC)
    assert "stop not known yet" in positions_text(replace(bare, reconciled_ms=None), UTC)
    assert positions_text(replace(VIEW, symbols=(replace(SYMBOL, position=None),)), UTC) == "no position"


# --- trades on their way to the history --------------------------------------------------------------------


def test_the_last_days_trades_are_those_of_the_file_and_of_this_run() -> None:
    clock = ManualClock(NOW_MS)
    past = (
        trade("old", "1", exit_ms=NOW_MS - KEPT_MS - 1),
        trade("other", "1", mode="live"),
        trade("morning", "1", exit_ms=NOW_MS - 20 * HOUR_MS),
    )
    recent = RecentTrades(Book(*past), clock, "demo")
    recent.read_past()
    assert recent.append(trade("new", "2"))
    assert not recent.append(trade("new", "2"))
    assert [t.trade_id for t in recent.since(NOW_MS - 24 * HOUR_MS)] == ["morning", "new"]
    clock.advance(10 * HOUR_MS)
    assert [t.trade_id for t in recent.since(clock.now_ms() - 24 * HOUR_MS)] == ["new"]


# --- put together ------------------------------------------------------------------------------------------


@pytest.fixture
def service() -> Iterator[ChatService]:
    found = ChatService()
    yield found
    found.close()


def setup_of(tmp_path: Path, **tables: Any) -> Setup:
    masker = SecretMasker([TOKEN])
    config = Config.model_validate({"timezone": "UTC", **tables}, strict=False)
    return Setup(config, Environment({}), find_paths(str(tmp_path), None), masker, (), True)


@pytest.mark.socket
def test_a_chat_pauses_the_daemon_asks_for_its_day_and_sees_an_alert(
    service: ChatService, tmp_path: Path
) -> None:
    telegram = {"enabled": True, "token": TOKEN, "chat_ids": [7]}
    setup = setup_of(tmp_path, alerts={"enabled": True, "telegram": telegram})
    inbox, records = Inbox(), list[tuple[str, str, Mapping[str, str]]]()
    alerts = AlertSystem((), ManualClock(NOW_MS), alert_rules(setup.config))
    alerts.send(Level.CRITICAL, "kill", "day loss")
    with Observers(
        setup,
        ManualClock(NOW_MS),
        inbox,
        lambda: VIEW,
        alerts,
        lambda *record: records.append(record),
        service.url,
    ) as observers:
        store = observers.trades(Book())
        store.append(trade("1", "10"))
        observers.start(None)  # type: ignore[arg-type]
        while len(service.offsets) < 2:
            threading.Event().wait(0.002)
        heard = []
        for text in ("/pause", "/pnl", "/ack 1", "/alerts", "/status"):
            service.say(text)
            heard.append(service.sent.get(timeout=LIMIT_S)[1])
        service.say("/end")
    assert inbox.get(0) == Command(Order.PAUSE, "telegram 7/7", NOW_MS)
    assert "1 trade, 1 won (100%), net +10.00" in heard[1]
    assert heard[2] == "alert 1: seen"
    assert "critical, seen: kill" in heard[3]
    assert heard[4].splitlines()[0].startswith("whalebot ")
    assert ("alert_seen", "telegram 7/7", {"alert": "1"}) in records


def test_the_summary_reaches_every_channel(tmp_path: Path) -> None:
    setup = setup_of(tmp_path, alerts={"enabled": True, "daily_summary": "12:00"})
    desk, clock = Desk(), ManualClock(NOW_MS)
    alerts = AlertSystem((desk,), clock)
    with Observers(setup, clock, Inbox(), lambda: VIEW, alerts, lambda *_: None) as observers:
        observers.trades(Book(trade("1", "10"))).load()
        observers.tell_summary()
        title, text = desk.got.get(timeout=LIMIT_S)
    assert title == "whalebot, demo: the last 24 h"
    assert "net +10.00" in text
    assert alerts.stop(LIMIT_S)


def test_what_nobody_asked_for_costs_nothing(tmp_path: Path) -> None:
    history, before = Book(), threading.active_count()
    alerts = AlertSystem((), ManualClock(0))
    with Observers(
        setup_of(tmp_path), ManualClock(0), Inbox(), lambda: None, alerts, lambda *_: None
    ) as observers:
        assert observers.trades(history) is history
        observers.start(None)  # type: ignore[arg-type]
        assert threading.active_count() == before


# --- the loop ----------------------------------------------------------------------------------------------


class Noisy:
    """An engine that has something to log and to tell at every event."""

    def __init__(self) -> None:
        self.events = 0

    def start(self, real_ms: int) -> Sequence[Effect]:
        return ()

    def process(self, event: Event) -> Sequence[Effect]:
        if isinstance(event, Command):
            return [Stopped("done")]
        self.events += 1
        number = str(self.events)
        return [
            Notice(Level.WARNING, "stop_moved", f"moved to {number}", "BTCUSDT"),
            Alert(Level.CRITICAL, "unprotected", f"no stop {number}", "closing"),
        ]

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        return None


class Telling:
    """Lanes that carry alerts only."""

    def __init__(self, alerts: AlertSystem) -> None:
        self._alerts = alerts

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Alert):
                self._alerts.send(effect.level, effect.title, effect.text, effect.kind)


def test_a_full_disk_for_logs_and_a_service_that_hangs_hold_up_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service takes not one message and the disk not one line until the loop has done everything."""

    def full(_: LogFile) -> io.TextIOWrapper:
        return open("/dev/full", "w", encoding="utf-8")

    monkeypatch.setattr(LogFile, "_open", full)
    monkeypatch.setattr(LogFile, "shouldRollover", lambda *_: False)
    desk, inbox, engine = Desk(is_open=False), Inbox(), Noisy()
    alerts = AlertSystem((desk,), SystemClock(), AlertRules(max_per_minute=1_000_000), retry_s=())
    log = logging.getLogger("whalebot.engine")

    def notice(notice: Notice) -> None:
        log.warning("%s", notice.text)
        tell_notice(alerts, notice)

    with ExitStack() as stack:
        logs = LogSystem(LogSettings(tmp_path / "a.log", tmp_path / "b.jsonl"), SecretMasker())
        stack.callback(logs.stop)
        for _ in range(2_000):
            inbox.put(TimerDue(0))
        inbox.put(Command(Order.STOP, "test", 0))
        began_s = time.perf_counter()
        loop = Loop(
            engine, inbox, Telling(alerts), SystemClock(), LoopOutputs(ViewHolder(), notice, lambda: None)
        )
        end = loop.run()
        taken_s = time.perf_counter() - began_s
        assert desk.got.empty(), "nothing was delivered before the loop had done"
    assert (end.reason, end.exit_code, engine.events) == ("done", 0, 2_000)
    assert taken_s < LIMIT_S / 2
    assert logs.lost > 0
    assert alerts.counts.dropped > 0
    desk.gate.set()
    alerts.stop(LIMIT_S)
    assert "cannot be written" in capsys.readouterr().err
