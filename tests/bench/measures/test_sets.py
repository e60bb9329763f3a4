"""Features of what a picture shows, on bodies whose movement is known."""

import numpy as np
import pytest

from danceit.bench.measures import sets
from danceit.bench.measures.physics import METRES_A_PX
from danceit.data import FPS, JOINT

STANDING = np.zeros((18, 2))
for _name, _place in {
    "nose": (0, -330), "neck": (0, -280), "right_shoulder": (-40, -275), "right_elbow": (-45, -215),
    "right_wrist": (-45, -150), "left_shoulder": (40, -275), "left_elbow": (45, -215),
    "left_wrist": (45, -150), "right_hip": (-25, -160), "right_knee": (-25, -80),
    "right_ankle": (-25, 0), "left_hip": (25, -160), "left_knee": (25, -80), "left_ankle": (25, 0),
}.items():  # fmt: skip
    STANDING[JOINT[_name]] = _place
STANDING[14:] = np.nan


def standing(n_frames: int = 120) -> np.ndarray:
    return np.repeat(STANDING[None], n_frames, axis=0)


def test_kinetic_features_of_a_body_that_sways_are_those_of_a_sine() -> None:
    """Mean square of the derivative of a sin(wt) is (a w)² / 2; nothing goes up or down."""
    t = np.arange(1200) / FPS
    motion = standing(len(t))
    amplitude_px, hertz = 100.0, 0.25
    motion[..., 0] += amplitude_px * np.sin(2 * np.pi * hertz * t)[:, None]
    features = sets.kinetic(motion[:, :14]).reshape(14, 3)
    speed = (amplitude_px * METRES_A_PX * 2 * np.pi * hertz) ** 2 / 2
    np.testing.assert_allclose(features[:, 0], speed, rtol=0.02)
    np.testing.assert_allclose(features[:, 1], 0, atol=1e-12)


def test_geometric_features_tell_how_a_body_is_posed() -> None:
    plain = sets.geometric(standing()[:, :14])
    assert plain.shape == (26,)
    # The hand hangs below the hip, elbow and knee are stretched, no foot is lifted.
    assert plain[:6].tolist() == [0, 0, 0, 1, 1, 0]
    raised = standing()
    raised[:60, JOINT["right_wrist"]] = (-45, -400)
    raised[:, JOINT["left_ankle"], 1] -= 60
    found = sets.geometric(raised[:, :14])
    assert found[:4].tolist() == [0.5, 0.5, 0.5, 0.5]  # half of the time, elbow bent right back
    assert found[11] == 1
    assert found[5] == 0


def test_pieces_are_five_seconds_and_lack_no_joint() -> None:
    motion = standing(480)
    assert sets.pieces([motion, motion[:100]], sets.geometric).shape == (4, 26)
    motion[130, JOINT["neck"]] = np.nan
    assert len(sets.pieces([motion], sets.geometric)) == 3
    deep = np.concatenate([standing(240), np.ones((240, 18, 1))], axis=2)
    np.testing.assert_array_equal(
        sets.pieces([deep], sets.kinetic), sets.pieces([standing(240)], sets.kinetic)
    )


def test_frames_that_repeat_are_frozen() -> None:
    motion = standing(101)
    motion[:51, :, 0] += np.arange(51)[:, None]
    motion[51:, :, 0] += 50
    assert sets.frozen_share(motion) == pytest.approx(0.5)
    assert sets.frozen_share(standing(24)) == 1


def test_limbs_that_turn_are_not_too_long_and_limbs_that_grow_are() -> None:
    t = np.linspace(0, 6 * np.pi, 400)
    turning = standing(400)
    turning[..., 0] *= np.cos(t)[:, None]
    assert sets.limb_spread(turning) < 0.002
    growing = standing(400)
    growing[::25] *= 1.5  # one frame in 25 is half as large again: below the 95th percentile
    assert sets.limb_spread(growing) == pytest.approx(0.5 / 25, rel=0.01)
