"""`beat`: put the largest movement of each beat's window on the beat (DanceIt eq. 14-16)."""

from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

import numpy as np

from danceit.align.warping import beat_frames, beat_windows, movement, rewarped
from danceit.data import Dance, Float64, Music
from danceit.errors import InputError


@dataclass(frozen=True)
class BeatAligner:
    """Warp time within each beat's window, a cubic segment on both sides of the beat.

    The windows' edges stay where they are, so that each window is warped by itself. A
    movement that cannot reach its beat within the limit is moved as far as it allows.

    Attributes
    ----------
    max_warp : float or None
        Largest local stretch: with 1.5 no movement plays at more than 1.5 times or less
        than 1 / 1.5 of its own speed. None sets no limit.
    anchor : "peak" or "rest"
        What is put on the beat: the frame of largest movement (the paper), or of least,
        where a movement comes to rest (the deceleration of Lee et al.).
    """

    name: ClassVar[str] = "beat"

    max_warp: float | None = 1.5
    anchor: Literal["peak", "rest"] = "peak"

    def __post_init__(self) -> None:
        if self.max_warp is not None and not self.max_warp >= 1:
            raise InputError(f"beat: max_warp must be at least 1 or none; got {self.max_warp}")

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with each window's anchor moved to, or towards, its beat."""
        warp = np.arange(dance.n_frames, dtype=np.float64)
        beats = beat_frames(music.beats_s, dance.n_frames)
        moved = movement(dance.joints)
        for beat, (start, stop) in zip(beats, beat_windows(beats, dance.n_frames), strict=True):
            inner = moved[start + 1 : stop]
            if inner.size:
                pick = np.argmax(inner) if self.anchor == "peak" else np.argmin(inner)
                self._warp_window(warp, start, stop, int(beat), start + 1 + int(pick))
        return rewarped(dance, warp, self.name, asdict(self))

    def _warp_window(self, warp: Float64, start: int, stop: int, beat: int, shown: int) -> None:
        """Write the warp of one window, in which position `shown` moves to frame `beat`."""
        last = min(stop, len(warp) - 1)
        if not (start < beat < last and start < shown < last):
            return
        frames = np.arange(start, last + 1, dtype=np.float64)
        offset = cubic(frames, [start, beat, last], [start, shown, last]) - frames
        speed: Float64 = np.diff(frames + offset)
        warp[start : last + 1] = frames + offset * self._share(speed)

    def _share(self, speed: Float64) -> float:
        """Share of the way that keeps the local speed within the limit."""
        if self.max_warp is None:
            return 1.0
        fast = max(float(speed.max()) - 1, 1e-12)
        slow = max(1 - float(speed.min()), 1e-12)
        return min(1.0, (self.max_warp - 1) / fast, (1 - 1 / self.max_warp) / slow)


def cubic(frames: Float64, at: list[int], shown: list[int]) -> Float64:
    """Monotone cubic curve through (at, shown), continuous in velocity, velocity 1 at its ends."""
    from scipy.interpolate import CubicHermiteSpline

    run, rise = np.diff(at).astype(float), np.diff(shown).astype(float)
    secant = rise / run
    middle = (
        3
        * (run[0] + run[1])
        / ((2 * run[1] + run[0]) / secant[0] + (run[1] + 2 * run[0]) / secant[1])
    )
    # Fritsch and Carlson: up to three times the secant a cubic stays monotone.
    slopes = [min(1.0, 3 * secant[0]), middle, min(1.0, 3 * secant[1])]
    curve: Float64 = CubicHermiteSpline(at, shown, slopes)(frames)
    return curve
