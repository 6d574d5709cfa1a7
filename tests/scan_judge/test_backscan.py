"""A scan of the past: equal to a live run over the same closed bars, quick, kept once."""

from __future__ import annotations

import itertools
import json
import sqlite3
import stat
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged_market import QUARTER_MS, market, random_walk

from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.compute import compute, compute_history
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.decisions.scan.record import record_of
from whalebot.decisions.scan.scoring import choose_weight_set
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import History, SessionSums, Window, last_session
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import bar_close_ms
from whalebot.scanner.backscan import backscan
from whalebot.scanner.history import Query, SignalHistory, latest_signals, read_signals
from whalebot.scanner.history_text import history_text, write_parquet
from whalebot.scanner.judge import JudgeSettings
from whalebot.scanner.past import judge_history, judge_lines, run_backscan

TICK = Decimal("0.01")
DEFAULT = ScanSettings()
BUSY = replace(
    DEFAULT,
    active_weight_set="auto",
    signal_config=replace(
        DEFAULT.signal_config, signal_threshold=0.15, confidence_medium=0.25, confidence_high=0.45
    ),
)
SMA = replace(
    BUSY,
    signal_config=replace(
        BUSY.signal_config,
        rsi_method="sma",
        atr_method="sma",
        macd_mode="cross",
        volume_mode="obv_ma",
        vwap_mode="rolling",
        pivot_source="window",
    ),
)


def _walk(bars: int, seed: int = 1) -> History:
    rng = np.random.default_rng(seed)
    close = np.round(random_walk(rng, bars, 0.004), 2)
    return market(
        close, close + np.round(rng.uniform(0, 0.6, bars), 2), close - np.round(rng.uniform(0, 0.6, bars), 2)
    )


def _live(history: History, settings: ScanSettings) -> list[dict]:
    """What a live run announces that sees each bar close, keeping its own sums, with intrabar turned off."""
    evaluator, announcer, records = Evaluator(settings), Announcer(settings), []
    sums = SessionSums(0)
    for row in range(len(history)):
        opened = int(history.open_ms[row])
        bar = (float(getattr(history, name)[row]) for name in ("high", "low", "close", "volume"))
        sums = sums.with_bar(opened, *bar)
        part = slice(max(0, row + 1 - settings.kline_history), row + 1)
        columns = [getattr(history, name)[part] for name in ("open_ms", "high", "low", "close", "volume")]
        if len(columns[0]) < 2:
            continue
        seen = (
            history.open_ms[: row + 1],
            history.high[: row + 1],
            history.low[: row + 1],
            history.close[: row + 1],
        )
        before = last_session(*seen, "15", bar_close_ms(opened, "15"))
        values = compute(Window("BTCUSDT", "15", *columns, sums, before), settings)
        chosen = choose_weight_set(values, settings, announcer.weight_set("BTCUSDT", "15"))
        announcer.set_weight_set("BTCUSDT", "15", chosen)
        # A restart at any bar changes nothing.
        announcer = Announcer.from_dict(settings, json.loads(json.dumps(announcer.to_dict())))
        found = evaluator.evaluate(
            values,
            Decimal(repr(values.close)),
            symbol="BTCUSDT",
            interval="15",
            ts_ms=values.close_ms,
            tick_size=TICK,
            held=announcer.held("BTCUSDT", "15"),
            weight_set=chosen,
        )
        if event := announcer.step(found):
            records.append(record_of(event, MarketFacts(), "1"))
    return records


@pytest.mark.parametrize("settings", [DEFAULT, BUSY, SMA])
def test_backscan_announces_exactly_what_a_live_run_does(settings) -> None:
    history = _walk(700)
    past = [record_of(event, MarketFacts(), "1") for event in backscan(history, settings, TICK)]
    assert past == _live(history, settings)
    assert len(past) > 20


@pytest.mark.parametrize("settings", [DEFAULT, SMA])
def test_a_history_has_the_bits_of_each_window(settings) -> None:
    history = _walk(2600, seed=3)
    bars = dict(enumerate(compute_history(history, settings), 1))
    for row in (1, 2, 40, 199, 200, 201, 2247, 2248, 2249, 2599):
        one = compute(history.window(row, settings.kline_history), settings)
        assert np.array_equal(np.array(one), np.array(bars[row]), equal_nan=True), row


def test_two_scanners_started_at_different_times_agree() -> None:
    history = _walk(900, seed=4)
    begin = 384
    late = replace(
        history,
        **{
            name: getattr(history, name)[begin:]
            for name in ("open_ms", "high", "low", "close", "volume", "sessions", "previous")
        },
    )
    first = int(history.open_ms[600])
    told = [[event.id for event in backscan(h, DEFAULT, TICK, from_ms=first)] for h in (history, late)]
    assert told[0] == told[1]
    assert told[0]


def test_from_and_to_bound_the_closes() -> None:
    history = _walk(700)
    first, last = 300 * QUARTER_MS, 500 * QUARTER_MS
    times = [e.evaluation.ts_ms for e in backscan(history, BUSY, TICK, from_ms=first, to_ms=last)]
    assert times
    assert first <= min(times)
    assert max(times) <= last


