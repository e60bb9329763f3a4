"""Real movement to draw gaps from: stretches of poses, and every gap they could have had.

A *memory* is a list of stretches of uninterrupted real movement. For gaps of one length
it answers with *examples*: each place in a stretch where a gap of that length could be,
described by what surrounds it, with what really happened in it. All examples are seen
from the dancer's own place: moved so that the root at the frame before the gap is the
origin and, in three dimensions, turned about the vertical so that the dancer faces
the same way.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.align.hermite import cubic_weights
from danceit.data import JOINT, N_JOINTS, Bool, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.files import replacing

MOST_FRAMES = 50_000
"""Frames that `remember` keeps: 35 minutes, about 30 MB, a fifth of a second to search."""
_VELOCITY_WEIGHT = 5.0
"""Frames: 1 px a frame of disagreement in velocity counts as much as 5 px in position."""


@dataclass(frozen=True)
class Examples:
    """N gaps of one length with their surroundings, seen from the dancer's own place.

    Attributes
    ----------
    features : float32 (N, F)
        Position and velocity of each joint at both ends; distances between features
        are root mean squares over joints, px.
    squares : float32 (N,)
        Squared length of each.
    starts : int64 (N,)
        First frame of each gap in `poses`.
    headings : float64 (N,)
    poses : float32 (T, J', C)
        All stretches one after the other, the joints looked at alone.
    gap, sides : int
    """

    features: Float32
    squares: Float32
    starts: Int64
    headings: Float64
    poses: Float32
    gap: int
    sides: int

    def residuals(self, chosen: Int64) -> Float64:
        """What really happened in gaps minus the cubic across them, (M, gap, J', C)."""
        starts = self.starts[chosen][:, None]
        near = np.concatenate(
            [starts + np.arange(-self.sides, 0), starts + self.gap + np.arange(self.sides)], axis=1
        )
        drawn = np.tensordot(self.poses[near], cubic_weights(self.gap, self.sides), (1, 1))
        missed = self.poses[starts + np.arange(self.gap)] - np.moveaxis(drawn, 3, 1)
        return turned(missed, -self.headings[chosen])


def examples(
    stretches: Sequence[Float32], gap: int, sides: int, joints: Bool, dims: int
) -> Examples:
    """Every gap of one length that the stretches could have.

    Parameters
    ----------
    stretches : sequence of float32 (T_i, J, C)
    gap : int
        Frames.
    sides : int
        Frames on each side that the cubic takes its velocities from, at least 3.
    joints : bool (J,)
        Joints to look at; a gap near which one of them is unknown is no example.
    dims : int
        Coordinates of the gap to be filled; stretches of another kind are left out.
    """
    shape = (len(joints), dims)
    same = [each for each in stretches if each.shape[1:] == shape]
    poses = np.concatenate([np.zeros((0, *shape), np.float32), *same])[:, joints]
    unknown = np.concatenate([[0], np.cumsum(~np.isfinite(poses).all(axis=(1, 2)))])
    offsets = np.cumsum([0, *(len(each) for each in same)])
    width = gap + 2 * sides
    firsts = [
        np.arange(start, max(start, stop - width + 1))
        for start, stop in itertools.pairwise(offsets.tolist())
    ]
    first = np.concatenate([np.zeros(0, dtype=np.int64), *firsts])
    starts = first[unknown[first] == unknown[first + width]] + sides
    features, headings = describe(poses, starts, starts + gap, joints)
    squares = np.einsum("nf,nf->n", features, features)
    return Examples(features, squares, starts, headings, poses, gap, sides)


def describe(poses: Float32, starts: Int64, stops: Int64, joints: Bool) -> tuple[Float32, Float64]:
    """What surrounds gaps, seen from where the dancer stands in the frame before each.

    Parameters
    ----------
    poses : float32 (T, J', C)
        Of the joints looked at alone.
    starts, stops : int64 (N,)
        Gaps with at least three known frames on each side.
    joints : bool (J,)
        Which joints they are. Without both hips the middle of the body is the root;
        without COCO-18's hips nobody is turned.

    Returns
    -------
    features : float32 (N, F)
    headings : float64 (N,)
        Radians about the vertical.
    """
    last, after = poses[starts - 1], poses[stops]
    root, headings = _standpoint(last.astype(np.float64), joints)
    parts = np.stack(
        [
            last - root[:, None],
            after - root[:, None],
            _VELOCITY_WEIGHT * (last - poses[starts - 3]) / 2,
            _VELOCITY_WEIGHT * (poses[stops + 2] - after) / 2,
        ],
        axis=1,
    )
    features = turned(parts, -headings) / np.sqrt(2 * poses.shape[1])
    size = 4 * poses.shape[1] * poses.shape[2]
    return features.reshape(len(starts), size).astype(np.float32), headings


def turned(vectors: Float32 | Float64, angles: Float64) -> Float64:
    """Turn vectors (N, ..., J, C) about the vertical by angles (N,); in 2-D they stay."""
    result = np.array(vectors, dtype=np.float64)
    if result.shape[-1] == 3:
        angle = angles.reshape(-1, *([1] * (result.ndim - 2)))
        x, z = result[..., 0].copy(), result[..., 2].copy()
        result[..., 0] = np.cos(angle) * x - np.sin(angle) * z
        result[..., 2] = np.sin(angle) * x + np.cos(angle) * z
    return result


def remember(poses: Iterable[Float32], path: Path, *, most_frames: int = MOST_FRAMES) -> int:
    """Write a memory of clips for ``learned:memory=PATH``.

    Parameters
    ----------
    poses : iterable of float32 (T, J, C)
        Cleaned clips, canvas pixels, all of one skeleton and one C.
    path : Path
        A safetensors file; a memory holds the poses themselves, so it is as private,
        and under the same licence, as they are.
    most_frames : int
        Where there are more, clips are shortened alike, each to its own middle.

    Returns
    -------
    int
        Frames kept.

    Raises
    ------
    InputError
        If there is no clip, the clips differ in shape, or `path` cannot be written.
    """
    from safetensors.numpy import save_file

    clips = [np.asarray(clip, dtype=np.float32) for clip in poses]
    if not clips or len({clip.shape[1:] for clip in clips}) != 1:
        shapes = sorted({clip.shape[1:] for clip in clips})
        raise InputError(f"a memory needs clips of one skeleton; got shapes {shapes}")
    share = min(1.0, most_frames / sum(len(clip) for clip in clips))
    kept = [_middle(clip, int(len(clip) * share)) for clip in clips]
    lengths = np.array([len(clip) for clip in kept], dtype=np.int64)
    with replacing(path) as temporary:
        save_file({"poses": np.concatenate(kept), "lengths": lengths}, str(temporary))
    return int(lengths.sum())


def recall(path: Path) -> list[Float32]:
    """Read the stretches of a memory.

    Raises
    ------
    InputError
        If the file is missing, damaged or no memory.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        raise InputError(f"no such memory of movement: {path}")
    try:
        stored = load_file(str(path))
        poses, lengths = stored["poses"], stored["lengths"]
        if poses.ndim != 3 or lengths.ndim != 1 or int(lengths.sum()) != len(poses):
            raise ValueError(f"poses {poses.shape} do not match lengths {lengths.tolist()}")
    except (SafetensorError, KeyError, ValueError, OSError) as exc:
        raise InputError(f"{path} is not a memory of movement: {exc}") from exc
    parts: list[Float32] = np.split(poses.astype(np.float32), np.cumsum(lengths)[:-1])
    return parts


def _middle(clip: Float32, n_frames: int) -> Float32:
    start = (len(clip) - n_frames) // 2
    middle: Float32 = clip[start : start + n_frames]
    return middle


def _standpoint(poses: Float64, joints: Bool) -> tuple[Float64, Float64]:
    """Root (N, C) and heading (N,) of poses (N, J', C)."""
    column = np.cumsum(joints) - 1
    pairs = [
        (column[JOINT[f"right_{part}"]], column[JOINT[f"left_{part}"]])
        for part in ("hip", "shoulder")
        if len(joints) == N_JOINTS and joints[[JOINT[f"right_{part}"], JOINT[f"left_{part}"]]].all()
    ]
    root = poses[:, list(pairs[0])].mean(axis=1) if pairs else poses.mean(axis=1)
    heading = np.zeros(len(poses))
    if pairs and poses.shape[-1] == 3:
        across = np.sum([poses[:, left] - poses[:, right] for right, left in pairs], axis=0)
        heading = np.arctan2(across[:, 2], across[:, 0])
    return root, heading
