"""Where recording cannot begin, the daemon is told and goes on without."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.recording.reader import Journal, newest_recording
from whalebot.app.config.document import Config
from whalebot.app.config.environment import read_environment
from whalebot.app.engine_setup import engine_settings
from whalebot.app.paths import Paths
from whalebot.app.recording import recorded
from whalebot.app.setup import Setup
from whalebot.domain.enums import Stream
from whalebot.domain.events import StreamUp
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import FeedSettings
from whalebot.research.replaying import replay
from whalebot.runtime.clock import SystemClock
from whalebot.runtime.loop import EngineLike


def begin(folder: Path, told: list[str], stack: ExitStack, record: bool = True) -> EngineLike:
    """An engine as the daemon would run it."""
    config = Config(record=record)
    environment = read_environment(folder / ".env")
    setup = Setup(config, environment, Paths(folder, folder / "c"), SecretMasker(), (), False)
    settings = engine_settings(config, FeedSettings())
    state = StateDocument("abc123")
    engine = Engine(settings, state)
    return recorded(engine, setup, settings, state, SystemClock(), told.append, stack)


def test_a_recording_replays_what_the_engine_did(tmp_path: Path) -> None:
    told: list[str] = []
    with ExitStack() as stack:
        engine = begin(tmp_path, told, stack)
        engine.start(1_000)
        for stream in Stream:
            engine.process(StreamUp(stream, 1_001))
    found = replay(Journal(newest_recording(tmp_path / "recordings")))
    assert (found.events, found.parting) == (3, None)
    assert told == []


def test_an_event_that_breaks_the_engine_is_the_last_one(tmp_path: Path) -> None:
    with ExitStack() as stack:
        engine = begin(tmp_path, [], stack)
        engine.start(1_000)
        with pytest.raises(AttributeError):
            engine.process("not an event")  # type: ignore[arg-type]
    last = list(Journal(newest_recording(tmp_path / "recordings")).records())[-1]
    assert (last.name, last.digest) == ("str", None)


def test_where_nothing_can_be_written_the_engine_goes_on_alone(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file, where a folder belongs")
    told: list[str] = []
    with ExitStack() as stack:
        engine = begin(tmp_path, told, stack)
    assert isinstance(engine, Engine)
    assert len(told) == 1
    assert "recordings" in told[0]


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert isinstance(begin(tmp_path, [], stack, record=False), Engine)
    assert not (tmp_path / "recordings").exists()
