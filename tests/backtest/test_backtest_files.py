"""The files of a backtest: asked for before the run, whole or not at all, written before any printing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_markets import walk
from test_backtest_command import FILES, backtest, write


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return write(tmp_path, walk(8, 900), "BTCUSDT-5m-made.csv.gz")


def test_a_file_that_stands_in_the_way_is_named_before_the_run(
    tmp_path: Path,
    recorded: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whalebot.app.backtest.run_job", lambda *_: pytest.fail("the run began"))
    for out in (recorded, recorded / "below"):
        assert backtest(tmp_path, "--data", recorded, "--out", out) == 2
        assert f"--out: {out} cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    out = tmp_path / "out"
    out.mkdir()
    (out / "config.json").write_text("earlier")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))
    try:
        assert backtest(tmp_path, "--data", recorded, "--out", out) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert f"--out: {out / 'report.html'} cannot be written: File too large" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in out.iterdir()} == {"config.json": "earlier"}


@pytest.mark.parametrize("how", ["text", "json"])
def test_a_pipe_closed_early_costs_no_file(tmp_path: Path, recorded: Path, how: str) -> None:
    out = tmp_path / "out"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "whalebot", "backtest", "--data", recorded, "--out", out),
                *("--dir", tmp_path, "--strategy", "ema_cross", "--interval", "5", "--format", how),
            ],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == list(FILES)
    assert all(line.startswith("written: ") for line in done.stderr.splitlines())


def test_figures_wrap_where_the_page_is_narrow(tmp_path: Path, recorded: Path) -> None:
    assert backtest(tmp_path, "--data", recorded, "--out", tmp_path / "out", "-q") == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for name in ("Result", "Risk", "Trades", "Time and path", "Costs"):
        assert f'<h3>{name}</h3><table class="figures">' in page
    assert page.index("white-space: nowrap; }\nth:first-child") < page.index(
        ".figures td { white-space: normal;"
    )
