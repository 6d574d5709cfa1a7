"""Comparisons between parameters, written as people do: `ema_short < ema_long`, `2 * a + 1 <= b < c`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from whalebot.domain.errors import ConfigError

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<key>[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*)|(?P<sign><=|>=|==|!=|[<>+*]|-))"
)
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class _Term:
    """`factor` times the values of `keys`."""

    factor: float
    keys: tuple[str, ...]

    def value(self, values: Mapping[str, float]) -> float:
        product = self.factor
        for key in self.keys:
            product *= values[key]
        return product


@dataclass(frozen=True, slots=True)
class Constraint:
    """Sums of terms, each compared with the next one. `keys`: everything it speaks of."""

    text: str
    sides: tuple[tuple[_Term, ...], ...]
    signs: tuple[str, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Names of all values that are compared."""
        return frozenset(key for side in self.sides for term in side for key in term.keys)

    def holds(self, values: Mapping[str, float]) -> bool:
        """Tell whether every comparison is true of these values by key."""
        sums = [sum(term.value(values) for term in side) for side in self.sides]
        return all(_COMPARISONS[sign](sums[i], sums[i + 1]) for i, sign in enumerate(self.signs))


def parse_constraint(text: str) -> Constraint:
    """Return the constraint that a text says: sums of products of keys and numbers, and comparisons.

    Raises ConfigError naming the place where it is not understood.
    """
    tokens = _tokens(text)
    sides: list[tuple[_Term, ...]] = []
    signs: list[str] = []
    while True:
        sides.append(_sum(tokens, text))
        if not tokens:
            break
        kind, sign = tokens.pop(0)
        if kind != "sign" or sign not in _COMPARISONS:
            raise ConfigError(f"constraint {text!r}: a comparison is expected at {sign!r}")
        signs.append(sign)
    if not signs:
        raise ConfigError(f"constraint {text!r}: compares nothing; write a < b")
    return Constraint(text, tuple(sides), tuple(signs))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise ConfigError(
                f"constraint {text!r}: {text[at:].strip()!r} is not understood;"
                f" allowed are keys, numbers, + - * and {' '.join(_COMPARISONS)}"
            )
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def _sum(tokens: list[tuple[str, str]], text: str) -> tuple[_Term, ...]:
    terms, factor = [], 1.0
    if tokens and tokens[0] == ("sign", "-"):
        tokens.pop(0)
        factor = -1.0
    while True:
        terms.append(_product(tokens, text, factor))
        if not tokens or tokens[0] not in (("sign", "+"), ("sign", "-")):
            return tuple(terms)
        factor = 1.0 if tokens.pop(0)[1] == "+" else -1.0


def _product(tokens: list[tuple[str, str]], text: str, factor: float) -> _Term:
    keys: list[str] = []
    while True:
        kind, word = tokens.pop(0) if tokens else ("", "the end")
        if kind == "number":
            factor *= float(word)
        elif kind == "key":
            keys.append(word)
        else:
            raise ConfigError(f"constraint {text!r}: a key or a number is expected at {word!r}")
        if not tokens or tokens[0] != ("sign", "*"):
            return _Term(factor, tuple(keys))
        tokens.pop(0)
