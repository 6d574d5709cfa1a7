"""What is in the repository belongs to the product and to no machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from source_tree import ROOT, ignored_files, tracked_files

_MACHINE = re.compile(r"(?<![\w.])/(work|root)/")
_PAGES = tuple(f"{name}.md" for name in ("rules", "daemon", "failures", "bybit_v5_facts"))
_REGISTRY = re.compile(r"https?://|--(extra-)?index-url|--find-links")
_NOT_TEXT = {".gz", ".parquet", ".png", ".ico", ".woff2", ".zip", ".xz", ".bin"}


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    files = [path for path in tracked_files() if path.suffix not in _NOT_TEXT]
    if not files:
        pytest.skip("not a git repository")
    return {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in files}


def locks_of(texts: dict[Path, str]) -> dict[Path, str]:
    return {path: text for path, text in texts.items() if path.suffix == ".lock"}


def requirements_of(lock: str) -> list[str]:
    found = re.split(r"\n(?=\S)", lock.strip())
    return [requirement for requirement in found if not requirement.startswith("#")]


def test_no_file_knows_the_machine_it_was_written_on(texts: dict[Path, str]) -> None:
    wrong = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts.items()
        if path != Path(__file__).relative_to(ROOT)
        for number, line in enumerate(text.splitlines(), 1)
        if _MACHINE.search(line) or any(page in line for page in _PAGES)
    ]
    assert not wrong, "\n".join(wrong)


def test_locks_name_no_registry_and_hash_everything(texts: dict[Path, str]) -> None:
    locks = locks_of(texts)
    assert locks
    for path, text in locks.items():
        assert not _REGISTRY.search(text), f"{path} names a registry"
        for requirement in requirements_of(text):
            assert "--hash=sha256:" in requirement, f"{path}: {requirement[:60]} has no hash"


def test_locks_agree_on_every_package_that_they_share(texts: dict[Path, str]) -> None:
    known: dict[str, dict[Path, dict[str, frozenset[str]]]] = {}
    for path, text in locks_of(texts).items():
        for requirement in requirements_of(text):
            name, version = re.split(r"==|[\s;]", requirement)[:2]
            files = frozenset(re.findall(r"--hash=(\S+)", requirement))
            known.setdefault(name, {}).setdefault(path, {})[version] = files
    assert sum(len(found) > 1 for found in known.values()) > 40
    for name, found in known.items():
        # A lock for several Pythons may name several versions, one for a single Python but one of these.
        whole = max(found.values(), key=len)
        wrong = {str(path): sorted(own) for path, own in found.items() if not own.items() <= whole.items()}
        assert not wrong, f"{name}: {wrong} differ from {sorted(whole)}; lock with -c dev.lock"


def test_no_secret_or_state_is_tracked(texts: dict[Path, str]) -> None:
    wrong = [
        str(path)
        for path in texts
        if path.name == ".env" or path.parts[0] in ("state", "recordings", "data", "studies")
    ]
    assert not wrong


def test_nothing_of_the_program_is_missing_in_a_clone() -> None:
    wrong = [name for name in ignored_files("whalebot") if "__pycache__" not in name]
    assert not wrong, f".gitignore hides {wrong}"


def test_what_a_scan_writes_is_no_change_of_the_clone() -> None:
    scanner = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))["scanner"]
    output = scanner["output"]
    passed_over = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for folder in (scanner["log_directory"], output["json_output_dir"], output["csv_output_dir"]):
        assert f"/{folder}/" in passed_over


def test_no_test_sleeps(texts: dict[Path, str]) -> None:
    nap = "time." + "sleep("
    wrong = [str(path) for path, text in texts.items() if path.parts[0] == "tests" and nap in text]
    assert not wrong, f"wait for an event, a queue or a join instead: {wrong}"
