"""Moves found again in small libraries of made-up dances."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.align.retiming import sampled
from danceit.data import Float32, mirrored
from danceit.errors import IndexStateError, InputError
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.sources.npz import write_recording
from danceit.index.store.contract import FragmentStore, Where
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.search.columns import COLUMNS, parsed
from danceit.retrieval.search.filtering import Filter, searching
from danceit.retrieval.search.finding import MoveOptions, find_moves
from danceit.retrieval.search.moves import Asked, Move, move_in
from danceit.testing.material import FixedEmbedder
from tests.index.conftest import dancing
from tests.retrieval.search.test_likeness import turned
from tests.retrieval.test_composing import encoder, index, library

__all__ = ["encoder", "index", "library"]  # fixtures

OFF_GRID = 17
"""Frame at which the copies of the second dance begin in the first."""


@pytest.fixture(scope="module")
def store(index: Path) -> Iterator[FragmentStore]:
    with open_store(index, device="cpu") as opened:
        yield opened


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FragmentStore]:
    """Three dances, of which the second shows the first's movement from an odd frame on."""
    folder = tmp_path_factory.mktemp("repeated")
    first = np.concatenate([dancing(1, 170, 3), dancing(2, 170, 3)[:1]])[:170]
    data = folder / "data"
    write_recording(data / "a.npz", first, 24.0, style="waltz")
    write_recording(data / "b.npz", first[OFF_GRID:], 24.0, style="rumba")
    write_recording(data / "c.npz", dancing(3, 170, 3), 24.0)
    grid = BuildOptions(grid=FragmentGrid((24, 48), stride=8))
    build(data, folder / "index", FixedEmbedder(), grid)
    with open_store(folder / "index", device="cpu") as opened:
        yield opened


def slower(poses: Float32, times: float) -> Float32:
    at = np.linspace(0, len(poses) - 1, round(len(poses) * times))
    return sampled(poses, at, np.zeros(0, np.int64))


