"""A small language over the columns of the table: comparisons, and/or/not, + - * /, abs(), parentheses.

It is read by a parser of its own and run by walking what it read; nothing of it is ever run as code. Where a
value is missing, a comparison with it is false; "not" turns that like any other.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from whalebot.decisions.scan.queries import ScanQueryError, unknown_name
from whalebot.decisions.scan.ranking import COLUMNS, Cell

Value: TypeAlias = float | str | None
_Node: TypeAlias = Callable[[Mapping[str, Cell]], Value]
_Test: TypeAlias = Callable[[Mapping[str, Cell]], bool]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|[<>()+*/-]))"
)
_COMPARISONS: Final[Mapping[str, Callable[..., bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_DEEPEST: Final = 50
_LONGEST: Final = 2000


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the expression: a truth, a number or a text."""

    kind: str
    run: Callable[[Mapping[str, Cell]], Value | bool]
    column: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read; `text` as it was written."""

    text: str
    _test: _Test

    def matches(self, row: Mapping[str, Cell]) -> bool:
        """True where a row of the table (None: missing) passes."""
        return self._test(row)


def parse_filter(text: str) -> Filter:
    """Read a filter such as `score > 0.4 and signal == "Long"`. Raises ScanQueryError with the column."""
    if len(text) > _LONGEST:
        raise ScanQueryError(f"longer than {_LONGEST} characters", _LONGEST)
    reader = _Reader(_tokens(text))
    part = reader.either(0)
    reader.expect_end()
    if part.kind != "truth":
        raise ScanQueryError("a comparison is needed, not a bare value", part.column)
    return Filter(text, lambda row: bool(part.run(row)))


def _tokens(text: str) -> list[_Token]:
    out, place = [], 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            here = place + len(text[place:]) - len(text[place:].lstrip())
            raise ScanQueryError(f"unexpected {text[here]!r}", here + 1)
        kind = found.lastgroup or ""
        out.append(_Token(kind, found[kind], found.start(kind) + 1))
        place = found.end()
    return [*out, _Token("end", "", len(text) + 1)]


class _Reader:
    """Reads tokens by recursive descent: or, and, not, comparison, sum, product, sign, value."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0

    def either(self, depth: int) -> _Part:
        """Read alternatives joined by `or`."""
        return self._joined("or", self._both, depth, lambda a, b: lambda row: bool(a(row)) or bool(b(row)))

    def expect_end(self) -> None:
        """Raise ScanQueryError where something is left over."""
        if self._next.kind != "end":
            raise ScanQueryError(f"unexpected {self._next.text!r}", self._next.column)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *texts: str) -> _Token | None:
        token = self._next
        if token.text not in texts or token.kind not in ("name", "sign"):
            return None
        self._place += 1
        return token

    def _both(self, depth: int) -> _Part:
        return self._joined("and", self._not, depth, lambda a, b: lambda row: bool(a(row)) and bool(b(row)))

    def _joined(
        self,
        word: str,
        read: Callable[[int], _Part],
        depth: int,
        join: Callable[[Callable[..., object], Callable[..., object]], Callable[..., bool]],
    ) -> _Part:
        left = read(depth)
        while token := self._take(word):
            right = read(depth)
            _need("truth", token, left, right)
            left = _Part("truth", join(left.run, right.run), left.column)
        return left

    def _not(self, depth: int) -> _Part:
        if (token := self._take("not")) is None:
            return self._comparison(depth)
        inner = self._not(_deeper(depth, token))
        _need("truth", token, inner)
        return _Part("truth", lambda row: not inner.run(row), token.column)

    def _comparison(self, depth: int) -> _Part:
        left = self._sum(depth)
        if (token := self._take(*_COMPARISONS)) is None:
            return left
        right = self._sum(depth)
        if left.kind != right.kind or left.kind == "truth":
            raise ScanQueryError(f"cannot compare a {left.kind} with a {right.kind}", token.column)
        if self._take(*_COMPARISONS):
            raise ScanQueryError("comparisons cannot be chained; join them with and", token.column)
        compare = _COMPARISONS[token.text]
        return _Part("truth", lambda row: _compared(compare, left.run(row), right.run(row)), left.column)

    def _sum(self, depth: int) -> _Part:
        return self._reckoned(("+", "-"), self._product, depth)

    def _product(self, depth: int) -> _Part:
        return self._reckoned(("*", "/"), self._signed, depth)

    def _reckoned(self, signs: tuple[str, ...], read: Callable[[int], _Part], depth: int) -> _Part:
        left = read(depth)
        while token := self._take(*signs):
            right = read(depth)
            _need("number", token, left, right)
            left = _Part("number", _reckon(token.text, left.run, right.run), left.column)
        return left

    def _signed(self, depth: int) -> _Part:
        if (token := self._take("-", "+")) is None:
            return self._value(depth)
        inner = self._signed(_deeper(depth, token))
        _need("number", token, inner)
        return (
            inner if token.text == "+" else _Part("number", _applied(operator.neg, inner.run), token.column)
        )

    def _value(self, depth: int) -> _Part:
        token = self._next
        self._place += token.kind != "end"
        if token.kind == "number":
            number = float(token.text)
            if not math.isfinite(number):
                raise ScanQueryError(f"{token.text} is too large", token.column)
            return _Part("number", lambda row: number, token.column)
        if token.kind == "text":
            return _Part("text", lambda row: token.text[1:-1], token.column)
        if token.text == "(":
            return self._closed(self.either(_deeper(depth, token)))
        if token.text == "abs" and self._take("("):
            inner = self._closed(self._sum(_deeper(depth, token)))
            _need("number", token, inner)
            return _Part("number", _applied(abs, inner.run), token.column)
        return self._column(token)

    def _closed(self, part: _Part) -> _Part:
        if self._take(")") is None:
            raise ScanQueryError("a ) is missing", self._next.column)
        return part

    @staticmethod
    def _column(token: _Token) -> _Part:
        if token.kind != "name" or token.text in ("and", "or", "not"):
            what = repr(token.text) if token.text else "the end"
            raise ScanQueryError(f"a value is expected before {what}", token.column)
        column = COLUMNS.get(token.text)
        if column is None:
            raise unknown_name(token.text, [*COLUMNS, "abs"], "column", token.column)
        return _Part("text" if column.is_text else "number", lambda row: row.get(column.name), token.column)


def _deeper(depth: int, token: _Token) -> int:
    if depth >= _DEEPEST:
        raise ScanQueryError(f"nested deeper than {_DEEPEST}", token.column)
    return depth + 1


def _need(kind: str, token: _Token, *parts: _Part) -> None:
    for part in parts:
        if part.kind != kind:
            raise ScanQueryError(f"{token.text!r} needs a {kind}, not a {part.kind}", part.column)


def _compared(compare: Callable[..., bool], left: object, right: object) -> bool:
    if left is None or right is None or left != left or right != right:
        return False
    return compare(left, right)


def _reckon(sign: str, left: Callable[..., object], right: Callable[..., object]) -> _Node:
    def run(row: Mapping[str, Cell]) -> Value:
        a, b = left(row), right(row)
        if not isinstance(a, float | int) or not isinstance(b, float | int):
            return None
        if sign == "+":
            return a + b
        if sign == "-":
            return a - b
        if sign == "*":
            return a * b
        return a / b if b else None

    return run


def _applied(function: Callable[..., float], inner: Callable[..., object]) -> _Node:
    def run(row: Mapping[str, Cell]) -> Value:
        value = inner(row)
        return function(value) if isinstance(value, float | int) else None

    return run
