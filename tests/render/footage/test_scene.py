import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from danceit.data import BODY_PX, FLOOR_PX, FPS, Placement
from danceit.errors import InputError
from danceit.render import RenderOptions, render
from danceit.render.drawing.scene import Scene
from danceit.render.footage.framing import CanvasPlace, canvas_place
from danceit.render.footage.locating import Filmed
from danceit.render.footage.morph import morph
from danceit.render.footage.scene import FootageScene
from tests.render.filming import TOP, footage_dance, number_in, write_video

SIZE = 256
PLAIN = RenderOptions(size=SIZE, beats="none", footage=True)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    return write_video(tmp_path_factory.mktemp("footage") / "source.mp4")


@pytest.fixture(scope="module")
def strip(filmed: Filmed) -> Filmed:
    """Of unknown size, so that it is not enlarged: all of the strip is in the picture."""
    return replace(filmed, size=None)


def scene_number(scene: FootageScene, index: int) -> int:
    """Number of the source frame that a frame of the scene shows, read off its picture."""
    import cv2

    shot = scene.cut.shots[scene.cut.at(index)[0]]
    placing = shot.placing(index, canvas_place(scene.options.frame_size))
    back = cv2.invertAffineTransform(placing)
    return number_in(cv2.warpAffine(scene.frame(index), back, (160, 208))[:TOP])


@pytest.mark.parametrize("speed", [1.0, 1.5, 0.5])
def test_each_frame_shows_the_second_that_the_dance_says(strip: Filmed, speed: float) -> None:
    # Tall, so that the strip with the number above the dancer's head is in the picture.
    options = replace(PLAIN, locate=lambda _: strip, aspect="9:16")
    dance = footage_dance(speed=speed)
    scene = FootageScene([dance], options)
    for index in (0, 7, 20, 40, 55, 59):
        second = float(dance.source_s[index])
        assert scene_number(scene, index) == int(np.floor(second * 24 + 1e-3))
    scene.close()


@pytest.mark.parametrize("lag_s", [0.5, -0.25])
def test_the_picture_of_a_moved_recording_is_that_of_its_poses(strip: Filmed, lag_s: float) -> None:
    late = replace(strip, lag_s=lag_s)
    dance = footage_dance()
    scene = FootageScene([dance], replace(PLAIN, locate=lambda _: late, aspect="9:16"))
    for index in (0, 20, 40, 59):
        second = float(dance.source_s[index]) + lag_s
        assert scene_number(scene, index) == int(np.floor(second * 24 + 1e-3))
    scene.close()


def test_a_source_without_video_is_drawn_in_the_same_frame(filmed: Filmed) -> None:
    dance = footage_dance()
    two = (dance.fragments[0], replace(dance.fragments[1], source="two"))
    dance = replace(dance, fragments=two)

    def locate(placement: Placement) -> Filmed | None:
        return filmed if placement.source == "one" else None

    scene = FootageScene([dance], replace(PLAIN, locate=locate, joins="dissolve"))
    drawn = Scene([dance], PLAIN)
    np.testing.assert_array_equal(scene.frame(50), drawn.frame(50))
    assert np.abs(scene.frame(10).astype(int) - drawn.frame(10)).mean() > 20
    # In a dissolve both are seen.
    between = scene.frame(24).astype(int)
    assert np.abs(between - drawn.frame(24)).mean() > 5
    assert scene.footage_share == pytest.approx(24 / 60)


