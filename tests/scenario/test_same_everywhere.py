"""What must not change a trade: the owner's clock, and whether bars come from a file or over sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from market_files import FIVE_MINUTES, write_bars
from processes import run_to_end, trades_in, write_config
from test_demo_run import EAGER, without_ids

# Clocks in Chicago are put forward at 08:00 UTC of that day.
SUMMER_TIME_MS = 1_741_478_400_000


def trades_of(folder: Path, bars: Path, mode: str, zone: str) -> list[dict[str, Any]]:
    """Trade a file to its end; return the trades."""
    write_config(folder, EAGER, {"timezone": zone})
    run_to_end(folder, "--mode", mode, "--data", bars, "--speed", "max", "--until-end")
    return [without_ids(trade) for trade in trades_in(folder)]


def test_the_day_on_which_clocks_change_is_a_day_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_bars(tmp_path, bars=400)
    begun = SUMMER_TIME_MS - 250 * FIVE_MINUTES
    head, *rows = made.read_text().splitlines()
    moved = [f"{begun + n * FIVE_MINUTES},{row.partition(',')[2]}" for n, row in enumerate(rows)]
    made.write_text("\n".join([head, *moved]) + "\n")
    trades = {}
    for zone in ("UTC", "America/Chicago"):
        monkeypatch.setenv("TZ", zone)
        trades[zone] = trades_of(tmp_path / zone.replace("/", "-"), made, "replay", zone)
    assert len(trades["UTC"]) > 5
    for one, other in zip(trades["UTC"], trades["America/Chicago"], strict=True):
        assert one | {"config_hash": ""} == other | {"config_hash": ""}
