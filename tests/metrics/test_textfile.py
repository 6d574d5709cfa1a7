"""Figures as a file: whole for every reader, kept on through a failing disk, gone with the daemon."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from whalebot.adapters.metrics.textfile import TextfileExport, write_textfile

LIMIT_S = 30


def test_the_file_is_replaced_whole_and_readable_for_a_collector(tmp_path: Path) -> None:
    path = tmp_path / "figures.prom"
    before = os.umask(0o077)
    try:
        write_textfile(path, b"a 1\n")
        write_textfile(path, b"a 2\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"a 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["figures.prom"]


@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
def test_what_somebody_put_there_is_not_written_through(tmp_path: Path, kind: str) -> None:
    target, temporary = tmp_path / "target", tmp_path / f".figures.prom.{os.getpid()}"
    target.write_text("mine")
    if kind == "link":
        temporary.symlink_to(target)
    elif kind == "pipe":
        os.mkfifo(temporary)
    else:
        os.link(target, temporary)
    write_textfile(tmp_path / "figures.prom", b"a 1\n")
    assert target.read_text() == "mine"
    assert (tmp_path / "figures.prom").read_bytes() == b"a 1\n"
    assert stat.S_ISREG((tmp_path / "figures.prom").lstat().st_mode)


def test_a_folder_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_textfile(tmp_path / "none" / "figures.prom", b"")
    assert os.listdir(tmp_path) == []


def test_a_failing_disk_is_told_once_and_the_export_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, written, asked = tmp_path / "later", threading.Event(), threading.Semaphore(0)
    path = folder / "figures.prom"

    def make() -> bytes:
        if path.exists():
            written.set()
        asked.release()
        return b"a 1\n"

    export = TextfileExport(path, make, period_s=0.001)
    for _ in range(3):
        assert asked.acquire(timeout=LIMIT_S)
    assert export.is_alive
    folder.mkdir()
    assert written.wait(LIMIT_S)
    export.stop(LIMIT_S)
    assert not export.is_alive
    assert not path.exists()
    told = [
        r.getMessage() for r in caplog.records if r.name == "whalebot.metrics" and r.levelname == "WARNING"
    ]
    assert len(told) == 1


def test_figures_that_cannot_be_made_do_not_end_the_export(tmp_path: Path) -> None:
    tries = threading.Semaphore(0)

    def make() -> bytes:
        tries.release()
        raise RuntimeError("broken")

    export = TextfileExport(tmp_path / "figures.prom", make, period_s=0.001)
    for _ in range(3):
        assert tries.acquire(timeout=LIMIT_S)
    assert export.is_alive
    export.stop(LIMIT_S)
