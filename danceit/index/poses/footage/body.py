"""From what was seen to dancers: who is who, the right sides, the joints to trust.

In 2-D a pose is the picture's, in its pixels. In 3-D it is in metres: each joint lies on the
ray from the lens through its place in the picture, and how far along is solved for over each
stretch without a cut (`depth`). It begins from the ratio of the body in the picture to the body
in metres, smoothed over two seconds, from the landmarks' own depth, and from a lens as phones
have. So who comes closer does so instead of growing. Where the estimator knows no depth there
is no 3-D.

Where only legs are in the picture an estimator makes up a body on them, its trunk too short in
the picture or its arms too short in space: then nothing above the hips is seen.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit.data import JOINT, N_JOINTS, Bool, Float32, Float64, Int64
from danceit.index.poses.footage.continuity import sides_put_right
from danceit.index.poses.footage.cuts import near, shots_between
from danceit.index.poses.footage.depth.rods import ARMS, LEGS, RodsSeen, rods_told
from danceit.index.poses.footage.depth.sighting import GAP_S, Sighting
from danceit.index.poses.footage.depth.solving import solved
from danceit.index.poses.footage.extraction import Footage
from danceit.index.poses.footage.shots import boundaries
from danceit.index.poses.footage.smoothing import DEPTH_S, PICTURE_S, smoothed
from danceit.index.sources.people import people_in, sureness

MIN_CONFIDENCE = 0.3
"""Confidence from which a joint counts as seen."""
CONFIDENT_S = 0.3
"""Time over which confidences are averaged: a hand does not vanish for a single frame."""
OUTSIDE = 0.03
"""Share of the picture by which a joint may lie outside it, where it is only guessed."""
FOCAL = 1.0
"""Focal length in longest sides of the picture: 53 degrees across, a phone's main lens."""
ONLY_LEGS = 0.52
"""Trunk over leg in the picture, in the median of `LEGS_S`, under which the body is made up on
legs. Of eight filmed dancers whom MediaPipe sees whole it is 0.55 to 0.96 in 90 % of pictures."""
SHORT_ARMS = 0.53
"""Arm over leg in space, in a stretch without a gap, under which it is likewise. Of eight filmed
dancers it is 0.6 to 0.78, of bodies made up on a tap dancer's legs 0.31 to 0.51. (In the picture
an arm that points at it has no length.)"""
LEGS_SEEN = 0.5
"""Share of such a stretch for which a leg is seen; where feet come and go nothing is told by it."""
LEGS_S = 2.0
MOST_S = 300.0
"""Most of a shot whose depth is solved at once: its memory grows with its length."""
SMOOTHING_S = 2.0
"""Time over which the size of the dancer may change; a step takes longer."""

_STEADY = tuple(
    JOINT[name]
    for name in (
        "neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip",
        "right_knee", "left_knee", "right_ankle", "left_ankle",
    )
)  # fmt: skip
_UPPER = tuple(
    JOINT[name]
    for name in (
        "nose", "neck", "right_shoulder", "left_shoulder", "right_elbow", "left_elbow",
        "right_wrist", "left_wrist", "right_hip", "left_hip",
    )
)  # fmt: skip
"""What tells of the size of somebody whose legs are mostly out of the picture."""
_FEWEST_STEADY, _FEWEST_UPPER = 6, 7
_MOSTLY = 0.5

_ABOVE_HIPS: Bool = np.isin(np.arange(N_JOINTS), (0, 1, 2, 3, 4, 5, 6, 7, 14, 15, 16, 17))


@dataclass(frozen=True)
class Dancer:
    """One person of a video.

    Attributes
    ----------
    image : float32 (T, 18, 2)
        Pixels; NaN where not seen.
    world : float32 (T, 18, 3)
        Metres around the hips; NaN where not seen, or no depth is known.
    joints_sure : float32 (T, 18)
        Confidence, 0 to 1; NaN where not seen.
    sure : float32 (T,)
        Mean confidence of the joints seen; NaN where none is.
    cuts_s : float64 (B,)
        Times at which a new shot begins.
    n_swapped : int
        Frames whose sides were put right.
    n_legs : int
        Frames that show legs alone.
    n_people : int
        Most people seen in one picture.
    """

    image: Float32
    world: Float32
    joints_sure: Float32
    sure: Float32
    cuts_s: Float64
    n_swapped: int
    n_legs: int
    n_people: int


