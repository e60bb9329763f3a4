"""A soft outline of a dancer, from the joints alone.

Limbs are drawn as thick lines and the torso as a filled shape, widened for clothes, and
feathered. It is a generous outline, not a matte: a little of the surroundings shows.
"""

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, BONES, FACE, JOINT, Float64

Mask = npt.NDArray[np.uint8]

_ARM, _LEG, _HEAD, _TRUNK = 0.13 * BODY_PX, 0.2 * BODY_PX, 0.24 * BODY_PX, 0.1 * BODY_PX
FEATHER = 0.03 * BODY_PX
_TORSO = [JOINT[name] for name in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")]
_LEGS = {JOINT[f"{side}_{part}"] for side in ("right", "left") for part in ("knee", "ankle")}
WORK = 4
"""How much smaller it is drawn: the feather makes the missing detail invisible."""
_SHIFT = 4
_ONE = 1 << _SHIFT
"""Points are drawn between pixels: whole ones of a picture drawn small are steps in a large one."""


def outline(
    joints: Float64,
    frame_size: tuple[int, int],
    unit: float,
    narrower: float = 1.0,
    work: int = WORK,
) -> Mask:
    """Mask (height, width), 255 on the dancer and falling to 0 around.

    Parameters
    ----------
    joints : float64 (18, 2)
        Picture pixels; NaN where unknown.
    unit : float
        Picture pixels a canvas pixel.
    narrower : float
        Width of limbs and trunk, and of the soft edge, in the usual; wider above 1.
    work : int
        How much smaller it is drawn; see `WORK`.
    """
    import cv2

    width, height = frame_size
    small = np.zeros((-(-height // work), -(-width // work)), dtype=np.uint8)
    # Pixels are counted from their middles, those of the small picture from its own.
    points = (joints + 0.5) * np.divide(small.shape[::-1], (width, height)) - 0.5
    scale = unit / work
    thickness = scale * narrower
    known = np.isfinite(points).all(axis=1)
    limit = 4 * max(frame_size)
    held = np.clip(np.where(known[:, None], points, 0.0), -limit, limit)
    at = np.round(_ONE * held).astype(np.int32)
    spots: list[tuple[int, int]] = [(int(x), int(y)) for x, y in at]
    if known[_TORSO].all():
        hull = cv2.convexHull(at[_TORSO])
        cv2.fillConvexPoly(small, hull, (255,), cv2.LINE_8, _SHIFT)
    for parent, child in BONES:
        if known[parent] and known[child]:
            wide = _LEG if child in _LEGS else _TRUNK if parent == JOINT["neck"] else _ARM
            thick = max(1, round(wide * thickness))
            cv2.line(small, spots[parent], spots[child], (255,), thick, cv2.LINE_8, _SHIFT)
    for joint in np.flatnonzero(known).tolist():
        wide = _HEAD if joint in FACE else _LEG if joint in _LEGS else _ARM
        radius = max(_ONE, round(_ONE * 0.6 * wide * thickness))
        cv2.circle(small, spots[joint], radius, (255,), -1, cv2.LINE_8, _SHIFT)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.5, FEATHER * min(thickness, scale)))
    full = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, dtype=np.uint8)
