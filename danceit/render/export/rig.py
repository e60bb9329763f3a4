"""A dance as a skeleton of rigid bones that turn: what BVH and glTF store.

A dance stores where joints are. A rig stores the length of each bone, once, and how
every bone is turned, frame by frame. Bone lengths are medians over the dance; the turns
are solved so that every bone points where it points in the dance. Positions therefore
return exactly where the body's proportions are constant, and otherwise up to the
difference, which `Rig.positions` lets one measure.

Axes of the rig: x right, y up, z towards the camera (right-handed), centimetres, the
floor at y = 0. At rest the body stands in a T, faces the camera, and no bone is turned.
A bone's turn about its own axis cannot be known from its ends: it is the smallest that
leads from the parent's. Where a bone is folded back on its parent's, as a forearm on its
upper arm, the smallest turn jumps by up to 180 degrees from one frame to the next; there
the turn of the frame before is carried on, and afterwards led back to the smallest.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import BODY_PX, CANVAS_PX, FLOOR_PX, JOINT, Bool, Dance, Float32, Float64
from danceit.errors import InputError
from danceit.render.drawing.motion import bridged, unit

CM_PER_PX = 150.0 / BODY_PX
"""From the nose to the ankle an adult measures about 1.5 m."""
TIP_SHARE = 0.3
"""Length of the tip beyond wrist, ankle and head as a share of the bone before."""

_NODES: tuple[tuple[str, str, str, tuple[float, float, float]], ...] = (
    # node, parent, joint that its bone leads to, direction of that bone at rest
    ("hips", "", "", (0.0, 1.0, 0.0)),
    ("spine", "hips", "neck", (0.0, 1.0, 0.0)),
    # The nose is ahead of the neck: so far in the median over a minute of ballroom dances.
    ("neck", "spine", "nose", (0.0, 0.89, 0.456)),
    ("head", "neck", "", (0.0, 1.0, 0.0)),
    ("right_collar", "spine", "right_shoulder", (-1.0, 0.0, 0.0)),
    ("right_shoulder", "right_collar", "right_elbow", (-1.0, 0.0, 0.0)),
    ("right_elbow", "right_shoulder", "right_wrist", (-1.0, 0.0, 0.0)),
    ("right_wrist", "right_elbow", "", (-1.0, 0.0, 0.0)),
    ("left_collar", "spine", "left_shoulder", (1.0, 0.0, 0.0)),
    ("left_shoulder", "left_collar", "left_elbow", (1.0, 0.0, 0.0)),
    ("left_elbow", "left_shoulder", "left_wrist", (1.0, 0.0, 0.0)),
    ("left_wrist", "left_elbow", "", (1.0, 0.0, 0.0)),
    ("right_hip", "hips", "right_knee", (0.0, -1.0, 0.0)),
    ("right_knee", "right_hip", "right_ankle", (0.0, -1.0, 0.0)),
    ("right_ankle", "right_knee", "", (0.0, -1.0, 0.0)),
    ("left_hip", "hips", "left_knee", (0.0, -1.0, 0.0)),
    ("left_knee", "left_hip", "left_ankle", (0.0, -1.0, 0.0)),
    ("left_ankle", "left_knee", "", (0.0, -1.0, 0.0)),
)
_START = {"neck": "neck", "head": "nose", "right_collar": "neck", "left_collar": "neck"}
"""Joint at which a node stands, where its name does not say so."""
_FOLDED = -0.6
"""Cosine between a bone and its direction at rest under which the smallest turn is unsteady: 127
degrees, from which a step of 20 degrees beside the fold can turn it by 60."""
_LED_BACK = 0.9
"""Share of a carried turn that is left in the frame after: half in a quarter of a second."""
_NEEDED = ("neck", "right_hip", "left_hip")


@dataclass(frozen=True)
class Rig:
    """A skeleton of N nodes over T frames; parents come before their children.

    Attributes
    ----------
    names : tuple of str
    joints : tuple of int
        Index of the joint at which each node stands; -1 between the hips.
    parents : tuple of int
        -1 for the root, which is the first.
    offsets : float64 (N, 3)
        From the parent at rest, cm.
    tips : float64 (N, 3)
        From a node without children to its bone's end, cm; zero for the others.
    turns : float64 (T, N, 3, 3)
        Rotation of each node relative to its parent.
    root : float64 (T, 3)
        Position of the root, cm.
    fps : float
    """

    names: tuple[str, ...]
    joints: tuple[int, ...]
    parents: tuple[int, ...]
    offsets: Float64
    tips: Float64
    turns: Float64
    root: Float64
    fps: float

    def positions(self) -> Float64:
        """Positions of the nodes (T, N, 3), cm, by walking down the tree."""
        n_frames, n_nodes = self.turns.shape[:2]
        facing = np.empty((n_frames, n_nodes, 3, 3))
        place = np.empty((n_frames, n_nodes, 3))
        for node, parent in enumerate(self.parents):
            if parent < 0:
                facing[:, node], place[:, node] = self.turns[:, node], self.root
                continue
            facing[:, node] = facing[:, parent] @ self.turns[:, node]
            place[:, node] = place[:, parent] + facing[:, parent] @ self.offsets[node]
        return place


def make_rig(dance: Dance) -> Rig:
    """Solve the rig of a dance with depth.

    Nodes whose joint is never seen are left out with all that hangs on them. A bone that
    is missing for some frames turns evenly from where it was last seen to where it is
    seen next: a rig cannot say "not known".

    Raises
    ------
    InputError
        If the dance has no depth, no frames, or never shows the neck and both hips.
    """
    if dance.dims != 3:
        raise InputError(
            "a dance without depth (C = 2) has no bone rotations; "
            "query an index of 3-D sources, or export .openpose, .zip or .csv"
        )
    if dance.n_frames == 0:
        raise InputError("nothing to export: the dance has no frames")
    points = _upright(dance.joints)
    seen = np.isfinite(points).all(axis=2)
    lacking = [name for name in _NEEDED if not seen[:, JOINT[name]].any()]
    if lacking:
        raise InputError(
            f"a skeleton needs the neck and both hips; never seen: {', '.join(lacking)}"
        )
    return _solve(points, seen, dance.fps)


def _upright(joints: Float32) -> Float64:
    """Canvas pixels to the rig's axes and centimetres."""
    points = joints.astype(np.float64)
    x, y, z = points[..., 0] - CANVAS_PX / 2, FLOOR_PX - points[..., 1], -points[..., 2]
    upright: Float64 = np.stack([x, y, z], axis=-1) * CM_PER_PX
    return upright


