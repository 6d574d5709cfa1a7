"""Several tickers in one say what they said one after the other."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from runtime_samples import ticker

from whalebot.domain.events import TickerChanged
from whalebot.runtime.conflation import merged_tickers

_VALUES = [field.name for field in fields(TickerChanged) if field.name not in ("symbol", "ts_ms", "recv_ms")]
_maybe = st.none() | st.integers(1, 9).map(Decimal)


@st.composite
def _tickers(draw: st.DrawFn) -> list[TickerChanged]:
    count = draw(st.integers(1, 6))
    return [replace(ticker(at=at), **{name: draw(_maybe) for name in _VALUES}) for at in range(count)]


@given(_tickers())
def test_every_field_has_the_newest_value_said(events: list[TickerChanged]) -> None:
    merged = merged_tickers(events)
    for name in _VALUES:
        said: list[Any] = [getattr(event, name) for event in events if getattr(event, name) is not None]
        assert getattr(merged, name) == (said[-1] if said else None)
    assert (merged.ts_ms, merged.recv_ms) == (events[-1].ts_ms, events[-1].recv_ms)
