"""A short name for everything in a configuration that decides trades on a given market."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config

_DECIDES_NOTHING: Final = frozenset(
    {
        "schema_path",
        "mode",
        "live_trading_confirmed",
        "exchange",
        "demo",
        "symbol",
        "timezone",
        "record",
        "recordings",
        "logging",
        "alerts",
        "metrics",
        "web",
        "lease",
        *OTHER_COMMANDS_TABLES,
    }
)
_LENGTH: Final = 16


def config_hash(config: Config) -> str:
    """Return 16 hex digits that are equal for equal settings, whatever their order or spelling in the file.

    Where the market comes from (a trade names its mode besides), display, log, alerts, web (which hold the
    secrets) and the tables of other commands are left out.
    """
    values: dict[str, Any] = config.model_dump(mode="json", exclude=set(_DECIDES_NOTHING))
    values["symbols"] = list(config.traded_symbols)
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
