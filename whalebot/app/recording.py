"""Puts the flight recorder behind the engine, where the configuration asks for it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Final

import msgspec

from whalebot import __version__
from whalebot.app.setup import Setup
from whalebot.domain.state import StateDocument
from whalebot.ports import Clock
from whalebot.runtime.loop import EngineLike
from whalebot.runtime.recorded import RecordedEngine

if TYPE_CHECKING:
    from whalebot.adapters.recording.header import JournalHeader
    from whalebot.engine.settings import EngineSettings

_STOP_S: Final = 2.0
_DECIDERS: Final = ("numpy", "TA-Lib")


def recorded(
    engine: EngineLike,
    setup: Setup,
    settings: EngineSettings,
    state: StateDocument,
    clock: Clock,
    on_stopped: Callable[[str], None],
    stack: ExitStack,
) -> EngineLike:
    """Return the engine, noted in `recordings/` where the configuration says `record`.

    `on_stopped` hears why recording ended before the run did; `stack` ends the recording.
    """
    if not setup.config.record:
        return engine
    from whalebot.adapters.recording.keeping import Limits, Shelf
    from whalebot.adapters.recording.recorder import FlightRecorder
    from whalebot.adapters.recording.writer import JournalWriter

    header = _header(setup, settings, state, clock.now_ms())
    started = datetime.fromtimestamp(header.started_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = setup.paths.recordings / f"{started}-{header.mode}"
    try:
        journal = JournalWriter(folder, header)
    except OSError as error:
        # What is open must be looked after, with a journal or without.
        on_stopped(f"{folder}: {error.strerror}")
        return engine
    kept = setup.config.recordings
    shelf = Shelf(setup.paths.recordings, Limits(kept.max_mb << 20, kept.keep_days))
    recorder = FlightRecorder(journal, clock, on_stopped, shelf=shelf)
    recorder.start()
    stack.callback(recorder.stop, _STOP_S)
    return RecordedEngine(engine, recorder)


def numbers_made_by() -> dict[str, str]:
    """Return the versions of everything that decides numbers, by name."""
    return {
        "whalebot": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _DECIDERS},
    }


def _header(setup: Setup, settings: EngineSettings, state: StateDocument, now_ms: int) -> JournalHeader:
    from whalebot.adapters.recording.codec import encode_plain
    from whalebot.adapters.recording.header import FORMAT, JournalHeader

    config = json.dumps(setup.config.model_dump(mode="json", by_alias=True))
    return JournalHeader(
        format=FORMAT,
        mode=setup.config.mode,
        started_ms=now_ms,
        config=json.loads(setup.masker.mask(config)),
        settings=msgspec.Raw(encode_plain(settings)),
        state=msgspec.Raw(encode_plain(state)),
        versions=numbers_made_by(),
    )
