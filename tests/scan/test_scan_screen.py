"""The live table: what is on the picture at a width, what the keys do."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console
from rich.table import Table
from scan_rig import make_desk
from scan_venue import candle

from whalebot.decisions.scan.ranking import DEFAULT_COLUMNS
from whalebot.decisions.scan.settings import ScanSettings, SignalConfig
from whalebot.scanner.bootstrap import History
from whalebot.scanner.live import keys_of
from whalebot.scanner.printing import as_csv, as_json, as_json_lines, as_table, fitting, short_amount
from whalebot.scanner.screen import Changes, LiveFrame, ScreenState, after_key, picture
from whalebot.scanner.view import TableQuery, rows_of

NAMES = [f"A{number:02d}USDT" for number in range(40)]
SETTINGS = ScanSettings(signal_config=SignalConfig(signal_threshold=0.05))


def frame() -> LiveFrame:
    desk = make_desk(NAMES, SETTINGS)
    for name in NAMES[:-1]:
        bars = tuple(candle(name, number) for number in range(250))
        desk.on_history(History(name, "15", bars, candle(name, 250), None, 0))
    return LiveFrame(
        rows=rows_of(desk),
        columns=DEFAULT_COLUMNS,
        ticks={name: Decimal("0.01") for name in NAMES},
        evaluations={name: card.evaluation for name, card in desk.cards.items() if card.evaluation},
        stale=frozenset(),
        settings=SETTINGS,
        header="whalebot scan  0:00:01  15m  live 39",
        footer="lost outputs 0  reconnects 0",
        recent=tuple(f"signal {number}" for number in range(10)),
    )


FRAME = frame()


def drawn(width: int, height: int, state: ScreenState) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    found, _ = picture(FRAME, state, (width, height), Changes(), 0.0)
    with console.capture() as capture:
        console.print(found)
    plain = Console(file=io.StringIO(), width=width, height=height, no_color=True, force_terminal=False)
    plain.print(found)
    assert "\033[" not in plain.file.getvalue()  # type: ignore[attr-defined]
    assert "\033[" in capture.get()
    return plain.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 50)])
def test_the_picture_fits_its_terminal(width: int, height: int) -> None:
    lines = drawn(width, height, ScreenState(TableQuery()))
    assert len(lines) <= height
    assert all(len(line.rstrip()) <= width for line in lines)
    assert "Symbol" in lines[2]
    assert ("StochRSI K" in lines[2]) == (width >= 120)
    assert lines[-1].startswith("40 rows")
    assert "q quit" in lines[-1]


def test_a_detail_shows_both_tables() -> None:
    state = ScreenState(TableQuery(), detail="A00USDT")
    text = "\n".join(drawn(160, 50, state))
    assert "for A00USDT (15m)" in text
    assert "Indicators of A00USDT" in text
    assert "Stoch RSI" in text
    narrow = "\n".join(drawn(80, 24, state))
    assert "Indicators of A00USDT" in narrow


def test_a_long_name_is_not_cut() -> None:
    rows = ({**FRAME.rows[0], "symbol": "1000000BABYDOGEUSDT"}, *FRAME.rows[1:])
    found, _ = picture(replace(FRAME, rows=rows), ScreenState(TableQuery()), (80, 60), Changes(), 0.0)
    plain = Console(file=io.StringIO(), width=80, height=60)
    plain.print(found)
    text = plain.file.getvalue()  # type: ignore[attr-defined]
    assert "1000000BABYDOGEUSDT " in text
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())


def press(state: ScreenState, *keys: str) -> ScreenState:
    for key in keys:
        state = after_key(state, key, ["X", "Y", "Z"])
    return state


def test_keys() -> None:
    start = ScreenState(TableQuery())
    assert press(start, "q").wants_quit
    assert press(start, "s").query.sort == "score"
    assert press(start, "s", "s", "S").query.sort == "score"
    assert press(start, "p").is_paused
    assert not press(start, "p", "p").is_paused
    assert not press(start, "a").alerts_on
    assert press(start, "down", "down", "down", "enter").detail == "Z"
    assert press(start, "up", "enter").detail == "X"
    assert press(start, "enter", "escape").detail is None
    filtered = press(start, "/", *"rsi>7", "backspace", *"70", "enter")
    assert filtered.filter_text == "rsi>70"
    assert filtered.query.filter is not None
    assert not filtered.wants_quit
    wrong = press(start, "/", *"rsj>70", "enter")
    assert wrong.typing == "rsj>70"
    assert "rsi" in wrong.message
    assert press(wrong, "escape").query.filter is None
    assert press(filtered, "/", *["backspace"] * 6, "enter").query.filter is None


def test_what_a_terminal_sends_becomes_keys() -> None:
    assert list(keys_of("s\r\x1b[A\x1b[Bq\x7f\x1b")) == [
        "s",
        "enter",
        "up",
        "down",
        "q",
        "backspace",
        "escape",
    ]


def test_only_what_changed_a_moment_ago_stands_out() -> None:
    changes = Changes()
    assert not changes.is_new("A", "price", "1", 10.0)
    assert changes.is_new("A", "price", "2", 11.0)
    assert changes.is_new("A", "price", "2", 12.9)
    assert not changes.is_new("A", "price", "2", 13.0)


def test_only_the_judgement_is_coloured_and_a_change_is_bold() -> None:
    state, changes = ScreenState(TableQuery()), Changes()
    picture(FRAME, state, (200, 60), changes, 0.0)
    moved = tuple({**row, "price": 1.0} for row in FRAME.rows)
    found, _ = picture(replace(FRAME, rows=moved), state, (200, 60), changes, 0.1)
    table = next(part for part in found.renderables if isinstance(part, Table))  # type: ignore[attr-defined]
    styles = {
        str(column.header): {str(cell.style) for cell in column.cells}  # type: ignore[union-attr]
        for column in table.columns
    }
    assert styles.pop("Price") == {"bold "}
    assert {row["signal"] for row in FRAME.rows} >= {"Long", "Short"}
    for judged in ("Signal", "Score"):
        assert styles.pop(judged) <= {"", "green", "red"}
    assert all(found <= {""} for found in styles.values())


def test_columns_give_way_by_their_weight() -> None:
    widths = dict.fromkeys(DEFAULT_COLUMNS, 8)
    assert fitting(DEFAULT_COLUMNS, widths, 28) == ["symbol", "signal", "score"]
    assert fitting(DEFAULT_COLUMNS, widths, 1) == ["symbol"]
    assert fitting(DEFAULT_COLUMNS, widths, 10_000) == list(DEFAULT_COLUMNS)


def test_rows_as_text_for_programs() -> None:
    rows = TableQuery(sort="score", top=3).apply(FRAME.rows)
    columns = ("rank", "symbol", "score", "status", "funding")
    import csv
    import json

    read = json.loads(as_json(rows, columns))
    assert [one["symbol"] for one in read] == [row["symbol"] for row in rows]
    assert [json.loads(line) for line in as_json_lines(rows, columns).splitlines()] == read
    table = list(csv.reader(io.StringIO(as_csv(rows, columns))))
    assert table[0] == list(columns)
    assert [line[1] for line in table[1:]] == [row["symbol"] for row in rows]
    assert len({len(line.rstrip()) <= 60 for line in as_table(rows, columns, {}, 60).splitlines()}) == 1
    assert [short_amount(value) for value in (5, 5_000, 5.4e6, 2e9)] == ["5", "5.0k", "5.4M", "2.0B"]


def test_a_symbol_without_a_judgement_comes_last() -> None:
    rows = TableQuery().apply(FRAME.rows)
    assert rows[-1]["symbol"] == NAMES[-1]
    assert rows[-1]["status"] == "waiting"
