"""Folders of kept history: one file a month, YYYY-MM.parquet or YYYY-MM.csv.gz, read as one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_MONTH: Final = re.compile(r"(\d{4}-\d{2})(\.parquet|\.csv\.gz)")


def months_in(folder: Path) -> list[Path]:
    """Return the files of a folder's months, ascending; Parquet where a month is there in both forms."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = _MONTH.fullmatch(path.name)
        if name is not None:
            found[name[1]] = path
    return [found[month] for month in sorted(found)]


def why_no_history(path: Path) -> str:
    """Return why a path is neither a file nor a folder of months."""
    if path.is_dir():
        return "is a folder without months (YYYY-MM.parquet)"
    return "is not a regular file; write what it holds into one" if path.exists() else "is not there"


def parts_of(path: Path) -> list[Path]:
    """Return the files that a path stands for: the months of such a folder, else the path itself."""
    return months_in(path) or [path]
