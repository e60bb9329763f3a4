"""`counts`: bring the dancers' own counts onto the song's, and change nothing else.

What was danced on a beat of its own music is shown on a beat of the song. A dance that was
chosen on counts is there already and stays as it is; one chosen by seconds is up to half a
beat off, and each run (a stretch in which one source goes on) is bent so that its beats
lie on the nearest of the song's. Its ends stay where they are, and no moment is stretched by
more than `max_warp`, what choosing has stretched included: where a beat would need more, it
comes as near as that allows.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from danceit.align.beat import check_limits
from danceit.align.retiming import rewarped
from danceit.data import FPS, Dance, Float64, Music

_ALMOST = 0.1
"""Frames by which a beat may be off: less than anyone could see."""
_CORNER = 7
"""Frames over which the pace changes."""
_UNLIMITED = 0.75
"""Steepest bend where no limit is set, in frames a frame: at 1 time would stand still."""


@dataclass(frozen=True)
class CountsAligner:
    """Bend time so that beats of the sources' music fall on beats of the song.

    Attributes
    ----------
    max_warp : float or None
        Largest local stretch: with 1.25 no movement plays at more than 1.25 times or less
        than 1 / 1.25 of its own speed; what is beyond that already is not bent. None sets no limit.
    """

    name: ClassVar[str] = "counts"

    max_warp: float | None = 1.25

    def __post_init__(self) -> None:
        check_limits(self.name, self.max_warp, "peak")

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` on the song's counts; as it is where either has none."""
        warp = np.arange(dance.n_frames, dtype=np.float64)
        if len(music.beats_s) >= 2:
            edges = [0, *dance.seams.tolist(), dance.n_frames]
            for start, stop in (_moving(dance, *run) for run in pairwise(edges)):
                shown = beats_shown(dance, start, stop)
                warp[start:stop] = self._bent(dance, shown, music, start, stop)
        return rewarped(dance, warp)

    def _bent(self, dance: Dance, shown: Float64, music: Music, start: int, stop: int) -> Float64:
        """Positions (L,) shown by the frames of a run whose beats are shown at `shown` frames."""
        plain = np.arange(start, stop, dtype=np.float64)
        places = music.counts.places(shown / FPS)
        wanted = music.counts.times(np.round(places)) * FPS
        if stop - start <= 2 * _CORNER:
            return plain
        # The corners at both ends are rounded within the run.
        first, last = plain[0] + _CORNER // 2, plain[-1] - _CORNER // 2
        inside = (wanted > first) & (wanted < last)
        shown, wanted = shown[inside], wanted[inside]
        if not len(shown) or np.abs(shown - wanted).max() < _ALMOST:
            return plain
        times = np.concatenate([[first], wanted, [last]])
        offsets = np.concatenate([[0.0], shown - wanted, [0.0]])
        bend = np.interp(plain, times, _gentle(offsets, self._room(dance, times)))
        return np.clip(plain + _rounded(bend), plain[0], plain[-1])

    def _room(self, dance: Dance, times: Float64) -> Float64:
        """Frames by which time may be bent from each of `times` (N,) to the next, (N - 1,)."""
        if self.max_warp is None:
            return np.asarray(_UNLIMITED * np.diff(times))
        pace = np.diff(dance.source_s) * FPS
        room = np.empty(len(times) - 1)
        for k, (here, there) in enumerate(pairwise(times)):
            # As far as the bend itself, and the rounding of its corners, may reach.
            own = pace[max(0, int(here) - _CORNER) : int(there) + _CORNER]
            own = own[(own > 0.1) & (own < 10.0)]
            quickest, slowest = (own.max(), own.min()) if own.size else (1.0, 1.0)
            steepest = min(self.max_warp / quickest - 1, 1 - 1 / (self.max_warp * slowest))
            room[k] = max(0.0, min(steepest, 1 - 1 / self.max_warp)) * (there - here)
        return room


def _moving(dance: Dance, start: int, stop: int) -> tuple[int, int]:
    """Frames of a run without those at its ends that hold one moment."""
    moving = np.flatnonzero(np.diff(dance.source_s[start:stop]) > 1e-9)
    if not moving.size:
        return start, start
    return start + int(moving[0]), start + int(moving[-1]) + 2


def beats_shown(dance: Dance, start: int, stop: int) -> Float64:
    """Frames (fractions of them) of a run at which beats of its sources' own music are shown."""
    source_s = dance.source_s[start:stop]
    frames = np.arange(start, stop, dtype=np.float64)
    known: set[float] = set()
    for number in np.unique(dance.source_index[start:stop]).tolist():
        known |= set(dance.fragments[number].beats_s)
    beats_s = np.array(sorted(known))
    rising = np.concatenate([[True], np.diff(source_s) > 1e-9])
    if not len(beats_s) or int(rising.sum()) < 2:
        return np.zeros(0)
    inside = (beats_s >= source_s[0]) & (beats_s <= source_s[-1])
    return np.asarray(np.interp(beats_s[inside], source_s[rising], frames[rising]))


def _gentle(offsets: Float64, room: Float64) -> Float64:
    """Offsets (N,) that change by no more than `room` (N - 1,) and are 0 at both ends."""
    kept = offsets.copy()
    kept[0] = kept[-1] = 0.0
    for k in range(1, len(kept)):
        kept[k] = np.clip(kept[k], kept[k - 1] - room[k - 1], kept[k - 1] + room[k - 1])
    kept[-1] = 0.0
    for k in range(len(kept) - 2, -1, -1):
        kept[k] = np.clip(kept[k], kept[k + 1] - room[k], kept[k + 1] + room[k])
    return kept


def _rounded(bend: Float64) -> Float64:
    """Round the corners of a bend of straight lines; its steepest part gets no steeper."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(bend, _CORNER, mode="nearest"))
