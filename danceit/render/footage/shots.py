"""Footage cut to a dance: which second of which video each frame shows, and where.

A *shot* is a stretch of frames in which one source goes on; `framing` says where it stands
in the picture. A *join* is where one shot follows another. It lies on the beat next to
the dance's seam, as every editor cuts, so long as both dancers are seen that long: the
shot before runs on past its end, or the one after starts early. Where the two shots are
of one source and nearly of one pose, they overlap for a moment, so that they can be
dissolved or morphed (`joins`), and are framed alike: the place they show stands still.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from danceit.data import FPS, JOINT, Dance, Float64
from danceit.render.footage.filling import filled, without_edges
from danceit.render.footage.framing import CanvasPlace, Framing, framed, reaching, with_hands
from danceit.render.footage.joins import Join
from danceit.render.footage.locating import Filmed, Locator, joints_at
from danceit.render.footage.zooming import Zoom, zoom_of

JUMP_S = 0.1
"""The source goes on where it moves forward by a frame's time, give or take this."""
MORPH_FRAMES = 8
"""Frames of an overlap where no aligner says how wide its windows are."""
DISSOLVE_FRAMES = 4
"""Of 24 a second, in which one picture is faded into the next."""
BEAT_S = 0.25
"""Farthest that a cut is taken from its seam to a beat."""
ROOM = 0.4
"""Most that a cut may take off the stretch on either side."""
UNSEEN_S = 0.13
"""Gap between poses from which the dancer was not seen, or a cut lies between."""
SMALL_JUMP_PX, SMALL_JUMP_MOST_PX = 8.0, 14.0
"""Canvas pixels that joints differ by, in the mean and at most, where two shots are nearly of one
pose: a hand is 15 wide, and as far apart there are two of it."""
ALIKE = 1.15
"""Ratio of the sizes of neighbouring shots of one video up to which they are framed alike."""
EASE_S = 0.8
"""Time on either side of a join in which shots framed alike come to the same place."""
EASE_PX = 48.0
"""Canvas pixels by which the picture may be moved for it."""


@dataclass(frozen=True)
class Shot:
    """One stretch of footage, at the video's frame rate.

    Attributes
    ----------
    filmed : Filmed or None
        None where the source has no footage.
    start, stop : int
        Frames that it is shown alone or in an overlap, half-open.
    source_s : float64 (stop - start,)
        Second of the source's video at each.
    scale : float
        Picture pixels a pixel of the source.
    floor_y : float
        Source pixels.
    centre_x : float64 (stop - start,)
        Source pixels that stand in the middle of the picture.
    mirrored : bool
        Whether it is shown as in a mirror.
    zoom : Zoom or None
        How the picture comes after whoever goes away from the camera; None where nobody does.
    """

    filmed: Filmed | None
    start: int
    stop: int
    source_s: Float64
    scale: float
    floor_y: float
    centre_x: Float64
    mirrored: bool = False
    zoom: Zoom | None = None

    def placing(self, frame: int, canvas: CanvasPlace) -> Float64:
        """Affine map (2, 3) from source pixels to picture pixels at a frame."""
        across = canvas.centre_x - self.scale * self.centre_x[frame - self.start]
        down = canvas.floor_y - self.scale * self.floor_y
        placing = np.array([[self.scale, 0.0, across], [0.0, self.scale, down]])
        return (
            placing if self.zoom is None else self.zoom.grown(placing, frame - self.start, canvas)
        )

    def joints(self, frame: int) -> Float64:
        """Joints (18, 2) in source pixels at a frame; NaN where not seen."""
        if self.filmed is None:
            return np.full((18, 2), np.nan)
        at_s = float(self.source_s[frame - self.start])
        return joints_at(self.filmed.times_s, self.filmed.joints, at_s)

    def followed(self, frame: int) -> Float64:
        """The same, with those that are lost for a moment (`Filmed.followed`)."""
        if self.filmed is None:
            return self.joints(frame)
        at_s = float(self.source_s[frame - self.start])
        return joints_at(self.filmed.times_s, self.filmed.followed, at_s)


