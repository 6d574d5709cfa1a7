"""A desk in each of the states that a daemon can be in, and a real server over it on a free port."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from unittest import mock

from fastapi import FastAPI
from sample_records import signal_record
from sample_views import some_position, some_symbol, some_view

from whalebot.adapters.web import application
from whalebot.adapters.web.application import make_application
from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.desk import CheckResult, Desk, RunFacts
from whalebot.adapters.web.feed import Feed
from whalebot.adapters.web.gate import GateRules
from whalebot.adapters.web.problems import ApiProblem
from whalebot.adapters.web.rates import RateLimit
from whalebot.adapters.web.server import WebServer, bind
from whalebot.app.web.reports import TradeReports
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.effects import Notice, PublishView, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, Level, OrderType, Side, Signal, TimeInForce, Trend
from whalebot.domain.events import CandleClosed, CandleForming, Order, TimerDue
from whalebot.domain.market import Candle
from whalebot.domain.orders import OrderIntent, Purpose, WalletReport
from whalebot.domain.scan_table import TABLE_VERSION, ScanBreadth, ScanLine, ScanTable
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, SymbolView, View

NOON = 1_735_732_800_000  # 2025-01-01 12:00:00 UTC
MINUTE = 60_000
TOKEN = "a-token-of-the-tests-0123456789"
SECRET = "the-secret-of-the-tests"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
PACE = RateLimit(per_second=100_000, burst=100_000)


def analysis(symbol: str = "BTCUSDT", close_ms: int = NOON, score: float = -2.1) -> Analysis:
    """Return the analysis of a one-minute bar."""
    return Analysis(
        symbol=symbol,
        interval="1",
        open_ms=close_ms - MINUTE,
        close_ms=close_ms,
        close=Decimal("42825"),
        volume=12.5,
        score=score,
        breakdown=(("vwap", -0.5), ("psar", float("nan")), ("macd_alignment", -1.6)),
        signal=Signal.SELL,
        trends=(TrendReading("60", "ema", Trend.DOWN),),
        atr=100.0,
        warming=(),
        without_input=(),
        may_enter=True,
        threshold=2.0,
    )


def position(stop: str = "43200", opened_ms: int = NOON - 5 * MINUTE) -> PositionView:
    """Return a short position in BTCUSDT."""
    return some_position(stop_loss=Decimal(stop), opened_ms=opened_ms)


def symbol_view(symbol: str = "BTCUSDT", **changes: Any) -> SymbolView:
    """Return a symbol with prices and an analysis, flat."""
    return some_symbol(symbol, **{"analysis": analysis(symbol), **changes})


def view(*symbols: SymbolView, **changes: Any) -> View:
    """Return a picture of a daemon that trades."""
    known = some_view(
        *(symbols or [symbol_view(name) for name in SYMBOLS]),
        now_ms=NOON + 5_000,
        real_ms=NOON + 5_010,
        equity=Decimal("1003.51"),
        day_pnl=Decimal("-12.5"),
        drawdown=0.012,
        trades_closed=1,
        session_pnl=Decimal("-1.25"),
        entries=2,
        refusals=(("cooldown", 3),),
        reconciled_ms=NOON,
    )
    return replace(known, **changes)


def trade(number: int = 1, exit_ms: int = NOON - 30 * MINUTE, pnl: str = "-1.25") -> ClosedTrade:
    """Return a closed long trade."""
    return ClosedTrade(
        trade_id=f"BTCUSDT-{number}",
        mode="demo",
        symbol="BTCUSDT",
        side=Side.BUY,
        entry_ms=exit_ms - 10 * MINUTE,
        exit_ms=exit_ms,
        entry_price=Decimal("42900"),
        exit_price=Decimal("42850"),
        qty=Decimal("0.02"),
        gross_pnl=Decimal(pnl) + 1,
        fees=Decimal(1),
        funding=Decimal(0),
        pnl=Decimal(pnl),
        pnl_percent=Decimal("-0.73"),
        r_multiple=Decimal("-0.4"),
        mae=Decimal(2),
        mfe=Decimal("0.5"),
        bars_held=10,
        closed_by=ClosedBy.STOP_LOSS,
        entry_score=2.2,
        breakdown=(("vwap", 1.2), ("psar", 1.0)),
        initial_stop=Decimal("42700"),
        order_link_ids=("wb-1", "wb-2"),
        config_hash="abc",
    )


def candle(close_ms: int, interval: str = "1", close: str = "42825") -> Candle:
    """Return a bar that ends at `close_ms`."""
    length = MINUTE * int(interval)
    prices = (Decimal("42820"), Decimal("42830.5"), Decimal("42810"), Decimal(close))
    return Candle("BTCUSDT", interval, close_ms - length, *prices, Decimal("12.5"))


def intent(number: int = 3) -> OrderIntent:
    """Return an entry that was sent."""
    return OrderIntent(
        order_link_id=f"wb-{number}",
        symbol="BTCUSDT",
        side=Side.SELL,
        qty=Decimal("0.02"),
        purpose=Purpose.ENTRY,
        created_ms=NOON - 5 * MINUTE,
        sent_ms=NOON - 5 * MINUTE,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        stop_loss=Decimal("43300"),
    )


class ConfigOfTests:
    """A configuration of one key."""

    def __init__(self) -> None:
        self.value = 2.0
        self.asked: list[tuple[dict[str, Any], bool]] = []

    def shown(self) -> dict[str, Any]:
        return {
            "config": {"signal_score_threshold": self.value, "note": SECRET},
            "config_hash": "abc",
            "file": "config.json",
            "fields": [
                {
                    "path": "signal_score_threshold",
                    "type": "number",
                    "nullable": False,
                    "description": "score from which a signal is BUY or SELL",
                    "unit": "",
                    "default": 2.0,
                    "value": self.value,
                    "minimum": 0,
                    "maximum": 100_000,
                    "exclusive_minimum": True,
                    "choices": None,
                    "allowed": "a number above 0",
                    "applies": "next_bar",
                    "editable": True,
                    "secret": False,
                }
            ],
        }

    def limits(self) -> dict[str, float]:
        return {"max_day_loss_pct": 1.5, "max_drawdown_pct": 8.0, "max_consecutive_losses": 5}

    def change(self, changes: Mapping[str, Any], dry_run: bool) -> dict[str, Any]:
        self.asked.append((dict(changes), dry_run))
        fault = {"path": next(iter(changes)), "text": "unknown key", "value": None}
        if set(changes) != {"signal_score_threshold"}:
            raise ApiProblem("invalid", "unknown key", field=fault["path"], problems=[fault])
        told = {"path": "signal_score_threshold", "before": "2.0", "after": "2.5", "applies": "next_bar"}
        return {
            "written": not dry_run,
            "applied": not dry_run,
            "dry_run": dry_run,
            "changes": [told],
            "needs_restart": [],
            "kept": None if dry_run else "config.json.old-1",
            "message": "written",
        }


class AuditOfTests:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, dict[str, str]]] = []

    def record(self, kind: str, actor: str, fields: Mapping[str, str]) -> None:
        self.records.append((kind, actor, dict(fields)))

    def newest(
        self, limit: int, before: int | None, kind: str | None
    ) -> tuple[list[Mapping[str, Any]], str | None, int]:
        found = [
            {
                "id": str(number),
                "time": "2025-01-01T12:00:00.000Z",
                "kind": name,
                "actor": actor,
                "fields": fields,
                "hash": None,
            }
            for number, (name, actor, fields) in enumerate(self.records, 1)
            if (before is None or number < before) and kind in (None, name)
        ]
        return found[::-1][:limit], None, len(found)


def scan_record(number: int = 1, symbol: str = "BTCUSDT", event: str = "new") -> dict[str, Any]:
    """Return a record of a scan's history."""
    return signal_record(
        symbol=symbol,
        event=event,
        id=f"event{number}",
        entry_price=42825.0,
        stop_loss=None if event == "end" else 42500.5,
        take_profit=None if event == "end" else 1e-07,
        rationale=f"macd: +0.50 {SECRET}",
        normalized_score=0.34,
        timestamp="2025-01-01T12:00:00.000+00:00",
        bar_start="2025-01-01T12:00:00.000+00:00",
        config_hash=f"{number}",
    ).as_json()


