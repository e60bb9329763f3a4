"""From a source's recording to clips that can be trusted (DanceIt III-A, V-D2).

1. Make joints unknown that are nowhere near their body (`repair`), and resample to the 24 fps
   grid of the media, by time.
2. Draw short outliers and dropouts straight (`repair`).
3. Drop frames in which hands or feet are missing or the body is frozen, and cut where it
   is suddenly elsewhere. A clip ends there: nothing is bridged.
4. Level a drifting floor (3-D), scale the recording so that the largest nose-to-ankle
   distance is 360 px, and place each clip on the canvas.

The largest distance is taken after a median over five frames, so that one outlier does
not shrink the dancer. Each clip stands with its median mid-hip at x = 256 (z = 0) and
its lowest ankle on the floor.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from danceit.data import (
    BODY_PX,
    CANVAS_PX,
    FEET,
    FLOOR_PX,
    FPS,
    HANDS,
    JOINT,
    Bool,
    Clip,
    Float32,
    Float64,
    Recording,
    check_poses,
)
from danceit.errors import InputError
from danceit.index.cleaning.plausibility import METRE_PX, complaints, jumps
from danceit.index.cleaning.repair import levelled, mended, resampled, without_strays

MIN_FRAMES = 24
"""Shortest clip, the shortest fragment."""
FROZEN_FRAMES = 12
"""A body that does not move at all for so long was not captured; nobody stands so still."""
FROZEN_PX = 0.05
STILL_PX = 5.0
"""Within 2 cm of its place all the while, no joint dances: one pose, or a face that speaks."""
NECK_TO_NOSE = 1.15
"""Nose-to-ankle over neck-to-ankle distance, for skeletons without a nose."""

LOST = "cut off or damaged"
NOBODY = "nobody found"
MISSING = "hands or feet missing"
FROZEN = "frozen"
STILL = "the body does not move"
FAR = "too far from the frame before"
SHORT = "left shorter than 1 s"
Names = npt.NDArray[np.str_]
REASONS = (LOST, NOBODY, MISSING, FROZEN, STILL, FAR, SHORT)


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning did to a recording, or to several.

    Attributes
    ----------
    frames_in, frames_kept : int
        Frames of 24 a second.
    dropped : dict
        Reason, one of `REASONS`, to frames; with `frames_kept` they make `frames_in`.
    frames_mended : int
        Frames with an outlier drawn straight.
    n_clips : int
    warnings : tuple of str
        What looks wrong with the recording as a whole.
    notes : tuple of str
        What its reader assumed, and whether the floor was levelled.
    """

    recording_id: str
    frames_in: int
    frames_kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    frames_mended: int = 0
    n_clips: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shares(self) -> dict[str, float]:
        """Share of all frames dropped for each reason, the largest first."""
        ordered = sorted(self.dropped.items(), key=lambda item: -item[1])
        return {reason: frames / max(self.frames_in, 1) for reason, frames in ordered if frames}

    @property
    def summary(self) -> str:
        """One line: the share dropped, and why."""
        share = 1 - self.frames_kept / self.frames_in if self.frames_in else 0.0
        why = ", ".join(f"{part:.1%} {reason}" for reason, part in self.shares.items())
        return (
            f"{self.recording_id}: {self.frames_kept} of {self.frames_in} frames kept in "
            f"{self.n_clips} clips, {share:.1%} dropped{f' ({why})' if why else ''}"
        )


@dataclass(frozen=True)
class Cleaned:
    """The clips of a recording, possibly none, and what was done.

    Attributes
    ----------
    reasons : str (T,)
        For each frame of 24 a second why it was dropped, "" for those kept.
    start_s : float
        Seconds into the media of the first of them.
    """

    clips: tuple[Clip, ...]
    report: CleaningReport
    reasons: Names
    start_s: float