@dataclass(frozen=True)
class Cut:
    """The shots of a whole dance.

    Attributes
    ----------
    shots : tuple of Shot
        In order; neighbours overlap by the width of their join.
    joins : tuple of Join
        One fewer: where each shot but the first follows the one before.
    """

    shots: tuple[Shot, ...]
    joins: tuple[Join, ...]

    def at(self, frame: int) -> tuple[int, int | None]:
        """Numbers of the shot that a frame belongs to, and of the join that it is in, or None."""
        inside = next((n for n, j in enumerate(self.joins) if j.start <= frame < j.stop), None)
        return sum(frame >= join.at for join in self.joins), inside


def cut(
    dance: Dance, times_s: Float64, locate: Locator, canvas: CanvasPlace, joins: str = "auto"
) -> Cut:
    """Cut footage to a dance.

    Parameters
    ----------
    times_s : float64 (N,)
        Seconds of the dance that the video's frames show, evenly spaced.
    joins : str
        How shots may meet; see `danceit.render.options.JOINS`.
    """
    known = [locate(placement) for placement in dance.fragments]
    stretches = [
        _Stretch(known[int(dance.source_index[first])], first, last, dance)
        for first, last in _bounds(dance)
    ]
    step_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 1 / FPS
    cuts_s = [_cut_s(dance, *pair) for pair in pairwise(stretches)]
    edges_s = [-np.inf, *cuts_s, np.inf]
    halves_s = [
        _half_s(dance, pair, edges_s[n : n + 3], joins, canvas)
        for n, pair in enumerate(pairwise(stretches))
    ]
    # Half a frame early rather than late: the new picture is there when the beat sounds.
    at = [0, *(np.searchsorted(times_s, np.array(cuts_s) - step_s / 2).tolist()), len(times_s)]
    shown = [n for n in range(len(stretches)) if at[n] < at[n + 1]]
    met = [
        _join(at[second], halves_s[second - 1] if second == first + 1 else 0.0, step_s)
        for first, second in pairwise(shown)
    ]
    starts = [0, *(join.start for join in met)]
    stops = [*(join.stop for join in met), len(times_s)]
    shots = [
        stretches[n].shot(start, stop, times_s, canvas)
        for n, start, stop in zip(shown, starts, stops, strict=True)
    ]
    alike = [_alike(*pair) for pair in pairwise(shots)]
    laid = _filling(_of_one_size(shots, alike), canvas, step_s)
    brought = _brought_together(laid, met, alike, canvas, step_s)
    return Cut(tuple(_followed(shot, canvas, step_s) for shot in brought), tuple(met))


@dataclass(frozen=True)
class _Stretch:
    """Frames [first, last) of a dance in which one source goes on."""

    filmed: Filmed | None
    first: int
    last: int
    dance: Dance

    @property
    def mirrored(self) -> bool:
        return self.dance.fragments[int(self.dance.source_index[self.first])].mirrored

    @property
    def start_s(self) -> float:
        return self.first / self.dance.fps

    @property
    def length_s(self) -> float:
        return (self.last - self.first) / self.dance.fps

    def source_s(self, times_s: Float64) -> Float64:
        """Seconds of the video at times of the dance.

        Beyond the stretch it runs on at its speed.
        """
        frames = np.arange(self.first, self.last) / self.dance.fps
        source_s = self.dance.source_s[self.first : self.last]
        inside = np.interp(times_s, frames, source_s)
        early, late = np.minimum(times_s - frames[0], 0.0), np.maximum(times_s - frames[-1], 0.0)
        lag_s = self.filmed.lag_s if self.filmed else 0.0
        moments: Float64 = np.maximum(inside + early + late, 0.0)
        return np.maximum(moments + lag_s, 0.0) if lag_s else moments

    def seen(self, low_s: float, high_s: float) -> bool:
        """Whether the dancer is seen all the time between two times of the dance."""
        if self.filmed is None:
            return True
        first, last = self.source_s(np.array([low_s, high_s])).tolist()
        times_s = self.filmed.times_s
        there = np.isfinite(self.filmed.joints[:, JOINT["neck"]]).all(axis=1)
        near = there & (times_s > first - UNSEEN_S) & (times_s < last + UNSEEN_S)
        moments = np.concatenate([[first - UNSEEN_S], times_s[near], [last + UNSEEN_S]])
        return bool(np.diff(moments).max() <= UNSEEN_S + 1e-6)

    def shot(self, start: int, stop: int, times_s: Float64, canvas: CanvasPlace) -> Shot:
        source_s = self.source_s(times_s[start:stop])
        if self.filmed is None:
            return Shot(None, start, stop, source_s, 1.0, 0.0, np.zeros(len(source_s)))
        way = framed(self.filmed, source_s, canvas)
        return Shot(
            self.filmed,
            start,
            stop,
            source_s,
            way.scale,
            way.floor_y,
            way.centre_x,
            self.mirrored,
        )


