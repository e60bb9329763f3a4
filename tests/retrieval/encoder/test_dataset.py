"""Windows and fragments belong together at every tempo; nothing crosses a split."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.data import Clip
from danceit.errors import InputError
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.dataset import (
    Part,
    Performance,
    at_tempo,
    draw,
    gather,
    performances_of,
    song_folds,
    split_at_random,
    split_by_song,
    split_of,
)
from tests.retrieval.conftest import ToyLibrary

CONFIG = EncoderConfig()


def test_a_tempo_change_is_a_resampling_in_time() -> None:
    ramp = np.arange(100, dtype=np.float32)[:, None]
    assert at_tempo(ramp, 1.25)[:, 0] == pytest.approx(np.arange(80) * 1.25, abs=1e-4)
    assert at_tempo(ramp, 0.5).shape == (200, 1)
    assert at_tempo(ramp, 1.0) is ramp


def test_music_and_movement_stay_together_at_every_tempo(toys: ToyLibrary) -> None:
    performance = performances_of(toys.clips, CONFIG, tempi=(0.8, 1.25), read_features=toys.read)[1]
    assert [take.tempo for take in performance.takes] == [1.0, 0.8, 1.25]
    for take in performance.takes:
        # Hands are lowest on the beat; the treble's flux is there too.
        hands = take.poses[:, 4, 1] - take.poses[:, 1, 1]
        beats = take.heard.frames[take.first : take.first + len(hands), [3, 7]].sum(axis=1)
        level = beats[: len(hands)] - beats[: len(hands)].mean()
        lags = [
            float((np.roll(level, lag) * (hands - hands.mean())).mean()) for lag in range(-6, 7)
        ]
        assert abs(int(np.argmax(lags)) - 6) <= 1
        assert take.heard.beat_frames == pytest.approx(60 * 24 / 90 / take.tempo, rel=0.02)


def test_gather_covers_each_part_without_overlap(toys: ToyLibrary) -> None:
    performances = performances_of(toys.clips, CONFIG, read_features=toys.read)
    batch = gather(performances, (Part(2, 10, 130), Part(0, 0, 47), Part(4, 0, 48)), 48)
    assert batch.performance.tolist() == [2, 2, 4]
    assert batch.start.tolist() == [10, 58, 0]
    assert (batch.poses[1, :, :14] == toys.clips[2].poses[58:106, :14]).all()
    heard = performances[2].takes[0].heard
    assert (batch.frames[1] == heard.frames[24 + 58 : 24 + 106]).all()


@pytest.fixture(scope="module")
def performances(toys: ToyLibrary) -> tuple[Performance, ...]:
    return performances_of(toys.clips, CONFIG, tempi=(0.9, 1.1), read_features=toys.read)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), n_frames=st.sampled_from([24, 90]))
def test_draws_stay_within_their_parts(
    performances: tuple[Performance, ...], seed: int, n_frames: int
) -> None:
    parts = (Part(0, 100, 300), Part(0, 310, 400), Part(3, 0, 200))
    batch = draw(
        performances, parts, n_frames, size=16, per_song=4, mirror=True, balance=0.5,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    assert batch.poses.shape == (16, n_frames, 18, 3)
    for which, start in zip(batch.performance, batch.start, strict=True):
        assert any(
            part.performance == which and part.start <= start <= part.end - n_frames
            for part in parts
        )


def test_a_mirrored_draw_is_the_dance_seen_in_a_mirror(toys: ToyLibrary) -> None:
    performances = performances_of(toys.clips, CONFIG, read_features=toys.read)
    rng = np.random.default_rng(0)
    batches = [
        draw(
            performances,
            (Part(0, 0, 48),),
            48,
            size=2,
            per_song=1,
            mirror=True,
            balance=0.5,
            rng=rng,
        )
        for _ in range(8)
    ]
    plain = toys.clips[0].poses[:48]
    flipped = plain[:, [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]]
    flipped = flipped * np.array([-1, 1, 1], np.float32)
    kinds = set()
    for poses in np.concatenate([batch.poses for batch in batches]):
        same = np.array_equal(poses, plain, equal_nan=True)
        kinds.add(same)
        assert same or np.array_equal(poses, flipped, equal_nan=True)
    assert kinds == {True, False}


def test_folds_hold_every_dance_once_and_resemble_the_whole(toys: ToyLibrary) -> None:
    clips = [*toys.clips, replace(toys.clips[0], clip_id="dance0#2")]
    performances = performances_of(clips, CONFIG, read_features=toys.read)
    folds = song_folds(performances, 3, np.random.default_rng(0))
    assert sorted(i for fold in folds for i in fold) == list(range(7))
    for fold in folds:
        assert {performances[i].style for i in fold} == {"waltz", "march"}
        # Both clips of recording 0 are in one fold.
        assert (0 in fold) == (6 in fold)


def test_no_song_is_on_both_sides_of_a_split_by_song(toys: ToyLibrary) -> None:
    performances = performances_of(toys.clips, CONFIG, read_features=toys.read)
    split = split_by_song(performances, 0.2, np.random.default_rng(0))
    train = {part.performance for part in split.train}
    assert train.isdisjoint(part.performance for part in split.held_out)
    assert len(train) in (4, 5)
    assert split_of(performances, {1}).held_out == (Part(1, 0, performances[1].n_frames),)


@pytest.mark.parametrize("seed", range(5))
def test_rare_styles_are_left_to_learn_from(toys: ToyLibrary, seed: int) -> None:
    first = toys.clips[0]
    clips = [
        replace(first, clip_id=f"{style}{i}", recording_id=f"{style}{i}", style=style)
        for style, count in (("waltz", 20), ("rumba", 5), ("cha-cha", 2))
        for i in range(count)
    ]
    performances = performances_of(clips, CONFIG, read_features=toys.read)
    split = split_by_song(performances, 0.15, np.random.default_rng(seed))
    held = [performances[part.performance].style for part in split.held_out]
    assert sorted(held) == ["rumba", "waltz", "waltz", "waltz"]
    alone = split_by_song(performances[-4:], 0.15, np.random.default_rng(seed))
    assert len(alone.held_out) == 1


def test_the_random_split_holds_out_a_fifth_of_the_blocks(toys: ToyLibrary) -> None:
    performances = performances_of(toys.clips, CONFIG, read_features=toys.read)
    split = split_at_random(performances, 0.2, np.random.default_rng(0))
    assert len(split.held_out) == round(0.2 * (len(split.train) + len(split.held_out)))
    frames = {
        (part.performance, frame)
        for part in (*split.train, *split.held_out)
        for frame in range(part.start, part.end)
    }
    assert len(frames) == sum(item.n_frames for item in performances)


def test_what_cannot_be_trained_on_is_refused_in_one_line(toys: ToyLibrary) -> None:
    silent: list[Clip] = [replace(clip, audio_path=None) for clip in toys.clips]
    with pytest.raises(InputError, match="none of the 6 clips has sound"):
        performances_of(silent, CONFIG, read_features=toys.read)
    flat = replace(toys.clips[0], poses=toys.clips[0].poses[..., :2])
    with pytest.raises(InputError, match="dance0 is 2-D but the encoder is 3-D"):
        performances_of([flat], CONFIG, read_features=toys.read)
    late = replace(toys.clips[0], start_s=500.0)
    with pytest.raises(InputError, match="starts after the end of its sound"):
        performances_of([late], CONFIG, read_features=toys.read)
    performances = performances_of(toys.clips[:1], CONFIG, read_features=toys.read)
    with pytest.raises(InputError, match="needs two songs"):
        split_by_song(performances, 0.2, np.random.default_rng(0))
    with pytest.raises(InputError, match="3 folds need as many songs; there is 1 song"):
        song_folds(performances, 3, np.random.default_rng(0))
    with pytest.raises(InputError, match="500 frames long"):
        gather(performances, (Part(0, 0, 432),), 500)