def dancer_in(footage: Footage) -> Dancer:
    """The main person; see `dancers_in`."""
    return dancers_in(footage)[0]


def dancers_in(footage: Footage) -> tuple[Dancer, ...]:
    """Tell people apart, the main one first, and trust what can be trusted.

    Shots differ in how near they show whom: each has its own main person.
    """
    cuts_s = footage.times_s[boundaries(footage.signatures)]
    first = np.cumsum(footage.counts) - footage.counts
    shots = shots_between(footage.times_s, cuts_s)
    people = [_people(footage, first, shot) for shot in shots]
    rows = np.full((max(1, max(map(len, people), default=1)), len(first)), -1, dtype=np.int64)
    for shot, some in zip(shots, people, strict=True):
        for person, chosen in enumerate(some):
            rows[person, shot] = np.where(chosen >= 0, first[shot] + chosen, -1)
    return tuple(_dancer(footage, own, cuts_s) for own in rows)


def _people(footage: Footage, first: Int64, shot: slice) -> tuple[Int64, ...]:
    """Which of those seen in each picture of a shot is whose; see `people_in`."""
    counts = footage.counts[shot]
    if counts.max(initial=0) <= 1:
        # Alone, the dancer need not be told from others: near or far, it is always the same one.
        return (counts - 1,)
    starts = first[shot].tolist()
    seen = [
        list(footage.image[start : start + count].astype(np.float64))
        for start, count in zip(starts, counts.tolist(), strict=True)
    ]
    return people_in(seen)


def _dancer(footage: Footage, rows: Int64, cuts_s: Float64) -> Dancer:
    """One person, whose joints are in these rows (T,) of the footage; -1 where not seen."""
    known = rows >= 0
    image = np.full((len(rows), N_JOINTS, 3), np.nan, dtype=np.float32)
    world = image.copy()
    image[known], world[known] = footage.image[rows[known]], footage.world[rows[known]]
    image, world, swapped = sides_put_right(image, world, footage.times_s)
    trusted = _trusted(image, footage)
    trusted &= ~near(footage.times_s, cuts_s)[:, None]
    legs = _short_trunk(image, footage.times_s)
    trusted &= ~(legs[:, None] & _ABOVE_HIPS)
    flat = np.where(trusted[..., None], image[..., :2], np.nan).astype(np.float32)
    deep = np.where(trusted[..., None], world, np.nan).astype(np.float32)
    joints_sure = np.where(trusted, image[..., 2], np.nan).astype(np.float32)
    dancer = Dancer(
        image=smoothed(flat, footage.times_s, PICTURE_S),
        world=smoothed(deep, footage.times_s, DEPTH_S),
        joints_sure=joints_sure,
        sure=sureness(joints_sure.astype(np.float64)),
        cuts_s=cuts_s,
        n_swapped=int(swapped.sum()),
        n_legs=int(legs.sum()),
        n_people=int(footage.counts.max(initial=0)),
    )
    return _without(dancer, _short_arms(dancer, footage))


def _without(dancer: Dancer, legs: Bool) -> Dancer:
    """Take what is above the hips for not seen in frames (T,) that show legs alone."""
    if not legs.any():
        return dancer
    unseen = (legs[:, None] & _ABOVE_HIPS)[..., None]
    unknown = np.float32(np.nan)
    return replace(
        dancer,
        image=np.where(unseen, unknown, dancer.image),
        world=np.where(unseen, unknown, dancer.world),
        n_legs=dancer.n_legs + int(legs.sum()),
    )


