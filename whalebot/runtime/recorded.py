"""An engine whose every event is noted on the way, with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from whalebot.domain.effects import Effect
from whalebot.domain.events import Event
from whalebot.runtime.loop import EngineLike


class EventRecorder(Protocol):
    """Notes what happens. Both methods return at once and never raise."""

    def begun(self, real_ms: int, effects: Sequence[Effect]) -> None:
        """Note the engine's start."""
        ...

    def note(self, event: Event, effects: Sequence[Effect] | None) -> None:
        """Note an event and its effects; None: the engine broke."""
        ...


class RecordedEngine:
    """`EngineLike` that passes everything on. The event that breaks the engine is noted too."""

    def __init__(self, engine: EngineLike, recorder: EventRecorder) -> None:
        self._engine = engine
        self._recorder = recorder

    def start(self, real_ms: int) -> Sequence[Effect]:
        """Return the effects of beginning."""
        effects = self._engine.start(real_ms)
        self._recorder.begun(real_ms, effects)
        return effects

    def process(self, event: Event) -> Sequence[Effect]:
        """Take one event, return its effects in order."""
        effects: Sequence[Effect] | None = None
        try:
            effects = self._engine.process(event)
            return effects
        finally:
            self._recorder.note(event, effects)

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        """Return how long the loop may wait (real ms), None where nothing is due."""
        return self._engine.ms_to_next_timer(real_ms)
