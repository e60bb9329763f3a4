"""Is a dance in time with what dancers count: bar lock, timing kept, steps, seams, energy.

Conventions
-----------
- Joints are (T, J, C); frame i is at ``i / fps`` seconds of the song.
- Beats are in seconds with their place in the bar, 1 first, 0 where it is not known; the
  metre is the beats a bar. The *count phase* of a time is the beats since the 1 before it,
  in [0, metre).
- All scores are better when larger and lie in [0, 1], but for phases, which are in beats.

The counts that a dance is judged by must not be those it was made by, or the measure
says only that a program does what it means to.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.bench.measures.beats import nearest_distances
from danceit.bench.measures.motion import check_motion
from danceit.counts import Counts
from danceit.data import FEET, FPS, Float64, Int64
from danceit.errors import InputError
from danceit.movement import Array, bridged_movement, joint_steps

ON_COUNT_FRAMES = 2
"""Frames of 24 within which a step or a seam counts as on a count: 83 ms, about what
dancers themselves keep to."""
_REST = 0.25
"""A foot rests where it moves less than this share of its own mean speed; in dances with and
without depth that is the scale on which a planted foot differs from a moving one."""
_LEAST_BARS = 4
"""Bars under which nothing is said of whether movement follows the music."""
_PLANT_S = 0.1
"""Shortest rest that is a plant: two frames of 24 and a bit."""


@dataclass(frozen=True)
class Lock:
    """How strongly movement goes with a cycle, and where in it movement is largest.

    Attributes
    ----------
    strength : float
        R in [0, 1]: 0 where movement does not know the cycle.
    phase_beats : float
        Beats after the start of the cycle at which movement is largest, in
        (-cycle / 2, cycle / 2]; NaN without movement.
    """

    strength: float
    phase_beats: float


@dataclass(frozen=True)
class Kept:
    """How far a dance keeps its dancers' own timing, by one cycle.

    `strength` R is 1 where every frame is off by the same; `offset_beats` is by how much the
    source's moment is shown too late: 0 where what was danced on a count is shown on it.
    """

    strength: float
    offset_beats: float


def validate(joints: Array, beats_s: Array, numbers: Array, metre: int, fps: float) -> None:
    """Check a motion and the counts it is judged by.

    Raises
    ------
    InputError
        If the motion is malformed, `fps` is not positive, the beats are not increasing
        times with one number each, or the metre is not positive.
    """
    check_motion(joints)
    if not fps > 0:
        raise InputError(f"fps must be positive; got {fps}")
    if beats_s.ndim != 1 or numbers.shape != beats_s.shape:
        raise InputError(
            f"beats and their numbers must be lists of one length; got {beats_s.shape} and "
            f"{numbers.shape}"
        )
    if beats_s.size < 2:
        raise InputError(f"counts need at least two beats; got {beats_s.size}")
    if not np.isfinite(beats_s).all() or bool((np.diff(beats_s) <= 0).any()):
        raise InputError("beats_s must be finite and increasing")
    if metre < 1:
        raise InputError(f"the metre must be 1 or more beats a bar; got {metre}")


def evaluate(
    joints: Array, beats_s: Array, numbers: Array, metre: int, fps: float = FPS
) -> dict[str, float]:
    """Return bar lock, beat lock and steps on the count of one dance, by name."""
    validate(joints, beats_s, numbers, metre, fps)
    bar = lock(joints, beats_s, numbers, metre, fps=fps)
    beat = lock(joints, beats_s, numbers, metre, cycle=1, fps=fps)
    steps = steps_on_count(joints, beats_s, fps)
    return {
        "bar_lock": bar.strength,
        "bar_lock_phase": bar.phase_beats,
        "beat_lock": beat.strength,
        "beat_lock_phase": beat.phase_beats,
        "steps_on_count": steps.share,
        "steps_on_count_chance": steps.chance,
        "n_steps": float(steps.count),
    }


def count_phase(times_s: Array, beats_s: Array, numbers: Array, metre: int) -> Float64:
    """Beats since the 1 before each time, in [0, metre).

    Between two beats linear in time; before the first and after the last beat the nearest
    interval goes on. A bar with a beat too few or too many starts at its 1 all the same.

    Parameters
    ----------
    times_s : float64 (N,)
    beats_s : float64 (B,)
        Increasing, two at least.
    numbers : int (B,)
        Place in the bar, 1 first; where all are 0 the first beat counts as a 1.
    metre : int

    Returns
    -------
    float64 (N,)
    """
    named = np.asarray(numbers, dtype=np.int32)
    if not named.any():
        named = (np.arange(len(named)) % metre + 1).astype(np.int32)
    return Counts(np.asarray(beats_s, dtype=np.float64), named, metre).phase(times_s)


def lock(
    joints: Array,
    beats_s: Array,
    numbers: Array,
    metre: int,
    *,
    cycle: int | None = None,
    fps: float = FPS,
) -> Lock:
    """How strongly movement goes with the bar, or another cycle of beats.

    With s the mean joint speed, smoothed by a Gaussian of one frame, less its mean, and φ
    the count phase, ``R = |Σ s exp(2πi φ / M)| / Σ |s|`` over the frames between the first
    and the last beat; the phase of the sum is where in the cycle movement is largest.

    Parameters
    ----------
    cycle : int, optional
        M, beats; the metre where it is not given, 1 for the beat itself.
    """
    from scipy.ndimage import gaussian_filter1d

    m = metre if cycle is None else cycle
    times_s = np.arange(joints.shape[0]) / fps
    speed = gaussian_filter1d(bridged_movement(joints), 1.0)
    heard = (times_s >= beats_s[0]) & (times_s <= beats_s[-1])
    heard[0] = False
    if not heard.any():
        return Lock(float("nan"), float("nan"))
    # The movement into a frame lies half a frame before it.
    phase = count_phase(times_s[heard] - 0.5 / fps, beats_s, numbers, metre)
    s = speed[heard] - speed[heard].mean()
    total = float(np.abs(s).sum())
    if total <= 0:
        return Lock(0.0, float("nan"))
    sum_ = complex((s * np.exp(2j * np.pi * phase / m)).sum())
    return Lock(abs(sum_) / total, float(np.angle(sum_)) * m / (2 * np.pi))


def agreement(locks: list[Lock], cycle: int) -> Lock:
    """How far the phases of several dances agree: the length and angle of their mean phasor."""
    turns = np.array([one.phase_beats / cycle for one in locks if np.isfinite(one.phase_beats)])
    if not turns.size:
        return Lock(float("nan"), float("nan"))
    mean = complex(np.exp(2j * np.pi * turns).mean())
    return Lock(abs(mean), float(np.angle(mean)) * cycle / (2 * np.pi))


def timing_kept(shown_phase: Array, song_phase: Array, cycle: float | Array) -> Kept:
    """How far what was danced at a phase of the source's counts is shown at it in the song's.

    ``R exp(iθ)`` is the mean over frames of ``exp(2πi (song - source) / M)``.

    Parameters
    ----------
    shown_phase : float64 (T,)
        Count phase, in the source's own music, of the moment that each frame shows, told in
        beats of the song; NaN where that is not known, which takes no part.
    song_phase : float64 (T,)
        Count phase of each frame in the song.
    cycle : float or float64 (T,)
        M, beats: 1 for the beat, the metre for the bar, the shorter of both bars where the source
        has another one (`shorter_bar`). The offset is told in their mean.
    """
    cycles = np.broadcast_to(np.asarray(cycle, dtype=np.float64), np.shape(song_phase))
    apart = (np.asarray(song_phase) - np.asarray(shown_phase)) / cycles
    known = np.isfinite(apart)
    if not known.any():
        return Kept(float("nan"), float("nan"))
    mean = complex(np.exp(2j * np.pi * apart[known]).mean())
    return Kept(abs(mean), float(np.angle(mean)) * float(cycles[known].mean()) / (2 * np.pi))


def beats_for_one(song_beats: float, source_beats: float) -> float:
    """Beats of the song for one of the source, by how many both made: 2, 1/2, or 1 for the rest.

    A slow dance to a quick song has two; within a stretch it is one.
    """
    pace = max(song_beats, 1e-6) / max(source_beats, 1e-6)
    return {-1: 0.5, 1: 2.0}.get(round(float(np.log2(pace))), 1.0)


def shorter_bar(metre: int, source_metre: int, for_one: float) -> float:
    """Beats of the song in the shorter of its bar and the source's; NaN where they do not agree.

    What was danced in two agrees with four, and a bar danced to a song of twice the pace lasts two
    of its bars: where bars agree, the 1 of the longer is a 1 of the shorter one.
    """
    bars = sorted((float(metre), source_metre * for_one))
    agree = bars[0] > 0 and bars[1] / bars[0] in (1.0, 2.0, 4.0)
    return bars[0] if agree else float("nan")


@dataclass(frozen=True)
class Steps:
    """Foot plants beside the counts.

    `share` of them within `ON_COUNT_FRAMES` of a count (NaN without plants), `chance` the
    share of all moments that are that near, `count` the plants.
    """

    share: float
    chance: float
    count: int


def steps_on_count(joints: Array, beats_s: Array, fps: float = FPS) -> Steps:
    """Share of foot plants that fall on a count.

    A plant is the first frame of a rest of at least 0.1 s: a foot that moves less than a
    quarter of its own mean speed.
    """
    plants_s = foot_plants(joints, fps) / fps
    beats = np.asarray(beats_s, dtype=np.float64)
    near_s = ON_COUNT_FRAMES / FPS
    inside = plants_s[(plants_s >= beats[0] - near_s) & (plants_s <= beats[-1] + near_s)]
    chance = float(np.minimum(1.0, 2 * near_s / np.diff(beats)).mean())
    if not inside.size:
        return Steps(float("nan"), chance, 0)
    share = float((nearest_distances(inside, beats) <= near_s + 1e-9).mean())
    return Steps(share, chance, int(inside.size))


def foot_plants(joints: Array, fps: float = FPS) -> Int64:
    """Frames at which a foot comes to rest, of both feet, increasing."""
    moved = np.pad(joint_steps(joints)[:, list(FEET)], ((1, 0), (0, 0)))
    found = []
    shortest = max(2, round(_PLANT_S * fps))
    for foot in moved.T:
        mean = float(np.nanmean(foot)) if np.isfinite(foot).any() else 0.0
        still = np.isfinite(foot) & (foot < _REST * mean)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int)))
        starts, stops = edges[::2], edges[1::2]
        found.append(starts[(stops - starts >= shortest) & (starts > 0)])
    return np.sort(np.concatenate(found)).astype(np.int64)


def seams_on(
    seams: Array, beats_s: Array, numbers: Array, *, number: int = 1, fps: float = FPS
) -> float:
    """Share of seams within `ON_COUNT_FRAMES` of a beat of that number; NaN without seams."""
    if not len(seams):
        return float("nan")
    wanted = np.asarray(beats_s, dtype=np.float64)[np.asarray(numbers) == number]
    if not wanted.size:
        return 0.0
    seams_s = np.asarray(seams, dtype=np.float64) / fps
    return float((nearest_distances(seams_s, wanted) <= ON_COUNT_FRAMES / FPS + 1e-9).mean())


def energy_follows(
    joints: Array, beats_s: Array, numbers: Array, loudness: Array, fps: float = FPS
) -> float:
    """Correlation, over whole bars, of mean joint speed with the mean loudness of the music.

    In [-1, 1]; NaN under four bars, or where either never changes.

    Parameters
    ----------
    loudness : float64 (S,)
        One value a frame of `joints`, in decibels or any logarithm of energy.
    """
    ones_s = np.asarray(beats_s, dtype=np.float64)[np.asarray(numbers) == 1]
    shortest = min(len(joints), len(loudness))
    edges = np.round(ones_s * fps).astype(np.int64).clip(0, shortest)
    bars = [(first, last) for first, last in pairwise(edges.tolist()) if last - first > 1]
    if len(bars) < _LEAST_BARS:
        return float("nan")
    # A step is the movement into a frame: that into a bar's first belongs to the bar before.
    moved = bridged_movement(joints)
    strength = np.array([float(np.mean(moved[first + 1 : last])) for first, last in bars])
    heard = np.array([float(np.mean(loudness[first:last])) for first, last in bars])
    if strength.std() <= 0 or heard.std() <= 0:
        return float("nan")
    return float(np.corrcoef(strength, heard)[0, 1])
