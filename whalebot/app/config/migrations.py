"""Keys of earlier files: each named, moved to its present place or explained, never guessed.

A moved key is reported as a note; one that meant something this version cannot do is a problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from whalebot.app.config.problems import HIDDEN, Path, Problem, path_text, value_text
from whalebot.app.config.tree import put_at, value_at, without

_ABSENT: Final = object()

MOVED: Final[dict[Path, Path]] = {
    ("default_leverage",): ("trade_management", "leverage"),
    ("trade_management", "default_leverage"): ("trade_management", "leverage"),
    ("risk_guardrails", "ev_filter_enabled"): ("ev_filter", "enabled"),
    ("indicator_settings", "vwap_session_reset"): ("indicator_settings", "vwap_daily_reset"),
}
"""Old place -> new place, value unchanged."""

RENAMED_GROUPS: Final[dict[str, str]] = {
    "momentum": "momentum_rsi_stoch_cci_wr_mfi",
    "ehlers_supertrend": "ehlers_supertrend_alignment",
    "macd": "macd_alignment",
    "adx": "adx_strength",
    "ichimoku_cloud": "ichimoku_confluence",
    "obv": "obv_momentum",
    "cmf": "cmf_flow",
    "mtf": "mtf_trend_confluence",
    "volatility_index": "volatility_index_signal",
    "vwma": "vwma_cross",
    "volume_delta": "volume_delta_signal",
    "kaufman_ama": "kaufman_ama_cross",
    "relative_volume": "relative_volume_confirmation",
    "market_structure": "market_structure_confluence",
    "dema": "dema_crossover",
    "keltner_channels": "keltner_breakout",
    "roc": "roc_signal",
}
"""Old name of a scoring group -> its present name, in `indicators` and in every set of weights."""

NEEDLESS: Final[dict[Path, str]] = {
    ("trade_management", "order_precision"): "the venue's quantity step decides",
    ("trade_management", "price_precision"): "the venue's tick size decides",
    ("mtf_analysis", "mtf_request_delay_seconds"): "higher timeframes come by stream",
}
"""Old keys that can be left out without any effect, and why."""

ONE_GROUP_NOW: Final = ("stoch_rsi", "rsi", "cci", "wr", "mfi")
UNSCORED: Final = {
    "atr": "ATR is always computed",
    "volume_confirmation": "the volume filter is volume_confirmation_multiplier; 1 turns it off",
    "candlestick_patterns": "candlestick patterns do not score",
    "candlestick_confirmation": "candlestick patterns do not score",
    "fibonacci_pivot_points": "pivot points do not score",
    "fibonacci_pivot_points_confluence": "pivot points do not score",
} | dict.fromkeys(ONE_GROUP_NOW, "part of the group momentum_rsi_stoch_cci_wr_mfi")
"""Old switches and weights that no group has any more."""

KEY_NAMES: Final = ("api_key", "api_secret", "BYBIT_API_KEY", "BYBIT_API_SECRET", "apiKey", "secret")


@dataclass
class Migration:
    """The table as it is being moved, and what there is to say about it."""

    table: dict[str, Any]
    notes: list[str]
    problems: list[Problem]

    def take(self, path: Path) -> Any:
        """Remove a value and return it; _ABSENT where there is none."""
        value = value_at(self.table, path, _ABSENT)
        if value is not _ABSENT:
            self.table = without(self.table, path)
        return value


def migrate(table: dict[str, Any]) -> Migration:
    """Bring an earlier file's table to the present names. The table given is not changed."""
    migration = Migration(table, [], [])
    steps: tuple[Callable[[Migration], None], ...] = (
        _refuse_keys,
        _move,
        _rename_groups,
        _testnet,
        _learning,
        _drop_needless,
    )
    for step in steps:
        step(migration)
    return migration


def fee_notes(table: dict[str, Any]) -> list[str]:
    """Point at fees that look like the fractions some earlier files held."""
    notes = []
    for name in ("trading_fee_percent", "maker_fee_percent"):
        fee = value_at(table, ("trade_management", name))
        if isinstance(fee, float) and 0 < fee < 0.005:
            notes.append(
                f"trade_management.{name} = {fee:g} is read as percent, that is {fee / 100:g} of the"
                f" notional; if a fraction was meant, write {fee * 100:g}"
            )
    return notes


def _refuse_keys(migration: Migration) -> None:
    for parent in ((), ("exchange",), ("execution",)):
        for name in KEY_NAMES:
            path = (*parent, name)
            if migration.take(path) is not _ABSENT:
                text = (
                    "keys never stand in this file; remove the line, write BYBIT_API_KEY=... and"
                    " BYBIT_API_SECRET=... into .env (chmod 600), and make a new key if others saw this one"
                )
                migration.problems.append(Problem(path, text, HIDDEN))


def _move(migration: Migration) -> None:
    for old, new in MOVED.items():
        _move_one(migration, old, new)


def _move_one(migration: Migration, old: Path, new: Path) -> None:
    value = migration.take(old)
    if value is _ABSENT:
        return
    if value_at(migration.table, new, _ABSENT) is not _ABSENT:
        text = f"the old name of {path_text(new)}, which is there too; keep only the new one"
        migration.problems.append(Problem(old, text, value_text(old, value)))
        return
    put_at(migration.table, new, value)
    migration.notes.append(f"{path_text(old)} is now {path_text(new)}; read as that")


def _rename_groups(migration: Migration) -> None:
    sets = migration.table.get("weight_sets")
    places: list[Path] = [("indicators",)]
    places += [("weight_sets", name) for name in sets] if isinstance(sets, dict) else []
    for place in places:
        if isinstance(value_at(migration.table, place), dict):
            for old, new in RENAMED_GROUPS.items():
                _move_one(migration, (*place, old), (*place, new))
            _drop_unscored(migration, place)


def _drop_unscored(migration: Migration, place: Path) -> None:
    for name, why in UNSCORED.items():
        value = migration.take((*place, name))
        if value is _ABSENT:
            continue
        if value is False and name in (*ONE_GROUP_NOW, "volume_confirmation"):
            text = f"cannot be switched off by this name any more: {why}"
            migration.problems.append(Problem((*place, name), text, "false"))
        else:
            migration.notes.append(f"{path_text((*place, name))} has no effect: {why}")


def _testnet(migration: Migration) -> None:
    for path in (("testnet",), ("execution", "testnet")):
        value = migration.take(path)
        if value is True and "mode" not in migration.table:
            migration.table = {**migration.table, "mode": "testnet"}
            migration.notes.append(f'{path_text(path)} is now mode; read as "testnet"')
        elif value is not _ABSENT:
            migration.notes.append(f"{path_text(path)} has no effect: mode says where orders go")


def _learning(migration: Migration) -> None:
    path = ("ml_enhancement",)
    value = migration.take(path)
    if value is _ABSENT:
        return
    if value_at(value, ("enabled",)) is True:
        text = "not available in this version; set enabled to false or remove the table"
        migration.problems.append(Problem(path, text, value_text(path, value)))
    else:
        migration.notes.append("ml_enhancement has no effect and can be removed")


def _drop_needless(migration: Migration) -> None:
    for path, why in NEEDLESS.items():
        if migration.take(path) is not _ABSENT:
            migration.notes.append(f"{path_text(path)} has no effect: {why}")
