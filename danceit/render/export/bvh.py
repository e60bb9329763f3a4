"""BVH: a hierarchy with offsets, then Euler angles frame by frame.

Centimetres, y up; channels ``Zrotation Xrotation Yrotation`` in degrees, so that a
node's rotation is Rz Rx Ry, and the root's position before them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit.data import Dance, Float64
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.export.rig import Rig, make_rig
from danceit.render.options import RenderOptions
from danceit.render.renderer import Renderer

_TURNS = "Zrotation Xrotation Yrotation"


def render_bvh(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write one dance with depth as BVH; the song is not needed.

    Raises
    ------
    InputError
        If the dance has no depth.
    """
    rig = make_rig(dances[0])
    angles = euler_zxy(rig.turns)
    values = np.concatenate([rig.root, np.degrees(angles).reshape(len(rig.root), -1)], axis=1)
    rows = [" ".join(f"{value:.5f}" for value in row) for row in values.tolist()]
    head = [f"Frames: {len(rows)}", f"Frame Time: {1 / rig.fps:.10f}"]
    lines = ["HIERARCHY", *_node(rig, 0, 0), "MOTION", *head, *rows]
    with replacing(out) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii")
    progress(1, 1)


BVH = Renderer(render_bvh, draws=(), several=False)


def _node(rig: Rig, node: int, depth: int) -> list[str]:
    """Lines of a node and all below it."""
    indent, inner = "  " * depth, "  " * (depth + 1)
    kind = "ROOT" if depth == 0 else "JOINT"
    moves = "6 Xposition Yposition Zposition " if depth == 0 else "3 "
    lines = [f"{indent}{kind} {rig.names[node]}", indent + "{"]
    lines += [f"{inner}OFFSET {_triple(rig.offsets[node])}", f"{inner}CHANNELS {moves}{_TURNS}"]
    children = [child for child, parent in enumerate(rig.parents) if parent == node]
    for child in children:
        lines += _node(rig, child, depth + 1)
    if not children:
        end = [f"{inner}  OFFSET {_triple(rig.tips[node])}"]
        lines += [f"{inner}End Site", inner + "{", *end, inner + "}"]
    return [*lines, indent + "}"]


def _triple(vector: Float64) -> str:
    return " ".join(f"{value:.5f}" for value in vector.tolist())


def euler_zxy(turns: Float64) -> Float64:
    """Angles about z, x and y, in radians, of rotations R = Rz Rx Ry, without jumps.

    Every rotation has two such triples, and each angle repeats after a full turn; of all
    these the one nearest to the frame before is taken, or an editor's curves would be
    full of cliffs.

    Parameters
    ----------
    turns : float64 (T, N, 3, 3)

    Returns
    -------
    float64 (T, N, 3)
    """
    x = np.arcsin(np.clip(turns[..., 2, 1], -1.0, 1.0))
    level = np.abs(turns[..., 2, 1]) < 1 - 1e-9
    # Looking straight along x, only the sum of the other two turns is determined.
    z = np.where(
        level,
        np.arctan2(-turns[..., 0, 1], turns[..., 1, 1]),
        np.arctan2(turns[..., 1, 0], turns[..., 0, 0]),
    )
    y = np.where(level, np.arctan2(-turns[..., 2, 0], turns[..., 2, 2]), 0.0)
    angles: Float64 = np.stack([z, x, y], axis=-1)
    for frame in range(1, len(angles)):
        before, now = angles[frame - 1], angles[frame]
        other = now * (1, -1, 1) + np.pi
        choices = np.stack([now, other])
        choices += 2 * np.pi * np.round((before - choices) / (2 * np.pi))
        nearer = np.abs(choices - before).sum(axis=2).argmin(axis=0)
        angles[frame] = np.take_along_axis(choices, nearer[None, :, None], axis=0)[0]
    return angles
