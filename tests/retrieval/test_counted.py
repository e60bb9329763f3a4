"""Dances chosen on counts keep their dancers' timing, by the beats that songs were made with."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from danceit.audio import listen
from danceit.bench import in_time
from danceit.bench.in_time import evaluate
from danceit.bench.in_words import summary
from danceit.bench.measures import counts as measure
from danceit.counts import Counts, Section
from danceit.data import FPS, JOINT, Music
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.retrieval import counted
from danceit.retrieval.candidates import Candidates, Pool
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.fitting import Fitting, alike, loudness_ranks
from danceit.retrieval.notes import little_movement, other_metres
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import plan


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    return make_library(tmp_path_factory.mktemp("counted"), songs_per_style=1, seconds=20.0)


@pytest.fixture(scope="module")
def index(library: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    torch.manual_seed(0)
    where = tmp_path_factory.mktemp("counted-index") / "index"
    options = BuildOptions(grid=FragmentGrid(grid="counts"))
    build(library.folder, where, FragmentEncoder.create(EncoderConfig()), options)
    return where


@pytest.fixture(scope="module")
def composed(library: SyntheticLibrary, index: Path) -> Composition:
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        return compose(library.query_song, store, encoder, QueryOptions())


def test_fragments_start_on_beats(library: SyntheticLibrary, index: Path) -> None:
    with open_store(index) as store:
        assert store.spec.grid == "counts"
        table = store.table(np.arange(len(store)))
    for start_s, audio in zip(table.start_s, table.audio, strict=True):
        true_s = library.beats_s[Path(audio).stem]
        apart = np.abs(true_s - start_s).min()
        assert apart < 0.06, f"{audio} at {start_s:.2f} s"


def test_what_was_danced_on_a_beat_is_shown_on_a_beat(
    library: SyntheticLibrary, composed: Composition
) -> None:
    dance = composed.dance
    song_s = library.beats_s[library.query_song.stem]
    song = Counts.of_beats(song_s).phase(np.arange(dance.n_frames) / FPS)
    shown = np.full(dance.n_frames, np.nan)
    for number, placed in enumerate(dance.fragments):
        own = dance.source_index == number
        true_s = library.beats_s[Path(placed.source).stem]
        shown[own] = Counts.of_beats(true_s).phase(dance.source_s[own])
    kept = measure.timing_kept(shown, song, 1)
    assert kept.strength > 0.95
    assert abs(kept.offset_beats) < 0.05


def test_every_frame_is_traced_and_time_never_runs_backwards(composed: Composition) -> None:
    dance = composed.dance
    assert dance.n_frames == composed.music.n_frames
    same = np.diff(dance.source_index) == 0
    assert (np.diff(dance.source_s)[same] >= -1e-9).all()
    for number, placed in enumerate(dance.fragments):
        own = dance.source_s[dance.source_index == number]
        assert own.min() >= placed.start_s - 0.1
        assert own.max() <= placed.end_s + 0.1


def test_the_last_pose_is_one_dancer_s_to_the_end(composed: Composition) -> None:
    dance, held = composed.dance, counted._held_from(composed.music)
    assert held < dance.n_frames
    assert not (dance.seams >= held).any()
    shown = {dance.fragments[i].clip_id for i in dance.source_index[held - 1 :].tolist()}
    assert len(shown) == 1
    np.testing.assert_allclose(dance.source_s[held:], dance.source_s[held], atol=1e-6)


def test_coming_to_rest_costs_by_how_much_the_last_pose_still_moves() -> None:
    """A join to stillness: 1 px a frame is 24 px/s, and the pose after it is 1 px on."""
    still = np.random.default_rng(0).normal(0, 50, (1, 1, 18, 2)).repeat(4, axis=1)
    moving = still + np.arange(4.0)[:, None, None] * [1.0, 0.0]
    unseen = np.full_like(still, np.nan)
    ends = np.concatenate([still, moving, 3 * moving - 2 * still, unseen]).astype(np.float32)
    none, one, three, hidden = counted.rest_costs(ends, velocity_s=0.1)
    assert none == pytest.approx(0.0, abs=1e-3)
    assert three == pytest.approx(3 * one, rel=1e-3)
    assert one > 1.0
    assert hidden == 0.0


def test_seams_lie_where_windows_begin(composed: Composition) -> None:
    assert set(composed.dance.seams.tolist()) <= set(composed.first_frames)


def test_a_song_in_which_nothing_is_counted_is_danced_in_seconds(
    library: SyntheticLibrary, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit import audio

    heard = audio.listen

    def uncounted(path: Path, **more: object):
        music = heard(path, **more)
        return replace(music, counts=Counts.none()) if path == library.query_song else music

    monkeypatch.setattr(audio, "listen", uncounted)
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        found = compose(library.query_song, store, encoder, QueryOptions())
    assert any("seconds, not counts" in note for note in found.notes)
    assert found.dance.n_frames == found.music.n_frames


def test_a_part_that_returns_brings_its_moves_back(
    library: SyntheticLibrary, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit import audio

    heard = audio.listen

    def parted(path: Path, **more: object):
        music = heard(path, **more)
        if path != library.query_song:
            return music
        ones = music.counts.downbeats_s
        half = (len(ones) - 1) // 2
        edges = ones[[0, half, 2 * half]].tolist()
        sections = tuple(Section(*span, "A") for span in pairwise(edges))
        return replace(music, counts=replace(music.counts, sections=sections))

    monkeypatch.setattr(audio, "listen", parted)
    found = {}
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        for structure in ("repeat", "free"):
            options = QueryOptions(structure=structure)
            made = compose(library.query_song, store, encoder, options)
            found[structure] = in_time.repeated(made.dance, made.music.counts)
    assert found["repeat"] > 0.9 > found["free"]


def test_the_same_question_has_the_same_answer(
    library: SyntheticLibrary, index: Path, composed: Composition
) -> None:
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        again = compose(library.query_song, store, encoder, QueryOptions())
    assert np.array_equal(again.dance.joints, composed.dance.joints, equal_nan=True)


def test_movement_of_another_metre_is_taken_only_with_a_word(composed: Composition) -> None:
    metre = composed.music.counts.metre
    danced = [placed.metre for placed in composed.dance.fragments]
    others = [one for one in danced if one and not alike(one, metre)]
    told = [note for note in composed.notes if "danced in" in note]
    assert bool(told) == bool(others)
    waltzed = replace(composed.dance.fragments[0], metre=metre + 1)
    dance = replace(composed.dance, fragments=(waltzed, *composed.dance.fragments[1:]))
    (note,) = other_metres(dance, composed.music)
    assert f"of this song in {metre} show what was danced in" in note


def test_a_section_that_returns_is_danced_to_the_other_side(
    library: SyntheticLibrary, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        counted, "other_side", lambda windows: [w >= 4 for w in range(len(windows))]
    )
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        made = {
            structure: compose(
                library.query_song, store, encoder, QueryOptions(structure=structure)
            ).dance
            for structure in ("repeat", "mirror")
        }
    sides = [placed.mirrored for placed in made["mirror"].fragments]
    assert not any(placed.mirrored for placed in made["repeat"].fragments)
    assert sides == [w >= 4 for w in range(len(sides))]
    # Frames of the other side show the source as in a mirror: what its right hand did in
    # height, relative to the hip, the left one does now.
    dance = made["mirror"]
    with open_store(index) as store:
        table = store.table(np.arange(len(store)))
        for number in np.flatnonzero(sides)[:3]:
            placed = dance.fragments[number]
            own = np.flatnonzero(dance.source_index == number)
            row = np.flatnonzero(table.fragment_id == placed.fragment_id)
            poses = store.poses(row)[0]
            at = np.round((dance.source_s[own] - table.start_s[row[0]]) * FPS).astype(int)
            inside = (at >= 0) & (at < len(poses))
            shown = dance.joints[own[inside]][:, JOINT["left_wrist"], 1]
            danced = poses[at[inside]][:, JOINT["right_wrist"], 1]
            assert np.corrcoef(shown, danced)[0, 1] > 0.95


def test_a_small_library_is_said_to_be_small(index: Path, composed: Composition) -> None:
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        planned = plan(composed.music, store.spec, QueryOptions())
        assert encoder is not None
        assert little_movement(store, planned, QueryOptions(), 10.0) == ()
        (told,) = little_movement(store, planned, QueryOptions(), 600.0)
    # Three dances of 20 s; their last beats start no fragment of this length any more.
    assert "0:5" in told or "1:00" in told
    assert "must fill a song of 10:00" in told


def test_the_summary_tells_a_dance_in_five_lines(composed: Composition) -> None:
    lines = summary(composed.dance)
    assert len(lines) == 5
    assert lines[0].startswith(f"0:{composed.dance.n_frames / FPS:02.0f} in "[:4])
    assert "timing kept" in lines[1]
    assert f"seams: {composed.dance.seams.size}" in lines[2]
    assert "as the song: " in lines[3]
    different = len({placed.fragment_id for placed in composed.dance.fragments})
    assert lines[4].startswith(f"moves: {different} different")


def test_the_summary_does_not_take_unsure_bars_for_another_metre(composed: Composition) -> None:
    def told(metre: int) -> str:
        placed = tuple(replace(one, metre=metre) for one in composed.dance.fragments)
        return summary(replace(composed.dance, fragments=placed))[3]

    assert told(4).endswith("as the song: 100%")
    assert told(3).endswith("as the song: 0%")
    assert told(0).endswith("as the song: 0%, to bars unsure: 100%")


@pytest.mark.parametrize(
    ("metre", "other", "expected"),
    [(2, 4, True), (4, 4, True), (3, 6, True), (2, 3, False), (4, 3, False), (2, 6, False)],
)
def test_two_is_danced_as_four_but_not_as_three(metre: int, other: int, expected: bool) -> None:
    assert alike(metre, other) is alike(other, metre) is expected


@pytest.mark.parametrize(("sure", "weight"), [(1.0, 1.0), (0.4, 0.8), (0.0, 0.0)])
def test_what_is_unsure_of_a_songs_bars_costs_less(
    library: SyntheticLibrary, index: Path, sure: float, weight: float
) -> None:
    music = listen(library.query_song)
    counts = replace(music.counts, bar_confidence=sure)
    options = QueryOptions(energy_weight=0.0, tempo_weight=0.0, number_weight=10.0)
    with open_store(index) as store:
        rows = np.arange(len(store))
        costs = []
        for bars in (counts, replace(counts, bar_confidence=1.0)):
            planned = plan(replace(music, counts=bars), store.spec, options)
            fitting = Fitting(planned, store, options, np.zeros(len(planned.windows)))
            middle = len(planned.windows) // 2
            costs.append(fitting.costs(middle, rows))
            other = planned.windows[middle].number
            apart = [fitting.laid(middle, int(row)) for row in rows]
    wrong = np.array([one.number > 0 and one.number != other for one in apart])
    right = np.array([one.number == other for one in apart])
    assert wrong.any()
    assert right.any()
    assert costs[0][wrong].min() - costs[0][right].min() == pytest.approx(
        weight * (costs[1][wrong].min() - costs[1][right].min()), abs=1e-6
    )


def test_a_source_whose_1s_are_a_guess_is_not_said_to_be_danced_on_them(
    library: SyntheticLibrary, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsure(media: str, stored: Counts) -> Counts:
        return replace(stored, bar_confidence=0.1)

    monkeypatch.setattr("danceit.retrieval.fitting.trusted_counts", unsure)
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        made = compose(library.query_song, store, encoder, QueryOptions()).dance
    assert {(placed.number, placed.metre) for placed in made.fragments} == {(0, 0)}
    assert np.isnan(evaluate(made)["timing_kept_bar"])
    assert evaluate(made)["timing_kept"] > 0.8


def fitted(library: SyntheticLibrary, store: FragmentStore) -> tuple[Music, Fitting]:
    """The library's song as it is cut, and what lays fragments on its even windows."""
    music, options = listen(library.query_song), QueryOptions()
    planned = plan(music, store.spec, options)
    return music, Fitting(planned, store, options, np.zeros(len(planned.windows)))


