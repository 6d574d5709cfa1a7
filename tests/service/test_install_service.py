"""`install-service`: what it writes, what it leaves alone, what it says."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import sys
from pathlib import Path

import pytest

from whalebot.app.cli import main


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def install(home: Path, *arguments: str) -> int:
    return main(["install-service", "--dir", str(home), *arguments])


def test_a_users_unit_is_written_for_this_program_and_folder(home, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert install(home, "--user") == 0
    path = tmp_path / "config" / "systemd" / "user" / "whalebot.service"
    text = path.read_text()
    assert f"ExecStart={sys.executable} -m whalebot run --dir {home}\n" in text
    assert f"WorkingDirectory={home}\n" in text
    assert "User=" not in text
    assert "CapabilityBoundingSet" not in text
    assert "WantedBy=default.target" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [item.name for item in path.parent.iterdir()] == ["whalebot.service"]
    said = capsys.readouterr().out
    for words in ("systemctl --user daemon-reload", "enable --now --no-block whalebot", "enable-linger"):
        assert words in said


def test_a_machines_unit_runs_as_the_folders_owner(home, tmp_path, capsys) -> None:
    owner = pwd.getpwuid(home.stat().st_uid).pw_name
    units = tmp_path / "units"
    config = tmp_path / "other.json"
    assert (
        install(
            home,
            "--system",
            "--unit-dir",
            str(units),
            "--name",
            "second.service",
            "--live",
            "--config",
            str(config),
        )
        == 0
    )
    text = (units / "second.service").read_text()
    assert f"User={owner}\n" in text
    assert f"ReadWritePaths={home}\n" in text
    assert f"run --dir {home} --config {config} --live\n" in text
    assert f"config check --dir {home} --config {config}\n" in text
    assert "WantedBy=multi-user.target" in text
    assert "systemctl enable --now --no-block second\n" in capsys.readouterr().out


def test_print_and_dry_run_write_nothing(home, tmp_path, capsys) -> None:
    units = tmp_path / "units"
    assert install(home, "--user", "--unit-dir", str(units), "--print") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("[Unit]\n")
    assert install(home, "--user", "--unit-dir", str(units), "--dry-run") == 0
    assert "would be written" in capsys.readouterr().out
    assert not units.exists()
    assert list(home.iterdir()) == []


def test_another_unit_stays_unless_forced(home, tmp_path, capsys) -> None:
    units = tmp_path / "units"
    arguments = ("--user", "--unit-dir", str(units))
    assert install(home, *arguments) == 0
    assert install(home, *arguments) == 0
    assert "is there already, the same" in capsys.readouterr().out
    path = units / "whalebot.service"
    path.write_text("[Service]\nExecStart=/bin/mine\n")
    for more in ((), ("--dry-run",)):
        assert install(home, *arguments, *more) == 2
        assert "--force" in capsys.readouterr().err
        assert "/bin/mine" in path.read_text()
    assert install(home, *arguments, "--force") == 0
    assert "whalebot run" in path.read_text()


def test_a_masked_unit_stays_even_if_forced(home, tmp_path, capsys) -> None:
    path = tmp_path / "whalebot.service"
    path.symlink_to("/dev/null")
    assert install(home, "--user", "--unit-dir", str(tmp_path), "--force") == 2
    assert "masked" in capsys.readouterr().err
    assert path.is_symlink()


@pytest.mark.parametrize("name", ["../evil", "a b", "", "@", "whalebot@one", "-x"])
def test_bad_names_are_refused(name, home, tmp_path, capsys) -> None:
    assert install(home, "--user", "--unit-dir", str(tmp_path / "units"), f"--name={name}") == 2
    assert "--name" in capsys.readouterr().err
    assert not (tmp_path / "units").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--system", "--run-as", "no-such-user-4711"), "useradd"),
        (("--user", "--run-as", "somebody"), "--run-as belongs to --system"),
    ],
)
def test_users_that_will_not_do_are_named(arguments, words, home, tmp_path, capsys) -> None:
    assert install(home, *arguments, "--unit-dir", str(tmp_path / "units")) == 2
    assert words in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_refused(tmp_path, capsys) -> None:
    assert install(tmp_path / "nowhere", "--user", "--print") == 2
    assert "not there" in capsys.readouterr().err


def test_what_will_keep_the_daemon_from_starting_is_said_now(home, tmp_path, capsys) -> None:
    units = ("--user", "--dry-run", "--unit-dir", str(tmp_path))
    (home / "config.json").write_text('{"mode": "live"}')
    assert install(home, *units) == 0
    assert "--live" in capsys.readouterr().err
    (home / "config.json").write_text('{"mode": "lvie"}')
    assert install(home, *units) == 0
    assert "will refuse to start" in capsys.readouterr().err


def test_enable_runs_systemctl_and_nothing_else_does(home, tmp_path, monkeypatch, capsys) -> None:
    calls = tmp_path / "calls"
    fake = tmp_path / "bin" / "systemctl"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    arguments = ("--user", "--unit-dir", str(tmp_path / "units"))
    assert install(home, *arguments) == 0
    assert install(home, *arguments, "--enable", "--dry-run") == 0
    assert not calls.exists()
    assert install(home, *arguments, "--enable") == 0
    assert calls.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable --now --no-block whalebot",
    ]
    fake.write_text("#!/bin/sh\nexit 5\n")
    assert install(home, *arguments, "--enable") == 2
    assert "the unit is written, not started" in capsys.readouterr().err


def test_a_program_the_interpreter_would_not_find_is_named_to_it(home, monkeypatch, capsys) -> None:
    from whalebot.app.commands import install_service

    monkeypatch.setattr(install_service, "__file__", str(home / "whalebot" / "app" / "commands" / "x.py"))
    assert install(home, "--user", "--print") == 0
    assert f"Environment=PYTHONPATH={home}\n" in capsys.readouterr().out


def test_a_folder_that_cannot_hold_a_unit_is_named_and_nothing_is_left_behind(
    home, tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / "file").touch()
    assert install(home, "--user", "--unit-dir", str(tmp_path / "file" / "units")) == 2
    assert "cannot be written" in capsys.readouterr().err
    units = tmp_path / "units"

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    assert install(home, "--user", "--unit-dir", str(units)) == 2
    assert "Read-only file system" in capsys.readouterr().err
    assert not list(units.iterdir())
