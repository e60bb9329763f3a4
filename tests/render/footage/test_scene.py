from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from danceit.data import BODY_PX, FLOOR_PX, FPS, Dance, Placement
from danceit.errors import InputError
from danceit.render import RenderOptions, render
from danceit.render.drawing.scene import Scene
from danceit.render.footage.locating import Filmed
from danceit.render.footage.morph import morph
from danceit.render.footage.scene import FootageScene
from danceit.render.footage.shots import CanvasPlace, body_px, canvas_place, cut, overlap_frames
from tests.render.conftest import make_dance, swaying
from tests.render.filming import TOP, number_in, write_video

SIZE = 256
PLAIN = RenderOptions(size=SIZE, beats="none", footage=True)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    return write_video(tmp_path_factory.mktemp("footage") / "source.mp4")


def footage_dance(song: Path | None = None, speed: float = 1.0) -> Dance:
    """Frames 96 on, then 24 on, of one source; `speed` as an aligner would have it."""
    dance = make_dance(swaying(60, dims=2), song=song, seams=(30,))
    within = np.concatenate([np.arange(30), np.arange(30)]) * speed / FPS
    source_s = np.repeat([4.0, 1.0], 30) + within
    placed = tuple(replace(p, source="one") for p in dance.fragments)
    return replace(dance, source_s=source_s, fragments=placed)


def scene_number(scene: FootageScene, index: int) -> int:
    """Number of the source frame that a frame of the scene shows, read off its picture."""
    import cv2

    shot, _, _ = scene._cut.at(index)
    placing = shot.placing(index, canvas_place(scene.options.frame_size))
    back = cv2.invertAffineTransform(placing)
    return number_in(cv2.warpAffine(scene.frame(index), back, (160, 208))[:TOP])


@pytest.mark.parametrize("speed", [1.0, 1.5, 0.5])
def test_each_frame_shows_the_second_that_the_dance_says(filmed: Filmed, speed: float) -> None:
    # Tall, so that the strip with the number above the dancer's head is in the picture.
    options = replace(PLAIN, locate=lambda _: filmed, aspect="9:16")
    dance = footage_dance(speed=speed)
    scene = FootageScene([dance], options)
    for index in (0, 7, 20, 40, 55, 59):
        second = float(dance.source_s[index])
        assert scene_number(scene, index) == int(np.floor(second * 24 + 1e-3))
    scene.close()


@pytest.mark.parametrize("lag_s", [0.5, -0.25])
def test_the_picture_of_a_moved_recording_is_that_of_its_poses(
    filmed: Filmed, lag_s: float
) -> None:
    late = replace(filmed, lag_s=lag_s)
    dance = footage_dance()
    scene = FootageScene([dance], replace(PLAIN, locate=lambda _: late, aspect="9:16"))
    for index in (0, 20, 40, 59):
        second = float(dance.source_s[index]) + lag_s
        assert scene_number(scene, index) == int(np.floor(second * 24 + 1e-3))
    scene.close()


def test_people_have_one_size_and_one_floor(filmed: Filmed) -> None:
    near = Filmed(filmed.video, filmed.times_s, filmed.joints * np.float32(1.7))
    dance = footage_dance()
    two = (dance.fragments[0], replace(dance.fragments[1], source="two"))
    dance = replace(dance, fragments=two)
    place = canvas_place((512, 512))
    found = cut(dance, np.arange(60) / 24, lambda p: near if p.source == "two" else filmed, place)
    assert [(shot.start, shot.stop) for shot in found.shots] == [(0, 34), (26, 60)]
    for shot in found.shots:
        for frame in (shot.start, shot.stop - 1):
            placing = shot.placing(frame, place)
            joints = shot.joints(frame) @ placing[:, :2].T + placing[:, 2]
            assert body_px(np.repeat(joints[None], 3, axis=0).astype(np.float32)) == pytest.approx(
                BODY_PX, rel=0.01
            )
            assert joints[[10, 13], 1].max() == pytest.approx(FLOOR_PX, abs=1)
            assert abs(joints[:, 0].mean() - 256) < 25


