"""The benchmarks are no package that is installed, nor is what waits for processes next door."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS.parent))
sys.path.append(str(TESTS / "e2e"))
