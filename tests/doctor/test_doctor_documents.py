"""The doctor foretells what the next start makes of its files, and changes none of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateDamaged, StateFile
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.doctor.documents import check_documents
from whalebot.app.doctor.findings import Mark
from whalebot.app.paths import Paths, find_paths
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade


def trade(number: int) -> ClosedTrade:
    """Return a trade that lasted a minute."""
    return ClosedTrade(
        trade_id=f"BTCUSDT-{number}",
        mode="demo",
        symbol="BTCUSDT",
        side=Side.BUY,
        entry_ms=number * 3_600_000,
        exit_ms=number * 3_600_000 + 60_000,
        entry_price=Decimal(100),
        exit_price=Decimal(101),
        qty=Decimal(1),
        gross_pnl=Decimal(1),
        fees=Decimal(0),
        funding=Decimal(0),
        pnl=Decimal(1),
        pnl_percent=Decimal(1),
        r_multiple=None,
        mae=Decimal(0),
        mfe=Decimal(0),
        bars_held=1,
        closed_by=ClosedBy.TAKE_PROFIT,
        entry_score=None,
        breakdown=(),
        initial_stop=None,
        order_link_ids=(),
        config_hash="",
        reconciled=False,
    )


TRADES = [trade(number) for number in range(3)]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A folder in which two runs have ended in order."""
    found = find_paths(str(tmp_path), None)
    found.prepare()
    history = TradeHistory.open(found.history)
    for one in TRADES:
        history.append(one)
    for revision in (1, 2):
        StateFile(found.state_file("demo")).save(StateDocument(run_id="r1", revision=revision))
    return found


def looked_at(paths: Paths) -> list[tuple[Mark, str]]:
    before = {path: path.read_bytes() for path in paths.dir.rglob("*") if path.is_file()}
    found = [(finding.mark, str(finding)) for finding in check_documents(paths, "demo")]
    assert {path: path.read_bytes() for path in paths.dir.rglob("*") if path.is_file()} == before
    return found


def spoilt(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def last(paths: Paths) -> Path:
    return paths.state / "demo.json.last"


def test_whole_files_are_whole(paths: Paths) -> None:
    assert looked_at(paths) == [
        (Mark.OK, "ok    trade history: trade_history.json is whole, 3 trades"),
        (Mark.OK, "ok    state: demo.json is whole, revision 2"),
    ]


def test_a_state_whose_digest_does_not_match_is_told_as_the_start_tells_it(paths: Paths) -> None:
    spoilt(paths.state_file("demo"), b'"revision":2', b'"revision":9')
    _, (mark, text) = looked_at(paths)
    assert mark is Mark.WARN
    assert "its digest does not match" in text
    assert "revision 1, is used" in text
    states = StateFile(paths.state_file("demo"))
    assert states.load() == StateDocument(run_id="r1", revision=1)
    [notice] = states.take_notices()
    assert notice.text.replace("damaged-1", "damaged-N") in text


def test_a_missing_state_is_told_where_the_one_before_it_is_there(paths: Paths) -> None:
    paths.state_file("demo").unlink()
    _, (mark, text) = looked_at(paths)
    assert mark is Mark.WARN
    assert "the state document is missing" in text


def test_a_damaged_last_document_is_something_to_look_at(paths: Paths) -> None:
    spoilt(last(paths), b'"revision":1', b'"revision":9')
    _, (whole, _), (mark, text) = looked_at(paths)
    assert (whole, mark) == (Mark.OK, Mark.WARN)
    assert f"{last(paths)} is damaged" in text


def test_two_damaged_states_must_be_mended_because_the_start_refuses(paths: Paths) -> None:
    for path in (paths.state_file("demo"), last(paths)):
        path.write_bytes(b"{")
    _, (mark, text) = looked_at(paths)
    assert mark is Mark.FAIL
    assert "every start is refused (exit code 2)" in text
    with pytest.raises(StateDamaged) as refused:
        StateFile(paths.state_file("demo")).load()
    assert str(refused.value) in text


def test_a_trade_that_cannot_be_read_is_something_to_look_at(paths: Paths) -> None:
    spoilt(paths.history, b'"Buy"', b'"Bought"')
    (mark, text), _ = looked_at(paths)
    assert mark is Mark.WARN
    assert "2 trades can be read" in text
    history = TradeHistory.open(paths.history)
    [notice] = history.take_notices()
    assert "2 trades were read from it" in notice.text


@pytest.mark.parametrize(
    ("content", "mark", "words"),
    [
        (b"", Mark.WARN, "holds nothing"),
        (b'{"not": "ours"}', Mark.FAIL, "0 trades can be read"),
        (encode_trades([TRADES[0], TRADES[0]]), Mark.WARN, "1 of them stand there twice"),
        (None, Mark.OK, "no trade_history.json yet"),
    ],
)
def test_other_histories(content: bytes | None, mark: Mark, words: str, paths: Paths) -> None:
    paths.history.unlink()
    if content is not None:
        paths.history.write_bytes(content)
    found, _ = looked_at(paths)
    assert found[0] is mark
    assert words in found[1]


def test_a_folder_in_the_place_of_the_history_must_be_moved(paths: Paths) -> None:
    paths.history.unlink()
    paths.history.mkdir()
    (mark, text), _ = looked_at(paths)
    assert mark is Mark.FAIL
    assert "move it away" in text


def test_a_trade_cut_short_is_completed_by_the_next_start(paths: Paths) -> None:
    whole = paths.history.read_bytes()
    line = paths.write_ahead.read_bytes()
    # The line of the last trade is still there but for its first byte, which says that it is done with.
    paths.write_ahead.write_bytes(b"{" + line[1:])
    paths.history.write_bytes(whole[:-40])
    (mark, text), _ = looked_at(paths)
    assert mark is Mark.OK
    assert "the next start completes it" in text
    assert TradeHistory.open(paths.history).load() == TRADES
    paths.write_ahead.write_bytes(b"[" + line[1:])
    (mark, text), _ = looked_at(paths)
    assert mark is Mark.WARN
    assert "was never completed" in text
