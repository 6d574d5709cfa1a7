"""What the web server shows of a folder in which nothing runs: a backtest's result, or a daemon's files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from whalebot import __version__
from whalebot.adapters.logs.masking import MASK
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import read_history
from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.desk import Desk, RunFacts
from whalebot.adapters.web.feed import Feed, Told
from whalebot.adapters.web.stop_paths import StopPaths
from whalebot.app.config.convert import to_decimal
from whalebot.app.config.document import Config
from whalebot.app.config.environment import read_environment
from whalebot.app.config.loading import check_text
from whalebot.app.config.tree import mapped
from whalebot.app.paths import Paths
from whalebot.app.setup import Setup
from whalebot.app.web.audit import WebAudit
from whalebot.app.web.bars import found_files, put_bars
from whalebot.app.web.config import WebConfig
from whalebot.app.web.left import left_view
from whalebot.app.web.machine import Machine
from whalebot.app.web.reports import TradeReports
from whalebot.app.web.scan import ScanFolder
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError
from whalebot.domain.trade import ClosedTrade

_RESULT: Final = ("manifest.json", "summary.json", "trades.json")
_LOG_BYTES: Final = 2 * 1024 * 1024
_LEVELS: Final = {level.value: level for level in Level}
_NOT_DECISIONS: Final = frozenset({"analysis", "start", ""})


@dataclass(frozen=True, slots=True)
class Shown:
    """What a folder holds for the server."""

    facts: RunFacts
    chronicle: Chronicle
    reports: TradeReports
    setup: Setup


def is_result(folder: Path) -> bool:
    """Tell whether a folder holds the result of a backtest."""
    return all((folder / name).is_file() for name in _RESULT)


def desk_of(shown: Shown) -> Desk:
    """Return the desk of a server that changes nothing."""
    machine = Machine(shown.setup.paths.dir)
    return Desk(
        facts=shown.facts,
        feed=Feed(),
        chronicle=shown.chronicle,
        reports=shown.reports,
        config=WebConfig(shown.setup, lambda: shown.setup.config),
        audit=WebAudit(shown.setup.paths.audit, None),
        vitals=dict,
        machine=machine.read,
        checks=machine.checks,
        scanner=ScanFolder(shown.setup),
    )


def backtest_shown(folder: Path, masker: Any, data: Sequence[Path] = ()) -> Shown:
    """Return what a result folder holds, with the bars of `data` or of files that lie where they are found.

    Raises ConfigError for files that cannot be read, or are not those of the run.
    """
    manifest, summary = _json(folder / "manifest.json"), _json(folder / "summary.json")
    trades = _trades(folder / "trades.json")
    setup = _result_setup(folder, masker)
    chronicle = Chronicle()
    chronicle.paths = StopPaths(max(1, len(trades)))
    chronicle.trades.fill(trades)
    _tell_trades(chronicle, trades)
    report = summary.get("report")
    try:
        symbols = tuple(sorted(summary["cost_in_r"])) or tuple(sorted({t.symbol for t in trades}))
        facts = RunFacts(
            kind="backtest",
            mode=trades[0].mode if trades else "backtest",
            version=__version__,
            interval=str(manifest["interval"]),
            symbols=symbols,
            timezone=setup.config.timezone,
            folder=str(folder),
            bars_from=f"the backtest's data: {', '.join(sorted(manifest['data']))}",
        )
        places = (folder, folder.parent, Path.cwd())
        put_bars(chronicle.bars, found_files(manifest["data"], symbols, data, places), facts.interval)
        start = Decimal(manifest["starting_balance"])
        for point in report["equity"] if report else ():
            at_ms = round(datetime.fromisoformat(point["time"]).timestamp() * 1000)
            chronicle.equity.append((at_ms, Decimal(point["equity"])))
        notes = [str(note) for note in summary["notes"]]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(
            f"{folder}: not a whole result of this version's backtest ({error}); run it again"
        ) from error
    return Shown(facts, chronicle, TradeReports(lambda: start, report, notes), setup)


def folder_shown(setup: Setup) -> Shown:
    """Return what a stopped daemon's folder holds. Raises ConfigError for files that cannot be read."""
    paths, config = setup.paths, setup.config
    trades = _trades(paths.history) if paths.history.exists() else []
    modes = {trade.mode for trade in trades}
    mode = config.mode if config.mode in modes or not trades else trades[-1].mode
    chronicle = Chronicle()
    chronicle.trades.fill(trades)
    for told in _told(paths.event_log):
        chronicle.decisions.add(told.notice, told.at_ms)
    left = left_view(paths.state_file(mode))
    if left is not None:
        chronicle.document, view = left
        chronicle.look(view)
    balance = to_decimal(config.trade_management.account_balance)
    facts = RunFacts(
        kind="folder",
        mode=mode,
        version=__version__,
        interval=config.interval,
        symbols=config.traded_symbols,
        timezone=config.timezone,
        folder=str(paths.dir),
        bars_from="nothing runs here: there are no bars",
        simulated_prices=mode == "demo" and not config.demo.data,
    )
    return Shown(facts, chronicle, TradeReports(lambda: balance), setup)


def _tell_trades(chronicle: Chronicle, trades: Sequence[ClosedTrade]) -> None:
    """A backtest keeps no log: its trades say what was decided."""
    from whalebot.adapters.web.show_positions import trade_words

    for trade in trades:
        chronicle.paths.end(trade)
        fields = (("pnl", f"{trade.pnl:f}"), ("closed_by", trade.closed_by.value))
        notice = Notice(Level.INFO, "trade_closed", trade_words(trade), trade.symbol, trade.exit_ms, fields)
        chronicle.decisions.add(notice, trade.exit_ms)


def _trades(path: Path) -> list[ClosedTrade]:
    try:
        trades, _ = read_history(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    return trades


def _json(path: Path) -> Mapping[str, Any]:
    try:
        # Read so that a pipe or a device is refused; half a character could not be shown.
        found = json.loads(FileSystem().read_file(path))
        json.dumps(found, ensure_ascii=False).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: does not hold a table")
    return found


def _result_setup(folder: Path, masker: Any) -> Setup:
    """The configuration of a run; secrets were hidden in it, so they are left out."""
    path = folder / "config.json"
    values = mapped(dict(_json(path)), lambda _, leaf: None if leaf == MASK else leaf)
    environment = read_environment(folder / ".env", {})
    config: Config = check_text(json.dumps(values), str(path), environment, {}).config
    return Setup(config, environment, Paths(folder, path), masker, (), True)


def _told(path: Path) -> Iterator[Told]:
    """Yield the notices at the end of an event log, oldest first; what cannot be read is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            lines = file.read().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            record = json.loads(line)
            json.dumps(record, ensure_ascii=False).encode()
            kind, text = str(record.get("kind", "")), str(record["text"])
            level = _LEVELS.get(str(record["level"]), Level.INFO)
            at_ms = round(datetime.fromisoformat(record["ts"]).timestamp() * 1000)
            fields = tuple((str(name), str(value)) for name, value in dict(record.get("fields", {})).items())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if kind not in _NOT_DECISIONS:
            yield Told(Notice(level, kind, text, str(record.get("symbol", "")), 0, fields), at_ms)
