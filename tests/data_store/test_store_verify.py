"""What is wrong with history is named, with its place; what cannot be history is refused."""

from __future__ import annotations

import gzip
import os
import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.app.cli import main
from whalebot.domain.errors import ConfigError
from whalebot.research.store.files import bars_of_trades, read_given
from whalebot.research.store.layout import Kind, Series
from whalebot.research.store.tables import Row
from whalebot.research.store.verify import ZERO_RUN, verify_rows

MINUTE = 60_000
START = 1_735_689_600_000
BARS = Series("BTCUSDT", Kind.BARS, "1")
HERE = Path("here")


def bars(count: int = 200) -> list[Row]:
    """Return sound bars."""
    draw = random.Random(8)
    prices = [10_000 + round(draw.gauss(0, 10)) for _ in range(count)]
    return [
        (str(START + n * MINUTE), str(p), str(p + 30), str(p - 30), str(p), "1.5")
        for n, p in enumerate(prices)
    ]


def kinds(rows: list[Row]) -> dict[str, list[int]]:
    """Return row numbers by kind of finding."""
    found: dict[str, list[int]] = {}
    for finding in verify_rows(BARS, rows, HERE):
        found.setdefault(finding.kind, []).append((finding.ts_ms - START) // MINUTE)
    return found


def test_sound_bars_have_no_findings() -> None:
    assert kinds(bars()) == {}


def test_each_fault_is_found_at_its_place() -> None:
    rows = bars()
    assert kinds(rows[:50] + rows[53:]) == {"gap": [50]}
    assert kinds([*rows[:51], *rows[50:]]) == {"duplicate": [50]}
    assert kinds([*rows[:50], rows[51], rows[50], *rows[52:]]) == {"disorder": [50]}
    off = str(START + 50 * MINUTE + 1)
    assert "off_grid" in kinds([*rows[:50], (off, *rows[50][1:]), *rows[51:]])
    assert kinds([*rows[:50], (*rows[50][:2], "1", *rows[50][3:]), *rows[51:]]) == {"impossible": [50]}
    spike = (rows[50][0], rows[50][1], "13000", rows[50][3], "12900", "1")
    assert kinds([*rows[:50], spike, *rows[51:]]) == {"outlier": [50, 51]}


def test_a_standstill_is_named_from_its_length_on() -> None:
    rows = bars()

    def still(length: int) -> dict[str, list[int]]:
        return kinds([(*r[:5], "0") if 20 <= n < 20 + length else r for n, r in enumerate(rows)])

    assert still(ZERO_RUN - 1) == {}
    assert still(ZERO_RUN) == {"zero_volume": [20]}


@settings(max_examples=40, deadline=None)
@given(gone=st.sets(st.integers(1, 198), max_size=30))
def test_every_missing_bar_is_counted(gone: set[int]) -> None:
    rows = [row for n, row in enumerate(bars()) if n not in gone]
    found = [f for f in verify_rows(BARS, rows, HERE) if f.kind == "gap"]
    assert sum(int(f.text.split()[0]) for f in found) == len(gone)
    assert all((f.ts_ms - START) // MINUTE in gone for f in found)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(str(START // 1000 + n * 60), *row[1:]) for n, row in enumerate(bars(5))], "looks like seconds"),
        (bars(5)[::-1], "rows descend"),
        ([("noon", *row[1:]) for row in bars(5)], "no whole number"),
        ([(row[0], "dear", *row[2:]) for row in bars(5)], "'dear' is no number"),
        ([], "no rows"),
    ],
)
def test_what_cannot_be_history_is_refused(rows: list[Row], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        verify_rows(BARS, rows, HERE)


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT.csv"
    file.write_text("time,price\n1,2\n")
    with pytest.raises(ConfigError, match=r"found the columns time,price; expected bars \(timestamp"):
        read_given(file, "1")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_given(tmp_path / "pipe.csv", "1")


def test_the_command_names_findings_and_exits_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, broken = tmp_path / "BTCUSDT-a.csv", tmp_path / "BTCUSDT-b.csv"
    for file, rows in ((sound, bars()), (broken, bars()[:50] + bars()[53:])):
        lines = [",".join(row) for row in (("timestamp", "open", "high", "low", "close", "volume"), *rows)]
        file.write_text("\n".join(lines) + "\n")
    assert main(["data", "verify", str(sound)]) == 0
    assert main(["data", "verify", str(broken)]) == 1
    assert "gap: 2025-01-01T00:50:00.000+00:00: 3 rows are missing" in capsys.readouterr().err


# --- trades of the public archive -------------------------------------------------------------------------

_TRADE = st.tuples(st.integers(0, 600_000), st.integers(1, 999), st.integers(1, 10_000))


@settings(max_examples=40, deadline=None)
@given(trades=st.lists(_TRADE, min_size=1, max_size=60), newest_first=st.booleans())
def test_bars_of_trades_are_those_counted_one_by_one(
    trades: list[tuple[int, int, int]], newest_first: bool
) -> None:
    trades.sort(key=lambda trade: trade[0])
    written = trades[::-1] if newest_first and trades[0][0] != trades[-1][0] else trades
    columns = [
        [f"{(START + at) / 1000:.3f}" for at, _, _ in written],
        ["BTCUSDT"] * len(written),
        [f"{size / 1000:.3f}" for _, size, _ in written],
        [f"{price / 10:.1f}" for _, _, price in written],
    ]
    expected: dict[int, list[tuple[int, int]]] = {}
    for at, size, price in trades:
        expected.setdefault((START + at) // MINUTE * MINUTE, []).append((size, price))
    found = bars_of_trades(HERE, columns, "1")
    assert [int(row[0]) for row in found] == sorted(expected)
    for row in found:
        inside = expected[int(row[0])]
        prices = [Decimal(price) / 10 for _, price in inside]
        assert [Decimal(text) for text in row[1:5]] == [prices[0], max(prices), min(prices), prices[-1]]
        assert Decimal(row[5]) == sum(Decimal(size) / 1000 for size, _ in inside)


def test_archived_trades_become_kept_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"
    rows = [
        f"{START / 1000 + n * 7.5:.4f},SOLUSDT,Buy,{n % 5 + 1},{100 + n % 3}.25,PlusTick,x,1,1,1"
        for n in range(100)
    ]
    file = tmp_path / "SOLUSDT2025-01-01.csv.gz"
    file.write_bytes(gzip.compress("\n".join([head, *rows]).encode()))
    assert main(["data", "convert", str(file), "--dir", str(tmp_path)]) == 0
    assert "13 rows of SOLUSDT bars-1, 13 new" in capsys.readouterr().out
    assert main(["data", "convert", str(file), "--dir", str(tmp_path)]) == 0
    assert "13 rows of SOLUSDT bars-1, 0 new" in capsys.readouterr().out
    kept = read_bars("SOLUSDT", tmp_path / "data" / "SOLUSDT" / "bars-1")
    assert (len(kept), kept.interval) == (13, "1")
    assert kept.volumes().sum() == sum(n % 5 + 1 for n in range(100))
    assert main(["data", "list", "--dir", str(tmp_path)]) == 0
    assert "13 rows" in capsys.readouterr().out
