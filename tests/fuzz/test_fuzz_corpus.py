"""Every input that once broke a reader is read again; so is every good example."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fuzz_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
MOST_CPU_S = 5.0
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_that_once_failed_does_not_fail_again(path: Path) -> None:
    before_s = time.thread_time()
    TARGETS[path.parent.name].run(path.read_bytes())
    assert time.thread_time() - before_s < MOST_CPU_S


@pytest.mark.parametrize("name", TARGETS)
def test_good_examples_hold_the_contract(name: str) -> None:
    examples = TARGETS[name].examples()
    assert examples or name == "ohlcv_parquet"
    for data in examples:
        TARGETS[name].run(data)


def test_the_corpus_names_readers_that_exist() -> None:
    assert FILES
    assert {path.parent.name for path in FILES} <= set(TARGETS)
