"""Dance units: what lies between kinematic beats, at one pace; and back onto music's beats.

Conventions
-----------
- A unit has 32 poses with its four beats at frames 3, 11, 19 and 27, as the release's beat
  warper has them; units that follow one another make one even row of beats. At the paper's
  15 frames a second that is 112 beats a minute.
- *Place* p of a row of beats is the p-th beat, fractions lie between beats; frame f of a
  unit that starts with beat b is at place b + (f - 3) / 8.
- Poses are 14 joints in 2-D, flat (28,): x and y of the nose, of the neck, ...
- A unit stands with the middle of its first pose's hips at x = 0. The paper's clips show a
  dancer in one place; motion capture crosses a stage, and a joint's x would be its dancer's
  place there and little else. What a unit travels it keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.align.retiming import sampled
from danceit.counts import Counts
from danceit.data import FPS, JOINT, N_JOINTS, Clip, Float32, Float64, Int64
from danceit.movement import kinematic_beats

UNIT_FRAMES, UNIT_BEATS, BEAT_FRAMES, FIRST_BEAT = 32, 4, 8, 3
UNIT_JOINTS = 14
"""Nose to ankles, the first of COCO-18: those that the paper keeps."""
POSE = 2 * UNIT_JOINTS
HIPS_X = (2 * JOINT["right_hip"], 2 * JOINT["left_hip"])
"""Where a flat pose has x of its hips."""
SEQUENCE_UNITS = (3, 4, 5)
"""Units in the sequences that composition learns from (4.2)."""
BEAT_DEVIATIONS = 0.0
"""Kinematic beats from the mean of the deceleration on. The measure's own threshold, one
standard deviation over it, finds a beat in 0.5 to 1.5 s in real dances; this one, whose
median is 0.5 s, gives units of the paper's pace."""
GAP_S = (0.2, 1.4)
"""Between two beats of a unit. Under the first nothing can be told apart at 24 frames a
second; over the second eight poses are too few for what happens."""
_NO_CUTS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class UnitRow:
    """All units of one clip, one for each kinematic beat that one can start with.

    Attributes
    ----------
    poses : float32 (U, 32, 28)
        Canvas pixels.
    first_beat : int64 (U,)
        Kinematic beat that each starts with; units four apart follow one another.
    start_s, end_s : float64 (U,)
        Where they lie in the clip.
    """

    poses: Float32
    first_beat: Int64
    start_s: Float64
    end_s: Float64

    def sequences(self, n_units: int) -> Int64:
        """Rows of `n_units` units that follow one another, int64 (S, n_units)."""
        place = {int(beat): unit for unit, beat in enumerate(self.first_beat)}
        found = [
            [place[int(beat) + UNIT_BEATS * n] for n in range(n_units)]
            for beat in self.first_beat
            if all(int(beat) + UNIT_BEATS * n in place for n in range(n_units))
        ]
        return np.array(found, dtype=np.int64).reshape(-1, n_units)


def units_of(clip: Clip) -> UnitRow:
    """Cut a clip into units at its kinematic beats; those with gaps are dropped."""
    beats = kinematic_beats(clip.poses, deviations=BEAT_DEVIATIONS).astype(np.float64)
    poses, kept, spans = [], [], []
    for beat in range(max(len(beats) - UNIT_BEATS + 1, 0)):
        frames = Counts.of_beats(beats).times(unit_places(beat))
        gaps = np.diff(beats[max(beat - 1, 0) : beat + UNIT_BEATS + 1]) / FPS
        if frames[0] < 0 or frames[-1] > clip.n_frames - 1 or _uneven(gaps):
            continue
        unit = sampled(clip.poses[:, :UNIT_JOINTS, :2], frames, _NO_CUTS)
        if np.isfinite(unit).all():
            poses.append(anchored(unit.reshape(UNIT_FRAMES, POSE)))
            kept.append(beat)
            spans.append((frames[0] / FPS, frames[-1] / FPS))
    starts, ends = np.array(spans, dtype=np.float64).reshape(-1, 2).T
    stacked = np.array(poses, dtype=np.float32).reshape(-1, UNIT_FRAMES, POSE)
    return UnitRow(stacked, np.array(kept, dtype=np.int64), starts, ends)


