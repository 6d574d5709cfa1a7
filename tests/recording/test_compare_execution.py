"""`compare` of several symbols: nothing differs in a true session, and what is planted shows where it is."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from whalebot.adapters.recording.codec import EventRecord, encode_plain
from whalebot.adapters.recording.reader import Journal
from whalebot.adapters.recording.writer import JournalWriter
from whalebot.app.cli import main
from whalebot.engine.settings import EngineSettings

Told = dict[str, Any]
SECOND_MS = 1_000


@pytest.fixture(scope="session")
def made(three_symbols: Path) -> Path:
    [recording] = (three_symbols / "recordings").iterdir()
    return recording


def planted(recording: Path, folder: Path, change: Callable[[str, Told], None], **header: Any) -> Path:
    """Write a recording again with the fields of its events changed."""
    journal = Journal(recording)
    writer = JournalWriter(folder, msgspec.structs.replace(journal.header, **header))
    records = []
    for record in journal.records():
        fields = msgspec.msgpack.decode(record.fields)
        change(record.name, fields)
        changed: EventRecord = msgspec.structs.replace(record, fields=msgspec.Raw(encode_plain(fields)))
        records.append(msgspec.msgpack.encode(changed))
    writer.write(records, 0, journal.header.started_ms)
    writer.close()
    return folder


def told(recording: Path, *options: str) -> Told:
    """Run compare and return what it says as JSON; `code` is its exit code."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main(["compare", str(recording), "--json", *options])
    return {"code": code, **json.loads(said.getvalue())}


@pytest.fixture(scope="session")
def true(made: Path) -> Told:
    """What compare says of the session as it was."""
    return told(made)


def differing(found: Told) -> dict[str, set[str]]:
    return {
        (trade["happened"] or trade["simulated"])["trade_id"]: set(trade["differing"])
        for trade in found["trades"]
        if trade["differing"] or None in (trade["happened"], trade["simulated"])
    }


def first_entry(found: Told) -> str:
    return str(found["trades"][0]["happened"]["trade_id"])


def test_three_symbols_on_one_account_differ_in_nothing(three_symbols: Path, true: Told) -> None:
    found = true
    assert (found["code"], found["equal"], found["decisions"]["parted"]) == (0, True, None)
    assert differing(found) == {}
    assert len({trade["happened"]["symbol"] for trade in found["trades"]}) == 3
    kept = {t["trade_id"]: t for t in json.loads((three_symbols / "trade_history.json").read_text())}
    assert len(kept) > 3
    legs = {trade["happened"]["trade_id"]: trade["happened"] for trade in found["trades"]}
    for name, trade in kept.items():
        assert float(legs[name]["pnl"]) == pytest.approx(float(trade["pnl"]), abs=1e-6)


def test_another_fee_shows_in_every_trade_as_fee_alone(made: Path) -> None:
    found = told(made, "--fee-taker", "0.11")
    assert found["code"] == 1
    assert list(differing(found).values()) == [{"fees", "pnl"}] * len(found["trades"])
    for trade in found["trades"]:
        assert Decimal(trade["simulated"]["fees"]) == 2 * Decimal(trade["happened"]["fees"])


def test_another_latency_shows_as_time(made: Path) -> None:
    found = told(made, "--latency-ms", "2000")
    assert found["code"] == 1
    assert len(differing(found)) == len(found["trades"])
    assert all("entry_ms" in fields and "qty" not in fields for fields in differing(found).values())


def test_a_fill_that_was_charged_more_shows_in_its_trade_alone(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    def charge(name: str, fields: Told) -> None:
        if name == "Filled" and fields["execution"]["order_link_id"] == link_id:
            fields["execution"]["fee"] = str(Decimal(fields["execution"]["fee"]) + 1)

    found = told(planted(made, tmp_path / "planted", charge))
    assert found["code"] == 1
    assert differing(found) == {link_id: {"fees", "pnl"}}


def test_a_fill_at_a_worse_price_shows_in_its_trade_alone_and_as_slippage(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    def slip(name: str, fields: Told) -> None:
        if name == "Filled" and fields["execution"]["order_link_id"] == link_id:
            worse = Decimal("1.001") if fields["execution"]["side"] == "Buy" else Decimal("0.999")
            fields["execution"]["price"] = str(Decimal(fields["execution"]["price"]) * worse)

    found = told(planted(made, tmp_path / "planted", slip))
    assert found["code"] == 1
    assert differing(found) == {link_id: {"entry_price", "pnl"}}
    [before] = [one["bps"] for one in true["slippage"] if one["order"] == link_id]
    [after] = [one["bps"] for one in found["slippage"] if one["order"] == link_id]
    assert after - before == pytest.approx(10, abs=0.5)


def test_an_order_that_came_late_is_named_and_shows_against_another_latency(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    first = true["trades"][0]["happened"]
    at_ms = int(datetime.fromisoformat(first["entry_time"]).timestamp() * 1000)

    def delay(name: str, fields: Told) -> None:
        # The order and the stop that was set with it.
        row = fields.get({"Filled": "execution", "OrderUpdated": "order"}.get(name, ""), {})
        if row.get("symbol") == first["symbol"]:
            for field in {"ts_ms", "created_ms", "updated_ms"} & row.keys():
                row[field] += SECOND_MS if row[field] == at_ms else 0

    late = planted(made, tmp_path / "planted", delay)
    found = told(late)
    assert differing(found) == {}
    [latency] = [one["latency_ms"] for one in found["orders"] if one["order_link_id"] == link_id]
    assert latency == SECOND_MS
    assert differing(told(late, "--latency-ms", "0"))[link_id] == {"entry_ms"}


def test_other_decisions_show_as_decisions(made: Path, tmp_path: Path) -> None:
    settings = msgspec.msgpack.decode(Journal(made).header.settings, type=EngineSettings)
    wider = replace(settings, trade=replace(settings.trade, stop_loss_atr=settings.trade.stop_loss_atr * 2))
    other = planted(
        made, tmp_path / "other", lambda name, fields: None, settings=msgspec.Raw(encode_plain(wider))
    )
    found = told(other)
    assert found["code"] == 1
    assert "recorded" in found["decisions"]["parted"]["words"]
    assert differing(found) == {}


def test_the_words_name_what_was_assumed(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(made), "-v"]) == 0
    words = capsys.readouterr().out
    assert "latency of each order as recorded" in words
    assert "taker fee 0.055 %" in words
    assert "all the same when replayed" in words
    assert "assumed" in words
    assert main(["compare", str(made), "--latency-ms", "2000"]) == 1
    assert "of it by latency alone: " in capsys.readouterr().out