def scan_line(rank: int, symbol: str, **known: Any) -> ScanLine:
    """Return a line of a table."""
    return ScanLine(rank, symbol, known.pop("status", "live"), known.pop("signal", "none"), "15", **known)


def scan_table(written_ms: int, *lines: ScanLine, **changes: Any) -> ScanTable:
    """Return the table of a scan: a signal, and a symbol of which nothing is known yet."""
    signal = scan_line(
        1,
        "BTCUSDT",
        signal="Long",
        price=Decimal("42825.10"),
        score=0.34,
        confidence="Medium",
        agreement=0.5,
        age=2,
        turnover24h=5e9,
        weight_set="low_volatility",
        rationale="macd: +0.50",
        judged_ms=NOON,
        bar_start_ms=NOON,
        entry=Decimal("42825.10"),
        stop=Decimal("42500.5"),
        target=Decimal("43474.3"),
        votes={"macd": 1, "rsi": 0, "divergence": None},
        scores={"15": 0.34, "60": None},
        notes=("the stop was moved to the tick",),
    )
    known = ScanTable(
        version=TABLE_VERSION,
        program="0.1.0",
        run_id="run",
        source="https://venue.example",
        simulated=False,
        started_ms=NOON,
        written_ms=written_ms,
        event_ms=NOON,
        ended=False,
        interval="15",
        intervals=("15", "60"),
        threshold=0.3,
        breadth=ScanBreadth(1, 0, 1, 0.5, None),
        left_out=0,
        lines=lines or (signal, scan_line(2, "ETHUSDT", status="warming up (3/56)")),
        weights={"low_volatility": {"macd": 0.5, "rsi": 0.6, "divergence": 0.1}},
        events=(scan_record(),),
    )
    return replace(known, **changes)


