"""Poses on the 24 fps grid of their media, with what can be mended mended.

Resampling by time and jitter smoothing by interpolation follow DanceIt III-A, but that bones
keep their length where there is depth. What is longer than `BRIDGE` frames is never invented:
it stays NaN. Levelling is for motion capture whose floor drifts.
"""

from itertools import pairwise

import numpy as np

from danceit.data import BONES, FPS, N_JOINTS, Bool, Float32, Float64, Int64

BRIDGE = 4
"""Frames that may be interpolated in one go, a sixth of a second."""
STRAY_REACHES = 8.0
"""Usual distances of a joint from the middle of its body, 0.4 m, at which it is not of it."""
POINT_REACHES = 0.02
"""Distance from the middle within which all joints together are no body, such as all at zero."""
SPIKE_PX = 45.0
"""Step with which an outlier leaves and comes back, 4.5 m/s for a body of 1.5 m nose to ankle."""
SPIKE_BEND_PX = 40.0
"""Change of step at both ends of an outlier, 10 g."""
SPIKE_RETURN = 0.5
"""How near an outlier comes back to where it left, in its smaller step."""
FLOOR_WINDOW = 73
"""Frames, 3 s, within which some part of the body touches the floor."""
FLOOR_SMOOTHING = 36.0
"""Frames over which the floor may change: half a bar's rise and fall is dance, not drift."""
LEVEL_PX = 12.0
"""Drift from which a clip is levelled, 5 cm; less is the estimate's own noise."""

_STRAIGHT_RAD, _ABOUT_RAD = 1e-4, 2.6
"""Turns of a bone from frame to frame between which it is drawn as a turn."""
_SLACK_S = 1e-5
"""Times are rounded in files, to 1/90000 s in many."""


def without_strays(poses: Float32) -> tuple[Float32, int]:
    """Make joints unknown that cannot be the body's, whatever the frames around them show.

    A joint metres away from all others, a body that is one point, and a body that is
    elsewhere for up to `BRIDGE` frames. They are looked for in the source's own frames and unit,
    before anything is resampled, scaled or levelled by them; a joint that is seen only
    once is judged as well.

    Parameters
    ----------
    poses : float32 (T, J, C)
        NaN where a joint is not known.

    Returns
    -------
    float32 (T, J, C)
    int
        Frames in which something was made unknown.
    """
    known = np.isfinite(poses).all(axis=2)
    seen = np.flatnonzero(known.any(axis=1))
    if not len(seen):
        return poses, 0
    body = np.where(known[seen, :, None], poses[seen], np.nan).astype(np.float64)
    middle = np.nanmedian(body, axis=1)
    reach = np.linalg.norm(body - middle[:, None], axis=2)
    inner = np.nanmedian(reach, axis=1)
    usual = float(np.median(inner))
    stray = reach > STRAY_REACHES * np.maximum(inner, usual)[:, None]
    several = known[seen].sum(axis=1) > 1
    stray |= ((np.nanmax(reach, axis=1) <= POINT_REACHES * usual) & several)[:, None]
    stray |= _elsewhere(middle, STRAY_REACHES * usual)[:, None]
    stray &= known[seen]
    if not stray.any():
        return poses, 0
    result = poses.copy()
    result[seen] = np.where(stray[..., None], np.float32(np.nan), poses[seen])
    return result, int(stray.any(axis=1).sum())


def _elsewhere(middle: Float64, far: float) -> Bool:
    """Frames (T,) in which a body's middle (T, C) is `far` from where it is around them."""
    from scipy.ndimage import median_filter

    around = median_filter(middle, size=(2 * BRIDGE + 1, 1), mode="nearest")
    away: Bool = np.linalg.norm(middle - around, axis=1) > far
    return away if far > 0 else np.zeros(len(middle), dtype=bool)


