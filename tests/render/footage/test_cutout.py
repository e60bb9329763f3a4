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