def overlap_frames(dance: Dance) -> int:
    """Frames around a seam in which one shot turns into the next: the aligner's window."""
    stated = [step.options.get("window_frames") for step in dance.steps]
    widths = [int(width) for width in stated if isinstance(width, int) and width > 0]
    return max(widths, default=MORPH_FRAMES)


def _bounds(dance: Dance) -> list[tuple[int, int]]:
    """Half-open stretches of frames in which one source goes on."""
    index = dance.source_index
    shown = [(placement.source, placement.mirrored) for placement in dance.fragments]
    sources = np.array([hash(each) for each in shown])[index]
    steps = np.diff(dance.source_s) - 1 / dance.fps
    breaks = np.flatnonzero((np.diff(sources) != 0) | (np.abs(steps) > JUMP_S)) + 1
    edges = [0, *breaks.tolist(), dance.n_frames]
    return list(pairwise(edges))


def _cut_s(dance: Dance, before: _Stretch, after: _Stretch) -> float:
    """Second of the cut between two stretches: the nearest beat, or else the seam itself."""
    seam_s = after.start_s
    if not len(dance.beats_s):
        return seam_s
    beat_s = float(dance.beats_s[int(np.argmin(np.abs(dance.beats_s - seam_s)))])
    most_s = min(BEAT_S, ROOM * before.length_s, ROOM * after.length_s)
    if abs(beat_s - seam_s) > most_s:
        return seam_s
    longer = before if beat_s > seam_s else after
    return beat_s if longer.seen(*sorted((beat_s, seam_s))) else seam_s


def _half_s(
    dance: Dance,
    pair: tuple[_Stretch, _Stretch],
    edges_s: Sequence[float],
    joins: str,
    canvas: CanvasPlace,
) -> float:
    """Half of the time in which two shots overlap, 0 for a cut."""
    before, after = pair
    low_s, cut_s, high_s = edges_s
    if joins == "cut" or (joins == "auto" and not _nearly_one(before, after, cut_s, canvas)):
        return 0.0
    frames = DISSOLVE_FRAMES if joins == "dissolve" else overlap_frames(dance)
    half = min(frames / 2 / dance.fps, (cut_s - low_s) / 2, (high_s - cut_s) / 2)
    fits = before.seen(cut_s, cut_s + half) and after.seen(cut_s - half, cut_s)
    return half if fits else 0.0


def _nearly_one(before: _Stretch, after: _Stretch, cut_s: float, canvas: CanvasPlace) -> bool:
    """Whether two stretches show one dancer of one video in nearly the same place and pose."""
    ours, theirs = before.filmed, after.filmed
    if ours is None or theirs is None or ours.video != theirs.video:
        return False
    if before.mirrored != after.mirrored:
        return False
    moment = np.array([cut_s])
    sources = [each.source_s(moment) for each in (before, after)]
    scale = framed(ours, sources[0], canvas).scale
    first, second = (joints_at(ours.times_s, ours.joints, float(s[0])) for s in sources)
    jumps = np.linalg.norm(second - first, axis=1)
    if np.isfinite(jumps).sum() < len(jumps) / 2:
        return False
    jumps_px = jumps[np.isfinite(jumps)] * scale / canvas.unit
    return bool(jumps_px.mean() <= SMALL_JUMP_PX and jumps_px.max() <= SMALL_JUMP_MOST_PX)


def _join(at: int, half_s: float, step_s: float) -> Join:
    half = round(half_s / step_s)
    return Join(at, at - half, at + half, max(1, round(DISSOLVE_FRAMES / FPS / step_s)))


