"""By how much an index moved a recording against its picture, told from the poses themselves.

`--lag` moves a recording's poses to where its sound is, and a dance counts its seconds by the
sound. The picture of a second is then elsewhere in the video. An index does not say by how much
it moved each recording, but the poses of a dance are the recording's own: the picture that
belongs to a frame is the one with the frame's pose.
"""

from collections.abc import Sequence

import numpy as np

from danceit.data import BODY_PX, Dance, Float64
from danceit.index.sources.settings import MAX_LAG_S
from danceit.render.filmed import Filmed
from danceit.render.person.labels import BODY
from danceit.render.shots import body_px

COARSE_S, FINE_S = 1 / 48, 1 / 480
FEWEST_FRAMES = 24
MOST_FRAMES = 240
NEARER = 0.7
"""Mean distance of the joints, over that without a lag, from which a lag is believed."""
ALIKE_PX = 20.0
"""The same in canvas pixels: farther off, the dance's poses are not those of the picture."""


def picture_lag(filmed: Filmed, dances: Sequence[Dance], source: str) -> float:
    """Seconds by which the picture of `source` is later than the dances count.

    Parameters
    ----------
    filmed : Filmed
        As the video shows it.
    dances : sequence of Dance
        Some of whose frames are of that source.
    source : str
        As a `Placement` names it.

    Returns
    -------
    float
        To `FINE_S`; 0 where the poses agree as they are or cannot be told apart.
    """
    poses, times_s = _frames_of(dances, source)
    if len(poses) < FEWEST_FRAMES:
        return 0.0
    chosen = np.unique(np.linspace(0, len(poses) - 1, MOST_FRAMES).astype(int))
    poses, times_s = poses[chosen], times_s[chosen]
    shown = filmed.joints[:, BODY].astype(np.float64) * (BODY_PX / body_px(filmed.joints))

    def apart(lag_s: float) -> float:
        return _distance(poses, _at(shown, filmed.times_s, times_s + lag_s))

    def best(lags: Float64) -> float:
        return float(lags[int(np.argmin([apart(lag) for lag in lags.tolist()]))])

    reach = round(MAX_LAG_S / COARSE_S)
    coarse = best(np.arange(-reach, reach + 1) * COARSE_S)
    steps = round(COARSE_S / FINE_S)
    found = best(coarse + np.arange(-steps, steps + 1) * FINE_S)
    distance = apart(found)
    believed = distance < ALIKE_PX and distance < NEARER * apart(0.0)
    return found if believed else 0.0


def _frames_of(dances: Sequence[Dance], source: str) -> tuple[Float64, Float64]:
    """Poses (N, J, 2), canvas pixels, and seconds (N,) of the frames that show a source."""
    poses, times = [], []
    for dance in dances:
        owners = np.array([placed.source == source for placed in dance.fragments], dtype=bool)
        if owners.any():
            own = owners[dance.source_index]
            poses.append(dance.joints[own][:, BODY, :2].astype(np.float64))
            times.append(dance.source_s[own])
    if not poses:
        return np.empty((0, len(BODY), 2)), np.empty(0)
    return np.concatenate(poses), np.concatenate(times)


def _at(shown: Float64, times_s: Float64, asked_s: Float64) -> Float64:
    """Poses (N, J, 2) at times, NaN where nothing is shown."""
    flat = shown.reshape(len(shown), -1)
    after = np.clip(np.searchsorted(times_s, asked_s), 1, len(times_s) - 1)
    span = times_s[after] - times_s[after - 1]
    share = ((asked_s - times_s[after - 1]) / span)[:, None]
    between = flat[after - 1] + share * (flat[after] - flat[after - 1])
    between[(asked_s < times_s[0] - COARSE_S) | (asked_s > times_s[-1] + COARSE_S)] = np.nan
    return np.asarray(between.reshape(len(asked_s), *shown.shape[1:]), dtype=np.float64)


def _distance(ours: Float64, theirs: Float64) -> float:
    """Mean distance of the joints of poses laid on one another; infinite for too few."""
    known = np.isfinite(ours).all(axis=2) & np.isfinite(theirs).all(axis=2)
    enough = known.sum(axis=1) >= 6
    if enough.sum() < 0.5 * len(ours):
        return float("inf")
    known = known[enough]
    between = np.where(known[..., None], ours[enough] - theirs[enough], 0.0)
    count = known.sum(axis=1)
    between -= (between.sum(axis=1) / count[:, None])[:, None]
    length = np.where(known, np.linalg.norm(between, axis=2), 0.0)
    return float((length.sum(axis=1) / count).mean())
