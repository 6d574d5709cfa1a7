"""Log files under what happens to them: a kill while they rotate, somebody who moves them, a full disk."""

from __future__ import annotations

import contextlib
import json
import logging
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from whalebot.adapters.logs.files import LogFile

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES, OLD = 2_000, 3
_WRITER = """
import logging, sys
from pathlib import Path
from whalebot.adapters.logs.files import LogFile
file = LogFile(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
number = int(sys.argv[4])
while True:
    file.handle(logging.LogRecord("x", 20, "", 0, '{"number": %d}', (number,), None))
    number += 1
    if number % 500 == 0:
        print(number, flush=True)
"""


def line(number: int) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, '{"number": %d}', (number,), None)


def numbers_in(folder: Path) -> list[int]:
    """Return what the files hold, oldest first. Every line must be whole."""
    files = sorted(folder.glob("a.log*"), key=lambda path: path.name, reverse=True)
    texts = [text for path in files for text in path.read_text().splitlines() if text]
    return [json.loads(text)["number"] for text in texts]


def test_kills_while_rotating_leave_whole_lines_in_order_and_bounded_files(tmp_path: Path) -> None:
    path, number = tmp_path / "a.log", 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(MOST_BYTES), str(OLD), str(number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            for _ in range(4):
                number = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
        files = list(tmp_path.iterdir())
        assert len(files) <= OLD + 1
        assert all(file.stat().st_size <= MOST_BYTES for file in files)
        found = numbers_in(tmp_path)
        assert found == sorted(set(found))
        number = found[-1] + 1
    assert number >= 8_000


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text('{"number": 1}\n{"num')
    file = LogFile(path)
    file.handle(line(2))
    file.close()
    assert path.read_text() == '{"number": 1}\n{"num\n{"number": 2}\n'


def test_a_file_moved_or_removed_by_others_is_begun_anew(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.log", tmp_path / "a.log-20250101"
    file = LogFile(path)
    file.handle(line(1))
    path.rename(aside)
    file.handle(line(2))
    assert aside.read_text() == '{"number": 1}\n'
    assert path.read_text() == '{"number": 2}\n'
    path.unlink()
    file.handle(line(3))
    assert path.read_text() == '{"number": 3}\n'
    # The other way of rotating: copied, then emptied in place.
    path.write_text("")
    file.handle(line(4))
    file.close()
    assert path.read_text() == '{"number": 4}\n'
    assert file.lost == 0


def test_a_folder_that_is_gone_is_survived(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    file = LogFile(folder / "a.log")
    (folder / "a.log").unlink()
    folder.rmdir()
    file.handle(line(1))
    assert file.lost == 1
    assert "cannot be written" in capsys.readouterr().err
    folder.mkdir()
    file.handle(line(2))
    file.close()
    lost = "1 records before the last line were lost: the file could not be written\n"
    assert (folder / "a.log").read_text() == '{"number": 2}\n' + lost


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_after_a_full_disk_lines_are_whole_again_and_the_losses_counted(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.log"
    file = LogFile(path, MOST_BYTES * 100)
    with files_end_at(1000):
        for number in range(500):
            file.handle(line(number))
    for number in range(500, 600):
        file.handle(line(number))
    file.close()
    assert file.lost > 0
    assert capsys.readouterr().err.count("cannot be written") == 1
    whole, torn = [], 0
    lines = path.read_text().splitlines()
    told = [text for text in lines if text.endswith("were lost: the file could not be written")]
    assert [text.split()[0] for text in told] == [str(file.lost)]
    for text in lines:
        if text in told:
            continue
        try:
            whole.append(json.loads(text)["number"])
        except ValueError:
            torn += 1
    assert torn <= 1
    assert whole == sorted(set(whole))
    assert whole[-100:] == list(range(500, 600))
    assert len(whole) + file.lost + torn >= 600
