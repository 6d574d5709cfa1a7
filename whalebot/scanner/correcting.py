"""The table `scanner` as the owner wrote it, key by key: what cannot be used is corrected and said."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from whalebot.decisions.scan.settings import (
    AUTO,
    INDICATORS,
    IndicatorSwitch,
    ScanSettings,
    SignalConfig,
    longest_warm_up,
)
from whalebot.domain.intervals import INTERVALS
from whalebot.scanner import key_table as keys
from whalebot.scanner.key_kinds import Kind, boolean, interval, list_of, number, symbol, text
from whalebot.scanner.options import (
    AlertOptions,
    JudgeOptions,
    OutputOptions,
    PresetOptions,
    ScannerOptions,
)

Path: TypeAlias = tuple[str, ...]
_TABLES: Final = (
    "indicators", "weight_sets", "signal_config", "output", "watchlists", "presets", "frame_weights",
    "alerts", "judge",
)  # fmt: skip
_LONGEST: Final = 60
_MISSING: Final = object()
_PRESET: Final[Mapping[str, Kind]] = MappingProxyType(
    {"filter": text(), "sort": text(), "columns": list_of(text())}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One correction: where, what stood there, what is allowed, what is used instead."""

    path: Path
    found: str
    allowed: str
    used: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path)} = {self.found}: allowed is {self.allowed}; using {self.used}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A table that can be used, and what was found on the way.

    `corrected` is the owner's table with every correction in it: keys nobody knows are kept, none is added.
    `missing` names the keys that took their default because they are not there.
    """

    options: ScannerOptions
    corrected: Mapping[str, Any]
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]


def read_table(raw: Mapping[str, Any], prefix: Path = ()) -> Reading:
    """Check the owner's table. `prefix` is where it lies in the file, for the messages."""
    reader = _Reader(raw, prefix)
    reader.read()
    return Reading(_options(reader.table), reader.corrected, tuple(reader.findings), tuple(reader.missing))


