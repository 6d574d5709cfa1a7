"""Log files: rotation, modes, levels, and that nothing they meet disturbs whoever logs."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.logs.formats import EventFormatter, HumanFormatter, TerminalFormatter
from whalebot.adapters.logs.lane import LogLane
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem, wants_colour
from whalebot.domain.errors import ConfigError


def record(text: str, *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("whalebot.x", level, "", 0, text, args, None)
    made.created = 1_700_000_000.125
    for name, value in extra.items():
        setattr(made, name, value)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_rotate_and_are_their_owners_alone(tmp_path) -> None:
    file = LogFile(tmp_path / "a.log", max_bytes=400, old_files=2)
    file.setFormatter(HumanFormatter(SecretMasker()))
    for number in range(40):
        file.handle(record("line %d", number))
    file.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["a.log", "a.log.1", "a.log.2"]
    assert all(mode(path) == 0o600 and path.stat().st_size <= 400 for path in files)
    assert "line 39" in (tmp_path / "a.log").read_text()


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path) -> None:
    path = tmp_path / "a.log"
    path.write_text("old\n")
    path.chmod(0o644)
    LogFile(path).close()
    assert mode(path) == 0o600
    assert path.read_text() == "old\n"


def test_a_full_disk_is_counted_said_once_and_never_raised(capsys) -> None:
    file = FullDisk()
    file.setFormatter(HumanFormatter(SecretMasker()))
    for _ in range(5):
        file.handle(record("lost"))
    assert file.lost == 5
    said = capsys.readouterr().err
    assert said.count("cannot be written") == 1
    assert "lost\n" in said
    file.close()


class FullDisk(LogFile):
    """A file on a disk without room: every flush fails, as write(2) does with ENOSPC."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def shouldRollover(self, _: logging.LogRecord) -> bool:
        return False

    def _open(self) -> io.TextIOWrapper:
        return open("/dev/full", "w", encoding="utf-8")


def test_a_human_line() -> None:
    line = HumanFormatter(SecretMasker()).format(record("stop moved to %s", 5, symbol="BTCUSDT"))
    assert line == "2023-11-14T22:13:20.125+00:00 INFO     BTCUSDT stop moved to 5"


def test_a_symbol_stands_in_front_once() -> None:
    formatter = TerminalFormatter(SecretMasker(), UTC, {}, "")
    for text in ("stop moved", "BTCUSDT stop moved"):
        assert formatter.format(record(text, symbol="BTCUSDT")) == "22:13:20 BTCUSDT stop moved"


def test_an_event_line() -> None:
    fields = (("stop", "5"), ("reason", "trailing"))
    line = EventFormatter(SecretMasker()).format(
        record("stop moved", level=logging.WARNING, kind="stop_moved", symbol="BTCUSDT", fields=fields)
    )
    assert json.loads(line) == {
        "ts": "2023-11-14T22:13:20.125+00:00",
        "level": "warning",
        "source": "whalebot.x",
        "kind": "stop_moved",
        "symbol": "BTCUSDT",
        "text": "stop moved",
        "fields": dict(fields),
    }


def test_a_terminal_line_is_in_the_owners_time_and_coloured_by_level() -> None:
    colours = {logging.WARNING: "<y>"}
    formatter = TerminalFormatter(SecretMasker(), ZoneInfo("America/Chicago"), colours, "</>")
    assert formatter.format(record("a")) == "16:13:20 a"
    assert formatter.format(record("a", level=logging.WARNING)) == "<y>16:13:20 WARNING a</>"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_need_a_terminal_and_no_wish_against_them() -> None:
    assert wants_colour(Terminal(), {})
    assert wants_colour(Terminal(), {"NO_COLOR": ""})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(io.StringIO(), {})


def settings(folder: Path, terminal: io.StringIO | None, **more: int) -> LogSettings:
    return LogSettings(folder / "w.log", folder / "e.jsonl", terminal=terminal, zone=UTC, **more)


