"""Where a film beside keypoints changes its shot, for those whose reader never looks at pictures.

Pictures are decoded small, once for each film, and only where they change is kept.
"""

from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from danceit.data import Bool, Float64, Int64
from danceit.errors import DanceitError
from danceit.files import cache_dir, read_sealed, sha256_of_file, write_sealed
from danceit.index.poses.footage.decoding import pictures
from danceit.index.poses.footage.shots import boundaries, signature

CUT_S = 0.11
"""Time on both sides of a cut that is left out; cleaning bridges no gap of twice that."""
_LOOKED_PX = 96
_VERSION = 2


def cuts_in(video: Path | None) -> Float64:
    """Seconds (B,) from the first picture at which a film's shots begin, but the first.

    Raises
    ------
    InputError
        If it cannot be decoded.
    """
    if video is None:
        return np.empty(0)
    state = video.stat()
    return _cuts_in(video, state.st_mtime_ns, state.st_size)


def near(times_s: Float64, cuts_s: Float64) -> Bool:
    """Frames (T,) that are not to be trusted for the cut beside them."""
    hidden = np.zeros(len(times_s), dtype=bool)
    for cut_s in cuts_s.tolist():
        hidden |= np.abs(times_s - cut_s) <= CUT_S
    return hidden


def shots_between(times_s: Float64, cuts_s: Float64) -> tuple[slice, ...]:
    """Frames of each shot, in order; those without a frame are left out."""
    first: Int64 = np.searchsorted(times_s, cuts_s - 1e-6)
    edges = [0, *first.tolist(), len(times_s)]
    return tuple(slice(a, b) for a, b in pairwise(edges) if b > a)


@lru_cache(maxsize=256)
def _cuts_in(video: Path, _mtime_ns: int, _size: int) -> Float64:
    name = f"{sha256_of_file(video)}-cuts-{_VERSION}"
    # A cache that is not there, or cannot be made or written, is no error.
    with suppress(OSError):
        content = read_sealed(cache_dir() / "video" / name)
        if content is not None:
            return np.frombuffer(content, dtype="<f8")
    cuts_s = _looked_for(video)
    with suppress(OSError, DanceitError):
        kept = cache_dir() / "video" / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(kept, cuts_s.astype("<f8").tobytes())
    return cuts_s


def _looked_for(video: Path) -> Float64:
    times_s, marks = [], []
    for still in pictures(video, _LOOKED_PX):
        times_s.append(still.time_s)
        marks.append(signature(still.picture))
    found: Float64 = np.array(times_s)[boundaries(np.stack(marks))]
    return found
