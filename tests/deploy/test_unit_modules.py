"""What a unit's interpreter imports: the installed program, whatever lies in the daemon's working folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from whalebot.app.service_unit import UnitPlace, unit_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose files have the names of modules that the program imports at once."""
    found = tmp_path / "files"
    (found / "whalebot").mkdir(parents=True)
    for name in ("argparse.py", "dataclasses.py", "whalebot/__init__.py"):
        (found / name).write_text("raise SystemExit('a file of the working folder was run')\n")
    return found


def written_unit(folder: Path, import_path: Path | None = None) -> str:
    return unit_text(UnitPlace(Path(sys.executable), folder, None, import_path))


def unit_of(name: str, folder: Path) -> str:
    return written_unit(folder) if name == "written" else (ROOT / "systemd" / name).read_text()


def environment_of(unit: str) -> dict[str, str]:
    """The variables that a unit sets, over those of this process that are not the interpreter's."""
    lines = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    given = dict(word.split("=", 1) for line in lines for word in shlex.split(line))
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | given


def start(python: Path | str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-m", "whalebot", "--version"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["whalebot.service", "whalebot@.service", "written"])
def test_no_file_of_the_working_folder_stands_in_for_a_module(name: str, folder: Path) -> None:
    environment = environment_of(unit_of(name, folder))
    done = start(sys.executable, folder, environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("whalebot ")
    trapped = start(sys.executable, folder, {**environment, "PYTHONSAFEPATH": ""})
    assert "a file of the working folder was run" in trapped.stderr


def test_a_unit_finds_the_program_of_a_clone_that_is_not_installed(folder: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    (clone / "whalebot").mkdir(parents=True)
    shutil.copy(ROOT / "whalebot/__init__.py", clone / "whalebot")
    environment = environment_of(written_unit(folder, clone))
    command = [sys.executable, "-S", "-c", "import whalebot; print(whalebot.__file__)"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == str(clone / "whalebot/__init__.py"), done.stderr