def test_levels_and_marks_decide_what_goes_where(tmp_path) -> None:
    terminal = io.StringIO()
    system = LogSystem(settings(tmp_path, terminal, terminal_level=logging.WARNING), SecretMasker())
    log = logging.getLogger("whalebot.y")
    log.debug("d0")
    log.info("i1")
    log.warning("w1")
    log.warning("only for machines", extra={"event_only": True})
    log.warning("seen already", extra={"shown": True})
    system.set_level(logging.DEBUG)
    log.debug("d1")
    system.set_level(logging.ERROR)
    log.warning("w2")
    system.stop()
    human, events = (tmp_path / "w.log").read_text(), (tmp_path / "e.jsonl").read_text()
    assert [line.split()[-1] for line in human.splitlines()] == ["i1", "w1", "already", "d1"]
    assert [json.loads(line)["text"] for line in events.splitlines()] == [
        *("i1", "w1", "only for machines", "seen already", "d1")
    ]
    assert [line.split()[-1] for line in terminal.getvalue().splitlines()] == ["w1", "w2"]


def test_stopping_gives_everything_back(tmp_path) -> None:
    import sys

    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.excepthook, threading.excepthook)
    LogSystem(settings(tmp_path, None), SecretMasker()).stop()
    assert (root.level, list(root.handlers), sys.excepthook, threading.excepthook) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "logs"]


def test_a_log_that_cannot_be_opened_names_the_remedy(tmp_path) -> None:
    (tmp_path / "w.log").mkdir()
    with pytest.raises(ConfigError, match="--dir"):
        LogSystem(settings(tmp_path, None), SecretMasker())


class Gate(logging.Handler):
    """A target that hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.reached.set()
        self.go.wait(30)
        self.seen.append(record.getMessage())


def test_a_hanging_disk_holds_nobody_up_and_losses_are_counted() -> None:
    gate = Gate()
    lane = LogLane([gate], capacity=3)
    lane.handle(record("0"))
    assert gate.reached.wait(30)
    for number in range(1, 10):
        lane.handle(record(str(number)))
    assert lane.dropped == 6
    gate.go.set()
    lane.stop(30)
    lost = "6 records were lost: no room in the queue, or no words for them"
    assert gate.seen == ["0", lost, "1", "2", "3"]


class Rude:
    def __str__(self) -> str:
        raise ZeroDivisionError("no words for this")

    __repr__ = __str__


def test_what_cannot_be_put_into_words_is_counted_and_never_raised() -> None:
    gate = Gate()
    gate.go.set()
    lane = LogLane([gate])
    lane.handle(record("%s", Rude()))
    lane.handle(record("after"))
    lane.stop(30)
    assert (lane.dropped, gate.seen[0]) == (1, "after")
    assert gate.seen[1].startswith("1 records were lost")


def test_arguments_are_read_when_logged_not_when_written() -> None:
    gate = Gate()
    lane = LogLane([gate])
    changing = ["then"]
    lane.handle(record("%s", changing))
    changing[0] = "now"
    gate.go.set()
    lane.stop(30)
    assert gate.seen == ["['then']"]


def test_a_terminal_that_nobody_reads_stops_neither_the_files_nor_the_end(tmp_path: Path) -> None:
    """The terminal is a pipe that is full (a paused terminal behaves like it)."""
    program = """
import logging, os, sys
from pathlib import Path
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem

folder = Path(sys.argv[1])
logs = LogSystem(LogSettings(folder / "log", folder / "events", terminal=sys.stdout), SecretMasker())
for number in range(3000):
    logging.getLogger("whalebot").info("line %d %s", number, "x" * 100)
logs.stop()
"""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as unread:
        child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=writing)
        os.close(writing)
        try:
            assert child.wait(60) == 0
        finally:
            child.kill()
            child.wait()
        assert unread.read(7)
    assert "line 2999 " in (tmp_path / "log").read_text()
