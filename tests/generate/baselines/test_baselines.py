"""Both baselines learn from stretches, dance to any song, and refuse what they cannot use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.data import Clip, Music
from danceit.errors import InputError
from danceit.generate.baselines import material
from danceit.generate.baselines.lessons import Lessons, LstmLesson, MocoganLesson
from danceit.generate.baselines.material import STRETCH, Side, poses_at_15
from danceit.generate.baselines.networks import AudioLstm, MotionContent, MotionJudge, PoseJudge
from danceit.generate.baselines.training import BaselineOptions
from danceit.generate.registry import GENERATORS, load_generator
from danceit.generate.scale import Scale
from danceit.generate.setting import Pace, Setting
from danceit.generate.songs import features_at_15

SMALL = BaselineOptions(hidden=8, batch=4, steps=4, check_every=2)


@pytest.fixture(autouse=True, scope="module")
def _few_stretches_do() -> None:
    before, material.FEWEST_STRETCHES = material.FEWEST_STRETCHES, 6
    yield
    material.FEWEST_STRETCHES = before


@pytest.fixture(scope="module")
def side(swings: tuple[Clip, ...]) -> Side:
    songs = {clip.audio_path: features_at_15(clip.audio_path) for clip in swings}
    scale = Scale.of(np.concatenate(list(songs.values())))
    return Side.of(swings, {path: scale.standardised(rows) for path, rows in songs.items()})


@pytest.fixture
def lessons(side: Side) -> Lessons:
    torch.manual_seed(0)
    scale = Scale.of(side.stretches(side.apart)[0])
    return Lessons(side, side, scale, Setting(8, 5e-3, Pace(9, 3, 3)))


def test_stretches_lie_about_their_own_hips_beside_their_music(
    side: Side, swings: tuple[Clip, ...]
) -> None:
    poses, music = side.stretches(side.apart)
    assert poses.shape == music.shape == (16, STRETCH, 28)  # four whole 5 s of 23 s each
    assert np.abs(poses[..., [16, 22]].mean(axis=(1, 2))).max() < 1e-3
    moved = poses_at_15(swings[0])[:STRETCH, 0::2] - poses[0][:, 0::2]
    assert np.ptp(moved) < 1e-3
    # Frame 15 of the rows is second 1, frame 24 of the clip.
    np.testing.assert_allclose(poses_at_15(swings[0])[15], swings[0].poses[24, :14].ravel(), 1e-5)


def test_no_stretch_goes_over_a_gap_or_from_one_dance_into_the_next(
    swings: tuple[Clip, ...],
) -> None:
    torn = swings[0].poses.copy()
    torn[240, 3] = np.nan  # second 10
    clips = (replace(swings[0], poses=torn), swings[1])
    songs = {clip.audio_path: features_at_15(clip.audio_path) for clip in clips}
    starts = Side.of(clips, songs).starts
    length = len(poses_at_15(clips[0]))
    assert not ((starts > 150 - STRETCH) & (starts < 150)).any()
    assert not ((starts > length - STRETCH) & (starts < length)).any()
    assert (starts >= length).any()


def test_an_lstm_comes_nearer_to_what_was_danced(lessons: Lessons) -> None:
    lesson = LstmLesson(AudioLstm(32), lessons)
    rng, before = np.random.default_rng(0), lesson.check()
    losses = [lesson.step(rng)["L1"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.8 * losses[0]
    assert lesson.check() < 0.8 * before


@pytest.mark.parametrize(
    ("still", "falls", "share"),
    [
        ("adam", "judge of motion", 0.8),
        ("adam", "judge of poses", 0.8),
        ("judges_adam", "motion", 0.99),  # a judge that has learnt nothing is nearly flat
    ],
)
def test_each_gets_the_better_of_the_other_that_stands_still(
    lessons: Lessons, still: str, falls: str, share: float
) -> None:
    lesson = MocoganLesson(MotionContent(16), PoseJudge(16), MotionJudge(16), lessons)
    for group in lesson.optimisers[still].param_groups:
        group["lr"] = 0.0
    rng = np.random.default_rng(0)
    taken = [lesson.step(rng) for _ in range(40)]
    assert set(taken[0]) == {"poses", "motion", "judge of poses", "judge of motion"}
    assert np.mean([step[falls] for step in taken[-5:]]) < share * taken[0][falls]
    assert np.isfinite(lesson.check())


def test_low_precision_gives_the_same_losses_but_for_its_digits(lessons: Lessons) -> None:
    taken = {}
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        low = replace(lessons, setting=replace(lessons.setting, precision=precision))
        lstm = LstmLesson(AudioLstm(16), low)
        moco = MocoganLesson(MotionContent(16), PoseJudge(16), MotionJudge(16), low)
        rng = np.random.default_rng(0)
        taken[precision] = lstm.step(rng) | moco.step(rng)
        assert np.isfinite(moco.check())
    assert taken["bf16"] == pytest.approx(taken["fp32"], rel=0.1)


@pytest.mark.parametrize("name", ["lstm", "mocogan"])
def test_each_trains_is_read_back_and_dances(
    name: str, swings: tuple[Clip, ...], music: Music, tmp_path: Path
) -> None:
    report = GENERATORS.get(name).train(swings, SMALL, out=tmp_path, device="cpu")
    assert (tmp_path / "loss.png").is_file()
    generator = load_generator(tmp_path, "cpu")
    first, again, other = (generator.generate(music, seed).joints for seed in (1, 1, 2))
    assert first.shape == (music.n_frames, 18, 2)
    assert np.isfinite(first[:, :14]).all()
    assert np.isnan(first[:, 14:]).all()
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first[:, :14], other[:, :14]) == (name == "lstm")
    again = GENERATORS.get(name).train(swings, SMALL, out=tmp_path, device="cpu")
    assert again.resumed
    assert again.generator.generator_id == report.generator.generator_id
    with pytest.raises(InputError, match="cannot begin at a given pose"):
        generator.generate(music, 0, np.zeros((18, 2), np.float32))


def test_too_little_and_bad_options_are_refused(swings: tuple[Clip, ...], tmp_path: Path) -> None:
    short = [replace(clip, poses=clip.poses[:130]) for clip in swings]
    with pytest.raises(InputError, match=r"lstm needs 6 stretches of 5 s or more.*got"):
        GENERATORS.get("lstm").train(short, SMALL, out=tmp_path)
    with pytest.raises(InputError, match="batch must be 1 or more; got 0"):
        BaselineOptions(batch=0)