class ScanOfTests:
    """A scan that has just ended, whose table never grows old."""

    absent = "no scan has written here"

    def table(self) -> ScanTable | None:
        return scan_table(time.time_ns() // 1_000_000, ended=True)

    def events(
        self, limit: int, before: int | None, symbol: str | None, mode: str
    ) -> tuple[list[Mapping[str, Any]], str | None, int]:
        is_known = symbol in (None, "BTCUSDT")
        found: list[Mapping[str, Any]] = [scan_record(number) for number in range(3 * is_known)]
        return found[: limit if before is None else 0], None, len(found)


@dataclass
class Stage:
    """A desk and everything a test wants to look at behind it."""

    desk: Desk
    config: ConfigOfTests
    audit: AuditOfTests
    commands: list[Order] = field(default_factory=list)

    @property
    def chronicle(self) -> Chronicle:
        return self.desk.chronicle

    def publish(self, shown: View) -> None:
        """Let the loop publish a view, and the web thread take it."""
        self.desk.feed.note(TimerDue(NOON), [PublishView(shown)])


def stage(*, kind: str = "daemon", reads_need_token: bool = False, mode: str = "demo") -> Stage:
    """Return a desk before the first view."""
    config, audit, commands = ConfigOfTests(), AuditOfTests(), []
    feed, chronicle = Feed(), Chronicle()
    feed.beat()
    facts = RunFacts(
        kind=kind,
        mode=mode,
        version="0.1.0",
        interval="1",
        symbols=SYMBOLS,
        timezone="UTC",
        folder="/home/somebody/whalebot",
        bars_from="bars of the tests",
        reads_need_token=reads_need_token,
        started_ms=NOON if kind == "daemon" else None,
    )

    def acknowledge(number: int) -> AlertRecord | None:
        known = chronicle.alerts.get(number)
        return None if known is None else replace(known, acknowledged_ms=NOON, acknowledged_by="web")

    desk = Desk(
        facts=facts,
        feed=feed,
        chronicle=chronicle,
        reports=TradeReports(lambda: Decimal(1000)),
        config=config,
        audit=audit,
        vitals=vitals if kind == "daemon" else dict,
        machine=machine,
        checks=lambda: (CheckResult("disk", True, True, "1000 MB free", 0.1),),
        metrics=(lambda: b"whalebot_up 1\n") if kind == "daemon" else None,
        command=commands.append if kind == "daemon" else None,
        acknowledge=acknowledge,
        scanner=ScanOfTests(),
    )
    return Stage(desk, config, audit, commands)


def well() -> Stage:
    """Return a desk of a daemon that is ready and stays so, however long it is looked at."""
    made = filled()
    made.publish(view(symbol_view(position=position()), symbol_view("ETHUSDT")))
    made.desk.feed.beat_age_s = lambda: 0.1  # type: ignore[method-assign]
    return made


def filled(kind: str = "daemon", **changes: Any) -> Stage:
    """Return a desk with bars, a trade, decisions, an order, an alert and a position."""
    made = stage(kind=kind, **changes)
    feed, chronicle = made.desk.feed, made.desk.chronicle
    chronicle.trades.fill([trade(1), trade(2, NOON - 20 * MINUTE, "3.5")])
    for number in range(5, -1, -1):
        close_ms = NOON - number * MINUTE
        feed.note(CandleClosed(candle(close_ms), close_ms), ())
    feed.note(CandleClosed(candle(NOON, "60"), NOON), ())
    feed.note(CandleForming(candle(NOON + MINUTE), NOON), ())
    feed.note(TimerDue(NOON), [SubmitOrder(intent()), RecordTrade(trade(3, NOON - 10 * MINUTE, "1.25"))])
    held = symbol_view(position=position(), in_flight=("wb-3",))
    made.publish(view(held, symbol_view("ETHUSDT", analysis=None)))
    feed.say(
        Notice(Level.INFO, "entry_refused", f"cooldown {SECRET}", "BTCUSDT", NOON, (("rule", "cooldown"),))
    )
    feed.say(Notice(Level.DEBUG, "quiet", "not for people"))
    feed.warn(AlertRecord(1, NOON, NOON, Level.WARNING, "stream_down", "public stream down", "for 60 s"))
    chronicle.wallet = WalletReport(Decimal(1000), Decimal("1003.51"), Decimal(900), NOON)
    return made


def vitals() -> dict[str, Any]:
    """Return what `status` tells of a daemon."""
    loop = {"events": 5, "mean_us": 2.0, "p50_us": 2.0, "p99_us": 8.0, "max_us": 9, "slow": 0, "slowest": ""}
    return {"loop": loop, "inbox": {"depth": 1, "high_water": 3, "dropped": 0}, "jobs_waiting": 2}


def machine() -> dict[str, Any]:
    """Return what a process uses."""
    return {"cpu_pct": 1.5, "rss_bytes": 1, "threads": 5, "fds": None, "disk_free_bytes": 1}


def mask(text: str) -> str:
    """Hide the secret of the tests."""
    return text.replace(SECRET, "***")


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]


