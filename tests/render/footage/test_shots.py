from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import BODY_PX, FLOOR_PX, FPS, JOINT, Dance, Float32
from danceit.render.footage.framing import CanvasPlace, body_px, canvas_place, framed
from danceit.render.footage.joins import Join
from danceit.render.footage.locating import Filmed
from danceit.render.footage.shots import Cut, cut, overlap_frames
from tests.render.filming import HEIGHT, WIDTH, footage_dance, write_video

TIMES_S = np.arange(60) / 24


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    return write_video(tmp_path_factory.mktemp("shots") / "source.mp4")


def cut_of(dance: Dance, filmed: Filmed, joins: str = "auto", size: int = 512) -> Cut:
    return cut(dance, TIMES_S, lambda _: filmed, canvas_place((size, size)), joins)


def placed(found: Cut, number: int, frame: int, place: CanvasPlace) -> np.ndarray:
    shot = found.shots[number]
    placing = shot.placing(frame, place)
    return shot.joints(frame) @ placing[:, :2].T + placing[:, 2]


def test_people_have_one_size_and_one_floor(filmed: Filmed) -> None:
    # Of unknown size, so that neither is enlarged or moved to fill the picture.
    filmed = replace(filmed, size=None)
    near = Filmed(filmed.video, filmed.times_s, filmed.joints * np.float32(1.7))
    dance = footage_dance()
    two = (dance.fragments[0], replace(dance.fragments[1], source="two"))
    dance = replace(dance, fragments=two)
    place = canvas_place((512, 512))
    found = cut(dance, TIMES_S, lambda p: near if p.source == "two" else filmed, place)
    assert [(shot.start, shot.stop) for shot in found.shots] == [(0, 24), (24, 60)]
    for number, shot in enumerate(found.shots):
        for frame in (shot.start, shot.stop - 1):
            joints = placed(found, number, frame, place)
            assert body_px(np.repeat(joints[None], 3, axis=0).astype(np.float32)) == pytest.approx(
                BODY_PX, rel=0.01
            )
            assert joints[[10, 13], 1].max() == pytest.approx(FLOOR_PX, abs=1)
            assert abs(joints[:, 0].mean() - 256) < 25


def test_the_picture_is_cut_on_the_beat_beside_the_seam(filmed: Filmed) -> None:
    dance = footage_dance()
    assert dance.seams.tolist() == [30]
    found = cut_of(dance, filmed)
    # The seam is at 1.25 s, a beat at 1 s; the later shot is shown from 0.25 s earlier on.
    assert [join.at for join in found.joins] == [24]
    assert found.shots[1].source_s[0] == pytest.approx(1.0 - 0.25)
    assert [found.at(frame)[0] for frame in (23, 24)] == [0, 1]
    off = replace(dance, beats_s=np.array([0.5, 1.75]), numbers=np.zeros(2, dtype=np.int32))
    assert cut_of(off, filmed).joins[0].at == 30
    late = replace(dance, beats_s=np.array([1.4]), numbers=np.zeros(1, dtype=np.int32))
    found = cut_of(late, filmed)
    assert found.joins[0].at == 34
    # Past its end the first shot runs on at its own speed.
    assert found.shots[0].source_s[33] == pytest.approx(4.0 + 33 / 24)
    # At 60 frames a second it is the frame nearest to the beat.
    fine = cut(late, np.arange(150) / 60, lambda _: filmed, canvas_place((512, 512)))
    assert fine.joins[0].at == 84


def test_where_the_dancer_is_not_seen_the_seam_stays(filmed: Filmed) -> None:
    hidden = np.array(filmed.joints)
    hidden[18:22] = np.nan
    gone = replace(filmed, joints=hidden)
    assert cut_of(footage_dance(), gone).joins[0].at == 30


