"""Dances whose truth is known, as a camera sees them, and what an estimator makes of that.

AIST++'s takes as each of their cameras saw them; made-up dancers, and captured ones, before a
camera that is placed here, at three pitches. An estimator's world landmarks are stood in for by
the truth with noise: it wanders over a fifth of a second, is twice as large in depth, and leans the
whole body by a few degrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from danceit.data import FEET, Bool, Float64
from danceit.index.poses.footage.continuity import LOWER, UPPER, exchanged, sides_put_right
from danceit.index.poses.footage.depth.sighting import Sighting
from danceit.index.poses.footage.smoothing import DEPTH_S, PICTURE_S, smoothed
from danceit.index.poses.skeletons import COCO17, MIN_CONFIDENCE, to_coco18
from danceit.index.sources import SOURCES
from danceit.index.sources.aist import load_plain_pickle
from danceit.index.synthetic.body import Build
from danceit.index.synthetic.dancing import dance
from danceit.index.synthetic.score import STYLES, draw_score

BODY = list(range(14))
PITCHES = (0.0, 8.0, 16.0)
SWAP_EVERY_S, SWAP_S = 1.5, 0.2
"""How often, and for how long, sides are swapped: in films for one to five frames, at most 12."""


@dataclass(frozen=True)
class Take:
    """A dance and one picture of it.

    Attributes
    ----------
    truth : float64 (T, 18, 3)
        In the camera's axes; metres.
    flat : float64 (T, 18, 2)
        The picture, in pixels from its middle.
    sure : float64 (T, 18)
        Confidence.
    down : float64 (3,)
    times_s : float64 (T,)
    focal_px : float
    """

    name: str
    truth: Float64
    flat: Float64
    sure: Float64
    down: Float64
    times_s: Float64
    focal_px: float


def cameras(folder: Path) -> Iterator[Take]:
    """Every take of AIST++ as each of its cameras saw it."""
    for path in sorted((folder / "keypoints2d").glob("*.pkl")):
        flat = load_plain_pickle(path)["keypoints2d"]
        space = load_plain_pickle(folder / "keypoints3d" / path.name)["keypoints3d_optim"] / 100
        views = [_calibrated(space, view) for view in flat]
        up = _up([rotation for rotation, _, _ in views])
        for number, (view, camera) in enumerate(zip(flat, views, strict=True)):
            yield _seen(f"{path.stem} {number + 1}", space, view, camera, up)


def _up(rotations: list[Float64]) -> Float64:
    """Where up (3,) is in AIST++'s space: cameramen hold their horizons level.

    Its y axis is 4 degrees off that in one take; so say the floor under the feet and the trunk too.
    """
    horizons = np.array([rotation[0] for rotation in rotations])
    up: Float64 = np.linalg.svd(horizons)[2][-1]
    return up * np.sign(up[1])


def _calibrated(space: Float64, view: Float64) -> tuple[Float64, Float64, float]:
    """Rotation (3, 3), translation (3,) and focal length of a camera."""
    import cv2

    good = np.isfinite(view).all(axis=2) & (view[..., 2] > 0.5)
    points, pixels = space[good].astype(np.float64), view[good][:, :2].astype(np.float64)
    some = np.linspace(0, len(points) - 1, 1500).astype(int)
    start = np.array([[1600.0, 0, 960], [0, 1600, 540], [0, 0, 1]])
    fixed = (
        cv2.CALIB_USE_INTRINSIC_GUESS | cv2.CALIB_FIX_PRINCIPAL_POINT | cv2.CALIB_FIX_ASPECT_RATIO
        | cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3
    )  # fmt: skip
    _, matrix, _, turns, moves = cv2.calibrateCamera(
        [points[some].astype(np.float32)], [pixels[some].astype(np.float32)], (1920, 1080),
        start, np.zeros(5), flags=fixed,
    )  # fmt: skip
    return cv2.Rodrigues(turns[0])[0], moves[0].ravel(), float(matrix[0, 0])


def _seen(
    name: str,
    space: Float64,
    view: Float64,
    camera: tuple[Float64, Float64, float],
    up: Float64,
) -> Take:
    rotation, moved, focal_px = camera
    truth = to_coco18(space @ rotation.T + moved, COCO17)
    found = np.isfinite(view).all(axis=2) & (view[..., 2] > MIN_CONFIDENCE)
    seen = to_coco18(np.where(found[..., None], view[..., :2], np.nan), COCO17)
    sure = to_coco18(view[..., 2:], COCO17)[..., 0]
    times_s = np.arange(len(truth)) / 60
    # As it is done with what an estimator sees in a video.
    calm = smoothed((seen - (960, 540)).astype(np.float32), times_s, PICTURE_S)
    return Take(name, truth, calm.astype(np.float64), sure, rotation @ -up, times_s, focal_px)


def made_up(seconds: float, seed: int) -> Iterator[Take]:
    """Film dancers of three styles."""
    rng = np.random.default_rng(seed)
    for style in STYLES:
        for pitch in PITCHES:
            score = draw_score("song", style, rng, seconds=seconds)
            poses, times_s = dance(score, Build.drawn(rng), rng)
            n_frames = min(len(poses), round(seconds * 30))
            space = poses[:n_frames].astype(np.float64)
            name = f"{style}, looking down {pitch:.0f} degrees"
            yield filmed(name, space, times_s[:n_frames], pitch, rng)


def captured(path: Path, seconds: float) -> Iterator[Take]:
    """Film a captured dance, made 1.5 m tall from nose to ankle, from its middle on."""
    rng = np.random.default_rng(0)
    names = [name for name in SOURCES.names() if SOURCES.get(name).detect(path)]
    recording = SOURCES.get(names[0]).read(path)
    space = recording.poses.astype(np.float64)
    space *= 1.5 / np.nanquantile(np.linalg.norm(space[:, FEET] - space[:, [0]], axis=2), 0.98)
    start_s = max(0.0, (recording.times_s[-1] - seconds) / 2)
    own = (recording.times_s >= start_s) & (recording.times_s < start_s + seconds)
    step = max(1, round(1 / 30 / float(np.median(np.diff(recording.times_s)))))
    for pitch in PITCHES:
        name = f"{path.stem}, looking down {pitch:.0f} degrees"
        yield filmed(name, space[own][::step], recording.times_s[own][::step], pitch, rng)


def filmed(
    name: str, space: Float64, times_s: Float64, pitch: float, rng: np.random.Generator
) -> Take:
    """Film a dance from 3.5 m away, by a camera that looks at the dancer's middle."""
    floor_y = np.nanquantile(space[:, FEET, 1], 0.95)
    space = space - np.nanmean(space[:, [8, 11]], axis=(0, 1)) * (1, 0, 1)
    angle = np.deg2rad(pitch)
    away = max(3.5, 1.5 - float(np.nanmin(space[..., 2])))
    height = 0.9 + away * np.tan(angle)
    y, z = space[..., 1] - floor_y + height, space[..., 2] + away
    cos, sin = np.cos(angle), np.sin(angle)
    truth = np.stack([space[..., 0], cos * y - sin * z, cos * z + sin * y], axis=2)
    flat = 1280 * truth[..., :2] / truth[..., 2:]
    flat += rng.normal(0, 1.5, flat.shape)
    flat = gaussian_filter1d(flat, 0.75, axis=0)
    sure = np.ones(flat.shape[:2])
    return Take(name, truth, flat, sure, np.array([0, cos, sin]), times_s, 1280.0)