@dataclass
class Client:
    """Speaks HTTP to one port, one connection a request."""

    port: int
    host: str = "127.0.0.1"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the answer to a request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        sent = dict(headers or {})
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Reply:
        return self.ask("GET", path, **more)

    def api(self, path: str, **more: Any) -> Reply:
        return self.ask("GET", f"/api/v1/{path}", **more)

    def post(self, path: str, body: Any = None, token: str | None = TOKEN, **more: Any) -> Reply:
        return self.ask("POST", f"/api/v1/{path}", body, token, **more)


_documents: dict[tuple[str, bool], dict[str, Any]] = {}
_describe = application.described


def _described(app: FastAPI, is_local: bool) -> dict[str, Any]:
    """The description of the API, made once: it is the same for every desk, and costs more than the rest."""
    key = (app.version, is_local)
    if key not in _documents:
        _documents[key] = _describe(app, is_local)
    return _documents[key]


@contextmanager
def served(
    made: Stage, rules: GateRules | None = None, rates: RateLimit = PACE, hide: Any = mask
) -> Iterator[Client]:
    """Serve a desk for as long as the context lasts."""
    listener = bind("127.0.0.1", 0)
    server = WebServer(lambda: make_application(made.desk, rules or GateRules(TOKEN), hide, rates), listener)
    try:
        with mock.patch.object(application, "described", _described):
            server.start()
            client = Client(server.address[1])
            _settle(made, client)
        yield client
    finally:
        server.stop()
    assert not server.thread.is_alive()
    assert server.failure == ""


def _settle(made: Stage, client: Client) -> None:
    """Return once the server has taken what the desk was filled with."""
    while True:
        client.get("/healthz")
        if not made.desk.feed.waiting:
            return


def endpoints() -> Sequence[str]:
    """Return every GET of the API that needs nothing but the symbol."""
    return (
        *("status", "account", "positions", "orders", "trades", "trades?limit=1&side=Buy", "performance"),
        *("performance?window=7d&symbol=BTCUSDT", "signals", "signals/BTCUSDT", "bars?symbol=BTCUSDT"),
        *("bars?symbol=BTCUSDT&timeframe=60&limit=5", "decisions", "alerts", "audit", "config", "health"),
        *("system/performance", "performance?window=today", "performance?window=month"),
        *("scanner", "scanner/BTCUSDT", "scanner/events?limit=2&mode=live"),
    )
