"""`whalebot audit`: what people see of a trail, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trails import write

from whalebot.app.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    write(state / "audit.jsonl", 6)
    return tmp_path


def run(*arguments: str, folder: Path) -> int:
    return main(["audit", *arguments, "--dir", str(folder)])


def test_a_whole_trail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", folder=folder) == 0
    out = capsys.readouterr().out
    assert "whole: 6 records in 1 file(s)" in out
    head = out.splitlines()[-1].removeprefix("last record ")
    assert run("verify", "--expect", head, folder=folder) == 0
    assert run("verify", "--expect", f"9:{'0' * 64}", folder=folder) == 1
    assert "the record that was expected is 9: the end was cut off" in capsys.readouterr().out


def test_the_first_break_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trail = folder / "state" / "audit.jsonl"
    trail.write_bytes(trail.read_bytes().replace(b'"number":"3"', b'"number":"4"'))
    assert run("verify", folder=folder) == 1
    out = capsys.readouterr().out
    assert f"BROKEN {trail}:4: its hash does not match what stands there" in out
    assert "3 records before it hold" in out


def test_without_a_trail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("verify", "show"):
        assert run(action, folder=tmp_path) == 2
        assert "there is no audit trail" in capsys.readouterr().err


def test_a_trail_that_was_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "state" / "audit.jsonl").unlink()
    assert run("verify", folder=folder) == 1
    assert "the end was cut off" in capsys.readouterr().out


def test_showing_the_newest_or_some(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "--last", "2", folder=folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["5", "6"]
    assert "paper web command number=5 text=x" in lines[1]
    assert run("show", "--json", "--kind", "command", "--actor", "web", folder=folder) == 0
    assert [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()] == [1, 2, 3, 4, 5, 6]
    for nothing in (["--kind", "kill"], ["--actor", "me"], ["--from", "2026-01-03"], ["--to", "2026-01-02"]):
        assert run("show", *nothing, folder=folder) == 0
        told = capsys.readouterr()
        assert (told.out, told.err) == ("", "no record is of this kind, actor and time\n")


def test_words_of_others_cannot_steer_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from trails import CONTEXT, FILES

    from whalebot.adapters.audit.writer import AuditWriter, Entry

    writer = AuditWriter(folder / "state" / "audit.jsonl", FILES)
    writer.write([Entry("t", CONTEXT, "refused", "web", {"client": "\x1b[2Jnobody\r\n7 fake line"})])
    writer.sync()
    writer.close()
    assert run("show", "--last", "1", folder=folder) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("\n") == 1
    assert "\\x1b[2Jnobody\\x0d\\x0a7 fake line" in out


def test_the_head_must_look_like_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("verify", "--expect", "7:abc", folder=folder)
    assert ended.value.code == 2
    assert "write the number and the hash as verify prints them" in capsys.readouterr().err
