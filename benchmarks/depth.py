"""How well three-dimensional poses from one camera hold, against what has truth.

    python benchmarks/depth.py [--aist AISTPP] [--captured RECORDING ...] [--seconds 20]
    python benchmarks/depth.py --filmed VIDEO ...

Three kinds of truth. AIST++'s takes have each dance in space and as nine cameras saw it; the
cameras are found from the two. Made-up dancers, and real ones whose movement was captured
(`--captured`: BVH, Dance with Melody, whatever a library reads in space), are filmed by a camera
that is placed here, at three pitches. Of AIST++'s views three were looked at while weights for
folded dancers were chosen; the *others* stand apart. Nothing was chosen on captured dances.

An estimator's world landmarks are stood in for by the truth with noise: it wanders over a fifth of
a second, is twice as large in depth, and leans the whole body by a few degrees. Beside the solution
stands what an estimator's landmarks give as they are.

Of videos (`--filmed`) there is no truth: bones, floor and tilt of their main dancers are told, as
MediaPipe has them and as solved.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from danceit.data import BODY_PX, FEET, JOINT, Float64
from danceit.index.poses.footage.body import dancers_in, in_metres, px_per_metre
from danceit.index.poses.footage.depth import Sighting, solved
from danceit.index.poses.footage.rods import RODS
from danceit.index.poses.footage.smoothing import PICTURE_S, smoothed
from danceit.index.poses.skeletons import COCO17, MIN_CONFIDENCE, to_coco18
from danceit.index.sources import SOURCES
from danceit.index.sources.aist import GENRES, load_plain_pickle
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import footage_of
from danceit.index.synthetic.body import Build
from danceit.index.synthetic.dancing import dance
from danceit.index.synthetic.score import STYLES, draw_score

BODY = list(range(14))
LIMBS = RODS[:10]
NOISE_M = (0.03, 0.06, 0.10)
PITCHES = (0.0, 8.0, 16.0)
LOOKED_AT = ("1", "4", "7")
"""Views of AIST++ by which weights for folded dancers were chosen."""


@dataclass(frozen=True)
class Take:
    """Truth (T, 18, 3) in the camera's axes and metres, the picture (T, 18, 2), down (3,)."""

    name: str
    truth: Float64
    flat: Float64
    down: Float64
    times_s: Float64
    focal_px: float


def cameras(folder: Path) -> Iterator[Take]:
    """Every take of AIST++ as each of its cameras saw it."""
    for path in sorted((folder / "keypoints2d").glob("*.pkl")):
        flat = load_plain_pickle(path)["keypoints2d"]
        space = load_plain_pickle(folder / "keypoints3d" / path.name)["keypoints3d_optim"] / 100
        for number, view in enumerate(flat):
            yield _seen(f"{path.stem} {number + 1}", space, view)


def _seen(name: str, space: Float64, view: Float64) -> Take:
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
    rotation = cv2.Rodrigues(turns[0])[0]
    truth = to_coco18(space @ rotation.T + moves[0].ravel(), COCO17)
    found = np.isfinite(view).all(axis=2) & (view[..., 2] > MIN_CONFIDENCE)
    seen = to_coco18(np.where(found[..., None], view[..., :2], np.nan), COCO17)
    down = rotation @ np.array([0.0, -1.0, 0.0])
    times_s = np.arange(len(truth)) / 60
    # As it is done with what an estimator sees in a video.
    calm = smoothed((seen - (960, 540)).astype(np.float32), times_s, PICTURE_S)
    return Take(name, truth, calm.astype(np.float64), down, times_s, float(matrix[0, 0]))


def made_up(seconds: float) -> Iterator[Take]:
    """Film dancers of three styles."""
    rng = np.random.default_rng(0)
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
    return Take(name, truth, flat, np.array([0, cos, sin]), times_s, 1280.0)


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


def as_told(take: Take, seen: Sighting) -> Float64:
    """Return the picture's x and y with the landmarks' own depth, as it was before."""
    xy = take.flat / seen.px_per_m[:, None, None]
    z = seen.deep[..., 2] + (seen.focal_px / seen.px_per_m)[:, None]
    return np.concatenate([xy, z[..., None]], axis=2)


def at_true_depth(take: Take) -> Float64:
    """Return what a picture that is exactly kept can be at best: its rays, as far as they go."""
    away = take.truth[..., 2:]
    return np.concatenate([take.flat / take.focal_px * away, away], axis=2)


def measured(poses: Float64, take: Take, pitch: float = 0.0) -> tuple[float, ...]:
    """Error in mm after Procrustes, bones in %, floor in px, tilt in degrees, picture in px.

    `pitch` is what the poses were turned by, in radians.
    """
    errors = []
    for frame in range(0, len(poses), 3):
        own = np.isfinite(poses[frame, BODY]).all(axis=1) & np.isfinite(
            take.truth[frame, BODY]
        ).all(axis=1)
        if own.sum() >= 8:
            errors.append(_procrustes(poses[frame, BODY][own], take.truth[frame, BODY][own]))
    lengths = np.stack([np.linalg.norm(poses[:, a] - poses[:, b], axis=1) for a, b in LIMBS])
    middle = np.nanmedian(lengths, axis=1, keepdims=True)
    bones = 100 * float(np.nanmean(np.abs(lengths / middle - 1)))
    unit = BODY_PX / float(
        np.nanquantile(np.linalg.norm(poses[:, FEET] - poses[:, [0]], axis=2), 0.98)
    )
    true_down = take.truth[:, FEET] @ take.down
    standing = true_down.max(axis=1) > np.quantile(true_down.max(axis=1), 0.95) - 0.04
    heights = poses[standing][:, FEET, 1]
    lower = np.nanmax(heights[np.isfinite(heights).any(axis=1)], axis=1)
    floor = unit * float(np.nanmedian(np.abs(lower - np.nanmedian(lower))))
    tilt = _tilt(poses, np.array([0.0, 1.0, 0.0])) - _tilt(take.truth, take.down)
    y, z = poses[:, BODY, 1], poses[:, BODY, 2]
    away = np.sin(pitch) * y + np.cos(pitch) * z
    shown = np.stack([poses[:, BODY, 0], np.cos(pitch) * y - np.sin(pitch) * z], axis=2)
    moved = np.linalg.norm(shown - take.flat[:, BODY] / take.focal_px * away[..., None], axis=2)
    picture = unit * float(np.nanmean(moved))
    tilted = abs(float(np.nanmedian(tilt)))
    return float(np.mean(errors)) * 1000, bones, floor, tilted, picture