def clean(recording: Recording, *, dims: int | None = None) -> Cleaned:
    """Cut a recording into clean clips on the canvas.

    Parameters
    ----------
    dims : 2 or 3, optional
        2 projects a 3-D recording on the picture; by default it stays as it is.

    Raises
    ------
    InputError
        If `dims` is 3 and the recording is 2-D, or the body cannot be scaled.
    """
    _check(recording, dims)
    poses, n_strays = without_strays(recording.poses)
    first, grid = resampled(poses, recording.times_s)
    if not len(grid):
        raise InputError(f"{recording.path} lasts less than one frame of 24 a second")
    grid, lost = _with_lost(grid, first, recording.lost_s)
    rough = BODY_PX / _height(grid, recording, share=0.95)
    px, outliers = mended(grid * rough)
    faults = _faults(px)
    faults[lost & (faults == NOBODY)] = LOST
    breaks = jumps(px)
    runs = _runs(faults == "", breaks)
    kept = [run for run in runs if run.stop - run.start >= MIN_FRAMES]
    for run in runs:
        if run not in kept:
            faults[run] = FAR if _at_break(run, breaks) else SHORT
    level = [levelled(px[run]) for run in kept]
    # Faults are judged in all the dimensions there are; the picture is made last.
    stretches = [
        (run.start, poses[..., :dims]) for run, (poses, _) in zip(kept, level, strict=True)
    ]
    clips = _clips(recording, stretches, first)
    counts = {reason: int((faults == reason).sum()) for reason in REASONS}
    report = CleaningReport(
        recording_id=recording.recording_id,
        frames_in=len(px),
        frames_kept=sum(clip.n_frames for clip in clips),
        dropped={reason: frames for reason, frames in counts.items() if frames},
        frames_mended=int(outliers.sum()),
        n_clips=len(clips),
        warnings=complaints(px),
        notes=(
            *recording.notes,
            *_stray_note(n_strays),
            *_drift_note(max((drift for _, drift in level), default=0.0)),
        ),
    )
    return Cleaned(clips, report, faults, first / FPS)


def total(reports: Iterable[CleaningReport], name: str = "all") -> CleaningReport:
    """Add up the reports of several recordings; warnings and notes name their recording."""
    several = list(reports)
    return CleaningReport(
        recording_id=name,
        frames_in=sum(report.frames_in for report in several),
        frames_kept=sum(report.frames_kept for report in several),
        dropped={
            reason: frames
            for reason in REASONS
            if (frames := sum(report.dropped.get(reason, 0) for report in several))
        },
        frames_mended=sum(report.frames_mended for report in several),
        n_clips=sum(report.n_clips for report in several),
        warnings=tuple(
            f"{item.recording_id}: {line}" for item in several for line in item.warnings
        ),
        notes=tuple(f"{item.recording_id}: {line}" for item in several for line in item.notes),
    )


def _check(recording: Recording, dims: int | None) -> None:
    check_poses(recording.poses, f"{recording.path}: poses")
    if dims not in (None, 2, 3):
        raise InputError(f"dims must be 2 or 3; got {dims}")
    if dims == 3 and recording.poses.shape[2] == 2:
        raise InputError(
            f"{recording.path} is 2-D and cannot go into a 3-D index: "
            "use `dims=2`, which projects the 3-D recordings"
        )


def _with_lost(
    grid: Float64, first: int, lost_s: Iterable[tuple[float, float]]
) -> tuple[Float64, Bool]:
    """Poses as far as the file promised any, unknown there; and which frames (T,) it lacks."""
    stretches = [(round(a * FPS) - first, round(b * FPS) - first) for a, b in lost_s]
    n_frames = max((len(grid), *(stop for _, stop in stretches)))
    whole = np.full((n_frames, *grid.shape[1:]), np.nan)
    whole[: len(grid)] = grid
    lost = np.zeros(n_frames, dtype=bool)
    for start, stop in stretches:
        lost[max(start, 0) : max(stop, 0)] = True
    return whole, lost


def _height(poses: Float64, recording: Recording, share: float = 1.0) -> float:
    """Largest nose-to-ankle distance, or its quantile `share`, in the unit of the poses."""
    for name, factor in (("nose", 1.0), ("neck", NECK_TO_NOSE)):
        spread = poses[:, FEET] - poses[:, [JOINT[name]]]
        distances = np.linalg.norm(spread, axis=2)
        known = np.isfinite(distances)
        if known.any():
            longest = np.where(known, distances, 0.0).max(axis=1)[known.any(axis=1)]
            height = float(np.quantile(_despiked(longest), share)) * factor
            if height > 0:
                return height
    raise InputError(
        f"{recording.path} never shows a foot together with the nose or neck: "
        "the body cannot be scaled; feet out of the picture?"
    )


