"""Keeps the exchange over restarts: one document, written beside and replaced, the last good one kept."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

VERSION: Final = 1
_NAME: Final = "exchange.json"
_LAST_GOOD: Final = "exchange.last.json"


@dataclass(frozen=True, slots=True)
class Saved:
    """What was found: the document, or None with the reason to start afresh."""

    document: dict[str, Any] | None
    reason: str = ""


class StateStore:
    """Saves and loads the state of one exchange in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / _NAME
        self._last_good = folder / _LAST_GOOD

    def load(self) -> Saved:
        """Return the newest readable document, or why there is none."""
        reasons = []
        for path in (self._path, self._last_good):
            if not path.exists():
                continue
            try:
                document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            except (msgspec.DecodeError, OSError) as error:
                reasons.append(f"{path.name} cannot be read ({error}) and was set aside")
                with contextlib.suppress(OSError):
                    os.replace(path, path.with_suffix(".damaged"))
                continue
            if document.get("version") != VERSION:
                return Saved(None, f"{path.name} has version {document.get('version')}, not {VERSION}")
            return Saved(document, "; ".join(reasons))
        return Saved(None, "; ".join(reasons))

    def save(self, document: dict[str, Any]) -> None:
        """Write the document beside the old one, sync it, and put it in its place."""
        beside = self._path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(document))
            file.flush()
            os.fsync(file.fileno())
        if self._path.exists():
            os.replace(self._path, self._last_good)
        os.replace(beside, self._path)
