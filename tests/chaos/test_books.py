"""What a daemon left behind is read as its next start would read it."""

from __future__ import annotations

from pathlib import Path

from whalebot.adapters.storage.state import StateFile
from whalebot.domain.state import StateDocument
from whalebot.research.chaos.books import read_state


def test_the_state_is_what_the_next_start_would_begin_with(tmp_path: Path) -> None:
    assert read_state(tmp_path, "demo") == {}
    path = tmp_path / "state" / "demo.json"
    states = StateFile(path)
    for revision in (1, 2):
        states.save(StateDocument(run_id="r", revision=revision, next_intent_no=1, saved_ms=revision * 1_000))
    assert read_state(tmp_path, "demo")["saved_ms"] == 2_000
    # Killed between the two renames of the third save.
    path.replace(path.with_name("demo.json.last"))
    assert read_state(tmp_path, "demo")["saved_ms"] == 2_000
    path.write_bytes(b"\0" * 64)
    assert read_state(tmp_path, "demo")["revision"] == 2
