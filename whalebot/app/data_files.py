"""Files of market history as people name them: FILE, or SYMBOL=FILE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whalebot.adapters.feeds.months import months_in, why_no_history
from whalebot.domain.errors import ConfigError

_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,26}USDT")
_NAMED: Final = re.compile(r"([A-Za-z0-9]{2,30})=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One instrument's history. `path` is absolute."""

    symbol: str
    path: Path

    def __str__(self) -> str:
        return f"{self.symbol}={self.path}"


def parse_data_files(texts: Iterable[str], folder: Path, option: str) -> tuple[DataFile, ...]:
    """Return the files that texts like FILE and SYMBOL=FILE name, relative ones below `folder`.

    Raises ConfigError, naming `option`, for a file that is not there, one whose name starts with no symbol,
    and two files of one symbol.
    """
    files = tuple(_parse(text, folder, option) for text in texts)
    seen: dict[str, Path] = {}
    for file in files:
        if file.symbol in seen:
            raise ConfigError(
                f"{option}: {seen[file.symbol]} and {file.path} are both of {file.symbol}; keep one"
            )
        seen[file.symbol] = file.path
    return files


def _parse(text: str, folder: Path, option: str) -> DataFile:
    named = _NAMED.fullmatch(text)
    # A file whose own name holds a "=" is meant as it stands.
    if named is not None and not (folder / text).exists():
        symbol, name = named[1].upper(), named[2]
    else:
        symbol, name = re.split(r"[-_.]", Path(text).name)[0], text
    path = (folder / Path(name).expanduser()).absolute()
    if not path.is_file() and not months_in(path):
        raise ConfigError(f"{option} {text}: {path} {why_no_history(path)}")
    if not _SYMBOL.fullmatch(symbol):
        raise ConfigError(
            f"{option} {text}: {symbol!r} is no USDT perpetual; name it before the file: BTCUSDT={name}"
        )
    return DataFile(symbol, path)
