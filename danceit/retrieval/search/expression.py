"""Filters over named columns, as people write them: parsed and checked here.

    style = 'waltz' and turns >= 1 and not (energy > 0.6 or metre in (3, 6))

An expression joins comparisons by ``and``, ``or``, ``not`` and brackets; ``and`` binds closer
than ``or``. A comparison is a column, one of ``= != < <= > >=``, and a number or a text in
quotes (a quote within is doubled), or a column, ``in`` and a list in brackets. Texts are
compared exactly and only by ``=``, ``!=`` and ``in``. A number that is not known (NaN) satisfies no
comparison. What is wrong is told with its place, counted in characters from 1.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Int64
from danceit.errors import InputError
from danceit.plugins import nearest_spelling

MOST_CHARACTERS = 2000
MOST_NESTED = 40
"""Brackets and ``not`` within one another, far under Python's own limit."""
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<word>[^\W\d]\w*)
      | (?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_SIGNS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ORDERED: Mapping[str, Callable[..., Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip
_KEYWORDS = ("and", "or", "not", "in")
_AROUND = 24
"""Characters that are shown on either side of a mistake."""

Value = float | str
Kinds = Mapping[str, type[float] | type[str]]
"""Of each column, by name, whether it holds numbers or texts."""


@dataclass(frozen=True)
class Compare:
    """A column against one value by `sign`, a value of `_SIGNS`."""

    column: str
    sign: str
    value: Value


@dataclass(frozen=True)
class Among:
    """A column that has any of some values."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    """What does not satisfy another expression."""

    inner: "Expression"


@dataclass(frozen=True)
class AllOf:
    """What satisfies every part."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class AnyOf:
    """What satisfies a part or more."""

    parts: tuple["Expression", ...]


Expression = Compare | Among | Not | AllOf | AnyOf
Values = Callable[[str, Int64], npt.NDArray[Any]]
"""Gives a column (N,) of some rows (N,)."""


def parse(text: str, kinds: Kinds) -> Expression:
    """Read an expression over the columns in `kinds`.

    Raises
    ------
    InputError
        With the place of the mistake, what was expected there and, for a name, the nearest.
    """
    return _Parser(text, kinds).parsed()


def columns_of(expression: Expression) -> frozenset[str]:
    """Names of the columns that are compared."""
    if isinstance(expression, Compare | Among):
        return frozenset({expression.column})
    if isinstance(expression, Not):
        return columns_of(expression.inner)
    return frozenset().union(*(columns_of(part) for part in expression.parts))


def satisfied(
    expression: Expression, rows: Int64, values: Values, quick: frozenset[str] = frozenset()
) -> Bool:
    """Which rows (N,) satisfy an expression.

    What names only columns in `quick` is judged first, the rest only of the rows that it decides.
    """
    if isinstance(expression, Compare):
        return _compared(values(expression.column, rows), expression.sign, expression.value)
    if isinstance(expression, Among):
        found = values(expression.column, rows)
        return np.asarray(np.isin(found, np.array(expression.values, dtype=found.dtype)))
    if isinstance(expression, Not):
        return ~satisfied(expression.inner, rows, values, quick)
    every = isinstance(expression, AllOf)
    result = np.full(len(rows), every)
    for part in sorted(expression.parts, key=lambda part: not columns_of(part) <= quick):
        open_ = np.flatnonzero(result == every)
        if not len(open_):
            break
        result[open_] = satisfied(part, rows[open_], values, quick)
    return result


def _compared(column: npt.NDArray[Any], sign: str, value: Value) -> Bool:
    if sign == "=":
        return np.asarray(column == value)
    if sign == "!=":
        differs = np.asarray(column != value)
        return differs & ~np.isnan(column) if isinstance(value, float) else differs
    # A comparison with NaN is false.
    return np.asarray(_ORDERED[sign](column, value))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    stop: int


class _Parser:
    """Recursive descent; every method reads one kind of thing from where it stands."""

    def __init__(self, text: str, kinds: Kinds) -> None:
        self._text, self._kinds = text, kinds
        if len(text) > MOST_CHARACTERS:
            raise InputError(f"`where` takes {MOST_CHARACTERS} characters at most; got {len(text)}")
        self._tokens = self._split()
        self._at = 0
        self._nested = 0

    def parsed(self) -> Expression:
        if len(self._tokens) == 1:
            raise InputError("`where` is empty; say for example: style = 'waltz' and turns >= 1")
        whole = self._any()
        if self._next.kind != "end":
            self._wrong(self._next, "expected 'and', 'or' or the end")
        return whole

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _split(self) -> list[_Token]:
        tokens, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            found = _TOKEN.match(self._text, at)
            if found is None:
                self._no_token(at)
            kind = str(found.lastgroup)
            text, start = found[kind], found.start(kind)
            if kind == "word" and text.lower() in _KEYWORDS:
                kind, text = "keyword", text.lower()
            tokens.append(_Token(kind, text, start, found.end()))
            at = found.end()
        return [*tokens, _Token("end", "", end, end)]

    def _no_token(self, at: int) -> NoReturn:
        """Say what is wrong with what begins after `at`, which is no token."""
        start = at + len(self._text[at:]) - len(self._text[at:].lstrip())
        here, word = self._text[start], re.compile(r"[\w.]*").match(self._text, start)
        if here in "'\"":
            self._wrong(_Token("", here, start, len(self._text)), "this quote is not closed")
        if here.isdigit() and word is not None:
            self._wrong(_Token("", here, start, word.end()), "this is no number")
        self._wrong(_Token("", here, start, start + 1), f"'{here}' means nothing here")

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._took("keyword", "or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._one()]
        while self._took("keyword", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Expression:
        here = self._next
        self._nested += 1
        if self._nested > MOST_NESTED:
            self._wrong(here, f"more than {MOST_NESTED} brackets within one another")
        try:
            if self._took("keyword", "not"):
                return Not(self._one())
            if self._took("sign", "("):
                inner = self._any()
                if not self._took("sign", ")"):
                    self._wrong(here, "this bracket is not closed")
                return inner
            return self._comparison()
        finally:
            self._nested -= 1

    def _comparison(self) -> Expression:
        name = self._next
        if name.kind != "word":
            self._wrong(name, "expected a column, 'not' or a bracket")
        if name.text not in self._kinds:
            hint = nearest_spelling(name.text, list(self._kinds))
            self._wrong(name, f"there is no column '{name.text}'{hint or self._known()}")
        self._at += 1
        kind = self._kinds[name.text]
        sign = self._next
        if self._took("keyword", "in"):
            return Among(name.text, self._list(kind, name.text))
        if sign.kind != "sign" or sign.text not in _SIGNS:
            self._wrong(sign, f"expected one of = != < <= > >= in after '{name.text}'")
        if kind is str and _SIGNS[sign.text] not in ("=", "!="):
            self._wrong(sign, f"'{name.text}' is a text: only =, != and in compare it")
        self._at += 1
        return Compare(name.text, _SIGNS[sign.text], self._value(kind, name.text))

    def _list(self, kind: type[float] | type[str], column: str) -> tuple[Value, ...]:
        opened = self._next
        if not self._took("sign", "("):
            self._wrong(opened, "expected a list in brackets after 'in'")
        values = [self._value(kind, column)]
        while self._took("sign", ","):
            values.append(self._value(kind, column))
        if not self._took("sign", ")"):
            self._wrong(self._next, "expected ',' or ')'")
        return tuple(values)

    def _value(self, kind: type[float] | type[str], column: str) -> Value:
        token = self._next
        wanted = "a text in quotes" if kind is str else "a number"
        if token.kind not in ("number", "text"):
            quoted = f": '{token.text}'?" if kind is str and token.kind == "word" else ""
            self._wrong(token, f"expected {wanted} for '{column}'{quoted}")
        if (token.kind == "text") != (kind is str):
            self._wrong(token, f"'{column}' is compared with {wanted}")
        self._at += 1
        if kind is str:
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        return float(token.text)

    def _took(self, kind: str, text: str) -> bool:
        taken = (self._next.kind, self._next.text) == (kind, text)
        self._at += taken
        return taken

    def _known(self) -> str:
        return f"; known: {', '.join(self._kinds)}"

    def _wrong(self, token: _Token, what: str) -> NoReturn:
        """Show the place: ``... waltz' and [turn] >= 1``."""
        before = self._text[max(0, token.start - _AROUND) : token.start]
        after = self._text[token.stop : token.stop + _AROUND]
        dots = (
            "..." if token.start > _AROUND else "",
            "..." if after != self._text[token.stop :] else "",
        )
        place = f"{dots[0]}{before}[{self._text[token.start : token.stop]}]{after}{dots[1]}"
        raise InputError(f"`where`, character {token.start + 1}: {what} (at {place})")
