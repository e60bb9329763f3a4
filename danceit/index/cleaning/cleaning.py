"""From a source's recording to clips that can be trusted (DanceIt III-A, V-D2).

1. Make joints unknown that are nowhere near their body (`repair`), and resample to the 24 fps
   grid of the media, by time.
2. Draw short outliers and dropouts straight; make a hand or foot unknown that leaves and comes
   back within half a second (`repair`).
3. Keep what shows a whole body, and of the rest what shows an upper one (`bodies`). Drop the
   other frames, and those in which the body is frozen, and cut where it is suddenly elsewhere. A
   clip ends there: nothing is bridged.
4. Level a drifting floor (3-D), scale the recording so that the largest nose-to-ankle
   distance is 360 px, and place each clip on the canvas. Shots of a film that show the dancer
   in another size are scaled each for itself.

The largest distance is taken after a median over five frames, so that one outlier does
not shrink the dancer. Each clip stands with its median mid-hip at x = 256 (z = 0) and
its lowest ankle on the floor. Several dancers of a recording are cleaned each for itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.data import (
    BODY_PX,
    FPS,
    JOINT,
    Bool,
    Clip,
    Float32,
    Float64,
    Int64,
    Performer,
    Recording,
    check_poses,
    clip_name,
)
from danceit.errors import InputError
from danceit.index.cleaning import bodies
from danceit.index.cleaning.bodies import MIN_FRAMES
from danceit.index.cleaning.plausibility import METRE_PX, complaints, jumps
from danceit.index.cleaning.repair import levelled, mended, resampled, without_strays
from danceit.index.cleaning.report import (
    FAR,
    FROZEN,
    LOST,
    MISSING,
    NO_BODY,
    NOBODY,
    REASONS,
    SHORT,
    STILL,
    CleaningReport,
    Names,
)
from danceit.index.cleaning.straying import without_excursions
from danceit.movement import joint_steps

FROZEN_FRAMES = 12
"""A body that does not move at all for so long was not captured; nobody stands so still."""
FROZEN_PX = 0.05
STILL_PX = 5.0
"""Within 2 cm of its place all the while, no joint dances: one pose, or a face that speaks."""
ONE_SIZE = 1.33
"""Ratio up to which upper and whole bodies of a recording, or bodies of two of its shots, are one
dancer's at one distance."""
_HEAD = [JOINT[name] for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]
"""Of which one is to be seen: nobody is sure of who dances without a head in the picture."""
DANCES_PX_S = 40.0
"""Mean speed of the joints from which somebody beside the main dancer dances: 0.17 m/s."""


@dataclass(frozen=True)
class Cleaned:
    """The clips of a recording, possibly none, and what was done.

    Attributes
    ----------
    reasons : str (T,)
        For each frame of 24 a second why it was dropped, "" for those kept of any dancer.
    start_s : float
        Seconds into the media of the first of them.
    """

    clips: tuple[Clip, ...]
    report: CleaningReport
    reasons: Names
    start_s: float


@dataclass(frozen=True)
class _Part:
    """One dancer of a recording, cleaned."""

    clips: tuple[Clip, ...]
    faults: Names
    first: int
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    frames_mended: int


def clean(recording: Recording, *, dims: int | None = None) -> Cleaned:
    """Cut a recording into clean clips on the canvas.

    Parameters
    ----------
    dims : 2 or 3, optional
        2 projects a 3-D recording on the picture; by default it stays as it is.

    Raises
    ------
    InputError
        If `dims` is 3 and the recording is 2-D.
    """
    _check(recording, dims)
    main = _cleaned(recording, Performer(recording.poses, recording.sure), 1, dims)
    others, beside = _others(recording, dims)
    faults = main.faults.copy()
    upper = np.zeros(len(faults), dtype=bool)
    for part in (main, *others):
        for clip in part.clips:
            start = round(clip.start_s * FPS) - part.first
            faults[start : start + clip.n_frames] = ""
            upper[start : start + clip.n_frames] |= clip.body == "upper"
    counts = {reason: int((faults == reason).sum()) for reason in REASONS}
    clips = tuple(clip for part in (main, *others) for clip in part.clips)
    report = CleaningReport(
        recording_id=recording.recording_id,
        frames_in=len(faults),
        frames_kept=int((faults == "").sum()),
        dropped={reason: frames for reason, frames in counts.items() if frames},
        frames_mended=main.frames_mended,
        n_clips=len(clips),
        warnings=main.warnings,
        notes=(*recording.notes, *main.notes, *beside),
        frames_upper=int(upper.sum()),
    )
    return Cleaned(clips, report, faults, main.first / FPS)


