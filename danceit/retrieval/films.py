"""Which videos of a shortlist show the same film.

Folders of phone clips hold copies: sent on, cut shorter, muted, in another format. By their paths
they are different videos, but who cuts from one to the other jumps within one shot, and who shows
both shows one movement twice. They are told by how the dancer moves: the same pose for the same
time, a second or more. Two people in one choreography are farther apart than that.

Conventions: R fragments of L frames, 24 a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from danceit.data import FPS, JOINT, Bool, Float32, Float64, Int64, person_of
from danceit.index.store.contract import FragmentTable

_SEEN = [
    JOINT[f"{side}_{name}"]
    for side in ("right", "left")
    for name in ("shoulder", "elbow", "wrist", "hip")
]
"""What a clip of an upper body shows too."""
_ALIKE = 0.12
"""Distance of two poses in sizes of the body, under which they may be one picture's: another
compression moves joints that much for moments."""
_COMMON_S = 1.0
_SHARE = 0.8
"""Of the frames in common that must be alike."""
_STIR = 0.01
"""Least movement from frame to frame, in sizes of the body: two who stand still are alike."""


@dataclass(frozen=True)
class Films:
    """Of which film each of R fragments is.

    Attributes
    ----------
    number : int64 (R,)
        Equal where the same film is shown; -1 where a fragment has no video.
    ahead_s : float64 (R,)
        Seconds to add to those of its own video for those of the film.
    """

    number: Int64
    ahead_s: Float64

    def takes(self, table: FragmentTable) -> Int64:
        """Number (R,) of the take that each shows: one dancer in one film, else one clip."""
        names = [
            clip if film < 0 else f"{film} person {person_of(clip)}"
            for film, clip in zip(self.number.tolist(), table.clip_id, strict=True)
        ]
        _, numbers = np.unique(np.asarray(names), return_inverse=True)
        return np.asarray(numbers, dtype=np.int64)


@dataclass(frozen=True)
class _Track:
    """A clip's shapes (T, D) from a frame of its video on; NaN where no fragment is."""

    video: int
    first: int
    shapes: Float32


def films_of(table: FragmentTable, poses: Float32) -> Films:
    """Tell the films of fragments apart by their poses (R, L, 18, C)."""
    paths, video = np.unique(np.asarray(table.video), return_inverse=True)
    film = np.arange(len(paths), dtype=np.int64)
    ahead = np.zeros(len(paths), dtype=np.int64)
    tracks = sorted(_tracks(table, video, poses), key=lambda track: -len(track.shapes))
    if len({track.video for track in tracks}) > 1:
        for late, track in enumerate(tracks):
            same = None if film[track.video] != track.video else _same(track, tracks[:late])
            if same is not None:
                other, offset = same
                film[track.video] = film[other.video]
                ahead[track.video] = ahead[other.video] + offset
    film[paths == ""] = -1
    return Films(film[video], ahead[video] / FPS)


def _tracks(table: FragmentTable, video: Int64, poses: Float32) -> Iterator[_Track]:
    """Put the fragments of each clip with a video together."""
    filmed = np.flatnonzero(np.asarray(table.video) != "")
    shapes, n_frames = _shapes(poses[filmed]), poses.shape[1]
    first = np.rint(table.start_s[filmed] * FPS).astype(np.int64)
    clips, clip = np.unique(np.asarray(table.clip_id)[filmed], return_inverse=True)
    for one in range(len(clips)):
        own = np.flatnonzero(clip == one)
        start, stop = int(first[own].min()), int(first[own].max()) + n_frames
        whole = np.full((stop - start, shapes.shape[2]), np.nan, dtype=np.float32)
        for place in own:
            whole[first[place] - start : first[place] - start + n_frames] = shapes[place]
        yield _Track(int(video[filmed[own[0]]]), start, whole)


def _shapes(poses: Float32) -> Float32:
    """Poses (R, L, 18, C) as the picture shows them, about their own middle and of one size."""
    seen = poses[:, :, _SEEN, :2]
    centred = seen - seen.mean(axis=2, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=3).mean(axis=2))[..., None, None]
    shapes = centred / np.maximum(size, 1e-6) / np.sqrt(len(_SEEN))
    return np.asarray(shapes.reshape(*poses.shape[:2], 2 * len(_SEEN)), dtype=np.float32)


def _same(track: _Track, others: list[_Track]) -> tuple[_Track, int] | None:
    """Whose film a track shows, and how many frames later it is there; None where it is new."""
    others = [other for other in others if other.video != track.video]
    known = np.flatnonzero(np.isfinite(track.shapes).all(axis=1))
    if not others or not len(known):
        return None
    probe = int(known[len(known) // 2])
    distance = [np.linalg.norm(other.shapes - track.shapes[probe], axis=1) for other in others]
    nearest = [float(np.nanmin(own, initial=np.inf)) for own in distance]
    for place in np.argsort(nearest):
        if nearest[place] > _ALIKE:
            return None
        other = others[place]
        offset = other.first + int(np.nanargmin(distance[place])) - track.first - probe
        if _coincide(track, other, offset):
            return other, offset
    return None


def _coincide(track: _Track, other: _Track, offset: int) -> bool:
    """Whether two tracks are the same where both are seen, the first so many frames later."""
    first = max(track.first + offset, other.first)
    stop = min(track.first + offset + len(track.shapes), other.first + len(other.shapes))
    mine = track.shapes[first - track.first - offset : stop - track.first - offset]
    theirs = other.shapes[first - other.first : stop - other.first]
    apart = np.linalg.norm(mine - theirs, axis=1)
    both: Bool = np.isfinite(apart)
    if both.sum() < _COMMON_S * FPS or np.mean(apart[both] < _ALIKE) < _SHARE:
        return False
    stir = np.linalg.norm(np.diff(mine, axis=0), axis=1)
    return bool(np.nanmean(stir) > _STIR)
