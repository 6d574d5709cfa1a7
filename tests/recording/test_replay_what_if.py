"""`replay --config`: the first decision that other settings make otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from whalebot.adapters.recording.reader import Journal
from whalebot.app.cli import main
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings
from whalebot.research import replaying


def asked(recorded_folder: Path, folder: Path, **changes: Any) -> Path:
    """The recorded configuration with changes, as a file."""
    path = folder / "other.json"
    path.write_text(json.dumps({**json.loads((recorded_folder / "config.json").read_text()), **changes}))
    return path


def test_the_recorded_configuration_decides_the_same(
    recorded_folder: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = asked(recorded_folder, tmp_path, timezone="UTC")
    assert main(["replay", str(recording), "--dir", str(tmp_path), "--config", str(other)]) == 0
    assert f"decisions of {other}, the same as recorded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"signal_score_threshold": 4.5}, "recorded only: SubmitOrder"),
        ({"trade_management": {"account_balance": 100_000, "stop_loss_atr_multiple": 3.1}}, "SubmitOrder"),
    ],
)
def test_other_settings_part_at_the_first_decision(
    recorded_folder: Path,
    recording: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: Any,
    told: str,
) -> None:
    other = asked(recorded_folder, tmp_path, **changes)
    assert main(["replay", str(recording), "--dir", str(tmp_path), "--config", str(other)]) == 1
    err = capsys.readouterr().err
    assert "parted at event" in err
    assert told in err


def test_settings_of_another_market_are_refused(
    recorded_folder: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for changes in ({"interval": "15"}, {"symbols": ["BTCUSDT", "ETHUSDT"]}):
        other = asked(recorded_folder, tmp_path, **changes)
        assert main(["replay", str(recording), "--dir", str(tmp_path), "--config", str(other)]) == 2
        assert "only that can be asked of it" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(
    recorded_folder: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tmp_path / "nothing.json"
    assert main(["replay", str(recording), "--dir", str(tmp_path), "--config", str(nothing)]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_how_settlements_were_watched_is_a_fact_of_the_recording(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mode decides it, and a file may name another mode than the recorded run had."""
    journal = Journal(recording)
    recorded = replaying.settings_of(journal)
    given: list[EngineSettings | None] = []

    def engine_of(journal: Journal, settings: EngineSettings | None = None) -> Engine:
        given.append(settings)
        return made(journal, settings)

    made = replaying.engine_of
    monkeypatch.setattr(replaying, "engine_of", engine_of)
    other = replace(recorded, label="replay", timing=replace(recorded.timing, funding_check_ms=None))
    assert replaying.replay_with(journal, other).parting is None
    assert given == [recorded]
