"""One line of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was found, what to do ("" where nothing is to be done)."""

    mark: Mark
    subject: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" -> {self.advice}" if self.advice else ""
        return f"{self.mark.value:<4}  {self.subject}: {self.text}{advice}"


def ok(subject: str, text: str) -> Finding:
    """Make a finding that asks for nothing."""
    return Finding(Mark.OK, subject, text)


def warn(subject: str, text: str, advice: str) -> Finding:
    """Make a finding that should be looked at."""
    return Finding(Mark.WARN, subject, text, advice)


def fail(subject: str, text: str, advice: str) -> Finding:
    """Make a finding that must be mended."""
    return Finding(Mark.FAIL, subject, text, advice)
