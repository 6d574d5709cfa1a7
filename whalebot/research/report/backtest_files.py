"""The files of a backtest: report, picture, trades, equity, configuration, manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.decisions.performance.summary import Summary
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import iso_utc
from whalebot.research.dataset import Dataset
from whalebot.research.report.as_json import report_json
from whalebot.research.report.as_picture import write_picture
from whalebot.research.report.backtest_figures import confessions, exposure_of, held_return
from whalebot.research.report.backtest_page import backtest_page
from whalebot.research.result import BacktestResult


def write_backtest(
    folder: Path,
    result: BacktestResult,
    summary: Summary | None,
    dataset: Dataset,
    config: Mapping[str, Any],
) -> list[Path]:
    """Write every file of a run into a folder, made if need be; equal runs give equal bytes.

    config: the configuration as JSON values, secrets hidden. Raises ConfigError where pyarrow or matplotlib
    is missing, OSError where a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = backtest_page(result, summary, dataset)
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "trades.json").write_bytes(encode_trades(list(result.trades)))
    (folder / "config.json").write_text(_text(config), encoding="utf-8")
    (folder / "manifest.json").write_text(_text(manifest_of(result)), encoding="utf-8")
    (folder / "summary.json").write_text(_text(summary_json(result, summary)), encoding="utf-8")
    _write_equity(result, folder / "equity.parquet")
    names = ["report.html", "trades.json", "config.json", "manifest.json", "summary.json", "equity.parquet"]
    if summary is not None:
        write_picture(summary, folder / "equity.png", "equity marked at every close, USDT")
        names.append("equity.png")
    return [folder / name for name in names]


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


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _write_equity(result: BacktestResult, path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError(
            f"{path}: Parquet needs pyarrow: pip install pyarrow (extra research), or leave out --out"
        ) from None
    times = pa.array(result.curve.ts_ms, type=pa.timestamp("ms", tz="UTC"))
    pq.write_table(pa.table({"time": times, "equity": pa.array(result.curve.equity)}), path)
