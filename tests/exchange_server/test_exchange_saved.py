"""A saved account that is cut, spoilt, of another program, of another market: nothing is overwritten."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from exchange_harness import START_MS, running, track

from whalebot.adapters.exchange.server.build import build_parts
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.state_store import StateStore
from whalebot.domain.errors import ConfigError


def document(number: int) -> dict[str, Any]:
    return {"version": 1, "number": number, "text": "x" * 200}


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    found = StateStore(tmp_path)
    found.save(document(1))
    found.save(document(2))
    return found


def test_every_cut_and_every_spoilt_byte_falls_back_to_the_one_before(
    store: StateStore, tmp_path: Path
) -> None:
    path, last = tmp_path / "exchange.json", tmp_path / "exchange.last.json"
    good, before = path.read_bytes(), last.read_bytes()
    assert store.load().document == document(2)
    damages = [good[:size] for size in range(len(good))]
    damages += [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(len(good))]
    for spoilt in damages:
        path.write_bytes(spoilt)
        found = store.load()
        assert found.document == document(1)
        assert "exchange.json.damaged-1" in found.reason
        aside = tmp_path / "exchange.json.damaged-1"
        assert aside.read_bytes() == spoilt
        aside.unlink()
        assert last.read_bytes() == before


def test_set_aside_files_pile_up_and_none_is_overwritten(store: StateStore, tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / "exchange.json").write_bytes(b"broken %d" % number)
        store.load()
    found = [(tmp_path / f"exchange.json.damaged-{n}").read_bytes() for n in range(1, 4)]
    assert found == [b"broken 1", b"broken 2", b"broken 3"]


def test_a_newer_program_s_account_is_refused_and_untouched(store: StateStore, tmp_path: Path) -> None:
    path = tmp_path / "exchange.json"
    path.write_bytes(msgspec.json.encode({**document(3), "version": 2}))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=r"exchange\.json: version 2 of a newer program"):
        store.load()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_an_account_that_cannot_be_read_is_no_damaged_one(store: StateStore, tmp_path: Path) -> None:
    (tmp_path / "exchange.json").unlink()
    (tmp_path / "exchange.json").mkdir()
    with pytest.raises(ConfigError, match=r"exchange\.json: Is a directory; .*owner and mode"):
        store.load()
    assert (tmp_path / "exchange.json").is_dir()


def test_an_account_saved_before_digests_goes_on(tmp_path: Path) -> None:
    (tmp_path / "exchange.json").write_bytes(msgspec.json.encode(document(5)))
    store = StateStore(tmp_path)
    assert store.load().document == document(5)
    store.save(document(6))
    assert StateStore(tmp_path).load().document == document(6)


def test_a_kill_at_any_byte_of_a_save_keeps_the_account_before_it(store: StateStore, tmp_path: Path) -> None:
    """What a kill in the middle of writing leaves: both documents, and a part of the new one beside them."""
    elsewhere = tmp_path / "elsewhere"
    StateStore(elsewhere).save(document(3))
    written = (elsewhere / "exchange.json").read_bytes()
    for size in range(len(written) + 1):
        (tmp_path / "exchange.new").write_bytes(written[:size])
        found = StateStore(tmp_path).load()
        assert (found.document, found.reason) == (document(2), "")
    store.save(document(4))
    assert StateStore(tmp_path).load().document == document(4)
    assert not (tmp_path / "exchange.new").exists()


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_failed_save_keeps_what_was_saved(
    store: StateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    real, calls = getattr(os, call), []

    def failing(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(OSError, match="No space"):
        store.save(document(3))
    monkeypatch.undo()
    assert StateStore(tmp_path).load().document in (document(1), document(2), document(3))
    store.save(document(4))
    assert StateStore(tmp_path).load().document == document(4)


def test_an_account_of_another_market_is_kept(tmp_path: Path) -> None:
    def options(seed: int) -> ExchangeOptions:
        return ExchangeOptions(state=tmp_path, data=("made-up",), from_ms=START_MS, seed=seed)

    with running(state=tmp_path):
        pass
    saved = (tmp_path / "exchange.json").read_bytes()
    _, notices = build_parts(options(7), [track("ETHUSDT")])
    assert any("does not fit" in line and "exchange.json.old-1" in line for line in notices)
    assert (tmp_path / "exchange.json.old-1").read_bytes() == saved