def in_metres(dancer: Dancer, footage: Footage) -> Float32:
    """Poses (T, 18, 3) on a level stage, x right, y down, z away; see the module."""
    px_per_m = px_per_metre(dancer, footage.times_s)
    longest = max(footage.width, footage.height)
    middle = np.array([footage.width / 2, footage.height / 2])
    xy = (dancer.image - middle) / px_per_m[:, None, None]
    z = dancer.world[..., 2] + (FOCAL * longest / px_per_m)[:, None]
    poses: Float32 = np.concatenate([xy, z[..., None]], axis=2).astype(np.float32)
    for part in _shots(poses, footage.times_s, dancer.cuts_s):
        seen = Sighting(
            flat=dancer.image[part].astype(np.float64) - middle,
            deep=dancer.world[part].astype(np.float64),
            sure=dancer.joints_sure[part].astype(np.float64),
            px_per_m=px_per_m[part],
            times_s=footage.times_s[part],
            focal_px=FOCAL * longest,
        )
        found = solved(seen)
        if found is not None:
            poses[part] = found.poses
    return poses


def _shots(poses: Float32, times_s: Float64, cuts_s: Float64) -> list[Int64]:
    """Frames of each shot in which the body is seen, of a long one piece by piece."""
    parts = _unbroken(poses, times_s, cuts_s)
    shots: dict[int, list[Int64]] = {}
    for part in parts:
        shot = int(np.searchsorted(cuts_s, times_s[part.start]))
        shots.setdefault(shot, []).append(np.arange(part.start, part.stop))
    pieces: list[Int64] = []
    for every in shots.values():
        frames = np.concatenate(every)
        step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
        pieces.extend(np.array_split(frames, int(np.ceil(len(frames) * step_s / MOST_S))))
    return pieces


def _unbroken(poses: Float32, times_s: Float64, cuts_s: Float64) -> list[slice]:
    """Stretches of frames in which the body is seen, without a cut or a gap."""
    seen = np.isfinite(poses).all(axis=2)
    there = np.flatnonzero(
        (seen[:, _STEADY].sum(axis=1) >= 4) | (seen[:, _UPPER].sum(axis=1) >= _FEWEST_UPPER)
    )
    shot = np.searchsorted(cuts_s, times_s[there])
    breaks = np.flatnonzero((np.diff(times_s[there]) > GAP_S) | (np.diff(shot) != 0)) + 1
    parts = np.split(there, breaks)
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]


def _short_trunk(image: Float32, times_s: Float64) -> Bool:
    """Frames (T,) around which the trunk is too short for the legs; see `ONLY_LEGS`."""
    from scipy.ndimage import median_filter

    points = image[..., :2].astype(np.float64)
    hips = [JOINT["right_hip"], JOINT["left_hip"]]
    trunk = np.linalg.norm(points[:, JOINT["neck"]] - points[:, hips].mean(axis=1), axis=1)
    legs = [
        np.linalg.norm(
            np.diff(points[:, [JOINT[f"{side}_{part}"] for part in parts]], axis=1), axis=2
        )
        for side in ("right", "left")
        for parts in [("hip", "knee", "ankle")]
    ]
    leg = np.max([each.sum(axis=1) for each in legs], axis=0)
    at = np.flatnonzero(np.isfinite(trunk) & np.isfinite(leg) & (leg > 0))
    found = np.zeros(len(image), dtype=bool)
    if len(at) < 2:
        return found
    step_s = max(float(np.median(np.diff(times_s))), 1e-3)
    usual = median_filter(trunk[at] / leg[at], size=max(1, round(LEGS_S / step_s)), mode="nearest")
    found[at] = usual < ONLY_LEGS
    return found


def _short_arms(dancer: Dancer, footage: Footage) -> Bool:
    """Frames (T,) of stretches in which the arms are too short for the legs; see `SHORT_ARMS`."""
    found = np.zeros(len(dancer.image), dtype=bool)
    px_per_m = px_per_metre(dancer, footage.times_s)
    longest = max(footage.width, footage.height)
    middle = np.array([footage.width / 2, footage.height / 2], dtype=np.float32)
    for part in _unbroken(dancer.world, footage.times_s, dancer.cuts_s):
        flat = dancer.image[part] - middle
        seen = RodsSeen.of(flat, dancer.world[part], px_per_m[part], FOCAL * longest)
        lengths = rods_told(seen).lengths
        arm, leg = (
            max(
                (lengths[[*rods]].sum() for rods in limb if seen.known[:, rods].mean() > shown),
                default=0.0,
            )
            for limb, shown in ((ARMS, 0.0), (LEGS, LEGS_SEEN))
        )
        found[part] = 0.0 < arm < SHORT_ARMS * leg
    return found