def _others(recording: Recording, dims: int | None) -> tuple[list[_Part], tuple[str, ...]]:
    """Those who dance beside the main dancer, and a line on each who was found."""
    kept, notes = [], []
    for number, dancer in enumerate(recording.others, start=2):
        part = _cleaned(recording, dancer, number, dims)
        if not part.clips:
            continue
        seconds = sum(clip.n_frames for clip in part.clips) / FPS
        if _speed(part.clips) < DANCES_PX_S:
            notes.append(f"person {number} stands by for {seconds:.1f} s: left out")
            continue
        kept.append(part)
        notes.append(f"person {number} dances too, for {seconds:.1f} s")
    return kept, tuple(notes)


def _speed(clips: Sequence[Clip]) -> float:
    """Mean speed of the joints seen, in canvas pixels a second."""
    steps = np.concatenate([joint_steps(clip.poses).ravel() for clip in clips])
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) * FPS if len(steps) else 0.0


def _cleaned(recording: Recording, dancer: Performer, person: int, dims: int | None) -> _Part:
    poses, n_strays = without_strays(dancer.poses)
    first, grid = resampled(poses, recording.times_s)
    if not len(grid):
        raise InputError(f"{recording.path} lasts less than one frame of 24 a second")
    grid, lost = _with_lost(grid, first, recording.lost_s)
    height = bodies.rough_height(grid)
    if not height:
        return _nothing_of(grid, lost, first)
    px, outliers = mended(grid * (BODY_PX / height))
    px = without_excursions(px)
    breaks = jumps(px)
    faults, stretches = _stretches(px, breaks)
    faults[lost & (faults == NOBODY)] = LOST
    level = [levelled(px[run]) if whole else (px[run], 0.0) for run, whole in stretches]
    # Faults are judged in all the dimensions there are; the picture is made last.
    clips = _clips(
        recording,
        [
            _Stretch(run.start, poses[..., :dims], whole)
            for (run, whole), (poses, _) in zip(stretches, level, strict=True)
        ],
        first,
        person,
        _on_grid(dancer.sure, recording.times_s, first, len(px)),
    )
    notes = (
        *_stray_note(n_strays),
        *_drift_note(max((drift for _, drift in level), default=0.0)),
    )
    return _Part(clips, faults, first, complaints(px), notes, int(outliers.sum()))


def _nothing_of(grid: Float64, lost: Bool, first: int) -> _Part:
    """Drop all of somebody of whom too little is seen to tell how large they are."""
    faults = np.full(len(grid), MISSING, dtype=f"<U{max(map(len, REASONS))}")
    faults[~np.isfinite(grid).all(axis=2).any(axis=1)] = NOBODY
    faults[lost & (faults == NOBODY)] = LOST
    warning = (
        "neither a foot together with the head nor shoulders are ever seen: nothing tells how "
        "large the body is; is anybody near enough in the picture?"
    )
    return _Part((), faults, first, (warning,), (), 0)


def _stretches(px: Float64, breaks: Bool) -> tuple[Names, list[tuple[slice, bool]]]:
    """Why each frame is dropped, and the stretches kept, in order: frames, and whether whole."""
    seen = bodies.seen(px)
    faults = _faults(px, seen)
    sound = faults == ""
    found = [(run, True) for run in _runs(seen.whole & sound, breaks) if _long(run)]
    rest = seen.upper & sound
    for run, _ in found:
        rest[run] = False
    found += [(run, False) for run in _runs(rest, breaks) if _long(run)]
    kept = []
    for run, whole in sorted(found, key=lambda item: item[0].start):
        if whole and bodies.is_nobody(px[run]):
            faults[run] = NO_BODY
        else:
            kept.append((run, whole))
    inside = np.zeros(len(px), dtype=bool)
    for run, _ in found:
        inside[run] = True
    for run in _runs(sound & ~inside, breaks):
        faults[run] = FAR if _at_break(run, breaks) else SHORT
    return faults, kept


