"""Contact sheets of a dance in footage, to be looked at: its seams, with each join, or all of it.

    python benchmarks/watch.py DANCE.dance.npz OUT [--joins auto,cut,dissolve,morph]
                               [--aspect 9:16] [--seams 12] [--fps 8] [--size 512]

`OUT` is a folder. ``seams-JOIN-00.png`` shows a seam a row, frame by frame, the first of the new
shot in a yellow frame, and how the shots meet; ``whole-00.png`` the dance from its start to its
end at `--fps` pictures a second, each with its second. For the whole dance it is told in how many
frames fingers or ankles that the camera took are beside the picture.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from danceit.data import Dance
from danceit.render import RenderOptions
from danceit.render.footage.framing import canvas_place, with_hands
from danceit.render.footage.scene import FootageScene
from danceit.workflow.footage_sources import Filming

Picture = npt.NDArray[np.uint8]
CELL_PX = 220
"""Height of a picture on a sheet."""
AROUND = 6
"""Frames before and after a seam."""
COLUMNS, ROWS = 16, 5


def scene_of(dance: Dance, joins: str, aspect: str, size: int) -> FootageScene:
    """Return a dance's pictures, without its beats."""
    options = RenderOptions(
        footage=True, beats="none", joins=joins, aspect=aspect, size=size, locate=Filming([dance])
    )
    return FootageScene([dance], options)


def cell(picture: Picture, text: str, *, marked: bool = False) -> Picture:
    """Make a small picture with a word on it."""
    ratio = CELL_PX / picture.shape[0]
    size = (round(picture.shape[1] * ratio), CELL_PX)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if marked:
        cv2.rectangle(small, (0, 0), (size[0] - 1, size[1] - 1), (255, 220, 0), 2)
    cv2.putText(small, text, (3, 13), 0, 0.42, (255, 255, 0), 1)
    return np.asarray(small, dtype=np.uint8)


def write_sheets(rows: list[list[Picture]], out: Path, name: str) -> None:
    """Write rows of cells, some on a sheet."""
    for number in range(0, len(rows), ROWS):
        some = rows[number : number + ROWS]
        widest = max(len(row) for row in some)
        filled = [row + [np.zeros_like(row[0])] * (widest - len(row)) for row in some]
        sheet = np.vstack([np.hstack(row) for row in filled])
        path = out / f"{name}-{number // ROWS:02d}.png"
        cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
        print(f"wrote {path}")


def seams(scene: FootageScene, most: int) -> list[list[Picture]]:
    """Rows of frames around evenly chosen joins."""
    joins = scene.cut.joins
    chosen = sorted({round(at) for at in np.linspace(0, len(joins) - 1, min(most, len(joins)))})
    rows = []
    for number in chosen:
        at = joins[number].at
        frames = range(max(0, at - AROUND), min(scene.n_frames, at + AROUND + 1))
        row = [cell(scene.frame(f), f"{f / scene.fps:.2f}", marked=f == at) for f in frames]
        cv2.putText(row[0], scene.kind(number), (3, CELL_PX - 6), 0, 0.42, (255, 255, 0), 1)
        rows.append(row)
    return rows


def whole(scene: FootageScene, fps: float) -> list[list[Picture]]:
    """Rows of the dance's frames, so many a second."""
    frames = np.arange(0, scene.n_frames, scene.fps / fps).astype(int).tolist()
    cells = [cell(scene.frame(f), f"{f / scene.fps:.2f}") for f in frames]
    return [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]


def beside(scene: FootageScene) -> int:
    """Frames in which a finger or an ankle is beside the picture, by more than a hundredth."""
    width = scene.options.frame_size[0]
    canvas = canvas_place(scene.options.frame_size)
    found = 0
    for shot in scene.cut.shots:
        if shot.filmed is None or shot.filmed.size is None:
            continue
        for frame in range(shot.start, shot.stop):
            joints = with_hands(shot.joints(frame)[None])[0]
            placing = shot.placing(frame, canvas)
            x = placing[0, 0] * np.clip(joints[:, 0], 0, shot.filmed.size[0]) + placing[0, 2]
            found += bool(((x < -0.01 * width) | (x > 1.01 * width)).any())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dance", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--joins", default="auto,cut,dissolve,morph")
    parser.add_argument("--aspect", default="9:16")
    parser.add_argument("--seams", type=int, default=12)
    parser.add_argument("--fps", type=float, default=8.0, help="of the whole dance; 0: leave out")
    parser.add_argument("--size", type=int, default=512)
    asked = parser.parse_args()
    dance = Dance.load(asked.dance)
    asked.out.mkdir(parents=True, exist_ok=True)
    for joins in asked.joins.split(",") if asked.seams else []:
        scene = scene_of(dance, joins, asked.aspect, asked.size)
        write_sheets(seams(scene, asked.seams), asked.out, f"seams-{joins}")
        scene.close()
    if asked.fps:
        scene = scene_of(dance, "auto", asked.aspect, asked.size)
        print(f"fingers or ankles beside the picture in {beside(scene)} of {scene.n_frames} frames")
        write_sheets(whole(scene, asked.fps), asked.out, "whole")
        scene.close()


if __name__ == "__main__":
    main()
