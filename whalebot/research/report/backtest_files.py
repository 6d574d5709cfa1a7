"""The files of a backtest: report, picture, trades, equity, configuration, manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.decisions.performance.summary import Summary
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import iso_utc
from whalebot.research.dataset import Dataset
from whalebot.research.report.as_json import report_json
from whalebot.research.report.as_picture import picture
from whalebot.research.report.backtest_figures import confessions, exposure_of, held_return
from whalebot.research.report.backtest_page import backtest_page
from whalebot.research.result import BacktestResult


def check_folder(folder: Path) -> None:
    """Make the folder if need be and try to write there. Raises ConfigError where files cannot be written.

    Asked before a run, so that hours of work are not lost to a wrong path.
    """
    for library in ("pyarrow", "matplotlib"):
        if find_spec(library) is None:
            raise ConfigError(
                f"--out needs {library}: pip install {library} (extra research), or leave out --out"
            )
    trial = folder / ".trial.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(trial, b"0")
        trial.unlink()
    except OSError as error:
        raise ConfigError(_unwritten(folder, error)) from error


def write_backtest(
    folder: Path,
    result: BacktestResult,
    summary: Summary | None,
    dataset: Dataset,
    config: Mapping[str, Any],
) -> list[Path]:
    """Write every file of a run into a folder, made if need be; equal runs give equal bytes.

    config: the configuration as JSON values, secrets hidden. All are written beside first and renamed
    together, so that a full disk leaves what was there. Raises ConfigError where pyarrow or matplotlib is
    missing or a file cannot be written.
    """
    made: dict[str, Callable[[], bytes]] = {
        "report.html": lambda: backtest_page(result, summary, dataset).encode(),
        "trades.json": lambda: encode_trades(list(result.trades)),
        "config.json": lambda: _text(config),
        "manifest.json": lambda: _text(manifest_of(result)),
        "summary.json": lambda: _text(summary_json(result, summary)),
        "equity.parquet": lambda: _equity(result),
    }
    names = [*made, "equity.png"] if summary is not None else list(made)
    beside = {name: folder / f".{name}.new" for name in names}
    name = names[0]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in made.items():
            _write(beside[name], content())
        if summary is not None:
            name = "equity.png"
            drawn = picture(summary, result.trades, folder / name, "equity marked at every close, USDT")
            _write(beside[name], drawn)
        for name in names:
            beside[name].replace(folder / name)
    except OSError as error:
        raise ConfigError(_unwritten(folder / name, error)) from error
    finally:
        for path in beside.values():
            with suppress(OSError):
                path.unlink()
    return [folder / name for name in names]


def _write(path: Path, data: bytes) -> None:
    """Write a file that is nobody else's to read."""
    # One that is there may be anybody's, or a link; it would keep its owner and its mode.
    with suppress(FileNotFoundError):
        path.unlink()
    FileSystem().write_file(path, data, new=True)


def manifest_of(result: BacktestResult) -> dict[str, Any]:
    """Return what is needed to run the same again."""
    return {
        "data": dict(result.digests),
        "versions": dict(result.versions),
        "seed": result.seed,
        "tier": result.tier.value,
        "strategy": result.strategy,
        "interval": result.interval,
        "from": iso_utc(result.first_ms),
        "to": iso_utc(result.last_ms),
        "traded_from": iso_utc(int(result.curve.ts_ms[0])),
        "starting_balance": f"{result.starting_balance:f}",
        "config_hash": result.config_hash,
        "costs": dict(result.costs),
    }


def summary_json(result: BacktestResult, summary: Summary | None) -> dict[str, Any]:
    """Return the figures for machines."""
    found: dict[str, Any] = {
        "manifest": manifest_of(result),
        "refused": dict(result.refused),
        "ended_open": list(result.ended_open),
        "notes": confessions(result, summary),
        "buy_and_hold": held_return(result),
        "exposure": exposure_of(result),
        "cost_in_r": {notes.symbol: notes.cost_in_r for notes in result.symbols},
    }
    if summary is not None:
        found["report"] = report_json(summary)
    return found


def _unwritten(path: Path, error: OSError) -> str:
    return f"--out: {path} cannot be written: {error.strerror or error}; free space or name another folder"


def _text(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _equity(result: BacktestResult) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError(
            "equity.parquet needs pyarrow: pip install pyarrow (extra research), or leave out --out"
        ) from None
    times = pa.array(result.curve.ts_ms, type=pa.timestamp("ms", tz="UTC"))
    written = BytesIO()
    pq.write_table(pa.table({"time": times, "equity": pa.array(result.curve.equity)}), written)
    return written.getvalue()