def _solve(points: Float64, seen: Bool, fps: float) -> Rig:
    hips, neck = points[:, [JOINT["right_hip"], JOINT["left_hip"]]], points[:, JOINT["neck"]]
    middle = hips.mean(axis=1)
    across = bridged(hips[:, 1] - hips[:, 0])
    up = bridged(neck - middle)
    shoulders = points[:, JOINT["left_shoulder"]] - points[:, JOINT["right_shoulder"]]
    known = np.isfinite(shoulders).all(axis=1).any()
    frames = {"hips": _frame(across, up, lead=0)}
    frames["spine"] = _frame(bridged(shoulders) if known else across, up, lead=1)
    width = float(np.median(np.linalg.norm(across, axis=1)))
    reach = {"hips": width, "spine": float(np.median(np.linalg.norm(up, axis=1)))}

    names, joints, offsets, tips = [], [], [], []
    for name, parent, target, rest in _NODES:
        joint = JOINT.get(_START.get(name, name), -1)
        if parent and (parent not in names or (joint >= 0 and not seen[:, joint].any())):
            continue
        names.append(name)
        joints.append(joint)
        offsets.append(_offset(name, parent, reach, width / 2))
        if name in frames:
            tips.append(np.zeros(3))
            continue
        end = JOINT[target] if target else -1
        if end >= 0 and (seen[:, joint] & seen[:, end]).any():
            bone = bridged(points[:, end] - points[:, joint])
            frames[name] = _swung(frames[parent], np.array(rest), bone)
            reach[name] = float(np.median(np.linalg.norm(bone, axis=1)))
            tips.append(np.zeros(3))
        else:
            frames[name] = frames[parent]
            reach[name] = TIP_SHARE * reach[parent]
            tips.append(reach[name] * unit(np.array(rest)))
    parents = [
        names.index(parent) if parent else -1 for name, parent, *_ in _NODES if name in names
    ]
    turns = [
        frames[name] if parent < 0 else frames[names[parent]].swapaxes(1, 2) @ frames[name]
        for name, parent in zip(names, parents, strict=True)
    ]
    return Rig(
        tuple(names),
        tuple(joints),
        tuple(parents),
        np.array(offsets),
        np.array(tips),
        np.stack(turns, axis=1),
        bridged(middle),
        fps,
    )


