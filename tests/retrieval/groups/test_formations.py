"""Where groups stand, and that nobody runs into anybody on the way."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.counts import Counts, Section
from danceit.errors import InputError
from danceit.retrieval.groups.floor import allowed, nearest_px
from danceit.retrieval.groups.formations import (
    APART_PX,
    METRE_PX,
    MOST,
    NAMED,
    SPACED,
    Formation,
    formations_of,
    walked,
)

BEATS = np.arange(0.5, 60.0, 0.5)


def song(*labels: str, seconds: float = 10.0) -> Counts:
    sections = tuple(
        Section(i * seconds, (i + 1) * seconds, label) for i, label in enumerate(labels)
    )
    numbers = (np.arange(len(BEATS)) % 4 + 1).astype(np.int32)
    return Counts(BEATS, numbers, 4, sections)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("dancers", [3, 4, 7, MOST])
def test_formations_have_room_and_stand_in_the_middle(name: str, dancers: int) -> None:
    (formation,) = formations_of(name, dancers, deep=True)
    apart = [np.linalg.norm(a - b) for a, b in combinations(formation.places, 2)]
    assert min(apart) >= SPACED
    assert abs(formation.places[:, 0].mean()) < 0.7 * METRE_PX


def test_in_a_v_the_first_stands_in_front_and_in_a_circle_too() -> None:
    for name in ("v", "circle"):
        (formation,) = formations_of(name, 5, deep=True)
        assert int(np.argmin(formation.places[:, 1])) == 0


@pytest.mark.parametrize(
    ("text", "dancers", "deep", "told"),
    [
        ("line", 1, True, "a group has from 2 to 12 `dancers`; got 1"),
        ("line", 100, True, "a group has from 2 to 12 `dancers`; got 100"),
        ("circle", 2, True, "a circle takes 3 `dancers` or more; got 2"),
        ("cirle", 3, True, "unknown formation 'cirle'; known: line, v, circle; did you mean"),
        ("v", 3, False, "'v' needs depth, and the index is in 2-D: use line"),
        ("nowhere.csv", 3, True, "there is no file of formations at nowhere.csv"),
    ],
)
def test_what_is_no_formation_is_refused(text: str, dancers: int, deep: bool, told: str) -> None:
    with pytest.raises(InputError, match=told):
        formations_of(text, dancers, deep=deep)


HEAD = "formation,dancer,x,z\n"


def test_a_file_of_formations_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "a,1,-1,0\na,2,1,0\nb,2,0,2\nb,1,0,0\n", encoding="utf-8")
    a, b = formations_of(str(path), 2, deep=True)
    assert (a.name, b.name) == ("a", "b")
    np.testing.assert_allclose(a.places / METRE_PX, [[-1, 0], [1, 0]])
    np.testing.assert_allclose(b.places / METRE_PX, [[0, 0], [0, 2]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must have the columns formation, dancer, x, z; got nothing"),
        ("name,x\na,1\n", "must have the columns formation, dancer, x, z; got name, x"),
        (HEAD + "a,1,0,0\na,2,0.5,0\n", "dancers 1 and 2 stand 0.50 m apart; give 1.27 m or more"),
        (HEAD + "a,1,0,0\na,1,2,0\n", "line 3: dancer 1 stands there already"),
        (HEAD + "a,1,0,0\na,2,2,0\na,3,4,0\n", "'a' has 3 places, numbered 1 to 3; 2 `dancers`"),
        (HEAD + "a,1,0,0\na,2,far,0\n", "line 3: dancer, x and z must be numbers"),
        (HEAD + "a,1,0,0\na,2,nan,0\n", "line 3: a place must lie within 50 m"),
    ],
)
def test_a_bad_file_of_formations_is_refused_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        formations_of(str(path), 2, deep=True)


def test_a_formation_changes_on_the_1_of_a_section_and_returns_with_its_label() -> None:
    both = formations_of("line,v", 3, deep=True)
    ways, notes = walked(both, song("A", "A", "B", "A"), 40 * 24)
    assert notes == ()
    np.testing.assert_allclose(ways[15 * 24], both[0].places)
    np.testing.assert_allclose(np.sort(ways[20 * 24], axis=0), np.sort(both[1].places, axis=0))
    np.testing.assert_allclose(np.sort(ways[30 * 24], axis=0), np.sort(both[0].places, axis=0))
    steps = np.linalg.norm(np.diff(ways, axis=0), axis=-1)
    assert steps.max() * 24 / METRE_PX < 1.5


@pytest.mark.parametrize(
    ("sections", "left_out"),
    [
        ([("A", 10.0), ("B", 1.0), ("A", 20.0)], 1),
        ([("A", 1.0), ("B", 20.0), ("A", 10.0)], 1),
        ([("A", 20.0), ("B", 20.0), ("A", 1.0)], 0),
        ([("A", 20.0), ("B", 1.0), ("A", 1.0), ("B", 1.0), ("A", 20.0)], 2),
        ([("A", 1.0), ("B", 1.0)] * 2, 3),
    ],
)
def test_nobody_runs_to_a_formation_of_a_short_section(
    sections: list[tuple[str, float]], left_out: int
) -> None:
    both = formations_of("line,circle", MOST, deep=True)
    ends = np.cumsum([seconds for _, seconds in sections]).tolist()
    starts = [0.0, *ends[:-1]]
    counts = Counts(BEATS, np.ones(len(BEATS), np.int32), 1, tuple(
        Section(start, end, label)
        for start, end, (label, _) in zip(starts, ends, sections, strict=True)
    ))  # fmt: skip
    ways, notes = walked(both, counts, round(ends[-1] * 24))
    pace = np.linalg.norm(np.diff(ways, axis=0), axis=-1).max() * 24 / METRE_PX
    assert pace < 1.5 * 1.4 + 0.01  # it starts and ends gently: at its quickest half as fast again
    assert sum(int(note.split()[0]) for note in notes) == left_out
    last = both["AB".index(sections[-1][0])].places
    np.testing.assert_allclose(np.sort(ways[-1], axis=0), np.sort(last, axis=0), atol=1e-6)


def test_without_sections_the_first_formation_stays_and_that_is_said() -> None:
    both = formations_of("line,v", 3, deep=True)
    ways, notes = walked(both, Counts.none(), 100)
    np.testing.assert_allclose(ways, np.repeat(both[0].places[None], 100, axis=0))
    assert "no sections are known" in notes[0]


def places(rng: np.random.Generator, n: int) -> np.ndarray:
    """Random places that are `SPACED` apart, by trial."""
    found: list[np.ndarray] = []
    while len(found) < n:
        place = rng.uniform(-3, 3, 2) * METRE_PX
        if all(np.linalg.norm(place - other) >= SPACED for other in found):
            found.append(place)
    return np.array(found)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8))
def test_nobody_comes_too_near_on_any_way(seed: int, dancers: int) -> None:
    """Theorem 3.3 of Turpin, Michael and Kumar (2014), frame by frame."""
    rng = np.random.default_rng(seed)
    both = [Formation(name, places(rng, dancers)) for name in "ab"]
    ways, _ = walked(both, song("A", "B", "A", seconds=8.0), 24 * 24)
    assert nearest_px(ways).min() >= APART_PX - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_however_everybody_travels_they_keep_apart(seed: int, dancers: int) -> None:
    rng = np.random.default_rng(seed)
    ways = np.repeat(places(rng, dancers)[None], 240, axis=0)
    time_s = np.arange(240)[:, None, None] / 24
    own = (
        rng.uniform(0, 2, (1, dancers, 2))
        * METRE_PX
        * np.sin(time_s * rng.uniform(0.5, 2, (1, dancers, 2)) + rng.uniform(0, 6, (1, dancers, 2)))
    )
    share = allowed(ways, own)
    assert ((share >= -1e-9) & (share <= 1 + 1e-9)).all()
    placed = ways + share[:, None, None] * own
    assert nearest_px(placed).min() >= APART_PX - 1e-6
    assert np.abs(np.diff(share)).max() < 0.08


def test_who_travels_alike_travels_freely() -> None:
    (line,) = formations_of("line", 3, deep=True)
    ways = np.repeat(line.places[None], 100, axis=0)
    own = np.repeat(np.random.default_rng(0).normal(0, 300, (100, 1, 2)), 3, axis=1)
    np.testing.assert_allclose(allowed(ways, own), 1.0)
