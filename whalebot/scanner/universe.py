"""Which symbols there are, and which of them were meant."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from whalebot.adapters.bybit.rest_survey import ListedSymbol
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.domain.errors import ConfigError, RateLimited, TransportError, VenueRefused
from whalebot.scanner.asking import Asking

CACHE_MS: Final = 12 * 3_600_000
_VERSION: Final = 1
_QUOTE: Final = "USDT"
_log = logging.getLogger("whalebot.scanner")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The symbols to scan, in the order asked for, and what there is to say about the others."""

    symbols: tuple[str, ...]
    notes: tuple[str, ...]


def load_universe(
    asking: Asking, cache: Path, source: str, now_ms: int, refresh: bool
) -> Mapping[str, ListedSymbol]:
    """Return every perpetual in trade by name: from the cache while it is fresh, else from the venue.

    `source` is the address of the venue: a cache of another one does not count. An older cache is used, with
    a warning, where the venue does not answer. Raises what asking raised where there is none.
    """
    known, saved_ms = _read_cache(cache, source)
    if known and not refresh and 0 <= now_ms - saved_ms < CACHE_MS:
        return known
    try:
        found = {
            listed.symbol: listed
            for listed in asking.survey().symbols(
                lambda send: asking.ask("GET /v5/market/instruments-info", send)
            )
        }
        if not found:
            raise TransportError("GET /v5/market/instruments-info: the list of perpetuals is empty")
    except (TransportError, RateLimited, VenueRefused) as error:
        if not known:
            raise
        _log.warning("the list of symbols could not be fetched (%s); using the one kept before", error)
        return known
    _write_cache(cache, source, now_ms, found.values())
    return found


def choose(asked: Iterable[str], universe: Mapping[str, ListedSymbol], exclude: Iterable[str] = ()) -> Chosen:
    """Return which of the asked symbols exist; a base alone (BTC) is taken as its perpetual."""
    unwanted = {name.strip().upper() for name in exclude}
    unwanted |= {name + _QUOTE for name in unwanted}
    symbols: dict[str, None] = {}
    notes: list[str] = []
    for given in asked:
        name = given.strip().upper()
        if not name:
            continue
        if name not in universe and name + _QUOTE in universe:
            notes.append(f"{name} is taken as {name}{_QUOTE}")
            name += _QUOTE
        if name not in universe:
            near = difflib.get_close_matches(name, universe, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            notes.append(f"{name}: no perpetual of that name{hint}")
        elif name not in unwanted:
            symbols[name] = None
    return Chosen(tuple(symbols), tuple(notes))


def read_watchlist(name: str, watchlists: Mapping[str, Sequence[str]], folder: Path) -> list[str]:
    """Return the symbols of a watchlist: one of the configuration, or a file with a symbol a line.

    Raises ConfigError where there is neither.
    """
    if name in watchlists:
        return list(watchlists[name])
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        near = difflib.get_close_matches(name, watchlists, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"--watchlist {name}: neither a name in scanner.watchlists nor a file that can be read{hint}"
        ) from None
    return split_names(line.partition("#")[0] for line in text.splitlines())


def split_names(texts: Iterable[str]) -> list[str]:
    """Return the names in texts, separated by commas or spaces."""
    return [name for text in texts for name in text.replace(",", " ").split()]


def _read_cache(cache: Path, source: str) -> tuple[dict[str, ListedSymbol], int]:
    try:
        document = json.loads(FileSystem().read_file(cache))
        if document["version"] != _VERSION or document["source"] != source:
            return {}, 0
        rows = [
            ListedSymbol(str(symbol), Decimal(tick), Decimal(step), int(launch))
            for symbol, tick, step, launch in document["symbols"]
        ]
        return {row.symbol: row for row in rows}, int(document["saved_ms"])
    except FileNotFoundError:
        return {}, 0
    except (OSError, ValueError, KeyError, TypeError, InvalidOperation) as error:
        _log.warning("%s cannot be read (%s); the list is fetched", cache, error)
        return {}, 0


def _write_cache(cache: Path, source: str, now_ms: int, rows: Iterable[ListedSymbol]) -> None:
    document = {
        "version": _VERSION,
        "source": source,
        "saved_ms": now_ms,
        "symbols": [[row.symbol, f"{row.tick_size}", f"{row.qty_step}", row.launch_ms] for row in rows],
    }
    files = FileSystem()
    try:
        files.make_folder(cache.parent)
        files.write_replacing(cache, json.dumps(document).encode())
    except OSError as error:
        _log.warning("%s cannot be written (%s); the list will be fetched again", cache, error)