def resampled(poses: Float32, times_s: Float64) -> tuple[int, Float64]:
    """Interpolate poses to the grid of multiples of 1/24 s.

    A joint is interpolated between two frames that show it, if they are at most
    ``BRIDGE + 1`` grid frames apart; one sighting that far from all others shows no movement, and
    is what detectors mistake: it is left out. With depth, bones turn from one frame to the next:
    on straight lines between places an arm that swings by 40 degrees loses 6 % half-way. In the
    picture bones do shorten, and lines stay straight.

    Parameters
    ----------
    poses : float32 (T, J, C)
        NaN where a joint is not known.
    times_s : float64 (T,)
        Increasing.

    Returns
    -------
    int
        Grid index of the first frame, its time x 24.
    float64 (T', J, C)
        The grid frames that lie within the recording; none for one shorter than a frame.
    """
    first = int(np.ceil((times_s[0] - _SLACK_S) * FPS))
    last = int(np.floor((times_s[-1] + _SLACK_S) * FPS))
    grid_s = np.arange(first, last + 1) / FPS
    result = np.full((len(grid_s), *poses.shape[1:]), np.nan)
    sides = np.zeros((2, *result.shape[:2]), dtype=np.int64)
    for joint in range(poses.shape[1]):
        seen = np.isfinite(poses[:, joint]).all(axis=1)
        seen &= ~_alone(seen, times_s)
        if not seen.any():
            continue
        at_s = times_s[seen]
        after = np.searchsorted(at_s, grid_s - _SLACK_S).clip(0, len(at_s) - 1)
        before = (np.searchsorted(at_s, grid_s + _SLACK_S, side="right") - 1).clip(0)
        inside = (grid_s >= at_s[0] - _SLACK_S) & (grid_s <= at_s[-1] + _SLACK_S)
        near = at_s[after] - at_s[before] <= (BRIDGE + 1) / FPS + _SLACK_S
        for axis in range(poses.shape[2]):
            result[:, joint, axis] = np.interp(grid_s, at_s, poses[seen, joint, axis])
        result[~(inside & near), joint] = np.nan
        sides[:, :, joint] = np.flatnonzero(seen)[[before, after]]
    if poses.shape[1:] == (N_JOINTS, 3) and len(grid_s):
        _turn_bones(result, poses, sides, times_s, grid_s)
    return first, result


def _alone(seen: Bool, times_s: Float64) -> Bool:
    """Sightings (T,) of a joint with no other of it near; none where there is one frame in all."""
    at = np.flatnonzero(seen)
    apart = np.diff(times_s[at], prepend=-np.inf, append=np.inf) > (BRIDGE + 1) / FPS + _SLACK_S
    alone = np.zeros(len(seen), dtype=bool)
    alone[at] = apart[:-1] & apart[1:] & (len(seen) > 1)
    return alone


def _turn_bones(
    result: Float64, poses: Float32, sides: Int64, times_s: Float64, grid_s: Float64
) -> None:
    """Put each joint of `result` at the end of its bone, turned part of the way; in place.

    Parameters
    ----------
    result : float64 (T', 18, 3)
        Joints on straight lines. One whose bone is not seen at both ends of its line stays there.
    sides : int64 (2, T', 18)
        The frames of `poses` that each was drawn between; the same where it was shown.
    """
    known = np.isfinite(result).all(axis=2)
    for parent, child in BONES:
        left, right = sides[:, :, child]
        bones = (poses[:, child] - poses[:, parent]).astype(np.float64)
        whole = np.isfinite(bones).all(axis=1)
        drawn = known[:, parent] & known[:, child] & whole[left] & whole[right] & (left < right)
        at = np.flatnonzero(drawn)
        left, right = left[at], right[at]
        share = (grid_s[at] - times_s[left]) / (times_s[right] - times_s[left])
        result[at, child] = result[at, parent] + _between(bones[left], bones[right], share)


def _between(start: Float64, end: Float64, share: Float64) -> Float64:
    """Vectors (T, 3) part of the way from `start` to `end`, turned and lengthened evenly."""
    lengths = np.stack([np.linalg.norm(start, axis=1), np.linalg.norm(end, axis=1)])
    product = np.maximum(lengths[0] * lengths[1], np.finfo(np.float64).tiny)
    angle = np.arccos(np.clip((start * end).sum(axis=1) / product, -1.0, 1.0))
    # Hardly turned, a straight line is as good; turned about, nobody knows which way it went.
    turned = (angle > _STRAIGHT_RAD) & (angle < _ABOUT_RAD) & (lengths > 0).all(axis=0)
    sine = np.where(turned, np.sin(angle), 1.0)
    unit = np.where(turned, lengths, 1.0)
    one = np.sin((1 - share) * angle) / (sine * unit[0])
    other = np.sin(share * angle) / (sine * unit[1])
    length = (1 - share) * lengths[0] + share * lengths[1]
    arc = (one[:, None] * start + other[:, None] * end) * length[:, None]
    line = start + share[:, None] * (end - start)
    return np.where(turned[:, None], arc, line)


