import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from danceit.data import JOINT, Dance
from danceit.errors import InputError
from danceit.render.drawing.figure import JOINT_COLOURS, figure, mixed
from danceit.render.drawing.overlay import Credit, credits_of, draw_card, pulse_at, seam_px
from danceit.render.drawing.scene import Scene, split_views
from danceit.render.drawing.stage import _fitted_picture
from danceit.render.options import THEMES, RenderOptions
from tests.render.conftest import make_dance, swaying

BARE = RenderOptions(theme="openpose", beats="none", size=512)


def close_to(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows and columns (N, 2) of the pixels of this colour."""
    return np.argwhere((np.abs(picture.astype(int) - colour) <= 2).all(axis=2))


def test_each_joint_is_drawn_where_it_is_in_its_openpose_colour(flat_dance: Dance) -> None:
    scene = Scene([flat_dance], BARE)
    picture = scene.frame(30)
    camera = scene._dancers[0].camera
    joints = np.pad(flat_dance.joints[30:31], ((0, 0), (0, 0), (0, 1)))
    expected, _ = camera.project(joints, slice(30, 31))
    for joint, colour in enumerate(JOINT_COLOURS):
        found = close_to(picture, colour)
        assert len(found), f"joint {joint} is not drawn"
        np.testing.assert_allclose(found.mean(axis=0)[::-1], expected[0, joint], atol=1.5)


def test_a_missing_joint_takes_its_limbs_along_and_nothing_else(flat_dance: Dance) -> None:
    flat_dance.joints[:, 7] = np.nan
    picture = Scene([flat_dance], BARE).frame(10)
    present = [len(close_to(picture, colour)) > 0 for colour in JOINT_COLOURS]
    assert present == [joint != 7 for joint in range(18)]


def test_the_head_is_found_from_whatever_of_it_is_seen() -> None:
    options = RenderOptions(theme="mono", size=512)
    head = mixed(THEMES["mono"].skin, THEMES["mono"].ink, 0.45)
    names = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
    for seen in (names, names[:1], names[1:2], ("nose", "left_ear"), ("right_ear",)):
        joints = swaying(2, dims=2)
        joints[:, [JOINT[name] for name in names if name not in seen]] = np.nan
        scene = Scene([make_dance(joints, seams=())], options)
        disc = close_to(scene.frame(0), head)
        expected = scene._dancers[0].camera.project(np.array([[[256.0, 100.0, 0.0]]]), slice(0, 1))[
            0
        ][0, 0]
        assert len(disc) > 500, seen
        assert np.abs(disc.mean(axis=0)[::-1] - expected).max() < 25, seen
    joints[:, [JOINT[name] for name in names]] = np.nan
    headless = Scene([make_dance(joints, seams=())], options).frame(0)
    assert len(close_to(headless, head)) < 50


def test_a_frame_without_a_body_is_an_empty_stage(dance: Dance) -> None:
    dance.joints[12] = np.nan
    picture = Scene([dance], BARE).frame(12)
    assert not picture.any()


def test_limbs_glide_by_fractions_of_a_pixel(flat_dance: Dance) -> None:
    still = np.repeat(flat_dance.joints[:1], 2, axis=0)
    still[1, 4, 0] += 0.3
    scene = Scene([make_dance(still, seams=())], BARE)
    assert (scene.frame(0) != scene.frame(1)).any()


def test_the_far_arm_is_darker_and_behind() -> None:
    # Seen from the dancer's right: the left side is farther from the camera.
    joints = swaying(4)
    joints[..., 2] = joints[..., 0] - 256
    joints[..., 0] = 256
    scene = Scene([make_dance(joints, seams=())], RenderOptions(size=512))
    parts = figure(scene._dancers[0].joints, scene._dancers[0].camera, slice(0, 1), THEMES["mono"])
    limbs = {(parts.colours[0, i].sum(), order) for order, i in enumerate(parts.order[0])}
    brightest = max(limbs)
    darkest = min(limb for limb in limbs if limb[0] > 350)
    assert darkest[0] < 0.8 * brightest[0]
    assert darkest[1] < brightest[1]


@pytest.mark.parametrize("theme", sorted(THEMES))
@pytest.mark.parametrize("aspect", ["1:1", "9:16", "16:9"])
def test_every_theme_and_aspect_draws(dance: Dance, theme: str, aspect: str) -> None:
    options = RenderOptions(theme=theme, aspect=aspect, size=128, trails=True, beats="flash")
    scene = Scene([dance], options)
    picture = scene.frame(13)
    assert picture.shape == (*options.frame_size[::-1], 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_a_reused_picture_shows_nothing_of_the_last_frame(dance: Dance) -> None:
    scene = Scene([dance], RenderOptions(size=128, trails=True, debug=True))
    canvas = scene.frame(40)
    assert scene.frame(5, canvas) is canvas
    np.testing.assert_array_equal(canvas, scene.frame(5))


def test_beats_seams_captions_and_trails_change_the_picture(dance: Dance) -> None:
    plain = Scene([dance], RenderOptions(size=256, beats="none")).frame(24)
    for extra in ({"beats": "lane"}, {"trails": True}, {"debug": True}, {"captions": ("A",)}):
        options = RenderOptions(**{"size": 256, "beats": "none", **extra})  # type: ignore[arg-type]
        assert (Scene([dance], options).frame(24) != plain).any(), extra
    flash = Scene([dance], RenderOptions(size=256, beats="flash")).frame(12).astype(int)
    lane = Scene([dance], RenderOptions(size=256, beats="lane")).frame(12).astype(int)
    assert (flash - lane).mean() > 1


def test_the_pulse_is_full_on_the_beat_and_gone_before_the_next() -> None:
    beats = np.array([0.5, 1.5])
    assert pulse_at(beats, 0.4) == 0
    assert pulse_at(beats, 0.5) == pytest.approx(1)
    assert pulse_at(beats, 1.49) < 0.01
    assert pulse_at(np.array([]), 1.0) == 0


def test_a_seams_size_is_the_largest_joint_displacement(dance: Dance) -> None:
    moved = np.linalg.norm(dance.joints[24] - dance.joints[23], axis=1).max()
    assert seam_px(dance, 24) == pytest.approx(moved)


def test_credits_name_every_source_once_with_its_licence(dance: Dance) -> None:
    lines = credits_of([dance, dance])
    assert [(line.source, line.licence) for line in lines] == [
        ("clip1", "no licence stated"),
        ("clip0", "CC-BY-4.0"),
    ]
    assert sum(line.seconds for line in lines) == pytest.approx(2 * dance.n_frames / 24)
    scene = Scene([dance], RenderOptions(size=128, credits=True))
    assert scene.n_frames == scene.n_danced + 4 * 24
    empty = Scene([dance], RenderOptions(size=128, credits=False))
    assert empty.n_frames == empty.n_danced
    assert len(np.unique(scene.frame(scene.n_danced))) > 20


def test_credits_name_a_folder_only_where_it_tells_two_files_apart(dance: Dance) -> None:
    first, second = dance.fragments[:2]
    here = replace(dance, fragments=(
        replace(first, clip_id="2026-01-01/phone/a.mp4#2"), replace(second, clip_id="x/b.mp4"),
        *dance.fragments[2:],
    ))  # fmt: skip
    assert {line.source for line in credits_of([here])} >= {"a.mp4", "b.mp4"}
    alike = replace(here, fragments=(
        here.fragments[0], replace(second, clip_id="x/a.mp4"), *dance.fragments[2:]
    ))  # fmt: skip
    assert {line.source for line in credits_of([alike])} >= {"2026-01-01/phone/a.mp4", "x/a.mp4"}


def test_dancers_stand_side_by_side_in_cells_that_fill_the_frame() -> None:
    for count in range(1, 13):
        views = split_views(count, (910, 512), lane=False)
        assert len(views) == count
        corners = {(view.left, view.top) for view in views}
        assert len(corners) == count
        assert max(view.left + view.width for view in views) <= 910 + 1e-6
        assert max(view.top + view.height for view in views) <= 512 + 1e-6


def test_two_dances_are_both_drawn_in_their_halves(dance: Dance, flat_dance: Dance) -> None:
    picture = Scene([dance, flat_dance], replace(BARE, aspect="16:9")).frame(10)
    middle = picture.shape[1] // 2
    for half in (picture[:, :middle], picture[:, middle:]):
        assert all(len(close_to(half, colour)) for colour in JOINT_COLOURS)


def test_a_stretch_shows_the_same_moments(dance: Dance) -> None:
    whole = Scene([dance], RenderOptions(size=128))
    stretch = Scene([dance], RenderOptions(size=128, start_s=1.0, seconds=0.5))
    assert stretch.n_frames == 12
    assert stretch.time_s(0) == whole.time_s(24) == 1.0


def test_bad_dances_are_named(dance: Dance) -> None:
    short = make_dance(swaying(24), seams=())
    empty = replace(
        short, joints=short.joints[:0], source_index=short.source_index[:0],
        source_s=short.source_s[:0],
    )  # fmt: skip
    nothing = replace(dance, joints=np.full_like(dance.joints, np.nan))
    for dances, options, message in [
        ([empty], RenderOptions(), "the dance has no frames"),
        ([nothing], RenderOptions(), "every joint of every frame"),
        ([dance, short], RenderOptions(), "theirs last 2.50, 1.00 s"),
        ([dance], RenderOptions(captions=("A", "B")), "2 captions for 1 dances"),
        ([dance], RenderOptions(start_s=9.0), "start_s is 9 s, but the dance ends at 2.50 s"),
        ([dance] * 13, RenderOptions(), "1 to 12 dances; got 13"),
    ]:
        with pytest.raises(InputError, match=message):
            Scene(dances, options)


def test_a_background_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", zlib.crc32(b"IHDR" + header)))
    with pytest.raises(InputError, match=r"background .*bomb.png"):
        _fitted_picture(str(bomb), 64, 64)
    Image.new("1", (16_000, 5_000)).save(tmp_path / "wide.png")
    with pytest.raises(InputError, match="is 16000 x 5000; at most 67 million pixels"):
        _fitted_picture(str(tmp_path / "wide.png"), 64, 64)


def test_credits_of_a_tall_picture_are_large_enough_for_a_phone() -> None:
    """The first name's letters, by the rows that have ink in them: 19 of 512 for 14."""

    def tallest(height: int) -> int:
        picture = np.zeros((height, 512, 3), dtype=np.uint8)
        draw_card(picture, [Credit("HHHH", "", 1.0)], 0, RenderOptions(aspect="9:16"))
        inked = picture[round(height / 2) - (330 if height > 512 else 180) :].max(axis=(1, 2)) > 90
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inked.astype(np.int8), [0]])))
        return int((edges[1::2] - edges[::2]).max())

    assert tallest(910) > 1.2 * tallest(512) > 0