@pytest.mark.parametrize("surroundings", ["blurred", "still"])
def test_surroundings_change_around_the_dancer_only(filmed: Filmed, surroundings: str) -> None:
    options = replace(PLAIN, locate=lambda _: filmed, background="#204060")
    kept = FootageScene([footage_dance()], options)
    other = FootageScene([footage_dance()], replace(options, surroundings=surroundings))
    shot = kept.cut.shots[0]
    placing = shot.placing(5, canvas_place((SIZE, SIZE)))
    chest = shot.joints(5)[[2, 5, 8, 11]].mean(axis=0) @ placing[:, :2].T + placing[:, 2]
    row, column = round(chest[1]), round(chest[0])
    first, second = kept.frame(5).astype(int), other.frame(5).astype(int)
    inside = np.s_[row - 4 : row + 4, column - 4 : column + 4]
    assert np.abs(first[inside] - second[inside]).max() <= 2
    if surroundings == "still":
        np.testing.assert_allclose(second[5, 5], (0x20, 0x40, 0x60), atol=3)
    assert np.abs(first - second).mean() > 1


def test_a_joint_leads_the_morph() -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    wall = np.repeat(np.repeat(coarse // 4, 8, axis=0), 8, axis=1)
    hand = np.repeat(np.repeat(rng.integers(90, 255, (6, 6, 3), dtype=np.uint8), 4, axis=0), 4, 1)

    def picture(left: int) -> np.ndarray:
        made = wall.copy()
        made[80:104, left : left + 24] = hand
        return made

    joints = np.full((18, 2), np.nan)
    start, end = joints.copy(), joints.copy()
    start[4], end[4] = (72, 92), (112, 92)
    everywhere = np.full((192, 192), 255, dtype=np.uint8)
    first, second = picture(60), picture(100)
    middle = morph(first, second, (start, end), 0.5, everywhere)
    there = np.s_[82:102, 82:102]
    faded = (first.astype(int) + second) // 2
    missed, missed_by_fading = (
        np.abs(each[there].astype(int) - picture(80)[there]).mean() for each in (middle, faded)
    )
    assert missed < 0.6 * missed_by_fading
    assert morph(first, second, (start, end), 0.0, everywhere) is first
    assert morph(first, second, (start, end), 1.0, everywhere) is second


def test_what_stands_behind_the_dancer_is_not_bent() -> None:
    rng = np.random.default_rng(0)
    wall = np.repeat(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), 8, axis=0).repeat(8, axis=1)
    first, second = wall.copy(), wall.copy()
    first[40:48, 16:24] = second[40:48, 56:64] = 255
    start = np.full((18, 2), np.nan)
    end = start.copy()
    start[4], end[4] = (20, 44), (60, 44)
    dancers = np.zeros((96, 96), dtype=np.uint8)
    dancers[34:54, 10:70] = 255
    middle = morph(first, second, (start, end), 0.5, dancers)
    behind = np.ones((96, 96), dtype=bool)
    behind[28:60, 4:76] = False
    assert np.abs(middle[behind].astype(int) - wall[behind]).max() <= 1


def test_the_canvas_stands_alike_in_every_aspect() -> None:
    assert canvas_place((512, 512)) == CanvasPlace(1.0, 256, FLOOR_PX)
    for size in ((512, 910), (910, 512)):
        place = canvas_place(size)
        assert place.floor_y - BODY_PX * place.unit > 0
        assert place.unit * 340 < size[0]


def test_footage_that_cannot_be_shown_says_why(filmed: Filmed) -> None:
    dance = footage_dance()
    with pytest.raises(InputError, match="none of the dance's sources has a video"):
        FootageScene([dance], replace(PLAIN, locate=lambda _: None))
    with pytest.raises(InputError, match="one dance at a time; got 2"):
        FootageScene([dance, dance], replace(PLAIN, locate=lambda _: filmed))
    with pytest.raises(InputError, match=r"needs RenderOptions\.locate"):
        FootageScene([dance], PLAIN)


def test_a_video_of_footage_has_its_length_and_pictures(
    filmed: Filmed, tmp_path: Path, song: Path
) -> None:
    out = tmp_path / "dance.mp4"
    options = replace(PLAIN, size=128, locate=lambda _: filmed)
    dance = footage_dance(song)
    render(dance, out, options=options)
    with av.open(str(out)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 60
    scene = FootageScene([dance], options)
    assert np.abs(shown[10].astype(int) - scene.frame(10)).mean() < 6


@pytest.mark.parametrize("joins", ["dissolve", "morph"])
def test_frames_made_several_at_once_are_those_made_one_by_one(filmed: Filmed, joins: str) -> None:
    options = replace(
        PLAIN, locate=lambda _: filmed, joins=joins, surroundings="blurred", credits=True
    )
    at_once, one_by_one = (FootageScene([footage_dance()], options) for _ in range(2))
    count = 0
    for index, picture in enumerate(at_once.pictures()):
        if index < 60 or index == one_by_one.n_frames - 1:
            np.testing.assert_array_equal(picture, one_by_one.frame(index))
        count += 1
    assert count == one_by_one.n_frames > 60
    assert at_once.n_decoded == one_by_one.n_decoded


def test_who_stops_looking_leaves_no_thread_at_work(filmed: Filmed) -> None:
    scene = FootageScene([footage_dance()], replace(PLAIN, locate=lambda _: filmed))
    before = threading.active_count()
    pictures = scene.pictures()
    next(pictures)
    assert threading.active_count() > before
    pictures.close()
    assert threading.active_count() == before


def test_a_fault_in_another_thread_is_the_callers(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch, song: Path, tmp_path: Path
) -> None:
    def failing(*_: object) -> None:
        raise InputError("no room")

    monkeypatch.setattr("danceit.render.footage.scene.Surroundings.compose", failing)
    options = replace(PLAIN, size=128, locate=lambda _: filmed)
    with pytest.raises(InputError, match="no room"):
        render(footage_dance(song), tmp_path / "dance.mp4", options=options)
    assert not list(tmp_path.glob("*.mp4"))


def test_many_sources_share_a_few_decoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("danceit.render.footage.scene.MOST_AWAKE", 2)
    found = {
        f"s{i}": replace(write_video(tmp_path / f"s{i}.mp4", n_frames=48), size=None)
        for i in range(5)
    }
    order = [0, 1, 2, 3, 4, 0]
    index = np.repeat(np.arange(6), 10)
    placed = tuple(
        replace(footage_dance().fragments[0], source=f"s{i}", start_s=0.5) for i in order
    )
    dance = replace(
        footage_dance(),
        source_index=index.astype(np.int32),
        source_s=0.5 + (np.arange(60) % 10) / FPS,
        seams=np.arange(10, 60, 10),
        fragments=placed,
    )
    scene = FootageScene([dance], replace(PLAIN, locate=lambda p: found[p.source], aspect="9:16"))
    for frame in range(60):
        scene.frame(frame)
        assert sum(reel.awake for reel in scene._reels.values()) <= 2
    assert scene_number(FootageScene([dance], scene.options), 55) == 17


@pytest.mark.parametrize("name", ["dance.gif", "dance.png", "dance.csv"])
def test_footage_is_for_videos(filmed: Filmed, tmp_path: Path, name: str) -> None:
    options = replace(PLAIN, locate=lambda _: filmed)
    with pytest.raises(InputError, match=r"footage is shown in a video: \.mp4, \.mov, \.mkv; got"):
        render(footage_dance(), tmp_path / name, options=options)


def test_what_is_danced_to_the_other_side_is_filmed_in_a_mirror(filmed: Filmed) -> None:
    options = replace(PLAIN, locate=lambda _: filmed, joins="cut")
    dance = footage_dance()
    turned = tuple(replace(placed, mirrored=True) for placed in dance.fragments)
    plain = FootageScene([dance], options)
    other = FootageScene([replace(dance, fragments=turned)], options)
    # At the top of the frame is the source's number in bars, which is not the same both ways.
    seen, mirrored = (scene.frame(5)[:3].astype(int) for scene in (plain, other))
    assert np.abs(mirrored - seen[:, ::-1]).mean() < 3 < 10 < np.abs(mirrored - seen).mean()
    plain.close()
    other.close()
