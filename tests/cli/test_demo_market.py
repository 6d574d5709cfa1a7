"""Whose account the demo goes on with: of the market that its identity names, even where that is damaged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from whalebot.app import demo
from whalebot.app.config.document import Config
from whalebot.app.paths import Paths
from whalebot.app.run_options import RunOptions

ACCOUNT = "exchange.json"
CONFIG = Config()
OTHER = CONFIG.model_copy(update={"symbols": ("ETHUSDT",)})


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A folder with an account of CONFIG's market and the daemon's memory of it."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: None)
    paths = Paths(tmp_path, tmp_path / "config.json")
    paths.prepare()
    assert launch(paths) == []
    put_account(paths)
    return paths


def put_account(paths: Paths) -> None:
    (paths.exchange_state / ACCOUNT).write_text("account")
    paths.state_file("demo").write_text("memory")


def launch(paths: Paths, config: Config = CONFIG) -> list[str]:
    said: list[str] = []
    demo.launch_demo_exchange(config, paths, RunOptions(), said.append)
    return said


def identity(paths: Paths) -> Path:
    return paths.exchange_state / "identity.json"


def is_kept(paths: Paths) -> bool:
    return (paths.exchange_state / ACCOUNT).exists() and paths.state_file("demo").exists()


def test_the_same_market_goes_on_and_another_starts_afresh(paths: Paths) -> None:
    assert launch(paths) == []
    assert is_kept(paths)
    said = launch(paths, OTHER)
    assert said == [
        "another market than last time: demo.json is kept aside as demo.json.old-1",
        "another market than last time: exchange.json is kept aside as exchange.json.old-1",
    ]
    assert not is_kept(paths)
    assert paths.state_file("demo").with_name("demo.json.old-1").read_text() == "memory"


def test_another_balance_starts_afresh(paths: Paths) -> None:
    table = CONFIG.trade_management.model_copy(update={"account_balance": 1000.05})
    richer = CONFIG.model_copy(update={"trade_management": table})
    for config in (richer, CONFIG):
        assert len(launch(paths, config)) == 2
        assert not is_kept(paths)
        put_account(paths)


@pytest.mark.parametrize("bad", [b"XXXX", b"\xff\xff\xff\xff", b"\0\0\0\0", b"0000"])
def test_four_spoilt_bytes_anywhere_are_told_as_damage_and_the_account_goes_on(
    paths: Paths, bad: bytes
) -> None:
    whole = identity(paths).read_bytes()
    for at in range(len(whole) - 3):
        identity(paths).write_bytes(whole[:at] + bad + whole[at + 4 :])
        assert launch(paths) == [
            "identity.json, which names the market of the account, is damaged; what can be read of it is of "
            "this market, whose account goes on"
        ]
        assert is_kept(paths)
        assert identity(paths).read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"{}", b"[" * 100_000])
def test_an_identity_of_which_nothing_can_be_read_is_told_and_all_is_kept_aside(
    paths: Paths, content: bytes
) -> None:
    identity(paths).write_bytes(content)
    said = launch(paths)
    assert len(said) == 3
    assert all(one.startswith("identity.json, which names the market of the account, is dam") for one in said)
    assert not is_kept(paths)
    assert (paths.exchange_state / "identity.json.old-1").read_bytes() == content
    assert (paths.exchange_state / "exchange.json.old-1").read_text() == "account"
    assert launch(paths) == []


def test_a_missing_identity_is_told_as_missing(paths: Paths) -> None:
    identity(paths).unlink()
    said = launch(paths)
    assert len(said) == 2
    assert all("is missing: " in one for one in said)


def test_a_damaged_identity_of_another_market_does_not_go_on(paths: Paths) -> None:
    identity(paths).write_bytes(identity(paths).read_bytes().replace(b'"digest": "', b'"digest": "X'))
    assert all("is damaged: " in one for one in launch(paths, OTHER))
    assert not is_kept(paths)


def test_an_identity_of_an_earlier_version_goes_on(paths: Paths) -> None:
    whole = json.loads(identity(paths).read_bytes())
    old = {"market": whole["market"], "digest": whole["digest"]}
    identity(paths).write_text(json.dumps(old))
    assert launch(paths) == []
    assert is_kept(paths)
    assert json.loads(identity(paths).read_bytes()) == whole
    identity(paths).write_text(json.dumps({**old, "digest": "0" * 16}))
    assert all("than last time, or identity.json is damaged: " in one for one in launch(paths))
    assert not is_kept(paths)
