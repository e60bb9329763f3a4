"""Finding the same movement twice: near-copies of a test dance in a library.

A split by song does not keep movement apart: dancers reuse whole takes under other
songs. A test whose answer was seen in training, or lies in the index, measures memory.

Conventions
-----------
- A one-second window is a *near-copy* of another where, relative to the middle of the
  hips and turned about the vertical to the same heading, joints differ by at most 0.6 cm
  on average. Centimetres are the canvas' own: 360 px are taken for 150 cm.
- Two prints of one take differ in frame phase, in tempo by the few per cent by which
  dances are fitted to songs, in heading and in scale; a shift of up to a frame, a stretch
  of up to 4 %, a turn and a scale of up to 25 % are fitted and taken out before measuring.
- In 2-D nothing can be turned: a take seen from another side is another picture, and is
  not found. Mirrored movement is other movement.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.data import BODY_PX, JOINT, Bool, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.movement import Array

WINDOW = 24
"""Frames of a window: one second."""
STRIDE = 12
"""Frames between the windows of the test dance."""
LIMIT_CM = 0.6
CM_A_PX = 150.0 / BODY_PX
CANDIDATES = 3
"""Places in each library dance at which a window is compared closely."""
MOST_STRETCH = 0.04
MOST_SCALE = 1.25
_SAMPLED = 3
"""Every third frame enters the search; all enter the measure."""
_ROUNDS = 2
_HIPS = (JOINT["right_hip"], JOINT["left_hip"])


@dataclass(frozen=True)
class Copies:
    """Where the windows of one test dance are found in a library.

    Attributes
    ----------
    starts : int64 (W,)
        First frame of each window of the test dance.
    error_cm : dict of str to float64 (W,)
        For each library dance, the mean joint distance to its nearest window.
    at : dict of str to int64 (W,)
        First frame of that window.
    """

    starts: Int64
    error_cm: Mapping[str, Float64]
    at: Mapping[str, Int64]

    def found(self, limit_cm: float = LIMIT_CM) -> Bool:
        """Return whether each window has a near-copy anywhere in the library, (W,)."""
        each = [errors <= limit_cm for errors in self.error_cm.values()]
        return np.asarray(np.any(each, axis=0) if each else np.zeros(len(self.starts), bool))

    def share(self, limit_cm: float = LIMIT_CM) -> float:
        """Return the share of the test dance that the library holds, 0 to 1."""
        return float(self.found(limit_cm).mean())

    def shares(self, limit_cm: float = LIMIT_CM) -> dict[str, float]:
        """Return the share of the test dance found in each library dance, most first."""
        each = {name: float((errors <= limit_cm).mean()) for name, errors in self.error_cm.items()}
        return dict(sorted(each.items(), key=lambda item: -item[1]))

    def within(self, start: int, stop: int) -> "Copies":
        """Return what is found of frames start..stop of the test dance alone."""
        kept = (self.starts >= start - WINDOW // 2) & (self.starts <= stop - WINDOW // 2)
        return Copies(
            self.starts[kept],
            {name: errors[kept] for name, errors in self.error_cm.items()},
            {name: places[kept] for name, places in self.at.items()},
        )

    def frames(self, name: str, n_frames: int, limit_cm: float = LIMIT_CM) -> Bool:
        """Mark the frames of a library dance that repeat the test dance, bool (n_frames,)."""
        marked = np.zeros(n_frames, dtype=bool)
        for start in self.at[name][self.error_cm[name] <= limit_cm]:
            marked[start : start + WINDOW] = True
        return marked


def validate(test: Array, library: Mapping[str, Array]) -> None:
    """Check the motions and that they have the same joints and coordinates.

    Raises
    ------
    InputError
        If a motion is malformed, the test dance is under a second, or shapes differ.
    """
    check_motion(test, "the test dance", frames=WINDOW)
    for name, motion in library.items():
        check_motion(motion, f"the library dance {name}")
        if motion.shape[1:] != test.shape[1:]:
            raise InputError(
                f"the library dance {name} has joints of shape {motion.shape[1:]}, "
                f"the test dance {test.shape[1:]}: 2-D against 3-D?"
            )


def evaluate(test: Array, library: Mapping[str, Array]) -> dict[str, float]:
    """Return the share of a test dance that a library holds, and the most in one dance."""
    copies = find_copies(test, library)
    shares = copies.shares()
    return {
        "copied": copies.share(),
        "copied_from_one": max(shares.values(), default=0.0),
        "dances_shared_with": float(sum(share > 0 for share in shares.values())),
    }


def find_copies(test: Array, library: Mapping[str, Array], stride: int = STRIDE) -> Copies:
    """Find the nearest window of every library dance to each window of a test dance.

    Parameters
    ----------
    test : (T, J, C)
        Canvas pixels at 24 fps.
    library : mapping of name to (T', J, C)
        Dances under a second are passed over.
    """
    validate(test, library)
    starts = np.arange(0, len(test) - WINDOW + 1, stride)
    queries = _windows(_relative(test), starts)
    error_cm, at = {}, {}
    for name, motion in library.items():
        if len(motion) >= WINDOW:
            error_cm[name], at[name] = _nearest(queries, _relative(motion))
    return Copies(starts.astype(np.int64), error_cm, at)


def _relative(motion: Array) -> Float32:
    """Joints relative to the middle of the hips, or of all joints where hips are missing."""
    root = motion[:, list(_HIPS)] if motion.shape[1] > max(_HIPS) else motion
    return np.asarray(motion - root.mean(axis=1, keepdims=True), dtype=np.float32)


def _windows(relative: Float32, starts: Int64, step: int = 1) -> Float32:
    """Windows (W, 24 / step, J, C), each turned to the heading of its middle frame."""
    windows = relative[starts[:, None] + np.arange(0, WINDOW, step)]
    return _turned(windows, -_heading(relative)[starts + WINDOW // 2])


def _heading(relative: Float32) -> Float64:
    """Angle of the hips about the vertical, frame by frame; 0 where it cannot be told."""
    if relative.shape[2] < 3 or relative.shape[1] <= max(_HIPS):
        return np.zeros(len(relative))
    across = relative[:, _HIPS[1]] - relative[:, _HIPS[0]]
    return np.nan_to_num(np.arctan2(across[:, 2], across[:, 0]).astype(np.float64))


def _turned(windows: Array, angles: Float64) -> Array:
    """Turn windows (W, ..., C) about the vertical by an angle each; 2-D stays as it is."""
    if windows.shape[-1] < 3:
        return windows
    ahead = (slice(None),) + (None,) * (windows.ndim - 2)
    cos, sin = (f(angles).astype(windows.dtype)[ahead] for f in (np.cos, np.sin))
    x, z = windows[..., 0], windows[..., 2]
    return np.stack([x * cos - z * sin, windows[..., 1], x * sin + z * cos], axis=-1)


def _nearest(queries: Float32, motion: Float32) -> tuple[Float64, Int64]:
    """Error in cm and first frame of the window of one dance nearest to each query."""
    offsets = _candidates(queries, motion)
    n_queries, n_offsets = offsets.shape
    errors = _errors_px(np.repeat(queries, n_offsets, axis=0), motion, offsets.ravel()).reshape(
        n_queries, n_offsets
    )
    best = np.argmin(errors, axis=1)
    rows = np.arange(n_queries)
    return errors[rows, best] * CM_A_PX, offsets[rows, best]


def _candidates(queries: Float32, motion: Float32) -> Int64:
    """First frames (W, K) of the windows whose sampled frames are nearest, whatever their scale."""
    starts = np.arange(len(motion) - WINDOW + 1)
    wanted = _unit(queries[:, ::_SAMPLED])
    found = _unit(_windows(motion, starts, _SAMPLED))
    likeness = wanted @ found.T
    count = min(CANDIDATES, len(starts))
    chosen = np.empty((len(queries), count), dtype=np.int64)
    rows = np.arange(len(queries))
    for k in range(count):
        chosen[:, k] = np.argmax(likeness, axis=1)
        # The neighbours of a place are the same find; look for another one.
        for near in range(-2, 3):
            likeness[rows, np.clip(chosen[:, k] + near, 0, len(starts) - 1)] = -np.inf
    return chosen


def _unit(windows: Float32) -> Float32:
    flat = np.nan_to_num(windows.reshape(len(windows), -1))
    norm = np.sqrt(np.einsum("nd,nd->n", flat, flat))[:, None]
    return np.asarray(flat / np.maximum(norm, 1e-6), dtype=np.float32)


def _errors_px(queries: Float32, motion: Float32, offsets: Int64) -> Float64:
    """Mean joint distance after fitting shift, stretch, scale and turn by Gauss-Newton."""
    ticks = np.arange(WINDOW) - (WINDOW - 1) / 2
    middle = offsets + (WINDOW - 1) / 2
    fit = np.zeros((len(offsets), 4))
    fit[:, 2], fit[:, 3] = 1.0, -_heading(motion)[offsets + WINDOW // 2]
    bounds = np.array([1.0, MOST_STRETCH, MOST_SCALE - 1, np.inf])
    lowest, highest = np.array([0, 0, 1, 0]) - bounds, np.array([0, 0, 1, 0]) + bounds
    for _ in range(_ROUNDS):
        shown, slope = _sample(motion, middle, fit, ticks)
        residual = queries - shown
        known = np.isfinite(residual)
        turning = np.zeros_like(shown)
        if shown.shape[-1] == 3:
            turning[..., 0], turning[..., 2] = -shown[..., 2], shown[..., 0]
        grow = shown / fit[:, 2, None, None, None]
        parts = np.stack([slope, slope * ticks[:, None, None], grow, turning], axis=-1)
        parts = np.where(known[..., None], parts, 0.0).reshape(len(offsets), -1, 4)
        rest = np.where(known, residual, 0.0).reshape(len(offsets), -1, 1)
        normal = parts.transpose(0, 2, 1) @ parts + 1e-6 * np.eye(4)
        step = np.linalg.solve(normal, parts.transpose(0, 2, 1) @ rest)[..., 0]
        fit = np.clip(fit + step, lowest, highest)
    off = queries - _sample(motion, middle, fit, ticks)[0]
    distance = np.sqrt(np.einsum("ntjc,ntjc->ntj", off, off))
    known = np.isfinite(distance)
    count = known.sum(axis=(1, 2))
    total = np.where(known, distance, 0.0).sum(axis=(1, 2))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.inf))


def _sample(
    motion: Float32, middle: Float64, fit: Float64, ticks: Float64
) -> tuple[Float64, Float64]:
    """Poses and their slope a frame, at fitted times, scale and turn, by Catmull-Rom splines.

    `fit` (W, 4) holds the shift and stretch of time, the scale, and the turn.
    """
    times = (middle + fit[:, 0])[:, None] + ticks * (1 + fit[:, 1])[:, None]
    times = np.clip(times, 0, len(motion) - 1)
    left = np.minimum(times.astype(np.int64), len(motion) - 2)
    u = (times - left)[..., None, None]
    p0, p1, p2, p3 = (motion[np.clip(left + k, 0, len(motion) - 1)] for k in (-1, 0, 1, 2))
    a, b, c = -p0 + 3 * p1 - 3 * p2 + p3, 2 * p0 - 5 * p1 + 4 * p2 - p3, p2 - p0
    poses = 0.5 * (((a * u + b) * u + c) * u + 2 * p1)
    slope = 0.5 * ((3 * a * u + 2 * b) * u + c)
    scale = fit[:, 2, None, None, None]
    return scale * _turned(poses, fit[:, 3]), scale * _turned(slope, fit[:, 3])
