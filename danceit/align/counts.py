"""`counts`: bring the dancers' own counts onto the song's, and change nothing else.

What was danced on a beat of its own music is shown on a beat of the song. A dance that was
chosen on counts is there already and stays as it is; one chosen by seconds is up to half a
beat off, and each run (a stretch in which one source goes on) is bent so that its beats
lie on the nearest of the song's: through the pairs goes a monotone cubic (PCHIP), its ends
stay where they are. Where that would stretch a moment by more than `max_warp`, the run is
bent only as far as that allows.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from danceit.align.beat import check_limits
from danceit.align.warping import rewarped, stretch
from danceit.data import FPS, Dance, Float64, Music

_HALVINGS = 12
"""Steps in which it is found how far a run may be bent: to a four-thousandth."""


@dataclass(frozen=True)
class CountsAligner:
    """Bend time so that beats of the sources' music fall on beats of the song.

    Attributes
    ----------
    max_warp : float or None
        Largest local stretch: with 1.25 no movement plays at more than 1.25 times or less
        than 1 / 1.25 of its own speed. None sets no limit.
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
            for start, stop in pairwise(edges):
                shown = beats_shown(dance, start, stop)
                warp[start:stop] = self._bent(shown, music, start, stop)
        return rewarped(dance, warp)

    def _bent(self, shown: Float64, music: Music, start: int, stop: int) -> Float64:
        """Positions (L,) shown by the frames of a run whose beats are shown at `shown` frames."""
        plain = np.arange(start, stop, dtype=np.float64)
        places = music.counts.places(shown / FPS)
        wanted = music.counts.times(np.round(places)) * FPS
        inside = (wanted > start + 1) & (wanted < stop - 2)
        shown, wanted = shown[inside], wanted[inside]
        apart = np.diff(wanted, prepend=-np.inf) > 1
        shown, wanted = shown[apart], wanted[apart]
        if not len(shown) or np.abs(shown - wanted).max() < 0.1:
            return plain
        limit = self.max_warp or np.inf
        low, high = 0.0, 1.0
        best = plain
        for _ in range(_HALVINGS):
            tried = _through(plain, wanted, shown, high)
            if float(stretch(tried).max(initial=1.0)) <= limit + 1e-9:
                low, best = high, tried
                if high == 1.0:
                    break
                high = min(1.0, high + (high - low or high) / 2)
            else:
                high = (low + high) / 2
        return best


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


def _through(plain: Float64, wanted: Float64, shown: Float64, share: float) -> Float64:
    """Positions at the frames `plain` such that `shown` comes `share` of the way to `wanted`."""
    from scipy.interpolate import PchipInterpolator

    moved = wanted + (1 - share) * (shown - wanted)
    times = np.concatenate([[plain[0]], moved, [plain[-1]]])
    positions = np.concatenate([[plain[0]], shown, [plain[-1]]])
    keep = np.concatenate([[True], np.diff(times) > 1e-6]) & np.concatenate(
        [[True], np.diff(positions) > 1e-6]
    )
    return np.asarray(PchipInterpolator(times[keep], positions[keep])(plain))
