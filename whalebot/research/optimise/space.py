"""What is searched: parameters by configuration key, and the constraints between them."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.constraints import Constraint, parse_constraint

Value: TypeAlias = int | float | str | bool | None
Values: TypeAlias = Mapping[str, Value]
"""Values by dotted configuration key."""

_NUMBER_WORDS: Final = frozenset({"type", "low", "high", "step", "log"})
_NEAR: Final = 0.05
_FORM: Final = (
    '{ type = "int" or "float", low = ..., high = ..., step = ..., log = true } or { choices = [...] }'
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key. Either `choices`, or a number from `low` to `high` on a grid of `step`, or in log scale.

    `step` None: any number between.
    """

    key: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values at which the configuration must accept the key."""
        return self.choices or (self._made(self.low), self._made(self.high))

    def grid(self) -> list[Value]:
        """Return every value. Raises ConfigError for one without a step."""
        if self.choices:
            return list(self.choices)
        if self.step is None or self.log:
            raise ConfigError(f"{self.key}: the grid sampler needs a step (and no log)")
        return [self._made(self.low + i * self.step) for i in range(self._steps() + 1)]

    def neighbours(self, value: Value) -> list[Value]:
        """Return the next values below and above: one step, or a twentieth of the range. None of a choice."""
        if self.choices or not isinstance(value, int | float):
            return []
        if self.log:
            span = (self.high / self.low) ** _NEAR
            near = [value / span, value * span]
            if self.whole:
                near = [min(near[0], value - 1), max(near[1], value + 1)]
        else:
            move = self.step or _NEAR * (self.high - self.low)
            near = [value - move, value + move]
        edge = 1e-9 * (self.high - self.low)
        return [self._made(v) for v in near if self.low - edge <= v <= self.high + edge]

    def place(self, value: Value) -> float:
        """Return where a number lies between low and high, 0 to 1; NaN of a choice."""
        if self.choices or not isinstance(value, int | float) or self.high == self.low:
            return math.nan
        return (value - self.low) / (self.high - self.low)

    def _steps(self) -> int:
        return int((self.high - self.low) / (self.step or 1.0) + 1e-9)

    def _made(self, value: float) -> Value:
        return round(value) if self.whole else float(round(value, 12))


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters in the order of the file, and what must hold between them."""

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()

    def broken(self, values: Values, fixed: Values) -> str | None:
        """Return the first constraint that values break (`fixed`: the configuration's own), None: none."""
        known = {**fixed, **values}
        for constraint in self.constraints:
            if not constraint.holds({key: float(known[key] or 0) for key in constraint.keys}):
                return constraint.text
        return None

    def neighbours(self, values: Values) -> Iterator[dict[str, Value]]:
        """Yield the sets that differ from `values` by one step of one parameter."""
        for parameter in self.parameters:
            for near in parameter.neighbours(values[parameter.key]):
                yield {**values, parameter.key: near}

    @property
    def digest(self) -> str:
        """Return 16 hex digits that tell spaces apart."""
        parts = [
            [p.key, *map(repr, (p.choices, p.low, p.high, p.step, p.log, p.whole))] for p in self.parameters
        ]
        text = json.dumps([parts, [c.text for c in self.constraints]])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_space(path: Path) -> Space:
    """Return the space that a TOML file describes. Raises ConfigError naming what is wrong with it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    try:
        return space_of(table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def space_of(table: Mapping[str, Any]) -> Space:
    """Return the space of a parsed table with `parameters` and `constraints`. Raises ConfigError."""
    if unknown := set(table) - {"parameters", "constraints"}:
        raise ConfigError(f"unknown {', '.join(sorted(unknown))}; allowed are [parameters] and constraints")
    given, texts = table.get("parameters"), table.get("constraints", [])
    if not isinstance(given, dict) or not given:
        raise ConfigError(f"needs a table [parameters] with keys of the configuration, each {_FORM}")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ConfigError('constraints: allowed is a list of texts, as ["a < b"]')
    parameters = tuple(_parameter(key, spec) for key, spec in _flat("", given))
    return Space(parameters, tuple(parse_constraint(text) for text in texts))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """TOML makes tables of dotted names; a table that says `low` or `choices` is a parameter."""
    for name, spec in table.items():
        key = f"{prefix}{name}"
        if isinstance(spec, dict) and spec and not {"low", "high", "choices", "type"} & set(spec):
            yield from _flat(f"{key}.", spec)
        else:
            yield key, spec


def _parameter(key: str, spec: Any) -> Parameter:
    if not isinstance(spec, dict):
        raise ConfigError(f"{key}: allowed is {_FORM}")
    if "choices" in spec:
        return _choice(key, spec)
    if not {"low", "high"} <= set(spec) or set(spec) - _NUMBER_WORDS:
        raise ConfigError(f"{key}: allowed is {_FORM}")
    kind, log, step = spec.get("type", "float"), spec.get("log", False), spec.get("step")
    if kind not in ("int", "float") or not isinstance(log, bool):
        raise ConfigError(f"{key}: allowed is {_FORM}")
    numbers = [spec["low"], spec["high"], *([] if step is None else [step])]
    wanted = int if kind == "int" else int | float
    if not all(isinstance(n, wanted) and not isinstance(n, bool) and math.isfinite(n) for n in numbers):
        raise ConfigError(f"{key}: low, high and step must be {'whole ' if kind == 'int' else ''}numbers")
    if spec["low"] >= spec["high"]:
        raise ConfigError(f"{key}: low must be below high")
    if step is not None and (step <= 0 or log):
        raise ConfigError(f"{key}: step must be above 0 and stands not beside log")
    if log and spec["low"] <= 0:
        raise ConfigError(f"{key}: a log scale begins above 0")
    if kind == "int" and step is None and not log:
        step = 1
    # A range that its steps do not fill ends at the last one.
    high = spec["high"] if not step else spec["low"] + int((spec["high"] - spec["low"]) / step + 1e-9) * step
    return Parameter(key, (), spec["low"], high, step, log, kind == "int")


def _choice(key: str, spec: Mapping[str, Any]) -> Parameter:
    choices = spec["choices"]
    plain = isinstance(choices, list) and all(isinstance(c, str | int | float | bool) for c in choices)
    if not plain or not choices or set(spec) - {"choices", "type"} or spec.get("type", "choice") != "choice":
        raise ConfigError(f"{key}: choices must be a list of texts, numbers or true and false, not empty")
    if len({repr(choice) for choice in choices}) < len(choices):
        raise ConfigError(f"{key}: a choice stands twice")
    return Parameter(key, tuple(choices))