CHANGES = {
    "as it is": (lambda poses: poses, False),
    "turned and carried off": (lambda poses: turned(poses, 2.2, (150.0, 40.0)), False),
    "10 % slower": (lambda poses: slower(poses, 1.1), False),
    "10 % faster": (lambda poses: slower(poses, 1 / 1.1), False),
    "in the mirror": (mirrored, True),
    "all of it": (lambda poses: mirrored(turned(slower(poses, 1.1), 1.0)), True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_move_is_found_again_first(
    store: FragmentStore, encoder: FragmentEncoder, change: str
) -> None:
    made, mirror = CHANGES[change]
    rows = store.matching(Where(n_frames=48))[::5]
    table = store.table(rows)
    for at, poses in enumerate(store.poses(rows)):
        first = find_moves(Move("x", made(poses)), store, encoder, MoveOptions(3, mirror=mirror))[0]
        shown = [first.fragment_id, *first.copies]
        assert table.clip_id[at] in {name.rpartition(":")[0] for name in shown}
        assert first.apart_px < 3.0
        assert first.mirrored == mirror or first.apart_px < 1.0


def test_a_mirror_image_is_not_the_same_move_unless_that_is_asked_for(
    store: FragmentStore, encoder: FragmentEncoder
) -> None:
    rows = store.matching(Where(n_frames=48))
    move = Move("x", mirrored(store.poses(rows[:1])[0]))
    plain = find_moves(move, store, encoder, MoveOptions(1))[0]
    either = find_moves(move, store, encoder, MoveOptions(1, mirror=True))[0]
    assert either.mirrored
    assert not plain.mirrored
    assert either.apart_px < 1.0 < plain.apart_px


def test_copies_are_one_row_and_lie_where_they_were_danced(repeated: FragmentStore) -> None:
    """On a grid of 8 frames the copy starts between two fragments; it is found to the frame."""
    move = move_in(repeated, Asked("a.npz", 40 / 24, 88 / 24))
    assert move is not None
    matches = find_moves(move, repeated, FixedEmbedder(), MoveOptions(8))
    first = matches[0]
    assert first.apart_px < 0.5
    assert {name.split(":")[0] for name in (first.fragment_id, *first.copies)} == {"a.npz", "b.npz"}
    begins = 40 if first.clip_id == "a.npz" else 40 - OFF_GRID
    assert first.start_s == pytest.approx(begins / 24, abs=1e-6)
    assert sum(match.clip_id == "a.npz" for match in matches) <= 3
    assert [m.apart_px for m in matches] == sorted(m.apart_px for m in matches)


def test_times_are_read_as_they_are_printed() -> None:
    assert Asked.parsed("a@b@1:02.5-1:04") == Asked("a@b", 62.5, 64.0)
    assert Asked.parsed("a@12-14.25") == Asked("a", 12.0, 14.25)
    assert Asked.parsed("a@home") == Asked("a@home")


def test_a_stretch_of_a_clip_is_put_together_from_its_fragments(repeated: FragmentStore) -> None:
    whole = move_in(repeated, Asked("c.npz"))
    part = move_in(repeated, Asked("c.npz", 1.0, 2.5))
    rows = repeated.matching(Where(only_clips=("c.npz",), n_frames=48))
    one = move_in(repeated, Asked(str(repeated.table(rows[:1]).fragment_id[0])))
    assert None not in (whole, part, one)
    np.testing.assert_array_equal(part.poses, whole.poses[24:60])
    np.testing.assert_array_equal(one.poses, repeated.poses(rows[:1])[0])
    assert move_in(repeated, Asked("nothing")) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("c.npz@3-3", "the end must come after the start"),
        ("c.npz@3-60", "the index has c.npz from 0.0-"),
        (" ", "is empty"),
        ("c.npz@1:2:3-4", "'1:2:3' in 'c.npz@1:2:3-4' is not a time"),
    ],
)
def test_a_stretch_that_is_not_there_is_refused(
    repeated: FragmentStore, text: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        move_in(repeated, Asked.parsed(text))


@pytest.mark.parametrize(
    ("poses", "told"),
    [
        (np.zeros((12, 18, 3)), "a move lasts from 0.8 to 2.6 s in this index; x lasts 0.5 s"),
        (np.zeros((240, 18, 3)), "lasts 10.0 s; name a part of it, such as x@1-3"),
        (np.zeros((48, 18, 2)), "x is in 2-D and the index in 3-D"),
        (np.full((48, 18, 3), np.nan), "x shows no joints"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    repeated: FragmentStore, poses: Float32, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        find_moves(Move("x", poses.astype(np.float32)), repeated, FixedEmbedder())


def test_another_encoder_is_refused(repeated: FragmentStore) -> None:
    move = move_in(repeated, Asked("c.npz", 1.0, 2.0))
    assert move is not None
    with pytest.raises(IndexStateError, match="made by encoder fixed, not other"):
        find_moves(move, repeated, replace(FixedEmbedder(), encoder_id="other"))


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 501}, {"where": "turn > 1"}])
def test_bad_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        MoveOptions(**options)  # type: ignore[arg-type]


def test_only_what_satisfies_the_filter_is_found(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    rows = store.matching(Where(n_frames=48))
    move = Move("x", store.poses(rows[:1])[0])
    where = "style in ('disco', 'waltz') and energy >= 0.3 and tempo > 10"
    matches = find_moves(move, store, encoder, MoveOptions(10, where))
    kept = Filter(store, parsed(where)).matching(Where(n_frames=48))
    assert matches
    assert {match.row for match in matches} <= set(kept.tolist())


@pytest.mark.parametrize(
    "where",
    [
        "style = 'disco'",
        "not style = 'disco' and speed > 200",
        "turns >= 1",
        "energy > 0.9 or number = 1",
        "metre = 3",
        "seconds = 2 and start < 4",
        "clip = 'nowhere'",
    ],
)
def test_a_filtered_search_is_the_exact_one_over_what_matches(
    store: FragmentStore, where: str
) -> None:
    rng = np.random.default_rng(0)
    everything = store.matching(Where(n_frames=48))
    queries = rng.normal(size=(3, store.vectors(everything[:1]).shape[1])).astype(np.float32)
    filtered = Filter(store, parsed(where))
    kept = everything[filtered.holds(everything)]
    np.testing.assert_array_equal(filtered.matching(Where(n_frames=48)), kept)
    hits = searching(store, where)(queries, 5, by="pose", where=Where(n_frames=48))
    vectors = store.vectors(kept).astype(np.float64)
    for query, rows in zip(queries, hits.rows, strict=True):
        nearest = np.argsort(((vectors - query) ** 2).sum(axis=1), kind="stable")[:5]
        np.testing.assert_array_equal(rows, kept[nearest])


def test_what_was_judged_of_all_is_not_judged_again(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind that hardly any fragment is of is found in the whole library, once."""
    rows = store.matching(Where(n_frames=48))
    fastest = float(store.table(rows).energy.max())
    query = store.vectors(rows[:1])
    where, near = f"speed >= {fastest!r}", Where(n_frames=48)
    first = searching(store, where)(query, 5, by="pose", where=near)
    assert store.table(first.rows[0]).energy.tolist() == [fastest]
    monkeypatch.setattr(Filter, "holds", None)
    again = searching(store, where)(query, 5, by="pose", where=near)
    np.testing.assert_array_equal(again.rows, first.rows)
    np.testing.assert_array_equal(again.distances, first.distances)


def test_every_column_has_a_value_for_every_fragment(store: FragmentStore) -> None:
    rows = store.matching(Where(n_frames=48))
    filtered = Filter(store, parsed("energy >= 0"))
    for name, column in COLUMNS.items():
        value = "''" if column.kind is str else "-1e9"
        text = f"{name} != {value}"
        assert len(Filter(store, parsed(text)).holds(rows)) == len(rows)
    assert filtered.holds(rows).all()
