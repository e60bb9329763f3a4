"""A shot solved for depth: freely first, then on the floor that is found so; see the package."""

import numpy as np

from danceit.index.poses.footage.depth.camera import pitch_of, standing_in, storeys
from danceit.index.poses.footage.depth.equations import Equations
from danceit.index.poses.footage.depth.sighting import BODY, Sighting, Solved

FREE_ROUNDS, ROUNDS = 4, 8
SETTLED_M = 5e-4
"""Largest mean change of depth in a round at which the solution stands."""
FEWEST_FRAMES = 8


def solved(seen: Sighting) -> Solved | None:
    """Solve a shot for depth; None where too little was seen of the body to do so."""
    known = np.isfinite(seen.flat).all(axis=2) & np.isfinite(seen.deep).all(axis=2)
    whole = known[:, BODY].sum(axis=1) >= 8
    if whole.sum() < FEWEST_FRAMES:
        return None
    equations = Equations(seen, known)
    state = equations.start()
    for _ in range(FREE_ROUNDS):
        state = equations.step(state, None)
    # Once only: feet that were put on a floor would bear out whatever pitch it had.
    joints, body = equations.joints(state), known[:, BODY]
    pitch = pitch_of(joints, body, seen.off_m[:, BODY], seen.step_s, equations.tall_m)
    standing = standing_in(joints, body, equations.tall_m, seen.step_s)
    if standing.any():
        equations.set_upright(*storeys(joints, standing, pitch))
    for _ in range(ROUNDS):
        after = equations.step(state, equations.floor(state, pitch))
        moved = float(np.abs(after.depth - state.depth).mean())
        state = after
        if moved < SETTLED_M:
            break
    return equations.placed(state, equations.floor(state, pitch))