def test_a_seam_fades_over_the_aligners_window_and_only_there(filmed: Filmed) -> None:
    dance = footage_dance()
    assert overlap_frames(dance) == 8
    wide = dance.with_step("align", "tsd", {"window_frames": 12})
    assert overlap_frames(wide) == 12
    found = cut(wide, np.arange(60) / 24, lambda _: filmed, canvas_place((512, 512)))
    shares = np.array([found.at(i)[2] for i in range(60)])
    turning = np.flatnonzero(shares)
    assert turning.tolist() == list(range(24, 36))
    assert (np.diff(shares[turning]) > 0).all()
    np.testing.assert_allclose(shares[turning] + shares[turning][::-1], 1, atol=1e-9)
    # Past its end the first shot runs on at its own speed.
    first = found.at(35)[0]
    assert first.source_s[35 - first.start] == pytest.approx(4.0 + 35 / 24)


def test_where_the_source_goes_on_there_is_no_cut(filmed: Filmed) -> None:
    dance = footage_dance()
    whole = replace(dance, source_s=1.0 + np.arange(60) / FPS)
    found = cut(whole, np.arange(60) / 24, lambda _: filmed, canvas_place((512, 512)))
    assert len(found.shots) == 1


def test_a_source_without_video_is_drawn_in_the_same_frame(filmed: Filmed) -> None:
    dance = footage_dance()
    two = (dance.fragments[0], replace(dance.fragments[1], source="two"))
    dance = replace(dance, fragments=two)

    def locate(placement: Placement) -> Filmed | None:
        return filmed if placement.source == "one" else None

    scene = FootageScene([dance], replace(PLAIN, locate=locate))
    drawn = Scene([dance], PLAIN)
    np.testing.assert_array_equal(scene.frame(50), drawn.frame(50))
    assert np.abs(scene.frame(10).astype(int) - drawn.frame(10)).mean() > 20
    # At the seam both are seen.
    between = scene.frame(30).astype(int)
    assert np.abs(between - drawn.frame(30)).mean() > 5
    assert scene.footage_share == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("surroundings", ["blurred", "still"])
def test_surroundings_change_around_the_dancer_only(filmed: Filmed, surroundings: str) -> None:
    options = replace(PLAIN, locate=lambda _: filmed, background="#204060")
    kept = FootageScene([footage_dance()], options)
    other = FootageScene([footage_dance()], replace(options, surroundings=surroundings))
    shot = kept._cut.at(5)[0]
    placing = shot.placing(5, canvas_place((SIZE, SIZE)))
    hip = shot.joints(5)[[8, 11]].mean(axis=0) @ placing[:, :2].T + placing[:, 2]
    row, column = round(hip[1]), round(hip[0])
    first, second = kept.frame(5).astype(int), other.frame(5).astype(int)
    inside = np.s_[row - 4 : row + 4, column - 4 : column + 4]
    assert np.abs(first[inside] - second[inside]).max() <= 2
    if surroundings == "still":
        np.testing.assert_allclose(second[5, 5], (0x20, 0x40, 0x60), atol=3)
    assert np.abs(first - second).mean() > 1


def test_a_joint_leads_the_morph() -> None:
    first = np.zeros((96, 96, 3), dtype=np.uint8)
    second = first.copy()
    first[40:48, 16:24] = second[40:48, 56:64] = 255
    joints = np.full((18, 2), np.nan)
    start, end = joints.copy(), joints.copy()
    start[4], end[4] = (20, 44), (60, 44)
    middle = morph(first, second, (start, end), 0.5, refine=False)
    lit = middle[40:48].mean(axis=(0, 2))
    assert 36 <= (lit * np.arange(96)).sum() / lit.sum() <= 44
    # A plain cross-fade would be two faint squares with nothing between them.
    assert lit[38:42].mean() > 128
    assert morph(first, second, (start, end), 0.0) is first
    assert morph(first, second, (start, end), 1.0) is second


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


def test_hands_held_high_stay_in_the_picture(filmed: Filmed) -> None:
    raised = np.array(filmed.joints)
    raised[:, [4, 7], 1] = raised[:, 0, 1, None] - 0.5 * body_px(raised)
    place = canvas_place((512, 512))
    high = Filmed(filmed.video, filmed.times_s, raised)
    shot = cut(footage_dance(), np.arange(60) / 24, lambda _: high, place).shots[0]
    placing = shot.placing(10, place)
    assert (shot.joints(10) @ placing[:, :2].T + placing[:, 2])[:, 1].min() > 0


def test_many_sources_share_a_few_decoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("danceit.render.footage.scene.MOST_AWAKE", 2)
    found = {f"s{i}": write_video(tmp_path / f"s{i}.mp4", n_frames=48) for i in range(5)}
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
