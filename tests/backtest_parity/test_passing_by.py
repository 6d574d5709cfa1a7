"""What the event tier passes by changes nothing: every bar played gives the same, to the bit."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from parity_cases import Case, make_case, make_harsh_case
from test_tiers_agree import assert_same

from whalebot.domain.errors import ConfigError
from whalebot.research.column.running import run_column_tier
from whalebot.research.event.run import run_event_tier
from whalebot.research.strategy import make_strategy

SOAK = int(os.environ.get("WHALEBOT_SOAK", "0"))


def compare_all(case: Case) -> int:
    """Run a case passing by, in full and as columns; return the number of trades."""
    strategy = make_strategy("ema_cross", case.settings.engine)
    quick, full = (
        run_event_tier(case.settings, case.dataset, strategy, columns=case.columns, keeps_all=keeps_all)
        for keeps_all in (False, True)
    )
    assert quick.trades == full.trades
    assert quick.refused == full.refused
    np.testing.assert_array_equal(quick.curve.ts_ms, full.curve.ts_ms)
    np.testing.assert_array_equal(quick.curve.equity, full.curve.equity)
    try:
        column = run_column_tier(case.settings, case.dataset, strategy, columns=case.columns)
    except ConfigError:
        # Several positions liquidated at once: columns say that they cannot express it.
        return len(full.trades)
    assert_same(full, column)
    return len(full.trades)


@pytest.mark.parametrize(("make", "first"), [(make_case, 4000), (make_harsh_case, 0), (make_harsh_case, 500)])
def test_passing_by_changes_nothing(make: Callable[[int], Case], first: int) -> None:
    each = max(20, SOAK // 3)
    found = []
    for seed in range(first, first + each):
        try:
            found.append(compare_all(make(seed)))
        except AssertionError as error:
            raise AssertionError(f"{make.__name__}({seed})") from error
    assert sum(count > 0 for count in found) > each // 2
