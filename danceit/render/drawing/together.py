"""The dances of a group, seen by one camera on one stage.

A dance of a group says in its step ``group`` which; any others are shown side by side.
"""

from collections.abc import Sequence

import numpy as np

from danceit.data import JOINT, Dance, Float32, Int64
from danceit.movement import bridged
from danceit.render.drawing.camera import world

_HIPS = (JOINT["right_hip"], JOINT["left_hip"])


def one_stage(dances: Sequence[Dance]) -> bool:
    """Whether dances are two or more of one group."""
    names = {group_name(dance) for dance in dances}
    return len(dances) > 1 and len(names) == 1 and "" not in names


def far_to_near(joints: Sequence[Float32]) -> Int64:
    """Order (T, N) in which dancers, (T, 18, C) each, are drawn, the furthest away first."""
    away = []
    for body in joints:
        depth = world(body)[:, _HIPS, 2]
        known = np.isfinite(depth)
        count = known.sum(axis=1)
        mean = np.where(known, depth, 0.0).sum(axis=1) / np.maximum(count, 1)
        away.append(bridged(np.where(count > 0, mean, np.nan)))
    return np.argsort(-np.stack(away, axis=1), axis=1, kind="stable")


def group_name(dance: Dance) -> str:
    """Name of the group that a dance is of; empty where it is of none."""
    for step in reversed(dance.steps):
        if step.step == "group":
            return str(step.options.get("group", ""))
    return ""
