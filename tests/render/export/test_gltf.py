import base64
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from danceit.render import render
from danceit.render.export.gltf import quaternions
from danceit.render.export.rig import Rig, make_rig
from tests.render.conftest import make_dance
from tests.render.export.test_rig import tumbling

pygltflib = pytest.importorskip("pygltflib", reason="pygltflib, an independent reader, is in [dev]")
DTYPES = {5126: np.float32, 5121: np.uint8, 5123: np.uint16}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def buffer_of(stored: "pygltflib.GLTF2") -> bytes:
    blob = stored.binary_blob()
    if blob is not None:
        return bytes(blob)
    return base64.b64decode(stored.buffers[0].uri.split(",", 1)[1])


def read(stored: "pygltflib.GLTF2", index: int) -> np.ndarray:
    accessor = stored.accessors[index]
    view = stored.bufferViews[accessor.bufferView]
    raw = buffer_of(stored)[view.byteOffset : view.byteOffset + view.byteLength]
    array = np.frombuffer(raw, DTYPES[accessor.componentType]).reshape(accessor.count, -1)
    assert array.shape[1] == WIDTHS[accessor.type]
    return array


def posed(stored: "pygltflib.GLTF2", frame: int) -> dict[str, np.ndarray]:
    """World matrix (4, 4) of each node at a frame, by the animation alone."""
    local = []
    for node in stored.nodes:
        matrix = np.eye(4)
        matrix[:3, 3] = node.translation or (0, 0, 0)
        local.append(matrix)
    animation = stored.animations[0]
    for channel in animation.channels:
        value = read(stored, animation.samplers[channel.sampler].output)[frame]
        if channel.target.path == "rotation":
            local[channel.target.node][:3, :3] = Rotation.from_quat(value).as_matrix()
        else:
            local[channel.target.node][:3, 3] = value
    worlds: dict[str, np.ndarray] = {}

    def walk(node: int, above: np.ndarray) -> None:
        worlds[stored.nodes[node].name] = above @ local[node]
        for child in stored.nodes[node].children or []:
            walk(child, worlds[stored.nodes[node].name])

    for root in stored.scenes[0].nodes:
        walk(root, np.eye(4))
    return worlds


@pytest.fixture(scope="module")
def rig() -> Rig:
    return make_rig(make_dance(tumbling(40, 3), seams=()))


@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
def test_another_programs_animation_puts_every_node_in_its_place(
    tmp_path: Path, rig: Rig, suffix: str
) -> None:
    render(make_dance(tumbling(40, 3), seams=()), tmp_path / f"a{suffix}")
    stored = pygltflib.GLTF2().load(str(tmp_path / f"a{suffix}"))
    times = read(stored, stored.animations[0].samplers[0].input)[:, 0]
    np.testing.assert_allclose(times, np.arange(40) / 24, atol=1e-6)
    places_m = rig.positions() / 100
    for frame in (0, 17, 39):
        worlds = posed(stored, frame)
        for node, name in enumerate(rig.names):
            np.testing.assert_allclose(worlds[name][:3, 3], places_m[frame, node], atol=1e-5)


def test_the_skin_holds_every_vertex_at_its_bone(tmp_path: Path, rig: Rig) -> None:
    render(make_dance(tumbling(40, 3), seams=()), tmp_path / "a.glb")
    stored = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
    attributes = stored.meshes[0].primitives[0].attributes
    points, owner = read(stored, attributes.POSITION), read(stored, attributes.JOINTS_0)[:, 0]
    assert (read(stored, attributes.WEIGHTS_0) == (1, 0, 0, 0)).all()
    inverse = read(stored, stored.skins[0].inverseBindMatrices).reshape(-1, 4, 4).swapaxes(1, 2)
    frame = 21
    worlds = posed(stored, frame)
    skinned = np.stack(
        [
            (worlds[rig.names[joint]] @ inverse[joint] @ (*point, 1))[:3]
            for point, joint in zip(points, owner, strict=True)
        ]
    )
    wrist, elbow = (
        rig.positions()[frame, rig.names.index(n)] / 100 for n in ("left_wrist", "left_elbow")
    )
    forearm = skinned[owner == rig.names.index("left_elbow")]
    # All of the forearm's body lies within 5 cm of the line from elbow to wrist.
    along = wrist - elbow
    share = np.clip((forearm - elbow) @ along / (along @ along), 0, 1)
    off = np.linalg.norm(forearm - elbow - share[:, None] * along, axis=1)
    assert 0.01 < off.max() < 0.05


def test_the_bounds_that_players_rely_on_are_true(tmp_path: Path) -> None:
    render(make_dance(tumbling(40, 3), seams=()), tmp_path / "a.glb")
    stored = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
    checked = 0
    for index, accessor in enumerate(stored.accessors):
        if accessor.min:
            array = read(stored, index)
            np.testing.assert_allclose(array.min(axis=0), accessor.min, rtol=1e-6)
            np.testing.assert_allclose(array.max(axis=0), accessor.max, rtol=1e-6)
            checked += 1
    assert checked == 2
    order = read(stored, stored.meshes[0].primitives[0].indices)[:, 0]
    assert order.max() < stored.accessors[stored.meshes[0].primitives[0].attributes.POSITION].count


def test_the_container_states_its_lengths(tmp_path: Path) -> None:
    render(make_dance(tumbling(5, 3), seams=()), tmp_path / "a.glb")
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    assert json.loads(data[20 : 20 + length])["asset"]["version"] == "2.0"
    rest, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0"
    assert 28 + length + rest == len(data)


def test_quaternions_never_take_the_long_way_round() -> None:
    turning = Rotation.from_euler("y", np.linspace(0, 6 * np.pi, 200)[:, None]).as_matrix()[:, None]
    turns = quaternions(turning)
    assert ((turns[1:] * turns[:-1]).sum(axis=2) > 0).all()
