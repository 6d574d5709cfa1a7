"""Two exchanges never save into one folder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from whalebot.adapters.exchange.server.state_lock import state_lock
from whalebot.app.cli import main
from whalebot.domain.errors import ConfigError


def test_a_second_exchange_is_refused_and_told_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with state_lock(tmp_path / "accounts", 0.0):
        arguments = ["exchange", "--state", str(tmp_path / "accounts"), "--port", "0", "--dir", str(tmp_path)]
        assert main(arguments) == 2
        assert "another exchange keeps its accounts in this folder" in capsys.readouterr().err
    with state_lock(tmp_path / "accounts", 0.0):
        pass


def test_the_next_one_may_wait_for_the_one_before_to_end(tmp_path: Path) -> None:
    held, let_go = threading.Event(), threading.Event()

    def first() -> None:
        with state_lock(tmp_path, 0.0):
            held.set()
            let_go.wait(30.0)

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(30.0)
    threading.Timer(0.1, let_go.set).start()
    with state_lock(tmp_path, 30.0):
        assert let_go.is_set()
    thread.join(30.0)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="folder of --state"), state_lock(tmp_path / "file" / "x", 0.0):
        pass
