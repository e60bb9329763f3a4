"""Can one see where two fragments meet, and how far time was bent.

Conventions
-----------
- Joints are (T, J, C) in canvas pixels at 24 fps; a seam is the first frame of a new
  fragment; its displacement is that from the frame before.
- Smaller is better, down to what real dances show between any two frames; a seam
  smoother than that is no better.
- A stretch of 1 leaves time alone; 1.5 is half as fast again or slowed by as much.
"""

from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.data import FPS, SEAM_PX, Float64
from danceit.errors import InputError
from danceit.movement import Array, largest_step


@dataclass(frozen=True)
class SeamJumps:
    """Largest joint displacement at each seam, px, and what it is elsewhere.

    Attributes
    ----------
    jumps : float64 (S,)
        Largest displacement of any joint at each seam.
    mean, p95, largest : float
        Of `jumps`; NaN without seams.
    over : float
        Share of seams over 10 px; NaN without seams.
    frames_over : float
        Share of all frames (the first left out) over 10 px.
    """

    jumps: Float64
    mean: float
    p95: float
    largest: float
    over: float
    frames_over: float


@dataclass(frozen=True)
class Warp:
    """Local stretch of time, at least 1: the source's pace or its inverse.

    Attributes
    ----------
    largest, mean : float
        Over frames that go on within one fragment; NaN where none does.
    still : float
        Share of those frames that show the same moment as the frame before, or an
        earlier one; their stretch has no bound, so they stand here and not above.
    """

    largest: float
    mean: float
    still: float


def validate(joints: Array, seams: Array, source_index: Array, source_s: Array) -> None:
    """Check a dance's seams and source times.

    Raises
    ------
    InputError
        If a seam lies outside the dance or the arrays do not have one entry a frame.
    """
    check_motion(joints)
    n_frames = joints.shape[0]
    if seams.ndim != 1 or (seams.size and not 0 < seams.min() <= seams.max() < n_frames):
        raise InputError(f"seams must be frames within 1 to {n_frames - 1}")
    for name, array in (("source_index", source_index), ("source_s", source_s)):
        if array.shape != (n_frames,):
            raise InputError(f"{name} must have shape ({n_frames},); got {array.shape}")


def evaluate(
    joints: Array, seams: Array, source_index: Array, source_s: Array, fps: float = FPS
) -> dict[str, float]:
    """Return the seam and warp measures of one dance, by name."""
    validate(joints, seams, source_index, source_s)
    found = seam_jumps(joints, seams)
    bent = warp(source_index, source_s, fps)
    return {
        "seams": float(seams.size),
        "seam_px_mean": found.mean,
        "seam_px_p95": found.p95,
        "seam_px_max": found.largest,
        "seams_over_10px": found.over,
        "frames_over_10px": found.frames_over,
        "warp_max": bent.largest,
        "warp_mean": bent.mean,
        "warp_still": bent.still,
    }


def seam_jumps(joints: Array, seams: Array, limit_px: float = SEAM_PX) -> SeamJumps:
    """Largest joint displacement at each seam (DanceIt IV-C counts from 10 px)."""
    moved = largest_step(joints)
    jumps = moved[seams]
    everywhere = float(np.mean(moved[1:] > limit_px))
    if jumps.size == 0:
        nan = float("nan")
        return SeamJumps(jumps, nan, nan, nan, nan, everywhere)
    return SeamJumps(
        jumps=jumps,
        mean=float(jumps.mean()),
        p95=float(np.percentile(jumps, 95)),
        largest=float(jumps.max()),
        over=float(np.mean(jumps > limit_px)),
        frames_over=everywhere,
    )


def pace(source_index: Array, source_s: Array, fps: float = FPS) -> Float64:
    """Seconds of the source shown a second of the dance, (T - 1,); NaN across fragments."""
    steps = np.diff(source_s.astype(np.float64)) * fps
    return np.asarray(np.where(np.diff(source_index) == 0, steps, np.nan))


def warp(source_index: Array, source_s: Array, fps: float = FPS) -> Warp:
    """Largest and mean local stretch, from the source time that each frame shows."""
    paces = pace(source_index, source_s, fps)
    paces = paces[np.isfinite(paces)]
    if paces.size == 0:
        return Warp(float("nan"), float("nan"), float("nan"))
    still = paces <= 1e-9
    moving = paces[~still]
    if moving.size == 0:
        return Warp(float("nan"), float("nan"), 1.0)
    stretch = np.maximum(moving, 1 / moving)
    return Warp(float(stretch.max()), float(stretch.mean()), float(still.mean()))