def _offset(name: str, parent: str, reach: dict[str, float], half_width: float) -> Float64:
    """Where a node stands relative to its parent at rest."""
    if name in ("right_hip", "left_hip"):
        return np.array([half_width if name == "left_hip" else -half_width, 0.0, 0.0])
    if name in ("hips", "spine"):
        return np.zeros(3)
    rest = next(rest for node, _, _, rest in _NODES if node == parent)
    return reach[parent] * unit(np.array(rest))


def _frame(across: Float64, up: Float64, lead: int) -> Float64:
    """Rotations (T, 3, 3) whose columns are left, up and ahead.

    `lead` says which of the two directions (0 `across`, 1 `up`) is kept exactly; the
    other is made perpendicular to it.
    """
    if lead == 0:
        x = unit(across)
        y = unit(up - (up * x).sum(axis=1, keepdims=True) * x)
    else:
        y = unit(up)
        x = unit(across - (across * y).sum(axis=1, keepdims=True) * y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _swung(parent: Float64, rest: Float64, bone: Float64) -> Float64:
    """World rotations (T, 3, 3) of a bone: the parent's, then the smallest turn onto `bone`."""
    local = np.einsum("tji,tj->ti", parent, unit(bone))
    return parent @ _steadied(_smallest_turn(unit(rest), local), unit(rest), local)


def _steadied(turns: Float64, rest: Float64, local: Float64) -> Float64:
    """Turns (T, 3, 3) of `rest` onto `local` (T, 3) that do not flip about the bone."""
    folded = local @ rest < _FOLDED
    result = turns.copy()
    twist = 0.0
    for frame in range(1, len(turns)):
        if folded[frame] or folded[frame - 1]:
            onward = _smallest_turn(local[frame - 1], local[frame : frame + 1])[0]
            about = turns[frame].T @ onward @ result[frame - 1]
            twist = _angle_about(rest, about)
        else:
            twist *= _LED_BACK
        if twist:
            result[frame] = turns[frame] @ _turn_about(rest, twist)
    return result


def _angle_about(axis: Float64, turn: Float64) -> float:
    """Angle in radians of a rotation (3, 3) about a unit axis."""
    sine = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return float(np.arctan2(0.5 * sine @ axis, 0.5 * (np.trace(turn) - 1.0)))


def _turn_about(axis: Float64, angle: float) -> Float64:
    """Rotation (3, 3) about a unit axis, by Rodrigues' formula."""
    cross = _cross_matrix(axis[None])[0]
    turn: Float64 = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def _smallest_turn(start: Float64, ends: Float64) -> Float64:
    """Rotations (T, 3, 3) of the unit vector `start` onto the unit vectors `ends` (T, 3).

    Rodrigues' formula for the axis start x end; where the two are opposite, half a turn
    about an axis at right angles.
    """
    axis = np.cross(start, ends)
    cosine = (ends @ start)[:, None, None]
    cross = _cross_matrix(axis)
    opposite = cosine < -1 + 1e-9
    turn = np.eye(3) + cross + cross @ cross / np.where(opposite, 1.0, 1 + cosine)
    aside = np.cross(start, np.eye(3)[np.abs(start).argmin()])
    aside /= np.linalg.norm(aside)
    half = 2 * np.outer(aside, aside) - np.eye(3)
    return np.where(opposite, half, turn)


def _cross_matrix(vectors: Float64) -> Float64:
    """Matrices (T, 3, 3) that multiply like the cross product with each vector."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)
