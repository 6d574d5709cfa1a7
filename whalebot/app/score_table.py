"""Scores of a file of bars as a table on disk: what a researcher loads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.app.config.convert import indicator_settings, mtf_settings, scoring_settings
from whalebot.app.config.document import Config
from whalebot.decisions.analysis.signal import signal_of
from whalebot.decisions.analysis.table import ScoreTable, score_history
from whalebot.domain.errors import ConfigError
from whalebot.research.dataset import DecisionBars, decision_bars

if TYPE_CHECKING:
    import pandas as pd

CSV_ENDINGS: Final = (".csv", ".csv.gz")
PARQUET_ENDINGS: Final = (".parquet", ".pq")


def score_file(file: BarFile, interval: str, config: Config) -> ScoreTable:
    """Score every closed bar of `interval` in a file, whose bars may be finer.

    Raises ConfigError where the interval cannot be made of the file's bars.
    """
    primary = primary_bars(file, interval)
    return score_history(
        primary.bars,
        interval,
        scoring_settings(config),
        indicator_settings(config),
        mtf_settings(config.model_copy(update={"interval": interval})),
        starts=primary.starts,
    )


def primary_bars(file: BarFile, interval: str) -> DecisionBars:
    """Return the bars of `interval`, joined inside each data set only.

    Raises ConfigError where the file's bars do not fill them.
    """
    return decision_bars(file, interval, str(file.path))


def frame_of(table: ScoreTable) -> pd.DataFrame:
    """Return the table with the decision time beside the open time, and signals in words."""
    import pandas as pd

    frame = table.to_frame()
    frame.insert(0, "close_time", pd.to_datetime(table.close_ms, unit="ms", utc=True))
    frame["signal"] = [signal_of(int(code)).value for code in table.signal]
    return frame


def check_ending(path: Path) -> None:
    """Raise ConfigError unless the file's ending names a kind of table that can be written."""
    if not path.name.lower().endswith((*CSV_ENDINGS, *PARQUET_ENDINGS)):
        endings = ", ".join((*CSV_ENDINGS, *PARQUET_ENDINGS))
        raise ConfigError(f"--out {path}: its ending names no kind of table; use one of {endings}")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"--out {path}: the folder {path.absolute().parent} is not there")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV or Parquet by the file's ending; a file that was there is replaced at the end.

    Raises ConfigError where Parquet is asked for and pyarrow is missing.
    """
    with _replacing(path) as beside:
        if path.name.lower().endswith(CSV_ENDINGS):
            frame.to_csv(beside, date_format="%Y-%m-%dT%H:%M:%S%z", compression=_compression(path))
            return
        try:
            frame.to_parquet(beside, engine="pyarrow")
        except ImportError:
            raise ConfigError(
                f"--out {path}: Parquet needs pyarrow: pip install pyarrow (extra research), or write .csv"
            ) from None


def _compression(path: Path) -> Literal["gzip"] | None:
    return "gzip" if path.name.lower().endswith(".gz") else None


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