def _alike(before: Shot, after: Shot) -> bool:
    """Whether two shots that follow one another are of one video and nearly one size."""
    if before.filmed is None or after.filmed is None or before.filmed.video != after.filmed.video:
        return False
    return max(before.scale, after.scale) <= ALIKE * min(before.scale, after.scale)


def _of_one_size(shots: Sequence[Shot], alike: Sequence[bool]) -> list[Shot]:
    """Give neighbouring shots of one video one size and floor.

    A source that goes on elsewhere in its own video would else seem to zoom at the cut.
    """
    made = list(shots)
    start = 0
    for stop in range(1, len(shots) + 1):
        if stop == len(shots) or not alike[stop - 1]:
            run = made[start:stop]
            scale, floor_y = min(s.scale for s in run), float(np.median([s.floor_y for s in run]))
            made[start:stop] = [replace(shot, scale=scale, floor_y=floor_y) for shot in run]
            start = stop
    return made


def _filling(shots: Sequence[Shot], canvas: CanvasPlace, step_s: float) -> list[Shot]:
    """Let each video fill the picture where it may, and hold hands in it; see `filling`."""
    videos: dict[tuple[Path, tuple[int, int] | None], list[int]] = {}
    for number, shot in enumerate(shots):
        if shot.filmed is not None:
            videos.setdefault((shot.filmed.video, shot.filmed.size), []).append(number)
    made = list(shots)
    for (_, size), numbers in videos.items():
        own = [shots[number] for number in numbers]
        ways = [_way(shot) for shot in own]
        joints = [np.stack([shot.joints(f) for f in range(shot.start, shot.stop)]) for shot in own]
        if size is not None:
            ways = filled(ways, joints, size, canvas, step_s)
        else:
            ways = [
                reaching(way, with_hands(seen), canvas, step_s)
                for way, seen in zip(ways, joints, strict=True)
            ]
        for number, way in zip(numbers, ways, strict=True):
            made[number] = _placed(shots[number], way)
    return made


def _brought_together(
    shots: Sequence[Shot],
    joins: Sequence[Join],
    alike: Sequence[bool],
    canvas: CanvasPlace,
    step_s: float,
) -> list[Shot]:
    """Give shots of one video and size one place where they overlap."""
    made = list(shots)
    for number, join in enumerate(joins):
        if not alike[number] or join.stop <= join.start:
            continue
        met = _met(made[number], made[number + 1], join, canvas, step_s)
        for at, shot in enumerate(met, number):
            size = shot.filmed.size if shot.filmed else None
            way = without_edges(_way(shot), size, canvas) if size else _way(shot)
            made[at] = _placed(shot, way)
    return made


def _followed(shot: Shot, canvas: CanvasPlace, step_s: float) -> Shot:
    """Come after a dancer who goes away from the camera, as long as hands stay in the picture."""
    if shot.filmed is None or shot.filmed.size is None:
        return shot
    joints = np.stack([shot.joints(frame) for frame in range(shot.start, shot.stop)])
    return replace(shot, zoom=zoom_of(joints, _way(shot), canvas, step_s))


def _way(shot: Shot) -> Framing:
    return Framing(shot.scale, shot.floor_y, shot.centre_x)


def _placed(shot: Shot, way: Framing) -> Shot:
    return replace(shot, scale=way.scale, floor_y=way.floor_y, centre_x=way.centre_x)


def _met(
    first: Shot, second: Shot, join: Join, canvas: CanvasPlace, step_s: float
) -> tuple[Shot, Shot]:
    """Two shots whose places come together at their join, each by half of what they differ."""
    apart = float(second.centre_x[join.at - second.start] - first.centre_x[join.at - first.start])
    if abs(apart) * first.scale > EASE_PX * canvas.unit:
        return first, second
    n_ease = max(1, round(EASE_S / step_s))
    moved = []
    for shot, sign, edge in ((first, 1, join.start), (second, -1, join.stop)):
        away = sign * (edge - np.arange(shot.start, shot.stop)) / n_ease
        share = np.clip(1 - away, 0.0, 1.0)
        smooth = share * share * (3 - 2 * share)
        moved.append(replace(shot, centre_x=shot.centre_x + sign * apart / 2 * smooth))
    return moved[0], moved[1]
