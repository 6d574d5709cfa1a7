"""The tables of alerts and metrics: what must fit together, and secrets that are never shown."""

from __future__ import annotations

import pytest

from whalebot.app.alerting import alert_rules
from whalebot.app.config.problems import path_text

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
TELEGRAM = {"enabled": True, "token": "${BOT}", "chat_ids": [7]}


def test_a_bots_token_is_a_secret_by_reference_only(read, refused) -> None:
    loaded = read({"alerts": {"enabled": True, "telegram": TELEGRAM}}, env={"BOT": TOKEN})
    assert loaded.secrets == (TOKEN,)
    assert TOKEN not in f"{loaded!r} {loaded.config!r} {loaded.config.model_dump_json()}"
    [problem] = refused({"alerts": {"telegram": {"token": TOKEN}}}).problems
    assert path_text(problem.path) == "alerts.telegram.token"
    assert TOKEN not in str(problem)


@pytest.mark.parametrize(
    ("alerts", "place"),
    [
        ({"enabled": False, "telegram": TELEGRAM}, "alerts.telegram.enabled"),
        ({"enabled": True, "telegram": {**TELEGRAM, "token": None}}, "alerts.telegram.token"),
        ({"enabled": True, "telegram": {**TELEGRAM, "chat_ids": []}}, "alerts.telegram.chat_ids"),
        ({"quiet_hours": ["22:00", "22:00"]}, "alerts.quiet_hours"),
        ({"quiet_hours": ["22:00", "24:00"]}, "alerts.quiet_hours[1]"),
        ({"quiet_hours": ["22:00"]}, "alerts.quiet_hours"),
        ({"daily_summary": "8:00"}, "alerts.daily_summary"),
        ({"telegram": {"chat_ids": ["7"]}}, "alerts.telegram.chat_ids[0]"),
    ],
)
def test_what_does_not_fit_together_is_named(refused, alerts, place) -> None:
    found = refused({"alerts": alerts}, env={"BOT": TOKEN}).problems
    assert place.split("[")[0] in {path_text(problem.path).split("[")[0] for problem in found}


def test_a_file_of_figures_ends_as_collectors_want_it(read, refused) -> None:
    assert read({"metrics": {"textfile": "a/b.prom"}}).config.metrics.textfile == "a/b.prom"
    [problem] = refused({"metrics": {"textfile": "figures.txt"}}).problems
    assert ".prom" in problem.text


def test_the_rules_are_those_of_the_file(read) -> None:
    alerts = {
        "dedup_s": 60,
        "escalate_after_min": 0,
        "quiet_hours": ["22:00", "07:30"],
        "max_per_minute": 3,
    }
    rules = alert_rules(read({"alerts": alerts, "timezone": "Europe/Berlin"}).config)
    assert (rules.dedup_ms, rules.escalate_ms, rules.max_per_minute, rules.hint) == (60_000, None, 3, None)
    assert rules.quiet is not None
    assert (str(rules.quiet.start), str(rules.quiet.end), str(rules.quiet.zone)) == (
        "22:00:00",
        "07:30:00",
        "Europe/Berlin",
    )
    usual = alert_rules(read({}).config)
    assert (usual.escalate_ms, usual.quiet) == (30 * 60_000, None)


def test_a_critical_message_says_how_to_acknowledge_it(read) -> None:
    by_chat = alert_rules(
        read({"alerts": {"enabled": True, "telegram": TELEGRAM}}, env={"BOT": TOKEN}).config
    )
    assert by_chat.hint is not None
    assert by_chat.hint(3) == "seen? /ack 3"
