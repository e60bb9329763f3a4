"""The nouns: a dance that contradicts itself is refused, and a step is recorded on a copy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import (
    CANVAS_PX,
    JOINT,
    JOINT_NAMES,
    MIRRORED,
    Choice,
    Dance,
    DanceSong,
    Placement,
    RunnerUp,
    Step,
    check_poses,
    mirrored,
)
from danceit.errors import InputError


def a_dance(seed: int, n_frames: int = 60, dims: int = 3) -> Dance:
    rng = np.random.default_rng(seed)
    joints = rng.normal(256, 80, (n_frames, 18, dims)).astype(np.float32)
    joints[:, 14:] = np.nan
    placements = tuple(
        Placement(
            f"c:{i}+30", "c", "/c.npz", i, i + 1.25, i * 1.25, 0.5, i, 0.1, "waltz", "CC0-1.0"
        )
        for i in range(2)
    )
    choice = Choice("it fits", goes_on=False, found=2, target=0.5, runners_up=(RUNNER_UP,))
    return Dance(
        joints=joints,
        seams=np.array([30]),
        beats_s=np.array([0.5, 1.0]),
        source_index=np.repeat(np.arange(2, dtype=np.int32), n_frames // 2),
        source_s=np.arange(n_frames) / 24,
        fragments=placements,
        song=DanceSong(Path("s.wav"), "ab" * 32, 2.5),
        steps=(Step("query", "viterbi", {"k": 5, "style": "", "max_warp": None}),),
        choices=(choice, choice),
        index_id="ix",
        encoder_id="en",
        numbers=np.array([3, 1]),
    )


RUNNER_UP = RunnerUp("c:9+30", 0.25, 0.75)


def test_a_mirrored_dance_says_so_of_every_fragment() -> None:
    dance = a_dance(1)
    turned = dance.mirrored()
    assert all(placed.mirrored for placed in turned.fragments)
    left, right = JOINT["left_wrist"], JOINT["right_wrist"]
    np.testing.assert_allclose(turned.joints[:, left, 0], CANVAS_PX - dance.joints[:, right, 0])
    again = turned.mirrored()
    np.testing.assert_allclose(again.joints, dance.joints, rtol=1e-5, atol=1e-3)
    assert again.fragments == dance.fragments


def test_a_step_is_recorded_on_a_copy() -> None:
    dance = a_dance(1)
    stepped = dance.with_step("align", "linear", {"window_frames": 8})
    assert [step.method for step in stepped.steps] == ["viterbi", "linear"]
    assert len(dance.steps) == 1


def test_numpys_numbers_and_lists_become_plain_in_a_step() -> None:
    options = {"a": np.float32(0.5), "b": np.int64(3), "c": [np.bool_(True), (1, None)]}
    step = a_dance(1).with_step("align", "x", options).steps[-1]
    assert step.options == {"a": 0.5, "b": 3, "c": (True, (1, None))}
    assert [type(value) for value in step.options.values()] == [float, int, tuple]
    assert type(step.options["c"][0]) is bool


@pytest.mark.parametrize("value", [float("inf"), np.nan, object(), {"x": np.inf}])
def test_an_option_that_no_file_can_hold_is_refused_when_it_is_recorded(value: object) -> None:
    with pytest.raises(InputError, match="align x: reach must be"):
        a_dance(1).with_step("align", "x", {"reach": value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source_s": np.zeros(3)}, "one entry a frame"),
        ({"source_s": np.full(60, np.nan)}, "source_s must be finite"),
        ({"seams": np.array([60])}, "within its 60 frames"),
        ({"seams": np.array([30.0])}, "seams must be whole numbers; got float64"),
        ({"seams": np.array([30, 20])}, "list that increases"),
        ({"source_index": np.full(60, 2, np.int32)}, "outside its fragments"),
        ({"joints": np.zeros((18, 60, 3), np.float32)}, "transposed"),
    ],
)
def test_a_step_that_gives_wrong_arrays_is_refused(
    change: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        a_dance(3).with_step("align", "x", {}, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "fps must be from 1 to 240; got 0.0"),
        ({"fps": float("nan")}, "fps must be"),
        ({"fps": 1e9}, "fps must be"),
        ({"beats_s": np.ones((2, 2))}, "beats_s must be a list"),
        ({"beats_s": np.array([1.0, 0.5])}, "beats_s must be a list that increases"),
        ({"numbers": np.array([1, 2, 3])}, "each of 2 beats needs its number"),
        ({"numbers": np.array([1.0, 2.0])}, "numbers must be whole"),
        ({"choices": (Choice("", goes_on=False, found=0, target=0.0),)}, "as many choices"),
    ],
)
def test_a_dance_that_contradicts_itself_is_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        replace(a_dance(3), **change)


def test_where_nobody_counted_no_beat_has_a_number() -> None:
    plain = replace(a_dance(3), numbers=np.zeros(0))
    assert plain.numbers.tolist() == [0, 0]
    assert plain.numbers.dtype == np.int32


def test_a_dance_prints_itself_in_one_line() -> None:
    dance = a_dance(1)
    assert repr(dance) == (
        "<Dance to s.wav: 2.5 s in 3-D, 2 fragments of 1 clips, 1 seams, 2 beats; query viterbi>"
    )
    assert str(dance) == repr(dance)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((5, 25, 2), "skeleton of 25"), ((5, 18, 4), "got"), ((18, 2), "got")],
)
def test_wrong_shapes_say_the_likely_cause(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_poses(np.zeros(shape))


def test_mirroring_twice_is_identity_and_swaps_sides() -> None:
    poses = a_dance(4).joints
    np.testing.assert_allclose(mirrored(mirrored(poses)), poses, rtol=1e-6)
    left, right = JOINT_NAMES.index("left_wrist"), JOINT_NAMES.index("right_wrist")
    assert MIRRORED[left] == right
    np.testing.assert_allclose(mirrored(poses)[:, left, 1:], poses[:, right, 1:])