def mended(poses: Float64) -> tuple[Float64, Bool]:
    """Replace outliers of up to `BRIDGE` frames by straight lines.

    An outlier leaves its place and comes back to it, both too abruptly for a body.

    Parameters
    ----------
    poses : float64 (T, J, C)
        Canvas pixels at 24 fps.

    Returns
    -------
    float64 (T, J, C)
    bool (T,)
        Frames in which a joint was replaced.
    """
    result = poses.copy()
    replaced = np.zeros(len(poses), dtype=bool)
    for joint in range(poses.shape[1]):
        bad = spikes(poses[:, joint])
        if not bad.any():
            continue
        result[bad, joint] = np.nan
        result[:, joint] = _filled(result[:, joint])
        replaced |= bad
    return result, replaced


def spikes(track: Float64) -> Bool:
    """Frames (T,) at which one joint's track (T, C) is an outlier."""
    n_frames = len(track)
    bad = np.zeros(n_frames, dtype=bool)
    step = np.linalg.norm(np.diff(track, axis=0), axis=1)
    bend = np.full(n_frames, np.nan)
    bend[1:-1] = np.linalg.norm(np.diff(track, n=2, axis=0), axis=1)
    # Where a neighbour is unknown the bend is too: the step alone decides.
    sharp = ~(bend <= SPIKE_BEND_PX)
    for length in range(1, BRIDGE + 1):
        n_starts = n_frames - length - 1
        if n_starts < 1:
            break
        into, out = step[:n_starts], step[length:]
        apart = np.linalg.norm(track[length + 1 :] - track[:n_starts], axis=1)
        smaller = np.minimum(into, out)
        found = (smaller > SPIKE_PX) & (apart < SPIKE_RETURN * smaller)
        found &= sharp[:n_starts] & sharp[length + 1 :]
        for start in np.flatnonzero(found):
            bad[start + 1 : start + 1 + length] = True
    return bad


def levelled(poses: Float64) -> tuple[Float64, float]:
    """Take a slow rise or fall of the floor out of a 3-D clip.

    Inertial motion capture knows the height over the floor only by counting steps: over
    a minute of the Tang waltzes the dancer climbs by up to half a metre. The floor is
    the lowest joint of any 3 s, smoothed; hops, and a waltz's rise and fall, are shorter. In
    2-D the floor moves for another reason, the distance from the camera, and is left.

    Parameters
    ----------
    poses : float64 (T, J, 3)
        Canvas pixels at 24 fps, y down.

    Returns
    -------
    float64 (T, J, 3)
    float
        Pixels between the highest and the lowest floor, 0 where nothing was done.
    """
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    height = np.where(np.isfinite(poses[..., 1]), poses[..., 1], -np.inf).max(axis=1)
    if poses.shape[2] < 3 or not np.isfinite(height).all():
        return poses, 0.0
    lowest = maximum_filter1d(height, FLOOR_WINDOW, mode="nearest")
    floor = gaussian_filter1d(lowest, FLOOR_SMOOTHING, mode="nearest")
    drift = float(np.ptp(floor))
    if drift < LEVEL_PX:
        return poses, 0.0
    result = poses.copy()
    result[..., 1] -= (floor - floor.max())[:, None]
    return result, drift


def _filled(track: Float64) -> Float64:
    """One joint's track (T, C) with gaps of up to `BRIDGE` frames drawn straight."""
    known = np.isfinite(track).all(axis=1)
    at = np.flatnonzero(known)
    result = track.copy()
    for left, right in pairwise(at):
        if 1 < right - left <= BRIDGE + 1:
            share = np.arange(1, right - left)[:, None] / (right - left)
            result[left + 1 : right] = track[left] + share * (track[right] - track[left])
    return result
