"""Fixtures of the matching core's tests."""

from __future__ import annotations

import pytest
from core_desk import Desk


@pytest.fixture
def desk() -> Desk:
    """Return an account of 10,000 USDT with BTCUSDT at 100."""
    return Desk()
