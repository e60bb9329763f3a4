"""How far a body travels along its own movement, so that warps can be judged unrendered.

The movement that a warp shows between two frames is, but for a bend within the step,
what the body travels between the two positions shown. One table of the distance
travelled thus stands for all joints, and a million warps are judged by looking it up.
"""

from dataclasses import dataclass

import numpy as np

from danceit.align.retiming import sampled
from danceit.data import Float32, Float64, Int64
from danceit.movement import bridged_movement

STEPS = 8
"""Entries of the table a frame."""
_SAMPLES = 4
"""Poses a frame from which the distance is summed."""


@dataclass(frozen=True)
class Travel:
    """Distance travelled up to each eighth of a frame.

    Attributes
    ----------
    table : float32 (8 * (T - 1) + 1,)
        Pixels, summed over joints.
    """

    table: Float32

    def until(self, position: Float64) -> Float64:
        """Distance travelled up to positions in frames, clipped to the dance."""
        place = np.clip(position * STEPS, 0, len(self.table) - 1)
        left = np.minimum(place.astype(np.int32), max(len(self.table) - 2, 0))
        share = place - left
        right = np.minimum(left + 1, len(self.table) - 1)
        distance: Float64 = self.table[left] * (1 - share) + self.table[right] * share
        return distance


def travel(poses: Float32, cuts: Int64) -> Travel:
    """Measure a movement (T, J, C) that is cut before the frames `cuts`."""
    last = len(poses) - 1
    positions = np.arange(last * _SAMPLES + 1) / _SAMPLES
    distance = np.cumsum(bridged_movement(sampled(poses, positions, cuts)))
    table = np.interp(np.arange(last * STEPS + 1) / STEPS, positions, distance)
    return Travel(table.astype(np.float32))
