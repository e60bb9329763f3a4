"""How well three-dimensional poses from one camera hold, against what has truth.

    python benchmarks/depth.py [--aist AISTPP] [--captured RECORDING ...] [--seconds 20]
    python benchmarks/depth.py --filmed VIDEO ... [--profiles SHEET.png]

Three kinds of truth (`depth_takes`): AIST++'s takes, made-up dancers, and real ones whose movement
was captured (`--captured`: BVH, Dance with Melody, whatever a library reads in space). Beside the
solution stands what an estimator's landmarks give as they are. Weights were chosen on views 1, 4
and 7 of AIST++ and on one draw of made-up dancers; the *others* stand apart, and so do captured
dances.

Then sides are swapped for moments, as estimators do that take who faces the camera for seen from
behind, near and far right still or wrong too: how those moments come out.

Of videos (`--filmed`) there is no truth: bones, floor and tilt of their main dancers are told, as
MediaPipe has them and as solved. `--profiles` draws both, from the front and from the side.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from depth_takes import (
    BODY,
    Take,
    cameras,
    captured,
    estimated,
    made_up,
    put_right,
    sighting,
    swapped,
)

from danceit.data import BODY_PX, FEET, JOINT, Bool, Float64
from danceit.index.poses.footage.body import dancers_in, in_metres, px_per_metre
from danceit.index.poses.footage.depth.rods import ARMS, LEGS, RODS
from danceit.index.poses.footage.depth.sighting import Sighting, levelled
from danceit.index.poses.footage.depth.solving import solved
from danceit.index.sources.aist import GENRES
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import footage_of

Figures = Sequence[tuple[float, ...]]
LIMBS = RODS[:10]
NOISE_M = (0.03, 0.06, 0.10)
LOOKED_AT = ("1", "4", "7")
"""Views of AIST++ by which weights were chosen."""
CLEARLY_M = 0.1
"""Depth by which one end of a bone is farther away than the other for this to be right or wrong."""
COLUMNS = ("error mm", "bones %", "floor px", "tilt deg", "sides %", "moved px", "median", "95 %")
TALLEST = 0.9
"""Height of the neck over the feet in the picture, in its 0.9 quantile, of who is upright."""


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
    """Return `COLUMNS` of poses on a level floor, which were turned by `pitch` in radians."""
    unit = _unit(poses)
    true_down = take.truth[:, FEET] @ take.down
    standing = true_down.max(axis=1) > np.quantile(true_down.max(axis=1), 0.95) - 0.04
    tilt = _tilt(poses, np.array([0.0, 1.0, 0.0])) - _tilt(take.truth, take.down)
    shown = levelled(poses, -pitch)[:, BODY]
    kept = take.flat[:, BODY] / take.focal_px * shown[..., 2:]
    moved = unit * np.linalg.norm(shown[..., :2] - kept, axis=2)
    return (
        1000 * _error(poses, take),
        _bones(poses),
        unit * _off_floor(poses[standing]),
        abs(float(np.nanmedian(tilt))),
        _sides(levelled(poses, -pitch), take, np.ones(len(poses), dtype=bool)),
        float(np.nanmean(moved)),
        float(np.nanmedian(moved)),
        float(np.nanquantile(moved, 0.95)),
    )


def _error(poses: Float64, take: Take, step: int = 3) -> float:
    """Mean distance of joints in metres, after Procrustes (Gower 1975), over every few frames."""
    errors = []
    for ours, truth in zip(poses[::step, BODY], take.truth[::step, BODY], strict=True):
        own = np.isfinite(ours).all(axis=1) & np.isfinite(truth).all(axis=1)
        if own.sum() >= 8:
            errors.append(_procrustes(ours[own], truth[own]))
    return float(np.mean(errors))


def _procrustes(ours: Float64, truth: Float64) -> float:
    a, b = ours - ours.mean(axis=0), truth - truth.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = (s * flip).sum() / (a**2).sum()
    return float(np.linalg.norm(scale * a @ rotation - b, axis=1).mean())


def _bones(poses: Float64) -> float:
    """Mean deviation of limbs from their median length, in %."""
    lengths = np.stack([np.linalg.norm(poses[:, a] - poses[:, b], axis=1) for a, b in LIMBS])
    middle = np.nanmedian(lengths, axis=1, keepdims=True)
    return 100 * float(np.nanmean(np.abs(lengths / middle - 1)))


def _unit(poses: Float64) -> float:
    """Canvas pixels of a metre."""
    tall = np.linalg.norm(poses[:, FEET] - poses[:, [0]], axis=2)
    return BODY_PX / float(np.nanquantile(tall, 0.98))


def _off_floor(poses: Float64) -> float:
    """Median distance of the lower foot from its median height; metres."""
    heights = poses[:, FEET, 1]
    lower = np.nanmax(heights[np.isfinite(heights).any(axis=1)], axis=1)
    return float(np.nanmedian(np.abs(lower - np.nanmedian(lower))))


def _tilt(poses: Float64, down: Float64) -> Float64:
    """Degrees (T,) by which trunks lean away from the camera."""
    trunk = poses[:, [8, 11]].mean(axis=1) - poses[:, JOINT["neck"]]
    forward = np.array([0.0, -down[2], down[1]])
    tilt: Float64 = np.rad2deg(np.arctan2(trunk @ forward, trunk @ down))
    return tilt


def _sides(shown: Float64, take: Take, frames: Bool) -> float:
    """Share in % of arms' and legs' bones of some frames that lean to their true side in depth.

    Of those that clearly lean; `shown` is in the camera's axes.
    """
    first, second = np.array([RODS[rod] for limb in (*ARMS, *LEGS) for rod in limb]).T
    ours, true = (
        (each[frames][:, second, 2] - each[frames][:, first, 2]) for each in (shown, take.truth)
    )
    clear = (np.abs(true) > CLEARLY_M) & np.isfinite(ours)
    return 100 * float((np.sign(ours) == np.sign(true))[clear].mean())


def print_truth(groups: dict[str, list[Take]]) -> None:
    """Print, group by group and noise by noise, what was told and what is solved."""
    print(f"{'':<44}" + "".join(f"{column:>9}" for column in COLUMNS))
    for group, every in groups.items():
        _row(
            f"{group}, the picture at its true depth",
            [measured(at_true_depth(t), t) for t in every],
        )
        for noise_m in NOISE_M:
            rng = np.random.default_rng(1)
            told, found, spent = [], [], 0.0
            for take in every:
                seen = sighting(take, estimated(take, noise_m, rng))
                told.append(measured(as_told(take, seen), take))
                began = time.process_time()
                answer = solved(seen)
                spent += time.process_time() - began
                assert answer is not None
                found.append(measured(answer.poses.astype(np.float64), take, answer.pitch))
            _row(f"{group}, noise {100 * noise_m:.0f} cm, as told", told)
            _row(f"{group}, noise {100 * noise_m:.0f} cm, solved", found)
            n_frames = sum(len(take.truth) for take in every)
            print(
                f"{'':<44}{1000 * spent / n_frames:.2f} ms of processor a frame, {len(every)} takes"
            )


def print_swapped(groups: dict[str, list[Take]]) -> None:
    """Print how moments come out in which sides, and near and far, were swapped."""
    print(f"\n{'moments with swapped sides':<52}{'error mm':>9}{'sides %':>9}")
    for group, every in groups.items():
        for mirrored in (False, True):
            for noise_m in NOISE_M:
                told, found = _moments_of(every, noise_m, mirrored)
                label = f"{group}{', mirrored' if mirrored else ''}, noise {100 * noise_m:.0f} cm"
                _row(f"{label}, as told", told, 52)
                _row(f"{label}, solved", found, 52)


def _moments_of(every: list[Take], noise_m: float, mirrored: bool) -> tuple[Figures, Figures]:
    """Moments of takes as told, and put right and solved."""
    rng = np.random.default_rng(1)
    told, found = [], []
    for take in every:
        wrong, deep, frames = swapped(take, estimated(take, noise_m, rng), mirrored=mirrored)
        told.append(_moments(as_told(wrong, sighting(wrong, deep)), take, frames))
        right, calm = put_right(wrong, deep)
        answer = solved(sighting(right, calm))
        assert answer is not None
        shown = levelled(answer.poses.astype(np.float64), -answer.pitch)
        found.append(_moments(shown, take, frames))
    return told, found


def _moments(shown: Float64, take: Take, frames: Bool) -> tuple[float, float]:
    some = Take(
        take.name, take.truth[frames], take.flat[frames], take.sure[frames], take.down,
        take.times_s[frames], take.focal_px,
    )  # fmt: skip
    return 1000 * _error(shown[frames], some, 1), _sides(shown, take, frames)


def _row(label: str, figures: Figures, width: int = 44) -> None:
    mean = np.mean(figures, axis=0)
    print(f"{label:<{width}}" + "".join(f"{value:>9.1f}" for value in mean), flush=True)


def print_filmed(videos: list[Path], sheet: Path | None) -> None:
    """Print bones, floor and tilt of the main dancer of each video; draw profiles."""
    print(f"{'':<44}{'frames':>9}{'bones %':>9}{'floor px':>9}{'tilt deg':>9}")
    rows = []
    for path in videos:
        footage = footage_of(path, ReadSettings())
        dancer = dancers_in(footage)[0]
        told = dancer.world.astype(np.float64)
        # Landmarks lie around the hips: where those are in the picture is where they stand.
        told[..., :2] = dancer.image / px_per_metre(dancer, footage.times_s)[:, None, None]
        found = in_metres(dancer, footage).astype(np.float64)
        whole = np.isfinite(found[:, [1, 8, 11, *FEET]]).all(axis=(1, 2))
        height = told[whole][:, FEET, 1].mean(axis=1) - told[whole][:, JOINT["neck"], 1]
        upright = height > TALLEST * np.quantile(height, 0.9)
        for name, poses in (("as told", told[whole]), ("solved", found[whole])):
            tilt = abs(float(np.median(_tilt(poses, np.array([0.0, 1.0, 0.0]))[upright])))
            figures = (_bones(poses), _unit(poses) * _off_floor(poses), tilt)
            print(
                f"{f'{path.stem}, {name}':<44}{len(poses):>9.0f}"
                + "".join(f"{value:>9.1f}" for value in figures)
            )
            # Of what was told the picture is where the solution is seen from the front.
            rows.extend(
                _profiles(poses, angle) for angle in ((0, 90) if name == "solved" else (90,))
            )
    if sheet is not None:
        import cv2

        cv2.imwrite(str(sheet), np.vstack(rows))


def _profiles(poses: Float64, angle: float, n_moments: int = 11) -> Float64:
    """Draw moments of a dance in a row, over the floor, from the front (0) or the side (90)."""
    import cv2

    unit, size = 0.42 * _unit(poses), (190, 120)
    floor = float(np.median(poses[:, FEET, 1].max(axis=1)))
    row = []
    for frame in np.linspace(5, len(poses) - 6, n_moments).astype(int):
        pose = poses[frame]
        around = pose - pose[[8, 11]].mean(axis=0)
        cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        x = size[1] / 2 + unit * (cos * around[:, 0] + sin * around[:, 2])
        points = np.stack([x, 175 + unit * (pose[:, 1] - floor)], axis=1)
        picture = np.full((*size, 3), 255, dtype=np.uint8)
        cv2.line(picture, (0, 175), (size[1], 175), (180, 180, 180), 1)
        for first, second in RODS:
            if np.isfinite(points[[first, second]]).all():
                ends = points[[first, second]].round().astype(int).tolist()
                colour = (200, 60, 0) if second in (2, 3, 4, 8, 9, 10) else (0, 60, 200)
                cv2.line(picture, ends[0], ends[1], colour, 2, cv2.LINE_AA)
        row.append(picture)
    return np.hstack(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aist", type=Path, default=Path("../shared/data/aistpp"))
    parser.add_argument("--captured", type=Path, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--filmed", type=Path, nargs="*", default=[])
    parser.add_argument("--profiles", type=Path, help="sheet of profiles of --filmed")
    asked = parser.parse_args()
    if asked.filmed:
        print_filmed(asked.filmed, asked.profiles)
        return
    groups = {
        "made up": list(made_up(asked.seconds, seed=0)),
        "made up, others": list(made_up(asked.seconds, seed=1)),
    }
    if asked.aist.is_dir():
        for take in cameras(asked.aist):
            seen_before = take.name.rpartition(" ")[2] in LOOKED_AT
            group = f"AIST++ {GENRES[take.name[1:3]]}{'' if seen_before else ', others'}"
            groups.setdefault(group, []).append(take)
    for path in asked.captured:
        groups.setdefault("captured", []).extend(captured(path, asked.seconds))
    print_truth(groups)
    print_swapped(groups)


if __name__ == "__main__":
    main()