def _trusted(image: Float32, footage: Footage) -> Bool:
    """Joints (T, 18) that are confident over a moment and inside the picture."""
    from scipy.ndimage import uniform_filter1d

    known: Bool = np.isfinite(image).all(axis=2)
    if len(image) < 2:
        return known
    step_s = float(np.median(np.diff(footage.times_s)))
    width = max(1, round(CONFIDENT_S / max(step_s, 1e-3)) | 1)
    total = uniform_filter1d(np.where(known, image[..., 2], 0.0), width, axis=0, mode="constant")
    share = uniform_filter1d(known.astype(np.float64), width, axis=0, mode="constant")
    confident = total >= MIN_CONFIDENCE * np.maximum(share, 1e-9)
    size = np.array([footage.width, footage.height])
    inside = ((image[..., :2] > -OUTSIDE * size) & (image[..., :2] < (1 + OUTSIDE) * size)).all(
        axis=2
    )
    trusted: Bool = known & confident & inside
    return trusted


def px_per_metre(dancer: Dancer, times_s: Float64) -> Float64:
    """Pixels in a metre (T,) at the dancer's distance, of each shot by itself."""
    ratio, good = _extents_ratio(dancer, _STEADY)
    shots = shots_between(times_s, dancer.cuts_s)
    upper, above = _extents_ratio(dancer, _UPPER)
    for shot in shots:
        if good[shot].sum() < _MOSTLY * above[shot].sum():
            ratio[shot], good[shot] = upper[shot], above[shot]
    if not good.any():
        return np.ones(len(times_s))
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    at_hand: Float64 = np.interp(np.arange(len(ratio)), np.flatnonzero(good), ratio[good])
    for shot in shots:
        if good[shot].any():
            at_hand[shot] = _calmed(ratio[shot], good[shot], step_s)
    return at_hand


def _extents_ratio(dancer: Dancer, joints: tuple[int, ...]) -> tuple[Float64, Bool]:
    """Pixels in a metre (T,) by how far joints spread, and where enough of them are seen to tell.

    Least squares of image = s world: the extents' ratio, where turned sideways too.
    """
    seen = np.isfinite(dancer.image[:, joints]).all(axis=2)
    seen &= np.isfinite(dancer.world[:, joints]).all(axis=2)
    flat, deep = (
        _centred(points[:, joints, :2].astype(np.float64), seen)
        for points in (dancer.image, dancer.world)
    )
    ratio = np.sqrt((flat**2).sum(axis=(1, 2)) / np.maximum((deep**2).sum(axis=(1, 2)), 1e-9))
    return ratio, (seen.sum(axis=1) >= _FEWEST_STEADY) & (ratio > 0)


def _calmed(ratio: Float64, good: Bool, step_s: float) -> Float64:
    """Sizes (T,) of one shot, smoothed; those that are not good lie between their neighbours."""
    from scipy.ndimage import gaussian_filter1d, median_filter

    at_hand = np.interp(np.arange(len(ratio)), np.flatnonzero(good), ratio[good])
    width = max(1, round(SMOOTHING_S / 2 / step_s) | 1)
    robust = median_filter(at_hand, size=width, mode="nearest")
    smooth: Float64 = gaussian_filter1d(robust, SMOOTHING_S / 4 / step_s, mode="nearest")
    return smooth


def _centred(points: Float64, seen: Bool) -> Float64:
    """Points (T, J, 2) around the mean of those seen; 0 where not seen."""
    count = np.maximum(seen.sum(axis=1), 1)[:, None, None]
    filled = np.where(seen[..., None], points, 0.0)
    middle = filled.sum(axis=1, keepdims=True) / count
    centred: Float64 = np.where(seen[..., None], filled - middle, 0.0)
    return centred
