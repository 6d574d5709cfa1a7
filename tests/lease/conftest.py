"""What waits for processes, and the server that plays the venue, lie next door."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "e2e"))
sys.path.append(str(TESTS / "bybit"))