class _Reader:
    """Fills a complete table of defaults with what is usable of the owner's."""

    def __init__(self, raw: Mapping[str, Any], prefix: Path) -> None:
        self.table = keys.default_table()
        self.corrected: dict[str, Any] = copy.deepcopy(dict(raw))
        self.findings: list[Finding] = []
        self.missing: list[str] = []
        self._raw = raw
        self._prefix = prefix
        self._faulty: set[Path] = set()

    def read(self) -> None:
        for name, kind in keys.TOP.items():
            self._key((name,), kind, self._raw)
        self._unknown((), self._raw, [*keys.TOP, *_TABLES])
        for name, kinds in (
            ("signal_config", keys.SIGNAL),
            ("output", keys.OUTPUT),
            ("alerts", keys.ALERTS),
            ("judge", keys.JUDGE),
        ):
            table = self._table((name,))
            for key, kind in kinds.items():
                self._key((name, key), kind, table)
            self._unknown((name,), table, list(kinds))
        self._indicators()
        self._weight_sets()
        self._named_tables()
        for group, rule in keys.ORDERED:
            self._ordered(group, rule)
        self._together()

    def _key(self, path: Path, kind: Kind, table: Mapping[str, Any]) -> None:
        value = table.get(path[-1], _MISSING)
        default = _at(self.table, path)
        if value is _MISSING:
            self.missing.append(".".join((*self._prefix, *path)))
            return
        taken = kind.check(value)
        if taken is None:
            self._faulty.add(path)
            self._correct(path, value, kind.allowed, default)
            return
        _put(self.table, path, taken.value)
        if taken.said:
            self._correct(path, value, kind.allowed, taken.value)

    def _correct(self, path: Path, found: Any, allowed: str, used: Any) -> None:
        _put(self.table, path, used)
        _put(self.corrected, path, _plain(used))
        self._say(path, found, allowed, _shown(used))

    def _say(self, path: Path, found: Any, allowed: str, used: str) -> None:
        self.findings.append(Finding((*self._prefix, *path), _shown(found, path), allowed, used))

    def _table(self, path: Path) -> Mapping[str, Any]:
        value = _at(self._raw, path, _MISSING)
        if value is _MISSING:
            self.missing.append(".".join((*self._prefix, *path)))
            return {}
        if isinstance(value, dict):
            return value
        _put(self.corrected, path, {})
        self._say(path, value, "a table { ... }", "the defaults")
        return {}

    def _unknown(self, path: Path, table: Mapping[str, Any], known: list[str]) -> None:
        for name, value in table.items():
            if name not in known and not name.startswith("$"):
                near = difflib.get_close_matches(name, known, 1)
                hint = f'; did you mean "{near[0]}"?' if near else ""
                self._say((*path, name), value, f"no such key{hint}", "nothing of it")

    def _indicators(self) -> None:
        table = self._table(("indicators",))
        ordered = {
            name: self.table["indicators"][name] for name in (*table, *INDICATORS) if name in INDICATORS
        }
        self.table["indicators"] = ordered
        flag = boolean()
        for name, value in table.items():
            path = ("indicators", name)
            if name not in INDICATORS:
                near = difflib.get_close_matches(name, INDICATORS, 1)
                hint = f'; did you mean "{near[0]}"?' if near else f" ({', '.join(INDICATORS)})"
                self._say(path, value, f"no such indicator{hint}", "nothing of it")
            elif isinstance(value, bool):
                ordered[name] = {"enabled": value, "display": value}
            elif isinstance(value, dict):
                for key in ("enabled", "display"):
                    self._key((*path, key), flag, value)
                self._unknown(path, value, ["enabled", "display"])
            else:
                self._correct(path, value, "true, false or a table with enabled and display", ordered[name])

    def _weight_sets(self) -> None:
        weight = number(0)
        defaults = keys.default_table()["weight_sets"]
        for name, value in self._table(("weight_sets",)).items():
            path = ("weight_sets", name)
            if not isinstance(value, dict):
                self._say(path, value, "a table of weights", "nothing of it")
                continue
            known = defaults.get(name, {})
            self.table["weight_sets"][name] = {}
            for indicator, found in value.items():
                if indicator not in INDICATORS:
                    near = difflib.get_close_matches(indicator, INDICATORS, 1)
                    hint = f'; did you mean "{near[0]}"?' if near else ""
                    self._say((*path, indicator), found, f"no such indicator{hint}", "nothing of it")
                    continue
                taken = weight.check(found)
                if taken is None or taken.said:
                    used = taken.value if taken is not None else known.get(indicator, 0)
                    self._correct((*path, indicator), found, weight.allowed, used)
                else:
                    self.table["weight_sets"][name][indicator] = taken.value
        names = [*self.table["weight_sets"], AUTO]
        if (chosen := self.table["active_weight_set"]) not in names:
            default = keys.default_table()["active_weight_set"]
            self._correct(("active_weight_set",), chosen, "one of " + ", ".join(names), default)

    def _named_tables(self) -> None:
        names, weight = list_of(symbol()), number(0)
        for name, value in self._table(("watchlists",)).items():
            self._entry(("watchlists", name), value, names)
        frames = interval()
        for name, value in self._table(("frame_weights",)).items():
            if frames.check(name) is None:
                self._say(("frame_weights", name), value, frames.allowed, "nothing of it")
            else:
                self._entry(("frame_weights", name), value, weight)
        for name, value in self._table(("presets",)).items():
            path = ("presets", name)
            if not isinstance(value, dict):
                self._say(path, value, "a table with filter, sort and columns", "nothing of it")
                continue
            self.table["presets"][name] = {"filter": "", "sort": "", "columns": ()}
            for key, kind in _PRESET.items():
                if key in value:
                    self._key((*path, key), kind, value)
            self._unknown(path, value, list(_PRESET))

    def _entry(self, path: Path, value: Any, kind: Kind) -> None:
        taken = kind.check(value)
        if taken is None:
            self._say(path, value, kind.allowed, "nothing of it")
        else:
            _put(self.table, path, taken.value)
            if taken.said:
                self._correct(path, value, kind.allowed, taken.value)

    def _ordered(self, group: tuple[Path, ...], rule: str) -> None:
        low, high = _at(self.table, group[0]), _at(self.table, group[1])
        is_faulty = any(path in self._faulty for path in group)
        if low < high and not is_faulty:
            return
        defaults = keys.default_table()
        changed = [path for path in group if _at(self.table, path) != _at(defaults, path)]
        for path in group:
            _put(self.table, path, _at(defaults, path))
            if _at(self.corrected, path, _MISSING) is not _MISSING:
                _put(self.corrected, path, _at(defaults, path))
        used = ", ".join(f"{path[-1]} {_at(defaults, path):g}" for path in group)
        if not is_faulty:
            self._say(group[0], low, rule, used)
        elif changed:
            self.findings = [
                replace(finding, used=used) if finding.path[len(self._prefix) :] in group else finding
                for finding in self.findings
            ]

    def _together(self) -> None:
        signal = self.table["signal_config"]
        least = 2 * signal["divergence_pivot_bars"] + 2
        if signal["divergence_lookback"] < least:
            default = keys.default_table()["signal_config"]["divergence_lookback"]
            allowed = f"a whole number from {least} on (2 * divergence_pivot_bars + 2)"
            found, path = signal["divergence_lookback"], ("signal_config", "divergence_lookback")
            self._correct(path, found, allowed, max(default, least))
        least = longest_warm_up(_scan_settings(self.table))
        found = self.table["kline_history"]
        if found < least <= keys.MOST_HISTORY:
            allowed = f"a whole number from {least} (the longest warm-up) to {keys.MOST_HISTORY}"
            self._correct(("kline_history",), found, allowed, least)


