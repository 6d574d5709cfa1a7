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
Change = Callable[[str, Told], list[tuple[str, Told]]]
SECOND_MS = 1_000
EXCUSES = ("unseen", "lent", "joined_ms")


@pytest.fixture(scope="session")
def made(three_symbols: Path) -> Path:
    [recording] = (three_symbols / "recordings").iterdir()
    return recording


def planted(recording: Path, folder: Path, change: Change, **header: Any) -> Path:
    """Write a recording again with other events: what `change` returns stands where one was."""
    journal = Journal(recording)
    writer = JournalWriter(folder, msgspec.structs.replace(journal.header, **header))
    records: list[bytes] = []
    for record in journal.records():
        found = change(record.name, msgspec.msgpack.decode(record.fields))
        for name, fields in found:
            same = name == record.name
            changed = EventRecord(
                len(records),
                name,
                msgspec.Raw(encode_plain(fields)),
                record.digest if same else b"",
                record.effects if same else [],
            )
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


def ms_of(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def sound(true: Told) -> list[Told]:
    """The trades that are equal in the session as it was.

    All of them, unless this machine stood still for seconds: then the exchange goes on without the daemon,
    prices come joined, and trades that met them are named.
    """
    return [trade["happened"] for trade in true["trades"] if trade["happened"] and not trade["differing"]]


def first_entry(true: Told) -> str:
    return str(sound(true)[0]["trade_id"])


def test_three_symbols_on_one_account_differ_in_nothing(three_symbols: Path, true: Told) -> None:
    assert true["decisions"]["parted"] is None
    assert differing(true).keys() <= set(true["unseen"])
    assert (true["code"], true["equal"]) == ((1, False) if differing(true) else (0, True))
    assert len({trade["symbol"] for trade in sound(true)}) == 3
    kept = {t["trade_id"]: t for t in json.loads((three_symbols / "trade_history.json").read_text())}
    assert len(kept) > 3
    legs = {trade["happened"]["trade_id"]: trade["happened"] for trade in true["trades"]}
    for name, trade in kept.items():
        assert float(legs[name]["pnl"]) == pytest.approx(float(trade["pnl"]), abs=1e-6)


def test_another_fee_shows_in_every_trade_as_fee_alone(made: Path, true: Told) -> None:
    found = told(made, "--fee-taker", "0.11")
    assert found["code"] == 1
    assert len(sound(true)) > 3
    pairs = {trade["happened"]["trade_id"]: trade for trade in found["trades"] if trade["happened"]}
    for trade in sound(true):
        pair = pairs[trade["trade_id"]]
        assert set(pair["differing"]) == {"fees", "pnl"}
        assert Decimal(pair["simulated"]["fees"]) == 2 * Decimal(trade["fees"])


def test_another_latency_shows_as_time(made: Path, true: Told) -> None:
    found = told(made, "--latency-ms", "2000")
    assert found["code"] == 1
    for trade in sound(true):
        fields = differing(found)[trade["trade_id"]]
        assert "entry_ms" in fields
        assert "qty" not in fields


def test_a_fill_that_was_charged_more_shows_in_its_trade_alone(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    def charge(name: str, fields: Told) -> list[tuple[str, Told]]:
        if name == "Filled" and fields["execution"]["order_link_id"] == link_id:
            fields["execution"]["fee"] = str(Decimal(fields["execution"]["fee"]) + 1)
        return [(name, fields)]

    found = told(planted(made, tmp_path / "planted", charge))
    assert found["code"] == 1
    assert differing(found) == {**differing(true), link_id: {"fees", "pnl"}}


def test_a_fill_at_a_worse_price_shows_in_its_trade_alone_and_as_slippage(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    def slip(name: str, fields: Told) -> list[tuple[str, Told]]:
        if name == "Filled" and fields["execution"]["order_link_id"] == link_id:
            worse = Decimal("1.001") if fields["execution"]["side"] == "Buy" else Decimal("0.999")
            fields["execution"]["price"] = str(Decimal(fields["execution"]["price"]) * worse)
        return [(name, fields)]

    found = told(planted(made, tmp_path / "planted", slip))
    assert found["code"] == 1
    assert differing(found) == {**differing(true), link_id: {"entry_price", "pnl"}}
    assert [found[name] for name in EXCUSES] == [true[name] for name in EXCUSES]
    [before] = [one["bps"] for one in true["slippage"] if one["order"] == link_id]
    [after] = [one["bps"] for one in found["slippage"] if one["order"] == link_id]
    assert after - before == pytest.approx(10, abs=0.5)


def test_an_order_that_came_late_is_named_and_shows_against_another_latency(
    made: Path, true: Told, tmp_path: Path
) -> None:
    link_id = first_entry(true)

    first = sound(true)[0]
    at_ms = ms_of(first["entry_time"])

    def delay(name: str, fields: Told) -> list[tuple[str, Told]]:
        # The order and the stop that was set with it.
        row = fields.get({"Filled": "execution", "OrderUpdated": "order"}.get(name, ""), {})
        if row.get("symbol") == first["symbol"]:
            for field in {"ts_ms", "created_ms", "updated_ms"} & row.keys():
                row[field] += SECOND_MS if row[field] == at_ms else 0
        return [(name, fields)]

    late = planted(made, tmp_path / "planted", delay)
    found = told(late)
    assert differing(found) == differing(true)
    [latency] = [one["latency_ms"] for one in found["orders"] if one["order_link_id"] == link_id]
    assert latency == SECOND_MS
    assert differing(told(late, "--latency-ms", "0"))[link_id] == {"entry_ms"}


def test_a_stop_that_fired_within_joined_prints_is_named(made: Path, true: Told, tmp_path: Path) -> None:
    stopped = next(trade for trade in sound(true) if trade["closed_by"] == "CreateByStopLoss")
    at_ms = ms_of(stopped["exit_time"])
    waiting: list[Told] = []

    def join(name: str, fields: Told) -> list[tuple[str, Told]]:
        """The inbox hands on the prints of two instants as one, and of two tickers the later one."""
        if fields.get("symbol") == stopped["symbol"]:
            if name == "TradesPrinted" and fields["ts_ms"] == at_ms:
                waiting.append(fields)
                return []
            if name == "TickerChanged" and at_ms <= fields["ts_ms"] <= at_ms + SECOND_MS:
                return []
            if name == "TradesPrinted" and waiting and fields["ts_ms"] > at_ms:
                before = waiting.pop()
                fields["low"] = str(min(Decimal(before["low"]), Decimal(fields["low"])))
                fields["high"] = str(max(Decimal(before["high"]), Decimal(fields["high"])))
                fields["count"] += before["count"]
        return [(name, fields)]

    found = told(planted(made, tmp_path / "planted", join))
    assert found["joined_ms"].keys() - true["joined_ms"].keys() == {stopped["trade_id"]}
    assert found["joined_ms"][stopped["trade_id"]] > 0
    assert "exit_ms" not in differing(found).get(stopped["trade_id"], set())


@pytest.mark.parametrize(("factor", "differs"), [(Decimal(1), set()), (Decimal("1.5"), {"funding", "pnl"})])
def test_funding_takes_the_mark_price_of_its_payment_only_where_prices_allow_it(
    made: Path, true: Told, tmp_path: Path, factor: Decimal, differs: set[str]
) -> None:
    held = max(
        (trade for trade in sound(true) if trade["exit_time"]),
        key=lambda leg: ms_of(leg["exit_time"]) - ms_of(leg["entry_time"]),
    )
    at_ms = ms_of(held["entry_time"]) + SECOND_MS
    rate, seen = Decimal("0.0001"), [Decimal(0)]

    def settle(name: str, fields: Told) -> list[tuple[str, Told]]:
        rows = [(name, fields)]
        if name != "TickerChanged" or fields["symbol"] != held["symbol"]:
            return rows
        is_over = fields["ts_ms"] > at_ms
        if is_over and seen[-1]:
            seen.append(Decimal(0))
            sign = 1 if held["side"] == "Buy" else -1
            amount = seen[0] * Decimal(held["qty"]) * rate * factor * sign
            row = {"symbol": held["symbol"], "exec_id": "made-up", "amount": str(amount)}
            row |= {"qty": held["qty"], "ts_ms": at_ms}
            rows.insert(0, ("FundingPaid", {"payment": row, "recv_ms": fields["recv_ms"]}))
        elif not is_over and fields["mark_price"]:
            seen[0] = Decimal(fields["mark_price"])
        fields["funding_rate"] = str(rate)
        fields["next_funding_ms"] = at_ms + 8 * 3_600_000 if is_over else at_ms
        return rows

    found = told(planted(made, tmp_path / "planted", settle))
    assert differing(found).get(held["trade_id"], set()) == differs
    assert any(note.startswith("funding of") for note in found["notes"]) is not bool(differs)


def test_other_decisions_show_as_decisions(made: Path, true: Told, tmp_path: Path) -> None:
    settings = msgspec.msgpack.decode(Journal(made).header.settings, type=EngineSettings)
    wider = replace(settings, trade=replace(settings.trade, stop_loss_atr=settings.trade.stop_loss_atr * 2))
    other = planted(
        made,
        tmp_path / "other",
        lambda name, fields: [(name, fields)],
        settings=msgspec.Raw(encode_plain(wider)),
    )
    found = told(other)
    assert found["code"] == 1
    assert "recorded" in found["decisions"]["parted"]["words"]
    assert differing(found) == differing(true)


def test_the_words_name_what_was_assumed(made: Path, true: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(made), "-v"]) == true["code"]
    words = capsys.readouterr().out
    assert "latency of each order as recorded" in words
    assert "taker fee 0.055 %" in words
    assert "all the same when replayed" in words
    assert "above zero is a cost" in words
    assert " USDT in all; assumed " in words
    assert "are equal in everything; amounts in USDT" in words
    assert main(["compare", str(made), "--latency-ms", "2000"]) == 1
    assert "of it by latency alone: " in capsys.readouterr().out
