"""Mistakes in a strategy of the user's own are named by module, file and line, and end in exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_markets import walk
from test_backtest_command import write

from whalebot.app.cli import main

_GOOD = """\
from whalebot.research.strategies.ema_cross import EmaCrossStrategy


class A(EmaCrossStrategy):
    pass
"""
_METHOD = "    def columns(self, data):\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory that the import path does not have, as under the console script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(tmp_path))])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    sys.modules.pop("own_made", None)


def bars(folder: Path) -> str:
    return str(write(folder, walk(8, 300), "BTCUSDT-5m-made.csv.gz"))


def backtest(folder: Path, strategy: str, command: str = "backtest") -> int:
    arguments = ("--data", bars(folder), "--dir", str(folder), "--interval", "5", "--strategy", strategy)
    return main([command, *arguments])


def test_a_module_of_the_working_directory_is_found(folder: Path) -> None:
    (folder / "own_made.py").write_text(_GOOD)
    assert backtest(folder, "own_made:A") == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("class A(:\n", "own_made.py, line 1: SyntaxError"),
        ("import not_there_at_all\n", "own_made.py, line 1: ModuleNotFoundError"),
        ("x = 1\nraise SystemExit(3)\n", "own_made.py, line 2: SystemExit"),
        ("A = 3\n", "A is no class"),
        ("B = 3\n", "own_made has no A"),
        ("class A:\n    pass\n", "made with EngineSettings alone: TypeError"),
        (_GOOD + _METHOD + "        return 1 / 0\n", "own_made.py, line 7: ZeroDivisionError"),
        (_GOOD + _METHOD + "        return None\n", "returned NoneType; expected DecisionColumns"),
        (
            "from dataclasses import replace\n" + _GOOD + _METHOD + "        found = super().columns(data)\n"
            "        return replace(found, score=found.score[1:])\n",
            "score of columns(BTCUSDT) has the shape (299,)",
        ),
    ],
)
@pytest.mark.parametrize("command", ["backtest", "check-lookahead"])
def test_a_mistake_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, named: str, command: str
) -> None:
    (folder / "own_made.py").write_text(text)
    assert backtest(folder, "own_made:A", command) == 2
    said = capsys.readouterr().err
    assert "--strategy own_made:A" in said
    assert named in said


@pytest.mark.parametrize("place", [":A", "own_made:", "../t/x:A", "os:system", "os:getcwd", "no_such_one:A"])
def test_what_is_no_strategy_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert backtest(folder, place) == 2
    assert f"--strategy {place}: " in capsys.readouterr().err
