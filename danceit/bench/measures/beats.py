"""Does the movement fall on the beat: four published measures.

Conventions
-----------
- Joints are (T, J, C); frame i is at ``i / fps`` seconds of the song; beats are in seconds.
- Kernels and tolerances that papers give in frames are kept in seconds, so that a
  dance at 24 fps and one at 60 fps are judged alike.
- Every score is better when larger, and lies in [0, 1], but for coverage, which may exceed 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.data import FPS, Float64, Int64
from danceit.errors import InputError
from danceit.movement import LEE_FPS, Array, beat_frames, beat_windows, bridged_movement, lows
from danceit.movement import deceleration as deceleration
from danceit.movement import kinematic_beats as kinematic_beats

BAS_FPS = 60.0
"""Frame rate at which FACT and Bailando state their kernels."""
BAS_SIGMA_S = 3 / BAS_FPS
FACT_ORDER_S = 10 / BAS_FPS
BAILANDO_SMOOTH_S = 5 / BAS_FPS


@dataclass(frozen=True)
class BeatAlignment:
    """S_BA of one dance: shares of music beats, larger is better.

    Attributes
    ----------
    exact, within_1, within_2 : float
        Share of beats whose window moves most in the beat's frame, or 1 or 2 frames from it.
    offsets : int64 (B,)
        Frame of the largest movement minus the beat's frame; for a window without any
        movement a value larger than the dance, so that it counts as missed.
    """

    exact: float
    within_1: float
    within_2: float
    offsets: Int64


@dataclass(frozen=True)
class Kinematic:
    """Kinematic beats against music beats (Lee et al., eq. 1 and 2).

    Attributes
    ----------
    coverage : float
        B_k / B_m, kinematic beats a music beat; over 1 where there are more of them.
    hit_rates : tuple of float
        B_a / B_k at each tolerance; larger is better. NaN without kinematic beats.
    n_kinematic, n_music : int
    """

    coverage: float
    hit_rates: tuple[float, ...]
    n_kinematic: int
    n_music: int


@dataclass(frozen=True)
class Bas:
    """A beat alignment score in [0, 1], larger is better, with the counts it stands on."""

    score: float
    n_kinematic: int
    n_music: int


def validate(joints: Array, beats_s: Array, fps: float) -> None:
    """Check a motion and the beats it is judged by.

    Raises
    ------
    InputError
        If the motion is malformed, `fps` is not positive, or no beat falls within it.
    """
    check_motion(joints)
    if not fps > 0:
        raise InputError(f"fps must be positive; got {fps}")
    _check_times(beats_s, "beats_s")
    if beats_s.size == 0:
        raise InputError("the song has no beats; beat measures need at least one")
    if beat_frames(beats_s, joints.shape[0], fps).size == 0:
        raise InputError(
            f"no beat falls within the {joints.shape[0] / fps:.2f} s of the motion; "
            "do the song and the dance belong together, and is fps right?"
        )


def evaluate(joints: Array, beats_s: Array, fps: float = FPS) -> dict[str, float]:
    """Return every beat measure of one dance, by name."""
    validate(joints, beats_s, fps)
    alignment = s_ba(joints, beats_s, fps)
    kinematic = kinematic_scores(joints, beats_s, fps)
    fact, bailando = fact_bas(joints, beats_s, fps), bailando_bas(joints, beats_s, fps)
    scores = {
        "s_ba": alignment.exact,
        "s_ba_1": alignment.within_1,
        "s_ba_2": alignment.within_2,
        "kinematic_coverage": kinematic.coverage,
    }
    for tolerance, rate in enumerate(kinematic.hit_rates, start=1):
        scores[f"kinematic_hit_{tolerance}"] = rate
    return {
        **scores,
        "bas_fact": fact.score,
        "bas_bailando": bailando.score,
        "n_music_beats": float(kinematic.n_music),
        "n_kinematic_beats": float(kinematic.n_kinematic),
        "n_kinematic_fact": float(fact.n_kinematic),
        "n_kinematic_bailando": float(bailando.n_kinematic),
    }


def s_ba(joints: Array, beats_s: Array, fps: float = FPS) -> BeatAlignment:
    """Beat alignment of DanceIt (eq. 14 and 17); larger is better.

    For each music beat, the frame of the largest summed joint displacement in the
    window around it; the share of beats where that frame is the beat's own.
    """
    frames = beat_frames(beats_s, joints.shape[0], fps)
    offsets = peak_offsets(bridged_movement(joints), frames)
    exact, within_1, within_2 = (float(np.mean(np.abs(offsets) <= slack)) for slack in range(3))
    return BeatAlignment(exact, within_1, within_2, offsets)


def peak_offsets(movement: Float64, frames: Int64) -> Int64:
    """Frame of the largest movement of each beat's window, minus the beat's frame, (B,).

    Of equal movements the first counts; a window at rest throughout gives an offset
    of the dance's length.
    """
    windows = beat_windows(frames, len(movement))
    inside = movement[windows[0, 0] : windows[-1, 1]]
    starts = windows[:, 0] - windows[0, 0]
    highest = np.maximum.reduceat(inside, starts)
    owner = np.repeat(np.arange(len(frames)), np.diff(windows, axis=1)[:, 0])
    at_peak = np.flatnonzero(inside == highest[owner])
    first = at_peak[np.unique(owner[at_peak], return_index=True)[1]] + windows[0, 0]
    return np.where(highest > 0, first - frames, len(movement)).astype(np.int64)


def kinematic_scores(
    joints: Array, beats_s: Array, fps: float = FPS, tolerances: Sequence[int] = (1, 2, 3)
) -> Kinematic:
    """Coverage B_k / B_m and hit rate B_a / B_k (Lee et al., eq. 1 and 2).

    Parameters
    ----------
    tolerances : sequence of int
        In frames of 15 fps: a kinematic beat is aligned when a music beat is that near.
    """
    music_s = _within(beats_s, joints.shape[0], fps)
    kinematic_s = kinematic_beats(joints, fps) / fps
    if kinematic_s.size == 0:
        return Kinematic(0.0, (float("nan"),) * len(tolerances), 0, music_s.size)
    distance = nearest_distances(kinematic_s, music_s)
    hits = tuple(float(np.mean(distance <= k / LEE_FPS + 1e-9)) for k in tolerances)
    return Kinematic(kinematic_s.size / music_s.size, hits, kinematic_s.size, music_s.size)


def fact_kinematic_beats(joints: Array, fps: float = FPS) -> Int64:
    """Minima of summed joint speed over ±10 frames of 60 fps (FACT, Li et al. 2021)."""
    # float32 as published: it decides which of two nearly equal frames is the minimum.
    return lows(bridged_movement(joints).astype(np.float32), max(1, round(FACT_ORDER_S * fps)))


def fact_bas(joints: Array, beats_s: Array, fps: float = FPS) -> Bas:
    """Beat alignment score of FACT: how near each kinematic beat is to a music beat.

    Mean over kinematic beats of ``exp(-d² / 2σ²)``, σ = 50 ms, d to the nearest music
    beat; 0 without kinematic beats. Larger is better.
    """
    music_s = _within(beats_s, joints.shape[0], fps)
    kinematic_s = fact_kinematic_beats(joints, fps) / fps
    return _bas(kinematic_s, music_s, kinematic_s.size, music_s.size)


def bailando_kinematic_beats(joints: Array, fps: float = FPS) -> Int64:
    """Minima of joint speed smoothed with a Gaussian of 5 frames of 60 fps (Bailando).

    As published, index i stands for the step from frame i to frame i + 1.
    """
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(bridged_movement(joints)[1:], BAILANDO_SMOOTH_S * fps)
    return lows(smooth, 1)


def bailando_bas(joints: Array, beats_s: Array, fps: float = FPS) -> Bas:
    """Beat alignment score of Bailando: how near each music beat is to a kinematic beat.

    Mean over music beats of ``exp(-d² / 2σ²)``, σ = 50 ms, d to the nearest kinematic
    beat. Larger is better, but surplus kinematic beats are not punished: read it
    beside their number.
    """
    music_s = _within(beats_s, joints.shape[0], fps)
    kinematic_s = bailando_kinematic_beats(joints, fps) / fps
    return _bas(music_s, kinematic_s, kinematic_s.size, music_s.size)


def _check_times(times_s: Array, name: str) -> None:
    if times_s.ndim != 1 or times_s.dtype.kind not in "fiu":
        raise InputError(f"{name} must be a list of times in seconds; got shape {times_s.shape}")
    if not np.isfinite(times_s).all() or bool((np.diff(times_s) <= 0).any()):
        raise InputError(f"{name} must be finite and increasing")


def _within(beats_s: Array, n_frames: int, fps: float) -> Float64:
    frames = np.floor(np.asarray(beats_s, dtype=np.float64) * fps + 0.5)
    inside = (frames > 0) & (frames < n_frames)
    return np.asarray(np.asarray(beats_s, dtype=np.float64)[inside])


def nearest_distances(points: Array, among: Array) -> Float64:
    """Distance of each point to the nearest of `among`, both increasing."""
    right = np.clip(np.searchsorted(among, points), 0, len(among) - 1)
    left = np.maximum(right - 1, 0)
    return np.asarray(np.minimum(np.abs(among[right] - points), np.abs(among[left] - points)))


def _bas(of: Float64, to: Float64, n_kinematic: int, n_music: int) -> Bas:
    if of.size == 0 or to.size == 0:
        return Bas(0.0, n_kinematic, n_music)
    kernel = np.exp(-(nearest_distances(of, to) ** 2) / (2 * BAS_SIGMA_S**2))
    return Bas(float(kernel.mean()), n_kinematic, n_music)