def test_rows_are_laid_on_a_window_as_many_twice_or_half_as_stretches_least(
    library: SyntheticLibrary, index: Path
) -> None:
    with open_store(index) as store:
        _, fitting = fitted(library, store)
        rows = np.arange(len(store))
        table, window = store.table(rows), len(fitting.plan.windows) // 2
        laid = fitting.laid_rows(window, rows)
    asked = fitting.plan.windows[window]
    asked_s = asked.beats_s[-1] - asked.beats_s[0]
    assert (laid.place >= 0).any()
    for at in range(len(rows)):
        beats_s = table.counts[at].beats_s
        start_s, end_s = table.start_s[at] - 2 / FPS, table.end_s[at] + 0.75 / FPS
        own = beats_s[(beats_s >= start_s) & (beats_s <= end_s)]
        possible = [n for n in (asked.counts, 2 * asked.counts, asked.counts // 2) if n < len(own)]
        if laid.place[at] < 0:
            assert not possible or abs(own[0] - table.start_s[at]) > 2 / FPS
            assert laid.stretch[at] == pytest.approx(
                asked.duration_s / (laid.last_s[at] - laid.first_s[at])
            )
            continue
        stretches = [asked_s / (own[n] - own[0]) for n in possible]
        assert laid.first_s[at] == own[0]
        assert abs(np.log(laid.stretch[at])) == pytest.approx(np.abs(np.log(stretches)).min())
        assert laid.last_s[at] == own[laid.n_counts[at]]


def test_a_song_that_changes_its_metre_is_asked_for_each_in_its_own_part(
    composed: Composition,
) -> None:
    numbers = np.array([1, 2, 3, 4] * 4 + [1, 2, 3] * 20, dtype=np.int32)
    beats_s = np.arange(len(numbers)) * (composed.music.duration_s / len(numbers))
    music = replace(composed.music, counts=Counts(beats_s, numbers, 3, bar_confidence=1.0))
    placed = [replace(one, metre=4) for one in composed.dance.fragments]
    made = replace(composed.dance, fragments=tuple(placed), beats_s=beats_s, numbers=numbers)
    in_four = sum(one.window_start_s < beats_s[16] - 1e-6 for one in placed)
    (note,) = other_metres(made, music)
    assert note.startswith(f"{len(placed) - in_four} of {len(placed)} windows of this song in ")
    assert "danced in 4" in note
    assert summary(made)[3].split("danced in ")[1].startswith("3 and 4, as the song: ")


def test_fragments_alike_cost_alike_and_what_is_looked_up_later_moves_no_cost(
    library: SyntheticLibrary, index: Path
) -> None:
    with open_store(index) as store:
        music, fitting = fitted(library, store)
        first, all_rows = np.arange(0, len(store), 3), np.arange(len(store))
        before = fitting.costs(1, first)
        fitting.know(all_rows)
        np.testing.assert_array_equal(fitting.costs(1, first), before)
    even = loudness_ranks(np.ones(music.n_frames), fitting.plan)
    np.testing.assert_array_equal(even, np.full(len(fitting.plan.windows), 0.5))


def test_a_damaged_file_of_counts_beside_a_clip_is_named_and_the_index_has_its_own(
    library: SyntheticLibrary, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        usual = compose(library.query_song, store, encoder, QueryOptions())
        media = Path(str(store.table(np.arange(1)).audio[0]))
        damaged = media.with_suffix(".beats")
        kept = damaged.read_bytes() if damaged.is_file() else None
        try:
            damaged.write_text("no beats\n")
            found = compose(library.query_song, store, encoder, QueryOptions())
        finally:
            damaged.unlink()
            if kept is not None:
                damaged.write_bytes(kept)
    (note,) = set(found.notes) - set(usual.notes)
    assert str(damaged) in note
    np.testing.assert_array_equal(found.dance.joints, usual.dance.joints)


@pytest.mark.parametrize(("beats", "held"), [(5, 60), (1, 72)])
def test_a_song_of_three_seconds_is_danced_and_not_posed_to(beats: int, held: int) -> None:
    """Its last 1 on 2.5 s is held; after one on 0.5 s a bar follows, most of the song."""
    beats_s = 0.5 + 0.5 * np.arange(5)
    numbers = np.array([1, 2, 3, 4, 1], dtype=np.int32)
    numbers[beats:] = [2, 3, 4, 5][: 5 - beats]
    counts = Counts(beats_s, numbers, metre=4, confidence=0.9, bar_confidence=0.9)
    assert counted._held_from(Music(Path("three.wav"), "", 3.0, counts)) == held


def test_where_one_clip_fills_the_list_the_best_of_others_is_looked_at_too() -> None:
    """Clip 0 has the ten best rows of twelve; of the others the better row of each comes."""
    rows = np.arange(12)
    clip = np.repeat([0, 1], [10, 2])
    window = Candidates(rows, np.zeros(12), np.arange(12.0))
    pool = Pool((window,), None, None, rows, clip)  # type: ignore[arg-type]
    assert pool.best(9)[0].rows.tolist() == [*range(9), 10]
    assert pool.best(9, np.array([0, 10]))[0].rows.tolist() == [*range(1, 10), 11]
    assert pool.best(8)[0].rows.tolist() == [*range(8)]
    assert replace(pool, clip=rows % 2).best(9)[0].rows.tolist() == [*range(9)]
