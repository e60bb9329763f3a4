"""glTF 2.0: an animated, skinned skeleton with a simple body around it.

Metres, y up, facing +z, as the format wants it. ``.glb`` is one binary file; ``.gltf`` is
JSON with the same buffer inside as base64. Every bone has a tapered body in its OpenPose
colour, bound to that bone alone, so that programs that draw no bare bones (browsers)
show a dancer and those that do (Blender) get an armature. Flat shading follows from
leaving normals out (glTF 2.0, section 3.7.2.1).
"""

import base64
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import JOINT, Dance, Float64
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.drawing.figure import JOINT_COLOURS
from danceit.render.export.rig import CM_PER_PX, Rig, make_rig
from danceit.render.options import RenderOptions
from danceit.render.renderer import Renderer

_M_PER_CM = 0.01
_COMPONENTS = {"float32": 5126, "uint8": 5121, "uint16": 5123}
_VERTICES, _INDICES = 34962, 34963
_SIDES = 10
_RADII_PX: dict[str, tuple[float, float]] = {
    "spine": (27.0, 33.0), "neck": (9.0, 8.0), "head": (19.0, 22.0),
    "collar": (12.0, 11.0), "shoulder": (10.5, 8.0), "elbow": (8.0, 5.0), "wrist": (5.5, 4.0),
    "hip": (16.0, 11.0), "knee": (11.0, 6.5), "ankle": (7.5, 6.0),
}  # fmt: skip
"""Radii of the body at both ends of a node's bone, canvas pixels."""
_HEAD_CM = np.array([[0.0, -1.0, -8.0], [0.0, 7.0, -8.0]])
"""The head's body runs between these points, seen from the nose."""
_GREY = (150, 156, 172)


