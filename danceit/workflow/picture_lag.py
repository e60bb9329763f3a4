"""By how much an index moved a recording against its picture, told from the poses themselves.

`ReadSettings.lag` moves a recording's poses to where its sound is, and a dance counts its seconds
by the sound. The picture of a second is then elsewhere in the video. An index does not say by how
much it moved each recording, but the poses of a dance are the recording's own: the picture that
belongs to a frame is the one with the frame's pose.
"""

from collections.abc import Sequence

import numpy as np

from danceit.data import Bool, Dance, Float64, Recording, mirrored, person_of
from danceit.index.sources.settings import MAX_LAG_S
from danceit.render.person.labels import BODY

COARSE_S, FINE_S = 1 / 48, 1 / 480
FEWEST_FRAMES = 24
MOST_FRAMES = 240
NEARER = 0.7
"""Median distance of the poses, over that without a lag, from which a lag is believed."""
ALIKE_PX = 20.0
"""The same in canvas pixels: farther off, the dance's poses are not those of the picture."""


def picture_lag(
    recording: Recording, dances: Sequence[Dance], source: str, person: int = 1
) -> float:
    """Seconds by which the picture of `source` is later than the dances count.

    Parameters
    ----------
    recording : Recording
        The source as it is read, not moved, in as many dimensions as the dances have.
    dances : sequence of Dance
        Some of whose frames are of that source.
    source : str
        As a `Placement` names it.
    person : int
        Which of its dancers the recording shows.

    Returns
    -------
    float
        To `FINE_S`; 0 where the poses agree as they are or cannot be told apart.
    """
    dims = recording.poses.shape[2]
    same = [dance for dance in dances if dance.joints.shape[2] == dims]
    poses, times_s = _frames_of(same, source, person)
    if len(poses) < FEWEST_FRAMES:
        return 0.0
    chosen = np.unique(np.linspace(0, len(poses) - 1, MOST_FRAMES).astype(int))
    poses, times_s = poses[chosen], times_s[chosen]
    shown = recording.poses[:, BODY].astype(np.float64)

    def apart(lag_s: float) -> float:
        return _distance(poses, _at(shown, recording.times_s, times_s + lag_s))

    def best(lags: Float64) -> float:
        return float(lags[int(np.argmin([apart(lag) for lag in lags.tolist()]))])

    reach = round(MAX_LAG_S / COARSE_S)
    coarse = best(np.arange(-reach, reach + 1) * COARSE_S)
    steps = round(COARSE_S / FINE_S)
    found = best(coarse + np.arange(-steps, steps + 1) * FINE_S)
    distance = apart(found)
    believed = distance < ALIKE_PX and distance < NEARER * apart(0.0)
    return found if believed else 0.0


def _frames_of(dances: Sequence[Dance], source: str, person: int) -> tuple[Float64, Float64]:
    """Poses (N, J, C), canvas pixels, and seconds (N,) of the frames that show a source."""
    poses, times = [], []
    for dance in dances:
        wanted = [(one.source, person_of(one.clip_id)) for one in dance.fragments]
        owners = np.array([each == (source, person) for each in wanted], dtype=bool)
        if owners.any():
            own = owners[dance.source_index]
            sides = np.array([one.mirrored for one in dance.fragments])[dance.source_index[own]]
            shown = np.where(sides[:, None, None], mirrored(dance.joints[own]), dance.joints[own])
            poses.append(shown[:, BODY].astype(np.float64))
            times.append(dance.source_s[own])
    if not poses:
        return np.empty((0, len(BODY), 3)), np.empty(0)
    return np.concatenate(poses), np.concatenate(times)


def _at(shown: Float64, times_s: Float64, asked_s: Float64) -> Float64:
    """Poses (N, J, C) at times, NaN where nothing is shown."""
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
    ours, theirs = (_about_their_middle(poses[enough], known) for poses in (ours, theirs))
    if theirs.shape[2] == 3:
        theirs = _facing(theirs, ours)
    # Clips are brought to one size each, so every pose is compared at the size that fits best.
    size = (ours * theirs).sum(axis=(1, 2)) / np.maximum((theirs**2).sum(axis=(1, 2)), 1e-9)
    length = np.linalg.norm(ours - size[:, None, None] * theirs, axis=2)
    # At a seam an aligner bends the movement: most frames are not at one.
    return float(np.median(length.sum(axis=1) / known.sum(axis=1)))


def _facing(poses: Float64, like: Float64) -> Float64:
    """Poses (N, J, 3) turned about the vertical to face as others do: a query turns fragments."""
    ours, theirs = poses[..., 0] + 1j * poses[..., 2], like[..., 0] + 1j * like[..., 2]
    turn = np.exp(1j * np.angle((theirs * ours.conj()).sum(axis=1)))
    turned = ours * turn[:, None]
    return np.stack([turned.real, poses[..., 1], turned.imag], axis=2)


def _about_their_middle(poses: Float64, known: Bool) -> Float64:
    """Known joints less their mean; 0 where unknown."""
    kept = np.where(known[..., None], poses, 0.0)
    middle = kept.sum(axis=1) / known.sum(axis=1)[:, None]
    return np.asarray(np.where(known[..., None], kept - middle[:, None], 0.0), dtype=np.float64)