def test_shots_overlap_only_where_they_may_be_more_than_cut(filmed: Filmed) -> None:
    far = footage_dance()
    assert not cut_of(far, filmed).joins[0].overlaps
    near = replace(far, source_s=np.concatenate([far.source_s[:30], far.source_s[:30] + 1.6]))
    found = cut_of(near, filmed)
    assert found.joins[0].overlaps
    assert not cut_of(near, filmed, "cut").joins[0].overlaps
    for dance, joins, width in ((far, "dissolve", 4), (far, "morph", 8)):
        join = cut_of(dance, filmed, joins).joins[0]
        assert (join.start, join.stop) == (24 - width // 2, 24 + width // 2)
    wide = far.with_step("align", "tsd", {"window_frames": 12})
    assert overlap_frames(wide) == 12
    join = cut_of(wide, filmed, "morph").joins[0]
    assert (join.start, join.stop) == (18, 30)


def test_where_shots_overlap_their_place_stands_still(filmed: Filmed) -> None:
    dance = footage_dance()
    near = replace(dance, source_s=np.concatenate([dance.source_s[:30], dance.source_s[:30] + 1.6]))
    found = cut_of(near, filmed)
    place = canvas_place((512, 512))
    first, second = found.shots
    apart = first.placing(24, place) - second.placing(24, place)
    np.testing.assert_allclose(apart, 0, atol=0.2)
    # It comes there as calmly as a camera is panned.
    across = [first.placing(frame, place)[0, 2] for frame in range(28)]
    assert np.abs(np.diff(across)).max() < 2.5


@pytest.mark.parametrize("kind", ["dissolve", "morph"])
def test_a_join_goes_evenly_from_one_to_the_other(kind: str) -> None:
    join = Join(at=24, start=18, stop=30, dissolve_frames=4)
    shares = np.array([join.share(frame, kind) for frame in range(18, 30)])
    np.testing.assert_allclose(shares + shares[::-1], 1, atol=1e-9)
    assert (np.diff(shares) >= 0).all()
    between = (shares > 0) & (shares < 1)
    assert between.sum() == (4 if kind == "dissolve" else 12)
    assert [join.share(frame, "cut") for frame in (23, 24)] == [0.0, 1.0]


def test_where_the_source_goes_on_there_is_no_cut(filmed: Filmed) -> None:
    whole = replace(footage_dance(), source_s=1.0 + np.arange(60) / FPS)
    assert len(cut_of(whole, filmed).shots) == 1


@pytest.mark.parametrize("size", [(512, 512), (512, 910), (910, 512)])
def test_a_dancer_without_feet_fills_the_picture_to_its_lower_edge(
    filmed: Filmed, size: tuple[int, int]
) -> None:
    waist = 140.0
    joints = np.array(filmed.joints)
    joints[joints[..., 1] > waist] = np.nan
    upper = replace(filmed, joints=joints, size=(WIDTH, round(waist)))
    assert waist < HEIGHT - 60
    place = canvas_place(size)
    found = cut(footage_dance(), TIMES_S, lambda _: upper, place)
    whole = cut(footage_dance(), TIMES_S, lambda _: filmed, place)
    for number, frame in ((0, 10), (1, 40)):
        shot = found.shots[number]
        lower_edge = (shot.placing(frame, place) @ (0, waist, 1))[1]
        assert lower_edge == pytest.approx(size[1], abs=1)
        own = placed(found, number, frame, place)
        assert 0 < np.nanmin(own[:, 1]) < 0.5 * size[1]
        assert np.nanmin(own[:, 0]) > 0
        assert np.nanmax(own[:, 0]) < size[0]
        assert shot.scale >= whole.shots[number].scale


def test_hands_held_high_stay_in_the_picture(filmed: Filmed) -> None:
    raised = np.array(filmed.joints)
    raised[:, [4, 7], 1] = raised[:, 0, 1, None] - 0.5 * body_px(raised)
    place = canvas_place((512, 512))
    high = Filmed(filmed.video, filmed.times_s, raised)
    shot = cut(footage_dance(), np.arange(60) / 24, lambda _: high, place).shots[0]
    placing = shot.placing(10, place)
    assert (shot.joints(10) @ placing[:, :2].T + placing[:, 2])[:, 1].min() > 0


def test_who_is_lost_for_two_frames_is_followed_and_for_a_second_is_not() -> None:
    times_s = np.arange(60) / 24
    joints = np.zeros((60, 18, 2), dtype=np.float32)
    joints[..., 0] = 240 * times_s[:, None]
    joints[10:12] = np.nan
    joints[30:55, 4] = np.nan
    joints[:2] = np.nan
    followed = Filmed(Path("a.mp4"), times_s, joints).followed
    wanted = 240 * np.repeat(times_s[10:12, None], 18, 1)
    np.testing.assert_allclose(followed[10:12, :, 0], wanted)
    assert np.isnan(followed[30:55, 4]).all()
    assert np.isfinite(followed[30:55, 5]).all()
    assert np.isnan(followed[:2]).all()
    assert np.isnan(joints[10]).all()  # the poses themselves are left as they are


def test_who_is_far_off_is_brought_near_and_who_kneels_is_not() -> None:
    """Ten seconds: near, from 3 to 7 s half as large all over, or with bent legs alone."""
    times_s = np.arange(240) / 24
    upright = np.zeros((18, 2), dtype=np.float32)
    for name, y in {"nose": 0, "neck": 20, "right_hip": 70, "left_hip": 70}.items():
        upright[JOINT[name]] = (100, y)
    for name in ("right_ankle", "left_ankle"):
        upright[JOINT[name]] = (100, 150)
    away = (times_s >= 3) & (times_s < 7)
    canvas = canvas_place((270, 480))

    def scale(changed: Float32) -> float:
        joints = np.where(away[:, None, None], changed, upright).astype(np.float32)
        filmed = Filmed(Path("a.mp4"), times_s, joints)
        return framed(filmed, np.arange(4.5, 5.5, 1 / 24), canvas).scale

    kneeling = upright.copy()
    kneeling[[JOINT["right_ankle"], JOINT["left_ankle"]], 1] = 95
    assert scale(upright / 2) == pytest.approx(2 * scale(upright), rel=0.01)
    assert scale(kneeling) == pytest.approx(scale(upright), rel=0.01)
