"""The complete default configuration, as it is shipped and as it is written where a file is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path as FilePath
from typing import Any, Final

from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config
from whalebot.app.config.schema import SCHEMA_FILE
from whalebot.domain.errors import ConfigError
from whalebot.scanner.key_table import default_table

SHIPPED_SCHEMA: Final = "whalebot/app/config/schema.json"
"""Where the shipped config.json finds its schema, from the root of the repository."""
_NOT_WRITTEN: Final = frozenset({*OTHER_COMMANDS_TABLES, "symbols", "schema_path"})


def default_text(schema: str = SHIPPED_SCHEMA) -> str:
    """Return the text of a complete default file whose editor support lies at `schema`."""
    values = Config().model_dump(mode="json", by_alias=True, exclude=set(_NOT_WRITTEN))
    whole = {"$schema": schema, **_tidy(values), "scanner": default_table()}
    return json.dumps(whole, indent=4, ensure_ascii=False) + "\n"


def write_default(path: FilePath) -> None:
    """Write a complete default file that only the owner can read; an existing one is never touched.

    Raises ConfigError where it cannot be written.
    """
    text = default_text(_schema_for(path.parent))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return
    except OSError as e:
        raise ConfigError(
            f"{path}: there is no configuration and none can be written ({e.strerror});"
            " choose a folder you may write to with --dir"
        ) from None


def _schema_for(folder: FilePath) -> str:
    if (folder / SHIPPED_SCHEMA).is_file():
        return SHIPPED_SCHEMA
    return SCHEMA_FILE.resolve().as_uri()


def _tidy(node: Any) -> Any:
    """Write 60.0 as 60; small figures keep their point, it shows that fractions are allowed."""
    if isinstance(node, dict):
        return {name: _tidy(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_tidy(child) for child in node]
    return int(node) if isinstance(node, float) and node.is_integer() and abs(node) >= 10 else node