def _options(table: Mapping[str, Any]) -> ScannerOptions:
    alerts = {**table["alerts"]}
    for name in ("channels", "events", "symbols", "quiet_hours"):
        alerts[name] = tuple(alerts[name])
    return ScannerOptions(
        scan=_scan_settings(table),
        analysis_interval=float(table["analysis_interval"]),
        retry_delay=float(table["retry_delay"]),
        orderbook_limit=table["orderbook_limit"],
        cache_ttl_seconds=float(table["cache_ttl_seconds"]),
        log_directory=table["log_directory"],
        timezone=table["timezone"],
        max_api_retries=table["max_api_retries"],
        api_timeout_seconds=float(table["api_timeout_seconds"]),
        per_symbol_log_limit=table["per_symbol_log_limit"],
        log_retention_days=table["log_retention_days"],
        min_turnover24h=float(table["min_turnover24h"]),
        watchlists={name: tuple(names) for name, names in table["watchlists"].items()},
        presets={
            name: PresetOptions(preset["filter"], preset["sort"], tuple(preset["columns"]))
            for name, preset in table["presets"].items()
        },
        output=OutputOptions(**table["output"]),
        alerts=AlertOptions(**alerts),
        judge=JudgeOptions(tuple(table["judge"]["horizons"]), float(table["judge"]["cost_bps"])),
    )


def _scan_settings(table: Mapping[str, Any]) -> ScanSettings:
    names = (
        "interval", "kline_history", "momentum_period", "momentum_ma_short", "momentum_ma_long",
        "volume_ma_period", "atr_period", "rsi_period", "bollinger_bands_period", "active_weight_set",
    )  # fmt: skip
    floats = ("trend_strength_threshold", "bollinger_bands_std_dev", "output_throttle_seconds")
    signal = {
        name: _as(getattr(SignalConfig(), name), value) for name, value in table["signal_config"].items()
    }
    plain: dict[str, Any] = {name: table[name] for name in names}
    plain |= {name: float(table[name]) for name in floats}
    return ScanSettings(
        **plain,
        indicators=MappingProxyType(
            {
                name: IndicatorSwitch(flags["enabled"], flags["display"])
                for name, flags in table["indicators"].items()
            }
        ),
        weight_sets=MappingProxyType(
            {
                name: MappingProxyType({key: float(value) for key, value in weights.items()})
                for name, weights in table["weight_sets"].items()
            }
        ),
        signal_config=SignalConfig(**signal),
        frame_weights=MappingProxyType(
            {name: float(table["frame_weights"].get(name, 1.0)) for name in _frames(table["frame_weights"])}
        ),
    )


def _frames(weights: Iterable[str]) -> list[str]:
    return [name for name in INTERVALS if name in set(weights)]


def _as(default: Any, value: Any) -> Any:
    return float(value) if isinstance(default, float) else value


def _at(table: Mapping[str, Any], path: Path, default: Any = None) -> Any:
    node: Any = table
    for part in path:
        if not isinstance(node, Mapping) or part not in node:
            return default
        node = node[part]
    return node


def _put(table: dict[str, Any], path: Path, value: Any) -> None:
    node = table
    for part in path[:-1]:
        child = node.get(part)
        if not isinstance(child, dict):
            child = node[part] = {}
        node = child
    node[path[-1]] = value


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _shown(value: Any, path: Path = ()) -> str:
    if path and path[-1] == "webhook_secret":
        return "(hidden)"
    text = json.dumps(_plain(value), default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