def render_gltf(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write a dance with depth, or those of a group, as ``.glb`` or ``.gltf``.

    The song is not needed. A group's dancers are skeletons in one scene and one animation.

    Raises
    ------
    InputError
        If the dance has no depth.
    """
    scene, binary = _build([make_rig(dance) for dance in dances], Path(out).stem)
    if Path(out).suffix.lower() == ".glb":
        data = _as_glb(scene, binary)
    else:
        encoded = base64.b64encode(binary).decode("ascii")
        scene["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{encoded}"
        data = json.dumps(scene).encode("utf-8")
    with replacing(out) as temporary:
        temporary.write_bytes(data)
    progress(1, 1)


GLTF = Renderer(render_gltf, draws=(), several=False, together=True)


def quaternions(turns: Float64) -> Float64:
    """Rotations (T, N, 3, 3) as unit quaternions x, y, z, w (T, N, 4).

    A quaternion and its negative turn alike; of the two the one nearer to the frame
    before is taken, or players would go the long way round between two frames.
    """
    from scipy.spatial.transform import Rotation

    shape = turns.shape[:2]
    turning = Rotation.from_matrix(turns.reshape(-1, 3, 3)).as_quat().reshape(*shape, 4)
    flips = np.where((turning[1:] * turning[:-1]).sum(axis=2) < 0, -1.0, 1.0)
    turning[1:] *= np.cumprod(flips, axis=0)[..., None]
    return np.asarray(turning, dtype=np.float64)


@dataclass
class _Buffer:
    """The binary buffer and the descriptions of what lies in it."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        array: npt.NDArray[Any],
        kind: str,
        *,
        target: int | None = None,
        bounds: bool = False,
    ) -> int:
        """Append an array, one row an element, and return the index of its accessor."""
        self.data += bytes(-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        view: dict[str, Any] = {
            "buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw),
        }  # fmt: skip
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views), "componentType": _COMPONENTS[array.dtype.name],
            "count": len(array), "type": kind,
        }  # fmt: skip
        if bounds:
            accessor["min"] = np.atleast_1d(array.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(array.max(axis=0)).tolist()
        self.data += raw
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _build(rigs: Sequence[Rig], name: str) -> tuple[dict[str, Any], bytes]:
    """The JSON of the scene and its binary buffer."""
    buffer = _Buffer()
    # Of each dancer: a skeleton's nodes, then the body that is bound to them.
    firsts = np.cumsum([0, *(len(rig.names) + 1 for rig in rigs)]).tolist()
    animation = _animation(rigs, firsts, buffer, name)
    nodes, skins, meshes, roots = [], [], [], []
    for number, (rig, first) in enumerate(zip(rigs, firsts, strict=False)):
        n_nodes = len(rig.names)
        meshes.append(_mesh(rig, buffer))
        inverse = np.tile(np.eye(4, dtype=np.float32), (n_nodes, 1, 1))
        inverse[:, :3, 3] = -_rest(rig) * _M_PER_CM
        binding = buffer.add(inverse.swapaxes(1, 2).reshape(n_nodes, 16), "MAT4")  # column-major
        joints = list(range(first, first + n_nodes))
        skins.append({"inverseBindMatrices": binding, "joints": joints, "skeleton": first})
        nodes += [*_nodes(rig, first), {"name": "body", "mesh": number, "skin": number}]
        roots += [first, first + n_nodes]
    scene = {
        "asset": {"version": "2.0", "generator": "danceit"},
        "scene": 0,
        "scenes": [{"name": name, "nodes": roots}],
        "nodes": nodes,
        "skins": skins,
        "meshes": meshes,
        "materials": [
            {
                "name": "limbs",
                "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.7},
            }
        ],
        "animations": [animation],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return scene, bytes(buffer.data)


def _nodes(rig: Rig, first: int) -> list[dict[str, Any]]:
    """Nodes of a skeleton, the root of which gets the number `first`."""
    nodes = []
    turning = quaternions(rig.turns[:1])[0]
    for node, name in enumerate(rig.names):
        place = rig.root[0] if node == 0 else rig.offsets[node]
        entry: dict[str, Any] = {
            "name": name,
            "translation": (place * _M_PER_CM).tolist(),
            "rotation": turning[node].tolist(),
        }
        children = [first + child for child, parent in enumerate(rig.parents) if parent == node]
        if children:
            entry["children"] = children
        nodes.append(entry)
    return nodes


def _animation(
    rigs: Sequence[Rig], firsts: Sequence[int], buffer: _Buffer, name: str
) -> dict[str, Any]:
    """Turn every node and move the roots, linearly from frame to frame."""
    times = (np.arange(len(rigs[0].root)) / rigs[0].fps).astype(np.float32)
    clock = buffer.add(times, "SCALAR", bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def animate(node: int, path: str, values: npt.NDArray[np.float32], kind: str) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": clock, "output": buffer.add(values, kind)})

    for rig, first in zip(rigs, firsts, strict=False):
        animate(first, "translation", (rig.root * _M_PER_CM).astype(np.float32), "VEC3")
        turning = quaternions(rig.turns).astype(np.float32)
        for node in range(len(rig.names)):
            animate(first + node, "rotation", turning[:, node], "VEC4")
    return {"name": name, "samplers": samplers, "channels": channels}


def _rest(rig: Rig) -> Float64:
    """Positions (N, 3) of the nodes in the rest pose, the root at the origin, cm."""
    places = np.zeros((len(rig.names), 3))
    for node, parent in enumerate(rig.parents):
        if parent >= 0:
            places[node] = places[parent] + rig.offsets[node]
    return places


def _mesh(rig: Rig, buffer: _Buffer) -> dict[str, Any]:
    """Put a rounded tube around every bone, in the rest pose."""
    rest = _rest(rig)
    corners: list[Float64] = []
    colours, owners, triangles = [], [], []
    n_corners = 0
    for node, name in enumerate(rig.names):
        radii = _RADII_PX.get(name.split("_")[-1])
        if radii is None:
            continue
        start, end = rest[node], rest[node] + _bone(rig, node)
        if name == "head":  # its node is the nose
            start, end = start + _HEAD_CM[0], start + _HEAD_CM[1]
        body, faces = _capsule(start, end, *(radius * CM_PER_PX for radius in radii))
        triangles.append(faces + n_corners)
        n_corners += len(body)
        corners.append(body)
        colours.append(np.tile(_linear(_colour(rig, node)), (len(body), 1)))
        owners.append(np.full(len(body), node))
    points = (np.concatenate(corners) * _M_PER_CM).astype(np.float32)
    joints = np.zeros((len(points), 4), dtype=np.uint8)
    joints[:, 0] = np.concatenate(owners)
    weights = np.zeros((len(points), 4), dtype=np.float32)
    weights[:, 0] = 1.0
    shades = np.concatenate(colours).astype(np.float32)
    attributes = {
        "POSITION": buffer.add(points, "VEC3", target=_VERTICES, bounds=True),
        "COLOR_0": buffer.add(shades, "VEC3", target=_VERTICES),
        "JOINTS_0": buffer.add(joints, "VEC4", target=_VERTICES),
        "WEIGHTS_0": buffer.add(weights, "VEC4", target=_VERTICES),
    }
    order = np.concatenate(triangles).reshape(-1).astype(np.uint16)
    indices = buffer.add(order, "SCALAR", target=_INDICES)
    primitive = {"attributes": attributes, "indices": indices, "material": 0}
    return {"name": "body", "primitives": [primitive]}


def _bone(rig: Rig, node: int) -> Float64:
    """From a node to the end of its bone at rest: to its children, else its tip."""
    children = [child for child, parent in enumerate(rig.parents) if parent == node]
    bone: Float64 = rig.offsets[children[0]] if children else rig.tips[node]
    return bone


def _colour(rig: Rig, node: int) -> tuple[int, int, int]:
    """OpenPose's colour of the joint that the bone leads to; grey for trunk and head."""
    name = rig.names[node]
    if name in ("spine", "head"):
        return _GREY
    children = [child for child, parent in enumerate(rig.parents) if parent == node]
    joint = rig.joints[children[0]] if children else rig.joints[node]
    return JOINT_COLOURS[joint if joint >= 0 else JOINT["neck"]]


def _linear(colour: tuple[int, int, int]) -> Float64:
    """Linear light from 0 to 1 of an sRGB colour, as vertex colours are meant."""
    level = np.array(colour) / 255.0
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _capsule(
    start: Float64, end: Float64, first: float, second: float
) -> tuple[Float64, npt.NDArray[np.int64]]:
    """Corners and triangles of a tapered tube whose ends are rounded off."""
    along = end - start
    axis = along / max(float(np.linalg.norm(along)), 1e-9)
    side = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    angles = 2 * np.pi * np.arange(_SIDES) / _SIDES
    circle = np.outer(np.cos(angles), side) + np.outer(np.sin(angles), np.cross(axis, side))
    slope, rise = np.cos(np.pi / 4), np.sin(np.pi / 4)
    rings = [
        start - rise * first * axis + slope * first * circle,
        start + first * circle,
        end + second * circle,
        end + rise * second * axis + slope * second * circle,
    ]
    corners = np.concatenate([*rings, [start - first * axis, end + second * axis]])
    here = np.arange(_SIDES)
    after = (here + 1) % _SIDES
    faces = []
    for ring in range(len(rings) - 1):
        low, high = ring * _SIDES, (ring + 1) * _SIDES
        faces.append(np.stack([low + here, low + after, high + here], axis=1))
        faces.append(np.stack([low + after, high + after, high + here], axis=1))
    bottom, top = np.full(_SIDES, len(corners) - 2), np.full(_SIDES, len(corners) - 1)
    last = (len(rings) - 1) * _SIDES
    faces.append(np.stack([bottom, after, here], axis=1))
    faces.append(np.stack([top, last + here, last + after], axis=1))
    return corners, np.concatenate(faces)


def _as_glb(scene: dict[str, Any], binary: bytes) -> bytes:
    """Pack JSON and buffer into the binary container (glTF 2.0, section 4.4)."""
    text = json.dumps(scene).encode("utf-8")
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"), text,
            struct.pack("<I4s", len(binary), b"BIN\0"), binary,
        ]
    )  # fmt: skip
