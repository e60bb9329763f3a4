"""The picture comes after whoever goes away from the camera, and after nobody else."""

import numpy as np
import pytest

from danceit.data import FEET, JOINT, Float64
from danceit.render.footage.framing import canvas_place
from danceit.render.footage.zooming import MOST, Zoom, receding

STEP_S = 1 / 24
FLOOR_Y, TALL = 400.0, 300.0


def _filmed(size: Float64, horizon_y: float = 150.0) -> Float64:
    """Joints (N, 18, 2) of one who stands before a camera at a horizon, so large in each frame."""
    joints = np.full((len(size), 18, 2), 200.0)
    floor_y = horizon_y + (FLOOR_Y - horizon_y) * size
    for name, height in (("nose", 1.0), ("neck", 0.85), ("right_hip", 0.5), ("left_hip", 0.5)):
        joints[:, JOINT[name], 1] = floor_y - height * TALL * size
    joints[:, list(FEET), 1] = floor_y[:, None]
    return joints


def test_who_goes_away_is_followed_calmly_and_not_all_the_way() -> None:
    size = np.interp(np.arange(96), [24, 72], [1.0, 0.7])
    zoom = receding(_filmed(size), STEP_S)
    assert zoom is not None
    assert zoom.by[0] == pytest.approx(1.0, abs=1e-3)
    assert 1.25 < zoom.by[-1] < min(MOST, 1 / 0.7)
    assert np.abs(np.diff(zoom.by)).max() * 24 < 0.4  # a second
    canvas = canvas_place((360, 640))
    assert zoom.within(np.full(96, 50.0), canvas, 1.0).by.max() == zoom.by.max()
    assert zoom.within(np.full(96, 150.0), canvas, 1.0).by.max() == pytest.approx(180 / 150)


def test_who_kneels_or_bends_or_jumps_is_not() -> None:
    steady = _filmed(np.ones(96))
    kneeling, bent, jumping = steady.copy(), steady.copy(), steady.copy()
    kneeling[48:, [JOINT[name] for name in ("nose", "neck", "right_hip", "left_hip")], 1] += 90.0
    bent[48:, [JOINT["nose"], JOINT["neck"]], 1] += 80.0
    jumping[44:52, :, 1] -= 50.0
    assert [receding(one, STEP_S) for one in (steady, kneeling, bent, jumping)] == [None] * 4


def test_what_covered_the_picture_still_does_and_the_feet_come_to_the_floor_line() -> None:
    canvas = canvas_place((360, 640))
    placing = np.array([[2.0, 0.0, -200.0], [0.0, 2.0, canvas.floor_y - 2.0 * FLOOR_Y]])
    made = Zoom(np.array([1.3]), np.array([FLOOR_Y - 30.0])).grown(placing, 0, canvas)
    assert made[1, 1] * (FLOOR_Y - 30.0) + made[1, 2] == pytest.approx(canvas.floor_y)
    for corner in ((0.0, 0.0), (360.0, canvas.height)):  # seen now, and seen before
        seen = (np.array(corner) - made[:, 2]) / 2.6
        before = 2.0 * seen + placing[:, 2]
        assert (before >= -1e-9).all()
        assert (before <= (360.0 + 1e-9, canvas.height + 1e-9)).all()
