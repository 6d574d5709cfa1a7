"""The rendered text: what its own parser and promtool read out of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sample_figures import NOW_MS, POSITION, SNAPSHOT, SYMBOL, VIEW

from whalebot.adapters.metrics.exposition import render
from whalebot.adapters.metrics.snapshot import MetricsSnapshot
from whalebot.domain.errors import ConfigError

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(snapshot: MetricsSnapshot) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(render(snapshot).decode()):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, f"{key} stands there twice"
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def test_every_promised_name_is_there_with_its_value() -> None:
    found = samples(SNAPSHOT)
    assert value(found, "whalebot_equity") == 9987.5
    assert value(found, "whalebot_pnl_total") == -40.25
    assert value(found, "whalebot_drawdown") == 0.0125
    assert value(found, "whalebot_positions", symbol="BTCUSDT", side="short") == 1
    assert value(found, "whalebot_position_value", symbol="BTCUSDT", side="short") == 15_000
    assert value(found, "whalebot_orders_total", result="accepted") == 4
    assert value(found, "whalebot_signals_total", strategy="groups", action="BUY") == 1
    assert value(found, "whalebot_rejections_total", check="spread") == 2
    assert value(found, "whalebot_ws_connected", stream="private") == 0
    assert value(found, "whalebot_ws_last_message_age_seconds", stream="public") == 0.5
    assert value(found, "whalebot_queue_depth", queue="inbox") == 3
    assert value(found, "whalebot_api_errors_total", code="10006") == 2
    assert value(found, "whalebot_unprotected_position_seconds_total", owner="own") == 0.25
    assert value(found, "whalebot_build_info", version="0.1.0", mode="demo", python="3.12.1") == 1
    assert value(found, "whalebot_reconciled_age_seconds") == 30
    assert value(found, "whalebot_clock_offset_seconds") == -0.12
    assert value(found, "process_cpu_seconds_total") == 12.5


def test_a_lease_is_told_only_where_one_is_asked_for() -> None:
    assert ("whalebot_lease_valid_seconds", ()) not in samples(SNAPSHOT)
    assert value(samples(replace(SNAPSHOT, lease_s=21.5)), "whalebot_lease_valid_seconds") == 21.5
    assert value(samples(replace(SNAPSHOT, lease_s=0.0)), "whalebot_lease_valid_seconds") == 0


def test_histograms_are_cumulative_and_end_with_their_count() -> None:
    found = samples(SNAPSHOT)
    assert value(found, "whalebot_order_latency_seconds_bucket", le="0.01") == 2
    assert value(found, "whalebot_order_latency_seconds_bucket", le="0.1") == 3
    assert value(found, "whalebot_order_latency_seconds_bucket", le="+Inf") == 4
    assert value(found, "whalebot_order_latency_seconds_count") == 4
    assert value(found, "whalebot_order_latency_seconds_sum") == 0.75
    assert value(found, "whalebot_loop_seconds_bucket", le="+Inf") == 913
    assert value(found, "whalebot_slippage_bps_bucket", le="0.0", purpose="entry") == 1
    assert value(found, "whalebot_slippage_bps_count", purpose="entry") == 3


def test_the_stop_of_a_short_position_lies_above_the_price_at_a_positive_distance_to_lose() -> None:
    found = samples(SNAPSHOT)
    assert value(found, "whalebot_position_stop_distance_ratio", symbol="BTCUSDT", side="short") == 0.01


def test_what_is_not_known_has_no_sample_rather_than_zero() -> None:
    found = samples(replace(SNAPSHOT, view=None))
    assert not any(name in ("whalebot_equity", "whalebot_drawdown") for name, _ in found)
    unknown = replace(VIEW, equity=None, clock_offset_ms=None, reconciled_ms=None)
    found = samples(replace(SNAPSHOT, view=unknown))
    assert not any(name == "whalebot_equity" for name, _ in found)
    assert ("whalebot_last_price", (("symbol", "ETHUSDT"),)) not in found
    assert ("whalebot_ws_last_message_age_seconds", (("stream", "private"),)) not in found


def test_a_position_without_a_stop_shows_as_unprotected() -> None:
    bare = replace(SYMBOL, position=replace(POSITION, stop_loss=None))
    found = samples(replace(SNAPSHOT, view=replace(VIEW, symbols=(bare,))))
    assert value(found, "whalebot_unprotected_positions") == 1
    assert value(found, "whalebot_position_protected", symbol="BTCUSDT", side="short") == 0
    assert not any(name == "whalebot_position_stop_distance_ratio" for name, _ in found)


def test_labels_with_quotes_and_line_ends_do_not_break_the_text() -> None:
    odd = 'a "quoted"\nname\\'
    found = samples(replace(SNAPSHOT, api_errors=((odd, 3),)))
    assert value(found, "whalebot_api_errors_total", code=odd) == 3


def test_nothing_is_kept_between_two_renderings() -> None:
    before = {family.name for family in REGISTRY.collect()}
    assert render(SNAPSHOT) == render(SNAPSHOT)
    assert {family.name for family in REGISTRY.collect()} == before


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.exposition", None)
    with pytest.raises(ConfigError, match=r"\.\[web\]"):
        render(SNAPSHOT)


def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=render(SNAPSHOT), capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_the_moment_is_that_of_the_snapshot() -> None:
    later = samples(replace(SNAPSHOT, now_ms=NOW_MS + 5_000))
    assert value(later, "whalebot_reconciled_age_seconds") == 35