def _tilt(poses: Float64, down: Float64) -> Float64:
    """Degrees (T,) by which trunks lean away from the camera."""
    trunk = poses[:, [8, 11]].mean(axis=1) - poses[:, JOINT["neck"]]
    forward = np.array([0.0, -down[2], down[1]])
    tilt: Float64 = np.rad2deg(np.arctan2(trunk @ forward, trunk @ down))
    return tilt


def _procrustes(ours: Float64, truth: Float64) -> float:
    a, b = ours - ours.mean(axis=0), truth - truth.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = (s * flip).sum() / (a**2).sum()
    return float(np.linalg.norm(scale * a @ rotation - b, axis=1).mean())


def print_filmed(videos: list[Path]) -> None:
    """Print bones, floor and tilt of the main dancer of each video, stretch by stretch."""
    print(f"{'':<44}{'frames':>9}{'bones %':>9}{'floor px':>9}{'tilt deg':>9}")
    for path in videos:
        footage = footage_of(path, ReadSettings())
        dancer = dancers_in(footage)[0]
        world = dancer.world.astype(np.float64)
        told = world.copy()
        # Landmarks lie around the hips: where those are in the picture is where they stand.
        size = px_per_metre(dancer, footage.times_s)[:, None, None]
        told[..., :2] = dancer.image / size
        for name, poses in (("as told", told), ("solved", in_metres(dancer, footage))):
            figures = _without_truth(poses.astype(np.float64))
            row = f"{path.stem}, {name}"
            print(f"{row:<44}{figures[0]:>9.0f}" + "".join(f"{v:>9.1f}" for v in figures[1:]))


def _without_truth(poses: Float64) -> tuple[float, float, float, float]:
    """Frames seen whole, bones in %, the lower foot in canvas pixels, the upright trunk's tilt."""
    whole = np.isfinite(poses[:, [1, 8, 11, *FEET]]).all(axis=(1, 2))
    poses = poses[whole]
    lengths = np.stack([np.linalg.norm(poses[:, a] - poses[:, b], axis=1) for a, b in LIMBS])
    middle = np.nanmedian(lengths, axis=1, keepdims=True)
    bones = 100 * float(np.nanmean(np.abs(lengths / middle - 1)))
    tall = np.linalg.norm(poses[:, FEET] - poses[:, [0]], axis=2)
    unit = BODY_PX / float(np.nanquantile(tall, 0.98))
    lower = poses[:, FEET, 1].max(axis=1)
    floor = unit * float(np.median(np.abs(lower - np.median(lower))))
    height = poses[:, FEET, 1].mean(axis=1) - poses[:, JOINT["neck"], 1]
    upright = height > 0.95 * np.quantile(height, 0.9)
    tilt = _tilt(poses, np.array([0.0, 1.0, 0.0]))[upright]
    return float(len(poses)), bones, floor, abs(float(np.median(tilt)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aist", type=Path, default=Path("../shared/data/aistpp"))
    parser.add_argument("--captured", type=Path, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--filmed", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    if asked.filmed:
        print_filmed(asked.filmed)
        return
    groups = {"made up": list(made_up(asked.seconds))}
    if asked.aist.is_dir():
        for take in cameras(asked.aist):
            seen_before = take.name.rpartition(" ")[2] in LOOKED_AT
            group = f"AIST++ {GENRES[take.name[1:3]]}{'' if seen_before else ', others'}"
            groups.setdefault(group, []).append(take)
    for path in asked.captured:
        groups.setdefault("captured", []).extend(captured(path, asked.seconds))
    print(f"{'':<44}{'error mm':>9}{'bones %':>9}{'floor px':>9}{'tilt deg':>9}{'moved px':>9}")
    for group, every in groups.items():
        mean = np.mean([measured(at_true_depth(take), take) for take in every], axis=0)
        row = f"{group}, the picture at its true depth"
        print(f"{row:<44}" + "".join(f"{value:>9.1f}" for value in mean))
        for noise_m in NOISE_M:
            rng = np.random.default_rng(1)
            told, found, spent = [], [], 0.0
            for take in every:
                deep = estimated(take, noise_m, rng)
                seen = Sighting(take.flat, deep, sizes(take, deep), take.times_s, take.focal_px)
                told.append(measured(as_told(take, seen), take))
                began = time.perf_counter()
                answer = solved(seen)
                spent += time.perf_counter() - began
                assert answer is not None
                found.append(measured(answer.poses.astype(np.float64), take, answer.pitch))
            for label, figures in (("as told", told), ("solved", found)):
                mean = np.mean(figures, axis=0)
                row = f"{group}, noise {100 * noise_m:.0f} cm, {label}"
                print(f"{row:<44}" + "".join(f"{value:>9.1f}" for value in mean))
            n_frames = sum(len(take.truth) for take in every)
            print(f"{'':<44}{1000 * spent / n_frames:.2f} ms a frame to solve, {len(every)} takes")


if __name__ == "__main__":
    main()
