"""A session through sockets, replayed and compared: the same decisions, the same trades."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from whalebot.adapters.recording.codec import encode_plain
from whalebot.adapters.recording.reader import Journal
from whalebot.adapters.recording.writer import JournalWriter
from whalebot.app.cli import main
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings
from whalebot.research.comparing.comparison import recorded_latency_ms
from whalebot.research.replaying import replay


def rewritten(recording: Path, folder: Path, **changes: object) -> Path:
    """Write the records of a recording again under another header."""
    journal = Journal(recording)
    writer = JournalWriter(folder, msgspec.structs.replace(journal.header, **changes))
    records = [msgspec.msgpack.encode(record) for record in journal.records()]
    writer.write(records, 0, journal.header.started_ms)
    writer.close()
    return folder


def test_a_session_through_sockets_is_replayed_to_the_same_decisions(recording: Path) -> None:
    journal = Journal(recording)
    found = replay(journal)
    assert found.parting is None
    assert (found.torn, found.damage, journal.is_complete) == ("", "", True)
    assert found.events > 500


def test_nobody_else_may_read_a_recording(recorded_folder: Path) -> None:
    for path in (recorded_folder / "recordings", *(recorded_folder / "recordings").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_other_settings_part_with_words(recording: Path, tmp_path: Path) -> None:
    settings = msgspec.msgpack.decode(Journal(recording).header.settings, type=EngineSettings)
    bolder = replace(settings, trade=replace(settings.trade, stop_loss_atr=settings.trade.stop_loss_atr * 2))
    other = rewritten(recording, tmp_path / "other", settings=msgspec.Raw(encode_plain(bolder)))
    found = replay(Journal(other))
    assert found.parting is not None
    assert "recorded" in found.parting.words
    assert "replayed" in found.parting.words
    assert main(["replay", str(other), "-q"]) == 1
    assert main(["replay", str(other), "--until", str(found.parting.number - 1), "-q"]) == 0


def test_a_torn_tail_is_told_and_the_rest_used(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [file] = recording.iterdir()
    whole = replay(Journal(recording)).events
    file.write_bytes(file.read_bytes()[:-700])
    assert main(["replay", str(recording)]) == 0
    told = capsys.readouterr().out
    assert "ends torn" in told
    assert 0 < replay(Journal(recording)).events < whole


def test_the_simulation_of_a_demo_session_makes_the_same_trades(
    recorded_folder: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads((recorded_folder / "trade_history.json").read_text())
    assert len(made) > 3
    assert main(["compare", str(recording), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["equal"]
    assert [t["happened"]["trade_id"] for t in told["trades"]] == [t["trade_id"] for t in made]
    assert all(t["happened"]["pnl"] == t["simulated"]["pnl"] for t in told["trades"])


def test_another_fee_shows_as_fee(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(recording), "--json", "--fee-taker", "0.11"]) == 1
    first = json.loads(capsys.readouterr().out)["trades"][0]
    # The first entry has the same size and price; what follows has another balance behind it.
    assert set(first["differing"]) == {"fees", "pnl"}
    assert Decimal(first["simulated"]["fees"]) == 2 * Decimal(first["happened"]["fees"])


def test_another_latency_shows_as_later_entries(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(recording), "--json", "--latency-ms", "100000"]) == 1
    first = json.loads(capsys.readouterr().out)["trades"][0]
    assert "entry_ms" in first["differing"]
    assert "qty" not in first["differing"]


def test_the_recorded_latency_of_lock_step_is_none(recording: Path) -> None:
    assert recorded_latency_ms(Journal(recording)) == 0


def test_a_missing_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no recording"):
        Journal(tmp_path / "nothing")
    assert main(["compare", "--dir", str(tmp_path)]) == 2


def test_another_configuration_is_refused_beside_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--dir", str(tmp_path), "--config", str(tmp_path / "other.json")]) == 2
    assert "--config: stands beside --data only" in capsys.readouterr().err