def _long(run: slice) -> bool:
    return bool(run.stop - run.start >= MIN_FRAMES)


def _on_grid(sure: Float32 | None, times_s: Float64, first: int, n_frames: int) -> Float64:
    """How sure each frame of 24 a second (T,) is; NaN where the source does not say."""
    if sure is None or not np.isfinite(sure).any():
        return np.full(n_frames, np.nan)
    known = np.isfinite(sure)
    at_s = (first + np.arange(n_frames)) / FPS
    return np.interp(at_s, times_s[known], sure[known].astype(np.float64))


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


def _faults(poses: Float64, seen: bodies.Seen) -> Names:
    """For each frame the reason to drop it, or nothing."""
    faults = np.full(len(poses), "", dtype=f"<U{max(map(len, REASONS))}")
    faults[_frozen(poses)] = FROZEN
    faults[~seen.whole & ~seen.upper] = MISSING
    faults[~np.isfinite(poses).all(axis=2).any(axis=1)] = NOBODY
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


@dataclass(frozen=True)
class _Stretch:
    """Frames of a clip to be: the first of them on the grid, and poses not scaled yet."""

    start: int
    poses: Float64
    whole: bool


def _clips(
    recording: Recording, stretches: list[_Stretch], first: int, person: int, sure: Float64
) -> tuple[Clip, ...]:
    """Clips of stretches; `first` is the grid's first frame, `sure` (T,) is on it."""
    made = []
    shots = np.searchsorted(
        recording.cuts_s, [(first + stretch.start) / FPS for stretch in stretches], side="right"
    )
    scales = _scales_in_shots(stretches, shots)
    for number, (stretch, scale) in enumerate(zip(stretches, scales, strict=True), start=1):
        poses = stretch.poses if stretch.whole else bodies.as_upper(stretch.poses)
        own = sure[stretch.start : stretch.start + len(poses)]
        own = own * np.isfinite(poses[:, _HEAD]).all(axis=2).any(axis=1)
        made.append(
            Clip(
                clip_id=clip_name(recording.recording_id, person, number, len(stretches)),
                recording_id=recording.recording_id,
                poses=bodies.placed(poses * scale),
                path=recording.path,
                start_s=(first + stretch.start) / FPS,
                audio_path=recording.audio_path,
                video_path=recording.video_path,
                style=recording.style,
                dancer=recording.dancer,
                licence=recording.licence,
                sure=float(own.mean()) if np.isfinite(own).all() else 1.0,
            )
        )
    return tuple(made)


def _scales_in_shots(stretches: list[_Stretch], shots: Int64) -> list[float]:
    """Factor to canvas pixels of each stretch (N,), which lies in a shot by number.

    That of the recording, but where its own shot shows the dancer in quite another size.
    """
    usual = _scales(stretches)
    found = []
    for stretch, shot in zip(stretches, shots.tolist(), strict=True):
        beside = [each for each, other in zip(stretches, shots, strict=True) if other == shot]
        own, all_ = _scales(beside)[stretch.whole], usual[stretch.whole]
        found.append(all_ if 1 / ONE_SIZE < own / all_ < ONE_SIZE else own)
    return found


def _scales(stretches: list[_Stretch]) -> dict[bool, float]:
    """Factor to canvas pixels of whole bodies (True) and of upper ones."""
    scales: dict[bool, float] = {}
    for whole, measure in ((True, bodies.height), (False, bodies.height_of_upper)):
        some = [stretch.poses for stretch in stretches if stretch.whole is whole]
        if some:
            scales[whole] = BODY_PX / (measure(np.concatenate(some)) or BODY_PX)
    if len(scales) == 2 and 1 / ONE_SIZE < scales[True] / scales[False] < ONE_SIZE:
        # The feet left the picture for a while: it is the same body.
        scales[False] = scales[True]
    return scales
