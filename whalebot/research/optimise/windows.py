"""Spans of time for walk-forward: what is searched on, what is left out, what is traded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fold:
    """Half-open spans [from, until), ms UTC. Between training and test lies the purge."""

    train_from_ms: int
    train_until_ms: int
    test_from_ms: int
    test_until_ms: int


def folds(
    start_ms: int,
    end_ms: int,
    train_ms: int,
    test_ms: int,
    step_ms: int,
    purge_ms: int = 0,
    anchored: bool = False,
) -> Iterator[Fold]:
    """Yield the folds of [start_ms, end_ms), oldest first; the last test span may be shorter.

    purge_ms: cut off the end of each training span, so that no trade decided there ends inside the test span
    (López de Prado, "Advances in Financial Machine Learning", 2018, chapter 7). As training always lies
    before its test span, nothing after the test needs an embargo. anchored: training always begins at
    start_ms.
    Raises ValueError for spans that are not positive, or a step shorter than the test span, whose overlap
    would count days twice.
    """
    if min(train_ms, test_ms, step_ms) <= 0 or purge_ms < 0:
        raise ValueError("train, test and step must be longer than nothing, the purge not negative")
    if step_ms < test_ms:
        raise ValueError("the step must not be shorter than the test span: days would be counted twice")
    if purge_ms >= train_ms:
        raise ValueError("the purge leaves nothing of the training span")
    test_from = start_ms + train_ms
    while test_from < end_ms:
        yield Fold(
            train_from_ms=start_ms if anchored else test_from - train_ms,
            train_until_ms=test_from - purge_ms,
            test_from_ms=test_from,
            test_until_ms=min(test_from + test_ms, end_ms),
        )
        test_from += step_ms
