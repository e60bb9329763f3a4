"""Groups chosen from a small index: unison, canon, a mirror, and everybody for themselves."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.align import make_aligner
from danceit.audio import listen
from danceit.bench import in_time
from danceit.counts import Section
from danceit.data import BONES, Dance, Music, mirrored
from danceit.errors import InputError
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.groups.floor import nearest_px, standing
from danceit.retrieval.groups.formations import APART_PX
from danceit.retrieval.groups.grouping import Group, GroupOptions, compose_group
from danceit.retrieval.groups.timing import Timing, delayed, like_a_person
from danceit.retrieval.options import QueryOptions
from tests.retrieval.test_composing import encoder, index, library

__all__ = ["encoder", "index", "library"]  # fixtures

OPTIONS = QueryOptions(length_s=1.0, k=6)


@pytest.fixture(scope="module")
def store(index: Path) -> Iterator[FragmentStore]:
    with open_store(index, device="cpu") as opened:
        yield opened


def grouped(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary, group: GroupOptions
) -> Group:
    chain = [make_aligner("inertial")]
    return compose_group(library.query_song, store, encoder, OPTIONS, group, chain)


def about_hips(dance: Dance) -> np.ndarray:
    """Poses about where the dancer stands, (T, 18, C)."""
    middle = standing([dance])[:, 0]
    poses = dance.joints.astype(np.float64)
    poses[..., 0] -= middle[:, :1]
    poses[..., 2] -= middle[:, 1:]
    return poses


@pytest.mark.parametrize("timing", ["unison", "canon:2", "mirror", "free"])
def test_every_group_keeps_apart_and_can_be_traced(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary, timing: str
) -> None:
    group = grouped(store, encoder, library, GroupOptions(4, "v,line", timing))
    assert len(group.dances) == 4
    assert group.nearest_px == pytest.approx(nearest_px(standing(group.dances)).min())
    assert group.nearest_px >= APART_PX - 0.01
    assert len({dance.steps[-1].options["group"] for dance in group.dances}) == 1
    assert [dance.steps[-1].options["dancer"] for dance in group.dances] == [1, 2, 3, 4]
    for dance in group.dances:
        assert np.isfinite(dance.joints).all()
        for placed in range(len(dance.fragments)):
            shown = dance.source_s[dance.source_index == placed]
            fragment = dance.fragments[placed]
            assert shown.size == 0 or shown.min() >= fragment.start_s - 0.2
            assert shown.size == 0 or shown.max() <= fragment.end_s + 0.2


def test_in_unison_all_dance_the_same_but_not_exactly(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    first, second = grouped(store, encoder, library, GroupOptions(2)).dances
    apart = np.linalg.norm(about_hips(first) - about_hips(second), axis=-1)
    assert 1.0 < apart.mean() < 25.0
    for a, b in BONES:
        long = np.linalg.norm(first.joints[:, a] - first.joints[:, b], axis=-1)
        other = np.linalg.norm(second.joints[:, a] - second.joints[:, b], axis=-1)
        assert np.median(other) / np.median(long) == pytest.approx(1.0, abs=0.1)


def test_a_person_keeps_both_ends_and_never_goes_back(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    dance = grouped(store, encoder, library, GroupOptions(2)).dances[0]
    other = like_a_person(dance, np.random.default_rng(3))
    assert other.source_s[[0, -1]] == pytest.approx(dance.source_s[[0, -1]])
    late = np.abs(other.source_s - dance.source_s)
    assert 0.002 < np.median(late) < 0.06
    again = like_a_person(dance, np.random.default_rng(3))
    np.testing.assert_array_equal(other.joints, again.joints)


def test_a_canon_follows_by_whole_counts(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    dance = grouped(store, encoder, library, GroupOptions(2)).dances[0]
    counts = listen(library.query_song).counts
    later = delayed(dance, counts, 2.0)
    beats = np.round(counts.beats_s * 24).astype(int)
    own, other = about_hips(later), about_hips(dance)
    # A beat lies up to half a frame from its frame, in which a hand moves some 15 px.
    for now, before in zip(beats[4:-1], beats[2:-3], strict=True):
        assert np.linalg.norm(own[now] - other[before], axis=-1).mean() < 15.0
    np.testing.assert_allclose(later.joints[0], dance.joints[0], atol=1e-3)
    with pytest.raises(InputError, match="would follow by 500 counts; the song has"):
        delayed(dance, counts, 500.0)


def test_half_of_a_mirrored_group_is_the_others_mirror_image(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    left, right = grouped(store, encoder, library, GroupOptions(2, "line", "mirror")).dances
    image = about_hips(left)
    flipped = mirrored(image.astype(np.float32))
    flipped[..., 0] -= 512
    assert np.linalg.norm(flipped - about_hips(right), axis=-1).mean() < 25.0
    assert [step.method for step in right.steps if step.step == "vary"] == ["mirror", "person"]
    # Their footage is shown, and listed for editors, to the side that they dance to.
    sides = [[placed.mirrored for placed in dance.fragments] for dance in (left, right)]
    assert sides[1] == [not side for side in sides[0]]


def test_dancers_on_their_own_never_show_the_same_at_once(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    dances = grouped(store, encoder, library, GroupOptions(3, "line", "free")).dances
    for window in zip(*(dance.fragments for dance in dances), strict=True):
        assert len({placed.fragment_id for placed in window}) == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timing": "cannon:2"}, "unknown timing 'cannon'; known: unison, canon, mirror, free"),
        ({"timing": "canon:0"}, "a canon follows by 0 to 64 counts, as canon:2; got 'canon:0'"),
        ({"timing": "canon:two"}, "as canon:2; got 'canon:two'"),
        ({"timing": "unison:3"}, "only canon takes a number"),
        ({"dancers": 13}, "from 2 to 12 `dancers`; got 13"),
        ({"formation": "circle"}, "a circle takes 3"),
    ],
)
def test_bad_options_are_refused_before_anything_slow(
    options: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        GroupOptions(**options)  # type: ignore[arg-type]


def test_a_canon_without_a_number_follows_by_two() -> None:
    assert Timing.parsed("canon") == Timing("canon", 2.0)


def test_dancers_on_their_own_bring_moves_back_where_the_song_does(
    library: SyntheticLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit import audio

    heard = audio.listen

    def parted(path: Path, **more: object) -> Music:
        music = heard(path, **more)
        if path != library.query_song:
            return music
        ones = music.counts.downbeats_s
        half = (len(ones) - 1) // 2
        spans = pairwise(ones[[0, half, 2 * half]].tolist())
        sections = tuple(Section(*span, "A") for span in spans)
        return replace(music, counts=replace(music.counts, sections=sections))

    monkeypatch.setattr(audio, "listen", parted)
    torch.manual_seed(0)
    counted = BuildOptions(grid=FragmentGrid(grid="counts"))
    build(library.folder, tmp_path / "index", FragmentEncoder.create(EncoderConfig()), counted)
    with open_store(tmp_path / "index", device="cpu") as store:
        encoder = FragmentEncoder.load(store.encoder, device="cpu")
        group = GroupOptions(3, "line", "free")
        options = QueryOptions(length_s=1.0)
        made = compose_group(library.query_song, store, encoder, options, group, [])
    counts = parted(library.query_song).counts
    assert all(in_time.repeated(dance, counts) > 0.9 for dance in made.dances)
    for window in zip(*(dance.fragments for dance in made.dances), strict=True):
        assert len({placed.fragment_id for placed in window}) == 3
    assert not any("same fragment" in note for note in made.notes)


def test_more_dancers_than_fragments_show_the_same_and_it_is_said(
    store: FragmentStore, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    (clip, *_) = store.recordings().values()
    few = replace(OPTIONS, k=2, where=f"clip = '{clip.clip_ids[0]}'")
    group = GroupOptions(3, "line", "free")
    made = compose_group(library.query_song, store, encoder, few, group, [])
    windows = list(zip(*(dance.fragments for dance in made.dances), strict=True))
    alike = sum(len({placed.fragment_id for placed in window}) < 3 for window in windows)
    (note,) = (note for note in made.notes if "same fragment" in note)
    assert alike == len(windows)
    assert note.startswith(f"in {alike} of {len(windows)} windows, from 0:00.0 on, two dancers")