def estimated(take: Take, noise_m: float, rng: np.random.Generator) -> Float64:
    """What an estimator's world landmarks would be: truth around the hips, with noise."""
    around = take.truth - take.truth[:, [8, 11]].mean(axis=1, keepdims=True)
    step_s = float(np.median(np.diff(take.times_s)))
    wander = gaussian_filter1d(rng.normal(size=around.shape), 0.2 / step_s, axis=0)
    wander *= noise_m * np.array([1.0, 1.0, 2.0]) / 1.8 / wander.std()
    lean = np.deg2rad(rng.normal(0, 60 * noise_m))
    cos, sin = np.cos(lean), np.sin(lean)
    y, z = around[..., 1].copy(), around[..., 2].copy()
    around[..., 1], around[..., 2] = cos * y - sin * z, sin * y + cos * z
    return around + wander


def sizes(take: Take, deep: Float64) -> Float64:
    """Pixels of a metre (T,), roughly: extents in the picture over those in space."""
    known = np.isfinite(take.flat[:, BODY]).all(axis=2)
    ratio = []
    for frame in range(len(deep)):
        own = known[frame]
        flat, space = take.flat[frame, BODY][own], deep[frame, BODY][own][:, :2]
        extents = (flat.var(axis=0).sum(), space.var(axis=0).sum()) if own.sum() > 5 else (0, 1)
        ratio.append(np.sqrt(extents[0] / extents[1]))
    step_s = float(np.median(np.diff(take.times_s)))
    found = np.array(ratio)
    good = found > 0
    filled = np.interp(np.arange(len(found)), np.flatnonzero(good), found[good])
    return gaussian_filter1d(filled, 0.5 / step_s, mode="nearest")


def sighting(take: Take, deep: Float64) -> Sighting:
    """Return what is solved."""
    size = sizes(take, deep)
    return Sighting(take.flat, deep, take.sure, size, take.times_s, take.focal_px)


def swapped(take: Take, deep: Float64, *, mirrored: bool) -> tuple[Take, Float64, Bool]:
    """Take left for right, for moments; `mirrored`, near for far too.

    Returns
    -------
    Take
    deep : float64 (T, 18, 3)
    frames : bool (T,)
    """
    frames = np.mod(take.times_s, SWAP_EVERY_S) >= SWAP_EVERY_S - SWAP_S
    image = np.concatenate([take.flat, take.sure[..., None]], axis=2)
    for group in (UPPER, LOWER):
        image, deep = (exchanged(each, frames, group) for each in (image, deep))
    if mirrored:
        deep[frames, :, 2] *= -1
    return replace(take, flat=image[..., :2], sure=image[..., 2]), deep, frames


def put_right(take: Take, deep: Float64) -> tuple[Take, Float64]:
    """Put sides right, as it is done with what an estimator sees in a video."""
    image = np.concatenate([take.flat, take.sure[..., None]], axis=2).astype(np.float32)
    image, world, _ = sides_put_right(image, deep.astype(np.float32), take.times_s)
    flat = smoothed(image[..., :2], take.times_s, PICTURE_S).astype(np.float64)
    calm = smoothed(world, take.times_s, DEPTH_S).astype(np.float64)
    return replace(take, flat=flat, sure=image[..., 2].astype(np.float64)), calm
