"""Journals: what a kill leaves of the last line, and files that are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optimise_markets import HillPool, search_hill
from optuna.trial import TrialState

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.storage import load_study, open_storage

_DIES_WRITING = """
import fcntl, os, signal, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_APPEND)
fcntl.flock(fd, fcntl.LOCK_EX)
os.write(fd, b'{"op_code":4,"worker_id":"w","study')
os.kill(os.getpid(), signal.SIGKILL)
"""


def completed(study: optuna.Study) -> list[dict[str, object]]:
    return [t.params for t in study.get_trials(deepcopy=False) if t.state is TrialState.COMPLETE]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with a study of five trials."""
    path = tmp_path / "studies.journal"
    search_hill(str(path), HillPool(), 5)
    return path


def test_a_writer_that_was_killed_in_the_middle_of_a_line_costs_nothing(journal: Path) -> None:
    before = journal.read_bytes()
    first = completed(load_study(open_storage(str(journal)), "hill"))
    child = subprocess.run([sys.executable, "-c", _DIES_WRITING, str(journal)], check=False)
    assert child.returncode == -9
    assert not journal.read_bytes().endswith(b"\n")
    assert completed(load_study(open_storage(str(journal)), "hill")) == first
    study = search_hill(str(journal), HillPool(), 7)
    after = journal.read_bytes()
    assert after.startswith(before)
    assert b'"study{' not in after
    assert completed(study)[:5] == first
    assert len(completed(study)) == 7
    assert completed(load_study(open_storage(str(journal)), "hill")) == completed(study)


@pytest.mark.parametrize("missing", [1, 40, 300, 900, 2000])
def test_a_journal_cut_anywhere_goes_on(journal: Path, missing: int) -> None:
    whole = completed(load_study(open_storage(str(journal)), "hill"))
    content = journal.read_bytes()
    journal.write_bytes(content[:-missing])
    study = search_hill(str(journal), HillPool(), 5)
    # A trial that was cut off with its owner's name is made anew, one that kept it is put back.
    assert len(completed(study)) == 5
    kept = completed(study)
    assert sum(params in whole for params in kept) >= 3
    assert len({tuple(params.items()) for params in kept}) == 5


def test_zeros_after_a_loss_of_power_are_no_change(journal: Path) -> None:
    with open(journal, "ab") as file:
        file.write(bytes(100))
    assert len(completed(search_hill(str(journal), HillPool(), 6))) == 6
    assert b"\0" not in journal.read_bytes()


def test_an_open_study_hears_what_another_one_writes(journal: Path) -> None:
    study = load_study(open_storage(str(journal)), "hill")
    seen = len(study.get_trials())
    load_study(open_storage(str(journal)), "hill").set_user_attr("told", 1)
    search_hill(str(journal), HillPool(), 6)
    assert study.user_attrs["told"] == 1
    assert len(study.get_trials()) == seen + 1


@pytest.mark.parametrize("content", [b"notes", b"notes\n", b'{"a":1}\n', b'{"op_code":\n', b"a\n\0\0"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.journal"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="no change of a study; name another file"):
        open_storage(str(path))
    assert path.read_bytes() == content


def test_a_place_that_cannot_hold_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory"):
        open_storage(f"journal:///{tmp_path}/no/such.journal")
    with pytest.raises(ConfigError, match="Is a directory"):
        open_storage(f"journal:///{tmp_path}")
