"""OpenPose's JSON, one file a frame: what models that turn poses into video take.

``.zip`` packs the files, ``.openpose`` is a folder of them. Coordinates are pixels of the
video that the same options would give with ``theme openpose``, so the dancer is in the
picture; a joint that is missing is 0, 0 with confidence 0, as OpenPose writes it.
Several dances become several people.
"""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit.data import Dance, Float64
from danceit.errors import InputError
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.drawing.scene import Scene
from danceit.render.options import VIDEO_PX, RenderOptions
from danceit.render.renderer import Renderer

FORMAT_VERSION = 1.3
_EPOCH = (1980, 1, 1, 0, 0, 0)
_EMPTY = (
    "face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d",
    "pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d",
)  # fmt: skip


def render_zip(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write the frames' JSON into a zip archive; the song is not needed."""
    with (
        replacing(out) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, text in _files(dances, Path(out).stem, options, progress):
            # A fixed date: the same dance gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)


ZIP = Renderer(render_zip)


def render_folder(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write the frames' JSON into a folder; the song is not needed.

    A folder of the same name is replaced if it holds nothing but such files.

    Raises
    ------
    InputError
        If something else is in the way, or the folder cannot be written.
    """
    target = Path(out)
    _check_replaceable(target)
    try:
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as exc:
        raise InputError(f"cannot write {target}: {exc.strerror or exc}") from exc
    try:
        for name, text in _files(dances, target.stem, options, progress):
            (beside / name).write_text(text, encoding="ascii")
        beside.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        os.replace(beside, target)
    except OSError as exc:
        raise InputError(f"cannot write {target}: {exc.strerror or exc}") from exc
    finally:
        shutil.rmtree(beside, ignore_errors=True)


FOLDER = Renderer(render_folder)


def _files(
    dances: Sequence[Dance], stem: str, options: RenderOptions, progress: Progress
) -> Iterator[tuple[str, str]]:
    """Name and JSON of each frame."""
    sized = replace(options.sized(VIDEO_PX), theme="openpose", credits=False, debug=False)
    scene = Scene(dances, sized)
    pixels = [np.round(person, 3) for person in scene.pixels()]
    width, height = sized.frame_size
    for frame in range(scene.n_danced):
        people = [_person(person[frame], number) for number, person in enumerate(pixels)]
        record = {
            "version": FORMAT_VERSION,
            "people": people,
            "canvas_width": width,
            "canvas_height": height,
        }
        yield f"{stem}_{frame:012d}_keypoints.json", json.dumps(record)
        progress(frame + 1, scene.n_danced)


def _person(joints: Float64, number: int) -> dict[str, object]:
    seen = np.isfinite(joints).all(axis=1)
    triples = np.concatenate([np.where(seen[:, None], joints, 0.0), seen[:, None]], axis=1)
    pose = {"person_id": [number], "pose_keypoints_2d": triples.reshape(-1).tolist()}
    return {**pose, **{name: [] for name in _EMPTY}}


def _check_replaceable(target: Path) -> None:
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target}: the folder {target.parent} does not exist")
    if target.exists() and not target.is_dir():
        raise InputError(f"cannot write the folder {target}: a file of that name is there")
    if target.is_dir():
        others = [p.name for p in target.iterdir() if not p.name.endswith("_keypoints.json")]
        if others:
            raise InputError(
                f"cannot replace the folder {target}: it holds other files, such as {min(others)}"
            )
