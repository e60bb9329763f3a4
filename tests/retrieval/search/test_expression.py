"""Filters as people write them: read right, evaluated right, and wrong ones told where."""

import operator
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.errors import InputError
from danceit.retrieval.search.expression import (
    MOST_CHARACTERS,
    AllOf,
    Among,
    AnyOf,
    Compare,
    Not,
    columns_of,
    parse,
    satisfied,
)

KINDS = {"style": str, "turns": float, "energy": float, "metre": float}
TABLE = {
    "style": np.array(["waltz", "rumba", "", "o'clock", "waltz"], dtype=object),
    "turns": np.array([0.0, 1.0, 2.0, np.nan, 3.0]),
    "energy": np.array([0.1, 0.9, 0.5, 0.7, np.nan]),
    "metre": np.array([3.0, 4.0, np.nan, 3.0, 3.0]),
}
ROWS = np.arange(5)


def found(text: str) -> list[int]:
    expression = parse(text, KINDS)
    kept = satisfied(expression, ROWS, lambda name, rows: TABLE[name][rows])
    return ROWS[kept].tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("style = 'waltz'", [0, 4]),
        ("style != 'waltz'", [1, 2, 3]),
        ('style == "waltz" AND turns >= 1', [4]),
        ("style = 'o''clock'", [3]),
        ("style in ('rumba', 'waltz') and not turns = 0", [1, 4]),
        ("turns in (1, 2)", [1, 2]),
        ("turns<.5 or turns>2.5e0", [0, 4]),
        ("turns <> 1", [0, 2, 4]),
        ("energy > -1", [0, 1, 2, 3]),
        ("turns = 0 or turns = 1 and energy < 0.5", [0]),
        ("(turns = 0 or turns = 1) and energy < 0.5", [0]),
        ("((style = ''))", [2]),
        ("style = 'waltz' and turns >= 1 and energy > 0.6 and metre = 3", []),
    ],
)
def test_an_expression_finds_the_rows_that_it_names(text: str, rows: list[int]) -> None:
    assert found(text) == rows


def test_and_binds_closer_than_or() -> None:
    one, two, three = (Compare("turns", "=", float(n)) for n in (1, 2, 3))
    wanted = AnyOf((one, AllOf((two, Not(three)))))
    assert parse("turns = 1 or turns = 2 and not turns = 3", KINDS) == wanted


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("", 0, "is empty"),
        ("   ", 0, "is empty"),
        ("style = 'waltz' and turn >= 1", 21, "no column 'turn'; did you mean 'turns'?"),
        ("colour = 'red'", 1, "no column 'colour'; known: style, turns"),
        ("style = waltz", 9, "a text in quotes for 'style': 'waltz'?"),
        ("style = 3", 9, "'style' is compared with a text in quotes"),
        ("turns >= '1'", 10, "'turns' is compared with a number"),
        ("style > 'a'", 7, "'style' is a text: only =, != and in"),
        ("turns >= 1 energy > 2", 12, "expected 'and', 'or' or the end"),
        ("turns >= 1 and", 15, "expected a column"),
        ("turns", 6, "expected one of ="),
        ("(turns = 1", 1, "this bracket is not closed"),
        ("turns in 1", 10, "expected a list in brackets"),
        ("turns in (1 2)", 13, "expected ',' or ')'"),
        ("style = 'waltz", 9, "this quote is not closed"),
        ("turns >= 1x", 10, "this is no number"),
        ("turns >= 1; DROP TABLE clips", 11, "';' means nothing here"),
        ("(" * 60 + "turns = 1" + ")" * 60, 41, "brackets within one another"),
        ("turns = 1 or " * 200, 0, f"{MOST_CHARACTERS} characters at most"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: int, what: str) -> None:
    with pytest.raises(InputError, match=re.escape(what)) as told:
        parse(text, KINDS)
    assert "\n" not in str(told.value)
    if place:
        assert f"character {place}:" in str(told.value)


@given(st.text(alphabet="styletrn ='\"()<>!,;01.-andorin\n%é", max_size=60))
def test_any_text_is_an_expression_or_a_line_of_error(text: str) -> None:
    try:
        expression = parse(text, KINDS)
    except InputError:
        return
    assert columns_of(expression) <= set(KINDS)


NUMBERS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])
LEAVES = st.one_of(
    st.builds(
        Compare,
        st.sampled_from(["turns", "energy", "metre"]),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        NUMBERS,
    ),
    st.builds(Compare, st.just("style"), st.sampled_from(["=", "!="]), st.just("waltz")),
    st.builds(Among, st.just("turns"), st.tuples(NUMBERS, NUMBERS)),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.tuples(inner, inner)),
        st.builds(AnyOf, st.tuples(inner, inner)),
    ),
    max_leaves=8,
)


def written(tree: object) -> str:
    match tree:
        case Compare(column, sign, value):
            return f"{column} {sign} {value!r}"
        case Among(column, values):
            return f"{column} in ({', '.join(map(repr, values))})"
        case Not(inner):
            return f"not ({written(inner)})"
        case AllOf(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case AnyOf(parts):
            return " or ".join(f"({written(part)})" for part in parts)
    raise AssertionError(tree)


OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def by_python(tree: object, row: int) -> bool:
    """The same by Python's own operators, one row at a time."""
    match tree:
        case Compare(column, sign, value):
            here = TABLE[column][row]
            if isinstance(here, float) and np.isnan(here):
                return False
            return bool(OPERATORS[sign](here, value))
        case Among(column, values):
            return TABLE[column][row] in values
        case Not(inner):
            return not by_python(inner, row)
        case AllOf(parts):
            return all(by_python(part, row) for part in parts)
        case AnyOf(parts):
            return any(by_python(part, row) for part in parts)
    raise AssertionError(tree)


@settings(max_examples=200, deadline=None)
@given(TREES, st.sets(st.sampled_from(sorted(KINDS))))
def test_what_is_written_is_read_and_holds_as_in_python(tree: object, quick: set[str]) -> None:
    read = parse(written(tree), KINDS)
    kept = satisfied(read, ROWS, lambda name, rows: TABLE[name][rows], frozenset(quick))
    assert kept.tolist() == [by_python(tree, row) for row in range(5)]


def test_quick_columns_are_asked_first_and_the_others_of_the_rows_that_are_left() -> None:
    asked: list[tuple[str, list[int]]] = []

    def values(name: str, rows: np.ndarray) -> np.ndarray:
        asked.append((name, rows.tolist()))
        return TABLE[name][rows]

    expression = parse("style = 'waltz' and turns >= 1", KINDS)
    satisfied(expression, ROWS, values, frozenset({"turns"}))
    assert asked == [("turns", [0, 1, 2, 3, 4]), ("style", [1, 2, 4])]
