"""`beat`: put the largest movement of each beat's window on the beat (DanceIt eq. 14-16).

The movement into frame t lies between frames t - 1 and t, so what is put on a beat at
frame f is shown at time f - 1/2. Within each window one cubic leads there and another one
on; all windows are entered and left at the same pace, so that the whole is continuous
in velocity.

To move the largest movement to the beat is not enough: what is sped up on the way
grows and may exceed it. So many pairs of a moment and of the pace at which
the beat passes it are tried, and of those whose movement is then largest at the beat the
one that bends time least is taken.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from danceit.align.retiming import rewarped
from danceit.align.travel import Travel, travel
from danceit.data import Dance, Float64, Music
from danceit.errors import InputError
from danceit.movement import beat_frames, beat_windows

MARGIN = 1.03
"""The movement at the beat is to exceed all others of its window by this factor: steps are
shorter than what is travelled in them by about so much."""
_UNLIMITED = 4.0
"""Stretch that is tried at most where no limit is set; more gains nothing."""
_BEND = 0.02
"""Worth of a bend of time, against 10 for each unit that the movement at the beat lacks."""


@dataclass(frozen=True)
class BeatAligner:
    """Warp time within each beat's window, a cubic segment on both sides of the beat.

    The windows' edges stay where they are, so that each window is warped by itself.
    Where nothing within the limit is largest on the beat, what comes nearest is taken.

    Attributes
    ----------
    max_warp : float or None
        Largest local stretch: with 1.5 no movement plays at more than 1.5 times or less
        than 1 / 1.5 of its own speed. None sets no limit.
    anchor : "peak" or "rest"
        What is put on the beat: the largest movement (the paper), or the least, where a
        movement comes to rest (the deceleration of Lee et al.).
    """

    name: ClassVar[str] = "beat"

    max_warp: float | None = 1.5
    anchor: Literal["peak", "rest"] = "peak"

    def __post_init__(self) -> None:
        check_limits(self.name, self.max_warp, self.anchor)

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with each window's anchor moved to, or towards, its beat."""
        warp = np.arange(dance.n_frames, dtype=np.float64)
        beats = beat_frames(music.beats_s, dance.n_frames)
        if beats.size:
            travelled = travel(dance.joints, dance.seams)
            for beat, window in zip(beats, beat_windows(beats, dance.n_frames), strict=True):
                # The dance's first and last frame stay where they are.
                start, stop = max(int(window[0]), 1), min(int(window[1]), dance.n_frames - 1)
                if start < beat < stop - 1:
                    warp[start:stop] = self._window(travelled, start, stop, int(beat))
        return rewarped(dance, warp)

    def _window(self, travelled: Travel, start: int, stop: int, beat: int) -> Float64:
        """Positions shown by the frames start..stop, the best of all that are tried."""
        limit = self.max_warp or _UNLIMITED
        edge = max(0.8, limit**-0.5) if self.anchor == "peak" else min(1.25, limit**0.5)
        paces = np.geomspace(1, limit, 6)
        if self.anchor == "rest":
            paces = 1 / paces
        moments = np.arange(start, stop - 0.75, 0.25)
        moment, pace = (each.reshape(-1, 1) for each in np.meshgrid(moments, paces))
        first, middle, last = start - 0.5, beat - 0.5, stop - 0.5
        before = np.concatenate([[first], np.arange(start, beat)])
        after = np.concatenate([np.arange(beat, stop), [last]])
        shown = np.concatenate(
            [
                _cubic(
                    (before - first) / (middle - first), middle - first, first, moment, edge, pace
                ),
                _cubic((after - middle) / (last - middle), last - middle, moment, last, pace, edge),
            ],
            axis=1,
        )
        speed = np.diff(shown, axis=1) / np.diff(np.concatenate([before, after]))
        allowed = (speed.min(axis=1) >= 1 / limit - 1e-9) & (speed.max(axis=1) <= limit + 1e-9)
        if not allowed.any():
            return np.arange(start, stop, dtype=np.float64)
        distance = travelled.until(shown[:, 1:-1])
        # The frame before the window's first is shown half a frame before its edge.
        entry = travelled.until(np.full((len(shown), 1), first - 0.5 * edge))
        steps = np.diff(np.concatenate([entry, distance], axis=1), axis=1)
        bend = ((speed - 1) ** 2).sum(axis=1)
        worth = 10 * np.minimum(prominence(steps, beat - start, self.anchor), MARGIN)
        best = int(np.argmax(np.where(allowed, worth - _BEND * bend, -np.inf)))
        chosen: Float64 = shown[best, 1:-1]
        return chosen


def check_limits(name: str, max_warp: float | None, anchor: str) -> None:
    """Check the options that temporal aligners share.

    Raises
    ------
    InputError
    """
    if max_warp is not None and not (
        isinstance(max_warp, int | float) and 1 <= max_warp <= _UNLIMITED
    ):
        raise InputError(
            f"{name}: `max_warp` must be from 1 to {_UNLIMITED:g}, or none; got {max_warp}"
        )
    if anchor not in ("peak", "rest"):
        raise InputError(f"{name}: anchor must be peak or rest; got '{anchor}'")


def prominence(steps: Float64, column: int, anchor: str) -> Float64:
    """By what factor the movement in one column exceeds, or for rests stays below, all others."""
    others = np.delete(steps, column, axis=-1)
    mine = steps[..., column]
    if anchor == "peak":
        ratio: Float64 = mine / np.maximum(others.max(axis=-1), 1e-6)
    else:
        ratio = others.min(axis=-1) / np.maximum(mine, 1e-6)
    return ratio


def _cubic(
    u: Float64,
    run: float,
    begin: Float64 | float,
    end: Float64 | float,
    pace: Float64 | float,
    pace_end: Float64 | float,
) -> Float64:
    """Cubic from `begin` to `end` over `run` frames, at shares u of it, by paces at its ends."""
    curve: Float64 = (
        (1 + 2 * u) * (1 - u) ** 2 * begin
        + u * (1 - u) ** 2 * run * pace
        + u**2 * (3 - 2 * u) * end
        - u**2 * (1 - u) * run * pace_end
    )
    return curve
