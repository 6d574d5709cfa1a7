"""Copies that are written out by hand leave no field behind, one that is added later either."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

from whalebot.adapters.exchange.core.market import Band
from whalebot.domain.state import WaitingTrade
from whalebot.engine.finished import Finished


def test_a_trade_that_waits_comes_back_from_the_document_as_it_went() -> None:
    told = {field.name: object() for field in fields(WaitingTrade)}
    waiting = WaitingTrade(**told)  # type: ignore[arg-type]
    again = Finished.of(waiting).waiting(waiting.due_ms)
    assert {name: getattr(again, name) for name in told} == told
    assert {field.name for field in fields(Finished)} | {"due_ms"} == told.keys()


def test_a_copied_band_has_every_field_and_a_life_of_its_own() -> None:
    told = {field.name: Decimal(number) for number, field in enumerate(fields(Band), start=2)}
    band = Band(**told)
    copy = band.copy()
    band.clear()
    assert {name: getattr(copy, name) for name in told} == told
