from pathlib import Path

import numpy as np
import pytest

from danceit.index.poses.estimators import make_estimator
from danceit.render.footage import cutout
from danceit.render.footage.cutout import CutOut
from danceit.render.footage.outline import outline
from danceit.render.footage.reel import Reel


def test_without_mediapipe_the_outline_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutout, "has_segmenter", lambda: False)
    joints = np.random.default_rng(0).uniform(60, 200, (18, 2))
    picture = np.zeros((256, 256, 3), dtype=np.uint8)
    mask = CutOut((256, 256), 0.5).mask(picture, joints)
    np.testing.assert_array_equal(mask, outline(joints, (256, 256), 0.5))


@pytest.mark.parametrize("work", [1, 4])
@pytest.mark.parametrize("across", [100.0, 101.0, 102.5, 103.25])
def test_an_outline_lies_about_its_bone(across: float, work: int) -> None:
    joints = np.full((18, 2), np.nan)
    joints[9], joints[10] = (across, 60.0), (across, 200.0)  # a knee and an ankle
    mask = outline(joints, (258, 262), 0.5, 0.4, work).astype(np.float64)
    rows, columns = np.indices(mask.shape)
    most = max(0.7, work / 2)  # lines are whole pixels wide
    assert np.average(columns, weights=mask) == pytest.approx(across, abs=most)
    assert np.average(rows, weights=mask) == pytest.approx(130.0, abs=most)


def test_a_shin_that_the_network_misses_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutout, "_segmenter", lambda: object())
    monkeypatch.setattr(cutout, "has_segmenter", lambda: True)
    nothing = np.zeros((cutout.SIDE, cutout.SIDE), dtype=np.float32)
    monkeypatch.setattr(CutOut, "_confidence", lambda *_: nothing)
    joints = np.random.default_rng(0).uniform(150, 250, (18, 2))
    joints[9], joints[10] = (300.0, 200.0), (390.0, 230.0)
    mask = CutOut((400, 400), 1.0).mask(np.zeros((400, 400, 3), dtype=np.uint8), joints)
    for along in (0.1, 0.5, 0.9):
        column, row = np.round(joints[9] + along * (joints[10] - joints[9])).astype(int)
        assert (mask[row - 4 : row + 5, column] > 200).all()
        assert mask[row - 40, column] < 60


# MediaPipe's writer of metadata leaves a temporary file to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_skirt_is_held_and_the_room_is_not(real_data: Path) -> None:
    pytest.importorskip("mediapipe")
    video = real_data / "video" / "red_skirt_320x240_70s.mp4"
    moments = np.array([14.0, 22.0, 31.0, 40.0])
    reel = Reel(video, moments)
    session = make_estimator().open()
    held, spilt, outline_spilt = [], [], []
    try:
        for number, time_s in enumerate(moments.tolist()):
            picture = reel.frame(time_s)
            people = session.people(picture, float(number))
            if not len(people.image):
                continue
            joints = people.image[0, :, :2].astype(np.float64)
            height, width = picture.shape[:2]
            unit = float(np.ptp(joints[:, 1])) / 360
            sure = CutOut((width, height), unit).mask(picture, joints) > 128
            red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
            # The only bright red in the room is the skirt; doors and wood are dull and dark.
            near = outline(joints, (width, height), unit, 3.0) > 128
            skirt = (red > 120) & (red > 2.2 * green) & (red > 2.2 * blue) & near
            assert skirt.sum() > 300
            held.append(sure[skirt].mean())
            hips_y = joints[[8, 11], 1].mean()
            above = np.arange(height)[:, None] < hips_y - 0.1 * np.ptp(joints[:, 1])
            # Greenish and bright: neither skin nor anything she wears.
            wall = (green > 90) & (green > red + 2) & near & above
            spilt.append(sure[wall].mean())
            outline_spilt.append((outline(joints, (width, height), unit) > 128)[wall].mean())
    finally:
        session.close()
    assert len(held) >= 3
    assert np.mean(held) > 0.9
    assert np.mean(spilt) < 0.7 * np.mean(outline_spilt)
