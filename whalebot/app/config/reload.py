"""What a reload would change, and what of that only a restart can bring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config
from whalebot.app.config.problems import HIDDEN, Path, path_text
from whalebot.app.config.references import is_secret_place

_AT_ONCE: Final[tuple[Path, ...]] = (
    ("signal_score_threshold",),
    ("hysteresis_ratio",),
    ("cooldown_sec",),
    ("cooldown_bars",),
    ("volume_confirmation_multiplier",),
    ("weight_sets",),
    ("active_weight_set",),
    ("dynamic_threshold",),
    ("trade_management",),
    ("adopt_foreign_positions",),
    ("on_shutdown",),
    ("risk_guardrails",),
    ("session_filter",),
    ("logging",),
    ("timezone",),
    ("$schema",),
)
"""Places whose change applies at the next bar; every other place needs a restart."""

_NEVER_AT_ONCE: Final[tuple[Path, ...]] = tuple(
    ("trade_management", name)
    for name in (
        "account_balance",
        "leverage",
        "slippage_percent",
        "trading_fee_percent",
        "maker_fee_percent",
        "latency_ms",
        "native_trailing",
    )
)
"""Places inside those that are fixed for a run: the simulation's account and costs, the venue's set-up."""


@dataclass(frozen=True, slots=True)
class Change:
    """One changed place. `before` and `after` are JSON; secrets are hidden."""

    path: Path
    before: str
    after: str

    @property
    def needs_restart(self) -> bool:
        """True when the running daemon cannot take the change over."""
        return not _under(self.path, _AT_ONCE) or _under(self.path, _NEVER_AT_ONCE)

    def __str__(self) -> str:
        return f"{path_text(self.path)}: {self.before} -> {self.after}"


def diff(old: Config, new: Config) -> list[Change]:
    """Return the places in which two configurations differ, in the order of the file.

    Tables of other commands are left out: the daemon does not use them.
    """
    before, after = _values(old), _values(new)
    changes: list[Change] = []
    _compare((), before, after, changes)
    return changes


def _values(config: Config) -> dict[str, Any]:
    values: dict[str, Any] = config.model_dump(
        by_alias=True, exclude={*OTHER_COMMANDS_TABLES, "symbol", "symbols"}
    )
    values["symbols"] = list(config.traded_symbols)
    return values


def _compare(path: Path, before: Any, after: Any, changes: list[Change]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            _compare((*path, name), before.get(name), after.get(name), changes)
    elif before != after:
        changes.append(Change(path, _shown(path, before), _shown(path, after)))


def _shown(path: Path, value: Any) -> str:
    if is_secret_place(path) or path == ("alerts", "channels"):
        return HIDDEN
    return json.dumps(value, default=str)


def _under(path: Path, places: tuple[Path, ...]) -> bool:
    return any(path[: len(place)] == place for place in places)
