"""A thousand questions asked of the dashboard's server while it trades change no decision."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from market_files import write_bars
from processes import Daemon, write_config
from test_demo_run import EAGER
from test_web_run import WEB, Page, page_of

_PLACES = ("status", "positions", "trades?limit=50", "bars?symbol=BTCUSDT", "performance", "signals")
_QUESTIONS = 1_000
_ASKERS = 4
_OF_ONE_RUN = {"trade_id", "order_link_ids"}


def ask(page: Page, first: int, answers: list[int]) -> None:
    """Ask a share of the questions, or until the server has gone."""
    with contextlib.suppress(OSError):
        for turn in range(first, first + _QUESTIONS // _ASKERS):
            # Whoever asks this often is told to wait with 429: an answer as well.
            answers.append(page.ask("GET", _PLACES[turn % len(_PLACES)])[0])


def replayed(folder: Path, bars: Path, *, is_asked: bool) -> list[dict[str, Any]]:
    """Play a file in process, in lock-step, to its end; return what was traded."""
    write_config(folder, EAGER, WEB)
    answers: list[int] = []
    with Daemon(folder, "--mode", "replay", "--data", bars, "--speed", "max", "--until-end") as daemon:
        if is_asked:
            page = page_of(daemon)
            askers = [
                threading.Thread(target=ask, args=(page, number, answers), name=f"asker-{number}")
                for number in range(_ASKERS)
            ]
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            assert set(answers) <= {200, 409, 429}
            assert len(answers) == _QUESTIONS, "the file was over too soon"
        assert daemon.wait(120) == 0
        trades = daemon.trades()
    return [{key: value for key, value in trade.items() if key not in _OF_ONE_RUN} for trade in trades]


@pytest.mark.slow
def test_a_thousand_questions_change_no_decision(tmp_path: Path) -> None:
    bars = write_bars(tmp_path / "bars", bars=1_500)
    asked = replayed(tmp_path / "asked", bars, is_asked=True)
    assert len(asked) > 20
    assert asked == replayed(tmp_path / "quiet", bars, is_asked=False)
