"""What is going to be shown, frame by frame of the planned clock, and where it comes from.

Runs are put one behind the other; where one does not simply go on from the other, the aligner
`inertial` bends both sides of the seam towards each other. What has been shown stays as it
was: nothing before `shown` is bent or taken back.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.align.inertial import InertialAligner
from danceit.align.retiming import sampled
from danceit.counts import Counts
from danceit.data import FPS, Dance, Float32, Float64, Int32, Int64, Music, Placement

BEHIND = 48
"""Frames that are kept behind what was shown."""
BEND = 24
"""Frames before a seam that its repair may look at."""


@dataclass(frozen=True)
class Sampled:
    """Frames as they are shown.

    Attributes
    ----------
    joints : float32 (N, 18, C)
    source_index : int32 (N,)
        Number of the run's placement.
    source_s : float64 (N,)
    seams : int64
        Positions among these N before which a new fragment starts.
    """

    joints: Float32
    source_index: Int32
    source_s: Float64
    seams: Int64


class Timeline:
    """Frames from `first` on; the planned clock counts them from 0."""

    def __init__(self, dims: int) -> None:
        self.first = 0
        self.shown = 0
        """Frame up to which all has been shown."""
        self._joints = np.zeros((0, 18, dims), np.float32)
        self._index = np.zeros(0, np.int32)
        self._source_s = np.zeros(0)
        self._seams: list[int] = []

    @property
    def end(self) -> int:
        """Frame after the last."""
        return self.first + len(self._joints)

    def last_two(self) -> Float32 | None:
        """The two frames (2, 18, C) at the end; None where there are not as many."""
        return self._joints[-2:].copy() if len(self._joints) >= 2 else None

    def cut(self, frame: int) -> None:
        """Forget the frames from one on, which have not been shown."""
        kept = max(frame, self.shown) - self.first
        self._joints, self._index = self._joints[:kept], self._index[:kept]
        self._source_s = self._source_s[:kept]
        self._seams = [seam for seam in self._seams if seam < self.end]

    def add(self, joints: Float32, placed: int, source_s: Float64, *, goes_on: bool) -> None:
        """Put a run (L, 18, C) of a placement behind the rest; `goes_on` where there is no seam."""
        seam, joints = self.end, joints.astype(np.float32)
        if not goes_on and len(self._joints) and len(joints):
            self._seams.append(seam)
            context = min(BEND, seam - max(self.shown, self.first))
            both = np.concatenate([self._joints[len(self._joints) - context :], joints])
            bent = _repaired(both, context)
            self._joints[len(self._joints) - context :] = bent[:context]
            joints = bent[context:]
        self._joints = np.concatenate([self._joints, joints])
        self._index = np.append(self._index, np.full(len(joints), placed, np.int32))
        self._source_s = np.append(self._source_s, source_s)

    def at(self, planned_s: Float64) -> Sampled:
        """Show the frames at moments (N,) of the planned clock, which follow on what was shown."""
        position = np.clip(planned_s * FPS - self.first, 0.0, len(self._joints) - 1.0)
        cuts = np.array(self._seams, dtype=np.int64) - self.first
        joints = sampled(self._joints, position, cuts)
        held = np.floor(position + 1e-6).astype(np.int64)
        share = np.clip(position - held, 0.0, 1.0)
        after = np.minimum(held + 1, len(self._joints) - 1)
        # Where there is no seam the source goes on, be it into another fragment.
        step = np.where(~np.isin(after, cuts), self._source_s[after] - self._source_s[held], 0.0)
        before = max(self.shown - 1 - self.first, 0)
        ends = np.concatenate([[before], held])
        seams = [i for i in range(len(held)) if np.any((cuts > ends[i]) & (cuts <= ends[i + 1]))]
        result = Sampled(
            joints,
            self._index[held],
            self._source_s[held] + share * step,
            np.array(seams, dtype=np.int64),
        )
        self._note_shown(int(held[-1]) + self.first + 1 if len(held) else self.shown)
        return result

    def _note_shown(self, frame: int) -> None:
        """Take it that all before a frame was shown, and forget what is long past."""
        self.shown = max(self.shown, frame)
        surplus = self.shown - BEHIND - self.first
        if surplus > 4 * BEHIND:
            self.first += surplus
            self._joints, self._index = self._joints[surplus:], self._index[surplus:]
            self._source_s = self._source_s[surplus:]
            self._seams = [seam for seam in self._seams if seam > self.first]


def _repaired(joints: Float32, seam: int) -> Float32:
    """Frames (T, 18, C) with the seam before frame `seam` repaired."""
    if not 0 < seam < len(joints):
        return joints
    n_frames = len(joints)
    dance = Dance(
        joints=joints,
        seams=np.array([seam], dtype=np.int64),
        beats_s=np.zeros(0),
        source_index=np.zeros(n_frames, np.int32),
        source_s=np.arange(n_frames) / FPS,
        fragments=(_NOWHERE,),
    )
    music = Music(Path(), "", n_frames / FPS, Counts.none())
    return InertialAligner().align(dance, music).joints


_NOWHERE = Placement("", "", "", 0.0, 0.0, 0.0, 0.0, 0, 0.0)
