"""Every answer in every state: its shape is that of the OpenAPI document, its figures those of the view."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from web_desk import (
    NOON,
    SECRET,
    TOKEN,
    Client,
    Reply,
    Stage,
    endpoints,
    filled,
    position,
    served,
    stage,
    symbol_view,
    view,
)


def _stale() -> Stage:
    made = filled()
    made.publish(
        view(
            symbol_view(ticker_age_ms=60_000, book_stale=True, position=position()),
            tradable=False,
            blocked_by=("stale ticker",),
            streams=(("public", False, "silent for 60 s"), ("private", True, "")),
        )
    )
    return made


def _unknown_prices() -> Stage:
    made = stage()
    made.publish(
        view(
            symbol_view(last_price=None, mark_price=None, spread_bps=None, ticker_age_ms=None, analysis=None),
            wallet_balance=None,
            equity=None,
            day_pnl=None,
            clock_offset_ms=None,
            reconciled_ms=None,
            drawdown=float("nan"),
            trades_closed=0,
        )
    )
    return made


def _flat() -> Stage:
    made = stage()
    made.publish(view())
    return made


STATES: dict[str, Callable[[], Stage]] = {
    "starting": stage,
    "warming": _unknown_prices,
    "flat": _flat,
    "holding": filled,
    "stale": _stale,
    "paused": lambda: _paused(),
    "result": lambda: filled("backtest"),
    "folder": lambda: stage(kind="folder"),
}


def _paused() -> Stage:
    made = filled()
    made.publish(view(tradable=False, manual_pause=True, paused_until_ms=NOON + 60_000))
    return made


@pytest.fixture(params=STATES)
def state(request: pytest.FixtureRequest) -> Iterator[tuple[str, Client]]:
    with served(STATES[request.param]()) as client:
        yield request.param, client


def _checked(client: Client, path: str, reply: Reply) -> None:
    """Validate an answer against the OpenAPI document."""
    document = client.get("/openapi.json").json
    pattern = _pattern(document, urlsplit(path).path)
    responses = document["paths"][pattern]["get"]["responses"]
    assert str(reply.status) in responses, f"{path}: {reply.status} is not documented"
    kind = reply.headers["content-type"].partition(";")[0]
    schema = responses[str(reply.status)]["content"][kind]["schema"]
    validator = jsonschema_rs.validator_for(
        {**schema, "components": document["components"]}, validate_formats=True
    )
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]
    assert not errors, f"{path}: {errors}"


def _pattern(document: dict[str, Any], path: str) -> str:
    for known in document["paths"]:
        parts, own = known.split("/"), path.split("/")
        if len(parts) == len(own) and all(a == b or a[:1] == "{" for a, b in zip(parts, own, strict=True)):
            return str(known)
    raise AssertionError(f"{path} is not in the document")


def test_every_answer_has_the_shape_it_is_said_to_have(state: tuple[str, Client]) -> None:
    name, client = state
    for path in (*endpoints(), "analysis/BTCUSDT", "trades/BTCUSDT-1", "trades/none", "signals/NONE"):
        reply = client.api(path)
        _checked(client, f"/api/v1/{path}", reply)
        assert b"NaN" not in reply.body
        assert "no-store" in reply.headers["cache-control"]
        if reply.status == 200:
            assert reply.json["ok"] is True
    assert client.api("analysis/BTCUSDT").status == (
        409 if name in ("starting", "warming", "folder") else 200
    )


def test_a_position_is_told_with_its_reasons_and_distances() -> None:
    with served(filled()) as client:
        (held,) = client.api("positions").data
    assert (held["direction"], held["qty"], held["stop_loss"]) == ("short", "0.02", "43200")
    assert held["risk_to_stop"] == "3.990"
    assert held["unrealised_r"] == pytest.approx(3.51 / (299.5 * 0.02), abs=1e-4)
    assert held["distance_to_stop_pct"] == pytest.approx(375 / 42825 * 100, abs=1e-3)
    assert held["stop_path"][0] == {"time": "2025-01-01T11:55:00.000Z", "stop": "43300"}
    assert held["stop_path"][-1]["stop"] == "43200"
    assert "score -2.10" in held["entry_words"]


def test_the_account_holds_figures_against_limits() -> None:
    with served(filled()) as client:
        money = client.api("account").data
    assert (money["equity"], money["available_balance"], money["day_pnl"]) == ("1003.51", "900", "-12.5")
    assert money["month_pnl"] == "3.50"
    assert money["open_risk"] == "3.990"
    by_name = {limit["name"]: limit for limit in money["limits"]}
    assert by_name["max_day_loss_pct"]["value"] == pytest.approx(12.5 / 1016.01 * 100, abs=1e-3)
    assert by_name["max_day_loss_pct"]["state"] == "near"
    assert by_name["max_drawdown_pct"]["state"] == "ok"


def test_bars_bear_scores_markers_and_the_way_of_the_stop() -> None:
    with served(filled()) as client:
        chart = client.api("bars?symbol=BTCUSDT&limit=3").data
        higher = client.api("bars?symbol=btcusdt&timeframe=60").data
    assert [bar["time"] for bar in chart["bars"]] == [
        f"2025-01-01T11:{minute}:00.000Z" for minute in (57, 58, 59)
    ]
    assert [bar["score"] for bar in chart["bars"]] == [None, None, -2.1]
    assert chart["bars"][-1]["high"] == "42830.5"
    assert chart["forming"]["time"] == "2025-01-01T12:00:00.000Z"
    assert chart["timeframes"] == ["1", "60"]
    assert [len(path["points"]) for path in chart["stop_path"]] == [2]
    assert higher["bars"][0]["score"] is None
    entry = next(mark for mark in client_markers(filled()) if mark["trade_id"] is None)
    assert (entry["kind"], entry["price"]) == ("entry", "43000.5")
    assert entry["bar_time"] == "2025-01-01T11:55:00.000Z"


def client_markers(made: Stage) -> list[dict[str, Any]]:
    with served(made) as client:
        return client.api("bars?symbol=BTCUSDT").data["markers"]


def test_trades_come_in_parts_and_by_filter() -> None:
    with served(filled()) as client:
        first = client.api("trades?limit=2").data
        rest = client.api(f"trades?limit=2&cursor={first['next']}").data
        assert [one["trade_id"] for one in first["items"]] == ["BTCUSDT-3", "BTCUSDT-2"]
        assert [one["trade_id"] for one in rest["items"]] == ["BTCUSDT-1"]
        assert (first["total"], rest["next"]) == (3, None)
        assert client.api("trades?side=Sell").data["total"] == 0
        assert client.api("trades?reason=stop_loss&symbol=BTCUSDT").data["total"] == 3
        since = client.api("trades?from=2025-01-01T11:40:00Z").data
        assert [one["trade_id"] for one in since["items"]] == ["BTCUSDT-3", "BTCUSDT-2"]
        assert client.api("trades?to=2025-01-01").data["total"] == 0
        assert client.api("trades?mode=live").data["total"] == 0
        assert "stop loss" in client.api("trades/BTCUSDT-1").data["words"]


def test_history_is_sent_once_and_then_only_named() -> None:
    with served(filled()) as client:
        for path in ("trades", "performance", "trades/BTCUSDT-1", "bars?symbol=BTCUSDT"):
            first = client.api(path)
            again = client.api(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status, again.body) == (304, b"")
            other = client.api(path, headers={"If-None-Match": '"other"'})
            assert other.status == 200


def test_long_answers_are_compressed_where_that_is_understood() -> None:
    import gzip

    with served(filled()) as client:
        plain = client.api("config")
        packed = client.api("performance", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    body = gzip.decompress(packed.body) if packed.headers.get("content-encoding") else packed.body
    assert json.loads(body)["data"]["trades"] == 3


def test_performance_counts_what_lies_in_the_window() -> None:
    with served(filled()) as client:
        whole = client.api("performance").data
        day = client.api("performance?window=today").data
        none = client.api("performance?symbol=ETHUSDT").data
    assert (whole["trades"], whole["report"]["totals"]["pnl"]) == (3, "3.50")
    assert (whole["start_equity"], whole["end_equity"]) == ("1000", "1003.50")
    assert whole["by_day"] == [{"day": "2025-01-01", "pnl": "3.50", "trades": 3}]
    assert day["trades"] == 3
    assert (none["trades"], none["report"]) == (0, None)


def test_health_says_what_is_wrong() -> None:
    with served(filled()) as client:
        assert (client.api("health").status, client.api("health").data["status"]) == (200, "ok")
        assert client.get("/healthz").body == b"ok\n"
        assert client.get("/readyz").status == 503  # one symbol is not judged yet
    made = _stale()
    with served(made) as client:
        reply = client.api("health")
        assert (reply.status, reply.data["status"]) == (503, "down")
        assert "public_stream: silent for 60 s" in reply.data["reasons"]
        assert client.get("/readyz").status == 503
    with served(_flat()) as client:
        assert client.get("/readyz").body == b"ok\n"


def test_a_loop_that_stands_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = filled()
    monkeypatch.setattr(made.desk.feed, "_beat_s", made.desk.feed._beat_s - 11)
    with served(made) as client:
        assert client.get("/healthz").status == 503
        assert client.api("status").data["state"] == "stalled"


def test_secrets_are_hidden_by_their_value() -> None:
    with served(filled()) as client:
        for path in endpoints():
            assert SECRET.encode() not in client.api(path).body, path
        assert client.api("decisions").data["items"][0]["text"] == "cooldown ***"
        assert client.api("config").data["config"]["note"] == "***"


def test_wrong_parameters_are_refused_by_name() -> None:
    with served(filled()) as client:
        for path, field in (
            ("trades?limit=0", "limit"),
            ("trades?limit=x", "limit"),
            ("trades?side=Up", "side"),
            ("trades?from=yesterday", "from"),
            ("trades?from=2025-13-01", "from"),
            ("trades?symbl=X", "symbl"),
            ("bars", "symbol"),
            ("bars?symbol=BTCUSDT&timeframe=7", "timeframe"),
            ("bars?symbol=BTCUSDT&limit=1001", "limit"),
            ("decisions?cursor=-1", "cursor"),
        ):
            reply = client.api(path)
            assert (reply.status, reply.json["code"], reply.json["field"]) == (400, "bad_request", field), (
                path
            )
            assert reply.headers["content-type"] == "application/problem+json"
        assert "symbol" in client.api("trades?symbl=X").json["detail"]


def test_unknown_symbols_name_the_nearest() -> None:
    with served(filled()) as client:
        for path in ("bars?symbol=BTCUSD", "signals/BTCUSD", "analysis/BTCUSD"):
            reply = client.api(path)
            assert (reply.status, reply.json["code"]) == (404, "unknown_symbol")
            assert reply.json["nearest"][0] == "BTCUSDT"


def test_what_does_not_exist_is_a_problem_too() -> None:
    with served(filled()) as client:
        assert client.api("nothing").json["code"] == "not_found"
        assert client.post("nothing").json["code"] in ("not_found", "method_not_allowed")
        for method, path in (("DELETE", "status"), ("POST", "status"), ("GET", "commands/panic")):
            reply = client.ask(method, f"/api/v1/{path}", token=TOKEN)
            assert (reply.status, reply.json["code"]) == (405, "method_not_allowed"), path
            assert reply.headers["allow"]


def test_a_bug_of_the_server_is_a_problem_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    made = filled()

    def broken() -> Any:
        raise RuntimeError("boom")

    object.__setattr__(made.desk, "checks", broken)
    with served(made) as client:
        reply = client.api("health")
        assert (reply.status, reply.json["code"]) == (500, "internal")
        assert b"boom" not in reply.body
        assert client.api("status").status == 200
    assert "boom" in caplog.text


def test_metrics_and_documents_are_served() -> None:
    with served(filled()) as client:
        assert client.get("/metrics").body == b"whalebot_up 1\n"
        page = client.get("/docs")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert b"/api/v1/positions" in page.body
        assert b"<script" not in page.body
        assert b"http://" not in page.body
        assert client.get("/docs/style.css").headers["content-type"].startswith("text/css")
        assert client.get("/openapi.json").json["openapi"].startswith("3.")
    with served(filled("backtest")) as client:
        assert client.get("/metrics").status == 404
