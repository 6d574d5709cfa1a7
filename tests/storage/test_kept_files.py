"""Files that earlier versions wrote are read for ever: `kept` holds one of each, never changed again.

A new form of a file gets a new number and a new file beside the old ones, and a migration that reads those.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from sample_states import document
from sample_trades import trade

from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateFile
from whalebot.domain.errors import ConfigError
from whalebot.domain.state import STATE_VERSION

KEPT = Path(__file__).parent / "kept"


def test_every_state_of_an_earlier_version_loads_and_what_is_new_takes_its_default(tmp_path: Path) -> None:
    for version in range(1, STATE_VERSION + 1):
        path = tmp_path / "demo.json"
        shutil.copy(KEPT / f"state-{version}.json", path)
        found = StateFile(path).load()
        assert found is not None
        assert found == document(7), "every value that was saved is there"
        state = StateFile(path)
        state.load()
        state.save(document(8))
        kept = path.with_name("demo.json.last").read_bytes()
        assert kept == (KEPT / f"state-{version}.json").read_bytes(), "the old form stays beside the new one"


def test_a_history_of_an_earlier_version_loads_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trade_history.json"
    shutil.copy(KEPT / "trade_history.json", path)
    history = TradeHistory.open(path)
    assert list(history.load()) == [trade(n) for n in range(3)]
    assert history.append(trade(3))
    before = (KEPT / "trade_history.json").read_bytes()
    assert path.read_bytes().startswith(before[: before.rindex(b"}") + 1])


@pytest.mark.parametrize("place", ["demo.json", "demo.json.last"])
def test_a_state_of_a_newer_version_is_refused_and_untouched_wherever_it_lies(
    tmp_path: Path, place: str
) -> None:
    path = tmp_path / "demo.json"
    state = StateFile(path)
    state.save(document(1))
    state.save(document(2))
    raw = json.dumps({"run_id": "r9", "version": STATE_VERSION + 1, "something": "new"}).encode()
    digest = hashlib.sha256(b"%d " % (STATE_VERSION + 1) + raw).hexdigest().encode()
    newer = b'{"version":%d,"digest":"%s","document":%s}\n' % (STATE_VERSION + 1, digest, raw)
    (tmp_path / place).write_bytes(newer)
    if place == "demo.json.last":
        path.unlink()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for _ in range(2):
        with pytest.raises(ConfigError, match=rf"{place}: state version {STATE_VERSION + 1}"):
            StateFile(path).load()
        with pytest.raises(ConfigError, match="start the program that wrote it"):
            StateFile(path).save(document(9))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_fields_that_only_a_newer_program_knows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    StateFile(path).save(document(1))
    found = json.loads(path.read_bytes())["document"]
    found["vault"] = {"x": 1}
    found["positions"][0]["mood"] = "good"
    raw = json.dumps(found, separators=(",", ":")).encode()
    digest = hashlib.sha256(b"%d " % STATE_VERSION + raw).hexdigest().encode()
    path.write_bytes(b'{"version":%d,"digest":"%s","document":%s}\n' % (STATE_VERSION, digest, raw))
    state = StateFile(path)
    assert state.load() == document(1)
    (notice,) = state.take_notices()
    assert notice.kind == "state_fields"
    assert notice.text.endswith("positions.mood, vault")
