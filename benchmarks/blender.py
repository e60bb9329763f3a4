"""Open the glTF and BVH exports of a dance in Blender and compare joints frame by frame.

    pip install bpy==4.2.0          Blender as a module, for Python 3.11; 0.5 GB
    python benchmarks/blender.py DANCE.npz [--still OUT.png]

Prints Blender's frame rate, length and hierarchy beside the dance's, and how far its joints
are from the export's own and from the dance's, whose bones change their lengths as no
skeleton's do. `--still` renders one frame.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from danceit.data import CANVAS_PX, Dance
from danceit.render import render
from danceit.render.export.rig import CM_PER_PX, Rig, make_rig

FRAMES = 25


def opened(path: Path, fps: float) -> Any:
    """Import into an empty scene; returns the armature."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = round(fps)
    if path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(
            filepath=str(path), global_scale=0.01, update_scene_fps=True, update_scene_duration=True
        )
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def compare(armature: Any, rig: Rig, dance: Dance) -> None:
    scene = bpy.context.scene
    start, end = armature.animation_data.action.frame_range
    fps = scene.render.fps / scene.render.fps_base
    print(
        f"  {end - start + 1:.0f} frames of {dance.n_frames}, {fps:.4f} a second of {dance.fps:g}"
    )
    wanted = {
        name: rig.names[parent] if parent >= 0 else None
        for name, parent in zip(rig.names, rig.parents, strict=True)
    }
    found = {bone.name: bone.parent and bone.parent.name for bone in armature.data.bones}
    print(f"  hierarchy of {len(found)} bones: {'the same' if found == wanted else 'another'}")
    own, places = [], rig.positions()
    seen = []
    for frame in np.unique(np.linspace(0, dance.n_frames - 1, FRAMES).astype(int)):
        scene.frame_set(int(start) + int(frame))
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for node, name in enumerate(rig.names):
            x, y, z = posed.matrix_world @ posed.pose.bones[name].head
            place = 100 * np.array([x, z, -y])  # Blender's z is up
            own.append(np.linalg.norm(place - places[frame, node]))
            if rig.joints[node] >= 0:
                joint = dance.joints[frame, rig.joints[node]].astype(float)
                plan = CM_PER_PX * np.array([joint[0] - CANVAS_PX / 2, -joint[2]])
                seen.append(np.linalg.norm(place[[0, 2]] - plan))
    print(f"  from the export's joints: at most {max(own):.4f} cm")
    median, most = np.nanmedian(seen), np.nanmax(seen)
    print(f"  from the dance's, along the floor: median {median:.1f} cm, at most {most:.1f} cm")


def still(armature: Any, out: Path) -> None:
    """Render the frame in the middle, from the front."""
    scene = bpy.context.scene
    start, end = armature.animation_data.action.frame_range
    scene.frame_set(int(start + end) // 2)
    hips = armature.matrix_world @ armature.pose.bones["hips"].head
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (hips.x, hips.y - 4.5, 1.0), (np.pi / 2, 0, 0)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.rotation_euler = 3.0, (0.6, 0.2, 0.3)
    for thing in (camera, sun):
        scene.collection.objects.link(thing)
    scene.camera, scene.world = camera, bpy.data.worlds.new("world")
    scene.render.engine, scene.cycles.samples = "CYCLES", 16
    scene.render.resolution_x = scene.render.resolution_y = 640
    scene.render.filepath = str(out.absolute())
    bpy.ops.render.render(write_still=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dance", type=Path)
    parser.add_argument("--still", type=Path)
    asked = parser.parse_args()
    dance = Dance.load(asked.dance)
    rig = make_rig(dance)
    print(f"Blender {bpy.app.version_string}, {asked.dance.name}")
    with tempfile.TemporaryDirectory() as name:
        for suffix in ("bvh", "glb"):
            out = Path(name) / f"dance.{suffix}"
            render(dance, out)
            armature = opened(out, dance.fps)
            print(f".{suffix}")
            compare(armature, rig, dance)
    if asked.still:
        still(armature, asked.still)


if __name__ == "__main__":
    main()