def anchored(poses: Float32) -> Float32:
    """Move poses in a row (L, 28) along x until the hips of the first are at 0."""
    return shifted(poses, -hips_x(poses[0]))


def shifted(poses: Float32, by_px: float) -> Float32:
    """Move poses (..., 28) along x."""
    moved = poses.copy()
    moved[..., 0::2] += by_px
    return moved


def hips_x(pose: Float32) -> float:
    """Middle of the hips of a pose (28,) along x."""
    return float((pose[HIPS_X[0]] + pose[HIPS_X[1]]) / 2)


def unit_places(first_beat: int, n_units: int = 1) -> Float64:
    """Place among the beats of each frame of `n_units` units in a row, (32 n_units,)."""
    frames = np.arange(UNIT_FRAMES * n_units)
    return np.asarray(first_beat + (frames - FIRST_BEAT) / BEAT_FRAMES, dtype=np.float64)


def unit_gaps_s(clips: Sequence[Clip]) -> Float64:
    """Seconds between kinematic beats that units can be made of, of all clips together."""
    each = [np.diff(kinematic_beats(clip.poses, deviations=BEAT_DEVIATIONS)) for clip in clips]
    gaps = np.concatenate(each) / FPS if each else np.zeros(0)
    return np.asarray(gaps[(gaps >= GAP_S[0]) & (gaps <= GAP_S[1])])


def beat_targets(counts: Counts, duration_s: float, gap_s: float) -> Float64:
    """Times in a song that kinematic beats are to fall on, from before its start to after its end.

    Every beat of the song, or every second, third...: dancers do not dance to every beat, and
    a unit should last about as long as those that were danced. Where the bar is known the
    row goes through a 1. A song without beats gets an even row.

    Parameters
    ----------
    gap_s : float
        Usual time between kinematic beats.
    """
    if len(counts.beats_s) < 2:
        return np.arange(-gap_s, duration_s + 2 * gap_s, gap_s)
    whole = counts.covering(-1.0, duration_s + 1.0)
    beat_s = 60.0 / counts.tempo_bpm
    every = max(1, round(gap_s / beat_s))
    ones = np.flatnonzero(whole.numbers == 1)
    first = int(ones[0]) % every if len(ones) else 0
    return np.asarray(whole.beats_s[first::every])


def onto_beats(units: Float32, targets_s: Float64, n_frames: int) -> tuple[Float32, Int64]:
    """Warp units in a row so that their beats fall on given times: the beat warper.

    Time is linear between beats, as in the paper; poses in between are read off by cubics.

    Parameters
    ----------
    units : float32 (U, 32, 28)
        In a row; unit u starts with beat 4 u.
    targets_s : float64 (B,)
        Time of each beat; B at least 2.

    Returns
    -------
    joints : float32 (n_frames, 18, 2)
        24 fps; joints that units do not have are NaN.
    parts : int64 (P,)
        First frame of each unit that is seen.
    """
    row = units.reshape(-1, UNIT_JOINTS, 2)
    places = Counts.of_beats(targets_s).places(np.arange(n_frames) / FPS)
    shown = np.clip(FIRST_BEAT + BEAT_FRAMES * places, 0, len(row) - 1)
    joints = np.full((n_frames, N_JOINTS, 2), np.nan, dtype=np.float32)
    joints[:, :UNIT_JOINTS] = sampled(row, shown, _NO_CUTS)
    owner = (shown / UNIT_FRAMES).astype(np.int64)
    parts = np.flatnonzero(np.diff(owner, prepend=-1))
    return joints, parts.astype(np.int64)


def units_needed(targets_s: Float64) -> int:
    """Units that have a beat for each target."""
    return -(-len(targets_s) // UNIT_BEATS) + 1


def _uneven(gaps_s: Float64) -> bool:
    return bool(gaps_s.min() < GAP_S[0] - 1e-9 or gaps_s.max() > GAP_S[1] + 1e-9)