def test_a_year_of_quarter_hours_takes_under_five_seconds() -> None:
    history = _walk(35_040)
    begin = time.process_time()
    count = sum(1 for _ in backscan(history, DEFAULT, TICK))
    assert time.process_time() - begin < 5.0
    assert count > 1000


def test_history_keeps_every_event_once(tmp_path: Path) -> None:
    path = tmp_path / "output" / "signals.sqlite"
    runs = [run_backscan(_walk(600), BUSY, TICK, path, run_id=f"run-{k}", version="1") for k in range(2)]
    assert runs[0].added == runs[0].events > 20
    assert (runs[1].events, runs[1].added) == (runs[0].events, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()
    stored = read_signals(path)
    assert {record.run_id for record in stored} == {"run-0"}
    assert {record.signal.event for record in stored} >= {"new", "end", "upgrade"}
    times = [record.signal.timestamp for record in stored]
    assert times == sorted(times)


def test_history_answers_queries_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "50% #1?mode=rw&" / "signals.sqlite"
    records = [record_of(event, MarketFacts(), "1") for event in backscan(_walk(600), BUSY, TICK)]
    store = SignalHistory(path)
    assert store.add(records[:10], "a", "live") == 10
    assert len(read_signals(path)) == latest_signals(path, 5, None, None, "live")[2] == 10
    assert store.add(records, "b", "replay") == len(records)
    assert [r.mode for r in read_signals(path)] == ["live"] * 10 + ["replay"] * (len(records) - 10)
    assert len(read_signals(path, Query(mode="replay"))) == len(records)
    news = [kept.signal for kept in read_signals(path, Query(event="new", direction="Long", min_score=0.2))]
    assert news
    assert all(r.event == "new" and r.signal_type == "Long" and r.score >= 0.2 for r in news)
    assert read_signals(path, Query(symbols=("ETHUSDT",))) == []
    assert len(read_signals(path, Query(symbols=("ETHUSDT", "BTCUSDT"), mode="live"))) == 10
    cut = 200 * QUARTER_MS
    early, late = read_signals(path, Query(until_ms=cut)), read_signals(path, Query(since_ms=cut))
    assert len(early) + len(late) == len(records)
    store.close()
    assert not path.with_name(path.name + "-wal").exists()


def test_a_refused_record_keeps_none_of_its_batch(tmp_path: Path) -> None:
    store = SignalHistory(tmp_path / "signals.sqlite")
    record = record_of(next(backscan(_walk(600), BUSY, TICK)), MarketFacts(), "1")
    with pytest.raises(ValueError, match="no time"):
        store.add([record, replace(record, timestamp="no time")], "a", "live")
    assert read_signals(tmp_path / "signals.sqlite") == []
    store.close()


def test_no_history_and_no_database_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no history of signals yet"):
        read_signals(tmp_path / "none.sqlite")
    (tmp_path / "bad.sqlite").write_bytes(b"not a database at all, just some text" * 40)
    with pytest.raises(ConfigError, match="not a readable history"):
        read_signals(tmp_path / "bad.sqlite")


def test_history_is_written_as_table_csv_json_and_parquet(tmp_path: Path) -> None:
    path = tmp_path / "signals.sqlite"
    run_backscan(_walk(500), BUSY, TICK, path, run_id="a", version="1")
    records = read_signals(path)
    lines = list(history_text(records, "csv"))
    assert len(lines) == len(records) + 1
    assert lines[0].startswith("signal_type,entry_price,stop_loss")
    assert json.loads("\n".join(history_text(records, "json"))) == [r.as_json() for r in records]
    table = list(history_text(records, "table"))
    assert table[-1] == f"{len(records)} events"
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(records, tmp_path / "signals.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "signals.parquet")
    with pytest.raises(ConfigError, match="link"):
        write_parquet(records, tmp_path / "link.parquet")
    assert parquet.read_table(tmp_path / "signals.parquet").num_rows == len(records)


def test_judge_reads_the_history_and_the_bars(tmp_path: Path) -> None:
    path = tmp_path / "signals.sqlite"
    history = _walk(1500)
    run_backscan(history, BUSY, TICK, path, run_id="a", version="1")
    asked = []

    def bars_of(symbol: str, interval: str, first: int, last: int) -> History:
        asked.append((symbol, interval, first < last))
        return history

    settings = JudgeSettings((1, 4, 16), by="indicator", draws=50)
    judgements = judge_history(path, Query(), bars_of, settings)
    assert asked == [("BTCUSDT", "15", True)]
    signals = [r for r in read_signals(path) if r.signal.event in ("new", "flip")]
    assert judgements[0].groups[0].n == len(signals)
    lines = [line.text for line in judge_lines(judgements, settings, threshold=0.15, suggest=True)]
    assert any("rsi with" in line for line in lines)
    assert any("a proposal, nothing is changed" in line for line in lines)
    gone = judge_history(path, Query(), lambda *_: None, settings)
    assert gone[0].groups[0].void == len(signals)
    with pytest.raises(ConfigError, match="no signal to judge"):
        judge_history(path, Query(symbols=("ETHUSDT",)), bars_of, settings)


DAMAGE = [
    {"votes": 7},
    {"votes": {"rsi": "up"}},
    {"weights": None},
    {"weights": [1, 2]},
    {"weight_set": None},
    {"interval": "7x"},
    {"signal_type": "none"},
    {"confidence": ["High"]},
    {"bar_start": "yesterday"},
    {"levels": 1},
    {"notes": "none"},
    {"entry_price": None},
    {"normalized_score": None},
]


def test_a_damaged_signal_is_not_judged_but_counted(tmp_path: Path, caplog: Any) -> None:
    path, history = tmp_path / "signals.sqlite", _walk(900)
    run_backscan(history, BUSY, TICK, path, run_id="a", version="1")
    settings = JudgeSettings((1, 4), by="indicator", draws=20)
    whole = judge_history(path, Query(), lambda *_: history, settings)[0].groups[0].n
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT rowid, record FROM signals WHERE event = 'new'").fetchall()
        for (row, text), damage in zip(rows, DAMAGE, strict=False):
            body = json.dumps({**json.loads(text), **damage})
            db.execute("UPDATE signals SET record = ? WHERE rowid = ?", (body, row))
    db.close()
    judged = judge_history(path, Query(), lambda *_: history, settings)
    assert judged[0].groups[0].n == whole - len(DAMAGE)
    assert list(judge_lines(judged, settings, threshold=0.15, suggest=True))
    told = " ".join(caplog.messages)
    assert f"{len(DAMAGE) - 2} damaged records are left out" in told
    assert "2 signals without a price or a score are left out" in told


def _kept_by_an_earlier_release(path: Path, rows: SignalHistory) -> None:
    """Take the mode out of the key again and leave a gap in the row numbers."""
    rows.close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE signals RENAME TO moved")
        text = db.execute("SELECT sql FROM sqlite_master WHERE name = 'moved'").fetchone()[0]
        db.execute(text.replace('"moved"', "signals").replace(", mode)", ")"))
        db.execute("INSERT INTO signals SELECT * FROM moved")
        db.execute("DROP TABLE moved")
        db.execute("CREATE INDEX signals_by_time ON signals (ts_ms)")
        db.execute("DELETE FROM signals WHERE rowid = 3")
        db.execute("PRAGMA user_version = 0")
    db.close()


def test_a_history_of_an_earlier_release_gets_the_key_with_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "signals.sqlite"
    records = [record_of(event, MarketFacts(), "1") for event in backscan(_walk(600), BUSY, TICK)][:8]
    store = SignalHistory(path)
    store.add(records, "a", "backscan")
    _kept_by_an_earlier_release(path, store)
    before = read_signals(path)
    numbers = latest_signals(path, 3, None, None, "backscan")
    assert len(before) == 7
    for _ in range(2):  # the second opening changes nothing
        SignalHistory(path).close()
        assert read_signals(path) == before
        assert latest_signals(path, 3, None, None, "backscan") == numbers
    store = SignalHistory(path)
    assert store.add(records, "b", "live") == 8
    assert store.add(records, "c", "live") == 0
    store.close()
    assert latest_signals(path, 50, None, None, "live")[2] == 8
    with sqlite3.connect(path) as db:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        db.execute("PRAGMA user_version = 2")
    db.close()
    assert "signals_by_time" in names
    with pytest.raises(sqlite3.DatabaseError, match="later release"):
        SignalHistory(path)


def test_a_signal_of_two_modes_is_judged_once_and_as_live(tmp_path: Path) -> None:
    path, history = tmp_path / "signals.sqlite", _walk(900)
    run_backscan(history, BUSY, TICK, path, run_id="a", version="1")
    settings = JudgeSettings((1, 4), draws=20)
    alone = judge_history(path, Query(), lambda *_: history, settings)[0].outcomes
    news = [r.signal for r in read_signals(path) if r.signal.event == "new"]
    store = SignalHistory(path)
    # Live: the same event, and one that the bar's close put into another class.
    other = replace(news[1], confidence="High" if news[1].confidence != "High" else "Low")
    marked = [replace(r, entry_price=r.entry_price * 2) for r in (news[0], other)]
    store.add(marked, "b", "live")
    store.close()
    both = judge_history(path, Query(), lambda *_: history, settings)[0].outcomes
    assert len(both) == len(alone)
    begun = {o.signal.bar_start_ms: o.signal.entry for o in both}
    assert sum(begun[o.signal.bar_start_ms] == o.signal.entry * 2 for o in alone) == 2


def test_ids_are_functions_of_the_event_alone() -> None:
    events = list(itertools.islice(backscan(_walk(600), BUSY, TICK), 30))
    assert len({event.id for event in events}) == len(events)
    assert [event.id for event in events] == [
        e.id for e in itertools.islice(backscan(_walk(600), BUSY, TICK), 30)
    ]
