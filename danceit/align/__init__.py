"""Aligners: repair the seams of a retrieved dance and put its movement on the beat.

Every aligner is a frozen dataclass whose fields are its options, with one method,
``align(dance, music) -> Dance``, which is pure and keeps the number of frames.
*Spatial* aligners (linear, tsd, ...) redraw the frames around a seam and leave time
alone; *temporal* aligners (beat, ...) leave every pose a real pose and choose when it
is shown, moving seams and source times with it.

- `protocols`: what an aligner is; `registry`: aligners by name, chains, and their record
- spatial, on `spatial`: `linear`, `minjerk`, `hermite`, `tsd`, `learned` (real movement from
  `memory`), `inertial`; `fill` draws joints that were lost; `none` is the baseline
- temporal, on `retiming`: `counts`, `beat`, `warp`
- what these share: `bones` and `velocity` at the ends of a gap, `easing` of warps, `travel`

    >>> from danceit.align import make_aligner
    >>> make_aligner("linear:window_frames=12")
    LinearAligner(window_frames=12, threshold_px=10.0, anywhere=False)
"""

from danceit import make_callable
from danceit.align.protocols import Aligner, Filler
from danceit.align.registry import ALIGNERS, DEFAULT_METHODS, align, make_aligner

__all__ = ["ALIGNERS", "DEFAULT_METHODS", "Aligner", "Filler", "align", "make_aligner"]

make_callable(__name__)
