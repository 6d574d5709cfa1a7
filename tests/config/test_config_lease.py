"""The table lease: its times must leave room for two renewals and the last order."""

from __future__ import annotations

import pytest

from whalebot.app.config.fingerprint import config_hash
from whalebot.app.config.reload import diff


@pytest.mark.parametrize(
    ("table", "least"),
    [
        ({"kind": "kubernetes", "duration_s": 26}, 27),
        ({"kind": "kubernetes", "duration_s": 60, "renew_s": 27}, 61),
    ],
)
def test_a_lease_that_could_not_be_renewed_twice_is_refused(refused, table, least) -> None:
    [problem] = refused({"lease": table}).problems
    assert str(problem.path) == str(("lease", "duration_s"))
    assert f"must be {least} at least" in problem.text


def test_a_longer_receive_window_needs_a_longer_lease(read, refused) -> None:
    table = {"lease": {"kind": "kubernetes", "duration_s": 28}}
    assert read(table).config.lease.duration_s == 28
    [problem] = refused({**table, "exchange": {"recv_window_ms": 6001}}).problems
    assert "must be 29 at least" in problem.text


def test_where_it_is_off_its_times_are_nobodys_business(read) -> None:
    assert read({"lease": {"duration_s": 10, "renew_s": 10}}).config.lease.kind == "off"


def test_a_change_needs_a_restart_and_is_no_other_strategy(read) -> None:
    before, after = read({}).config, read({"lease": {"kind": "kubernetes"}}).config
    [change] = diff(before, after)
    assert change.needs_restart
    assert config_hash(before) == config_hash(after)
