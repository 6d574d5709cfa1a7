"""Commands, configuration, acknowledgements: with token and confirmation only, audited."""

from __future__ import annotations

from web_desk import TOKEN, filled, served

from whalebot.domain.events import Order


def test_a_confirmed_command_reaches_the_engine() -> None:
    made, names = filled(), ("pause", "resume", "flatten", "panic")
    with served(made) as client:
        for name in names:
            reply = client.post(f"commands/{name}", {"confirm": name.upper()})
            assert reply.status == 202
            assert reply.data["command"] == name
    assert made.commands == [Order(name) for name in names]


def test_without_its_word_nothing_happens() -> None:
    made = filled()
    with served(made) as client:
        for body, status in (
            ({"confirm": "panic"}, 422),
            ({"confirm": "PAUSE"}, 422),
            ({}, 422),
            ({"confirm": 1}, 422),
            ({"confirm": "PANIC", "more": 1}, 422),
            (b"{", 422),
            (b"[]", 422),
            (None, 422),
        ):
            reply = client.post("commands/panic", body)
            assert reply.status == status, body
            assert reply.headers["content-type"] == "application/problem+json"
    assert made.commands == []


def test_manual_orders_are_refused() -> None:
    made = filled()
    order = {"symbol": "BTCUSDT", "side": "Buy", "quantity": "0.01"}
    with served(made) as client:
        assert client.post("orders", order, token=None).status == 401
        reply = client.post("orders", order)
        assert (reply.status, reply.json["code"]) == (403, "orders_not_allowed")


def test_an_edit_is_passed_on_and_audited() -> None:
    made = filled()
    with served(made) as client:
        path = "/api/v1/config"
        body = {"changes": {"signal_score_threshold": 2.5}}
        assert client.ask("PUT", path, body).status == 401
        tried = client.ask("PUT", path, {**body, "dry_run": True}, TOKEN)
        assert tried.data["written"] is False
        assert made.audit.records == []
        done = client.ask("PUT", path, body, TOKEN)
        assert (done.status, done.data["kept"]) == (200, "config.json.old-1")
        wrong = client.ask("PUT", path, {"changes": {"nothing": 1}}, TOKEN)
        assert (wrong.status, wrong.json["code"]) == (422, "invalid")
        assert wrong.json["problems"][0]["path"] == "nothing"
    assert made.audit.records == [("config_edited", "web", {"signal_score_threshold": "2.0 -> 2.5"})]


def test_an_alert_is_acknowledged_once_and_shown_so() -> None:
    made = filled()
    with served(made) as client:
        assert client.post("alerts/1/ack", token=None).status == 401
        assert client.post("alerts/1/ack").data["acknowledged_by"] == "web"
        assert client.api("alerts").data["items"][0]["acknowledged"] is True
        assert client.post("alerts/7/ack", {}).status == 404
        assert client.post("alerts/x/ack").status == 400
    assert made.audit.records[0][0] == "alert_acknowledged"


def test_a_folder_takes_nothing() -> None:
    made = filled("backtest")
    with served(made) as client:
        for path, body in (("commands/panic", {"confirm": "PANIC"}), ("alerts/1/ack", None)):
            assert client.post(path, body).status in (200, 403)
        assert client.post("commands/pause", {"confirm": "PAUSE"}).json["code"] == "read_only"
        reply = client.ask("PUT", "/api/v1/config", {"changes": {"signal_score_threshold": 1}}, TOKEN)
        assert reply.json["code"] == "read_only"