def _despiked(values: Float64) -> Float64:
    """Median over five frames."""
    from scipy.ndimage import median_filter

    smooth: Float64 = median_filter(values, size=5, mode="nearest")
    return smooth


def _faults(poses: Float64) -> Names:
    """For each frame the reason to drop it, or nothing."""
    known = np.isfinite(poses).all(axis=2)
    faults = np.full(len(poses), "", dtype=f"<U{max(map(len, REASONS))}")
    faults[_frozen(poses)] = FROZEN
    faults[~known[:, HANDS + FEET].all(axis=1)] = MISSING
    faults[~known.any(axis=1)] = NOBODY
    if _still(poses[faults != NOBODY]):
        faults[faults != NOBODY] = STILL
    return faults


def _still(poses: Float64) -> bool:
    """Whether no joint of poses (T, J, C) ever leaves its place."""
    seen = poses[:, np.isfinite(poses).all(axis=2).any(axis=0)]
    return bool(seen.size) and bool((np.nanmax(seen, 0) - np.nanmin(seen, 0) < STILL_PX).all())


def _frozen(poses: Float64) -> Bool:
    """Frames (T,) that repeat the one before, in stretches of `FROZEN_FRAMES` or more."""
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=2)
    still = np.isfinite(steps).any(axis=1) & ~(steps > FROZEN_PX).any(axis=1)
    frozen = np.zeros(len(poses), dtype=bool)
    for run in _runs(still, np.zeros(max(len(still) - 1, 0), dtype=bool)):
        if run.stop - run.start >= FROZEN_FRAMES - 1:
            # The first of the equal frames is real; so is the last, from which it goes on.
            frozen[run.start + 1 : run.stop] = True
    return frozen


def _runs(good: Bool, breaks: Bool) -> list[slice]:
    """Stretches of good frames (T,), cut at breaks (T - 1,) between frames."""
    if not len(good):
        return []
    edges = np.flatnonzero(breaks | (good[1:] != good[:-1])) + 1
    starts = [0, *edges.tolist()]
    stops = [*edges.tolist(), len(good)]
    return [slice(a, b) for a, b in zip(starts, stops, strict=True) if good[a]]


def _at_break(run: slice, breaks: Bool) -> bool:
    before = run.start > 0 and bool(breaks[run.start - 1])
    return before or (run.stop <= len(breaks) and bool(breaks[run.stop - 1]))


def _stray_note(n_frames: int) -> tuple[str, ...]:
    if not n_frames:
        return ()
    return (f"joints metres from their body in {n_frames} frames: taken as not seen",)


def _drift_note(drift_px: float) -> tuple[str, ...]:
    if not drift_px:
        return ()
    return (f"the floor drifts by {drift_px / METRE_PX:.2f} m within a clip: levelled",)


def _clips(
    recording: Recording, stretches: list[tuple[int, Float64]], first: int
) -> tuple[Clip, ...]:
    """Clips of stretches, each its first frame and its poses; `first` is the grid's first."""
    if not stretches:
        return ()
    scale = BODY_PX / _height(np.concatenate([poses for _, poses in stretches]), recording)
    several = len(stretches) > 1
    return tuple(
        Clip(
            clip_id=f"{recording.recording_id}#{number}" if several else recording.recording_id,
            recording_id=recording.recording_id,
            poses=_placed(poses * scale),
            path=recording.path,
            start_s=(first + start) / FPS,
            audio_path=recording.audio_path,
            video_path=recording.video_path,
            style=recording.style,
            dancer=recording.dancer,
            licence=recording.licence,
        )
        for number, (start, poses) in enumerate(stretches, start=1)
    )


def _placed(poses: Float64) -> Float32:
    """Move a clip as a whole: median mid-hip to x = 256 and z = 0, lowest ankle to the floor."""
    hips = poses[:, [JOINT["right_hip"], JOINT["left_hip"]]].mean(axis=1)
    if not np.isfinite(hips).all(axis=1).any():
        hips = poses[:, FEET].mean(axis=1)
    middle = np.nanmedian(hips, axis=0)
    shift = -middle
    shift[0] += CANVAS_PX / 2
    shift[1] = FLOOR_PX - _despiked(poses[:, FEET, 1].max(axis=1)).max()
    placed: Float32 = (poses + shift).astype(np.float32)
    return placed
