"""Frames a second of a dance shown in its sources' footage, by step.

    python benchmarks/footage.py [--seconds 30] [--size 512] [--height 1080] [--gop 250]

Makes two videos of moving noise and a dance that jumps about in them every two seconds, so
it needs no data. Wall time depends on what else the machine does; the processor time
beside it hardly does.
"""

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import soundfile
from measured import timed

from danceit.data import FPS, Dance, DanceSong, Placement
from danceit.render import RenderOptions, render
from danceit.render.footage.locating import Filmed
from danceit.render.footage.scene import FootageScene

RATE = 24_000
VIDEO_S = 20
STANCE = np.array(
    [
        (256, 104), (256, 160), (216, 162), (196, 226), (186, 288), (296, 162), (316, 226),
        (326, 288), (232, 288), (230, 376), (228, 464), (280, 288), (282, 376), (284, 464),
        (246, 96), (266, 96), (236, 100), (276, 100),
    ],
    dtype=np.float64,
)  # fmt: skip


def made_up_video(path: Path, height: int, gop: int, seed: int) -> Filmed:
    """Soft noise that drifts, and someone who sways before it."""
    width = height * 16 // 9 // 2 * 2
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 40, width // 20, 3), dtype=np.uint8)
    wall = cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    n_frames = round(VIDEO_S * FPS)
    joints = np.repeat(STANCE[None], n_frames, axis=0) * (height / 512)
    joints[..., 0] += width / 2 - height / 2
    joints[:, :, 0] += 0.1 * height * np.sin(0.2 * np.arange(n_frames))[:, None]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "g": str(gop)}
        stream = container.add_stream("libx264", rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(n_frames):
            left = index * 2 % width
            picture = np.ascontiguousarray(wall[:, left : left + width])
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Filmed(path, np.arange(n_frames) / FPS, joints.astype(np.float32))


def made_up_dance(seconds: float, song: Path) -> Dance:
    """Two seconds from anywhere in either video, then two from somewhere else."""
    rng = np.random.default_rng(0)
    soundfile.write(song, rng.normal(0, 0.1, round(seconds * RATE)), RATE)
    n_frames = int(seconds * FPS)
    starts = np.arange(0, n_frames, 48)
    begins = rng.uniform(1, VIDEO_S - 4, len(starts))
    placed = tuple(
        Placement(f"c{i}:0+48", f"c{i}", str(i % 2), begin, begin + 2, start / FPS, 0.1, 0, 0.0)
        for i, (start, begin) in enumerate(zip(starts, begins, strict=True))
    )
    index = np.arange(n_frames) // 48
    return Dance(
        joints=np.repeat(STANCE[None].astype(np.float32), n_frames, axis=0),
        seams=starts[1:].astype(np.int64),
        beats_s=np.arange(0.25, seconds, 0.5),
        source_index=index.astype(np.int32),
        source_s=begins[index] + np.arange(n_frames) % 48 / FPS,
        fragments=placed,
        song=DanceSong(song),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--height", type=int, default=1080, help="of the sources")
    parser.add_argument("--gop", type=int, default=250, help="frames between key frames")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = {
            str(i): made_up_video(folder / f"{i}.mp4", asked.height, asked.gop, i) for i in (0, 1)
        }
        dance = made_up_dance(asked.seconds, folder / "song.wav")
        for surroundings in ("kept", "blurred", "still"):
            options = RenderOptions(
                size=asked.size,
                footage=True,
                surroundings=surroundings,
                locate=lambda placement: videos[placement.source],
            )
            scene = FootageScene([dance], options)
            width, height = options.frame_size
            canvas = np.empty((height, width, 3), dtype=np.uint8)
            total = scene.n_frames

            def draw(scene: FootageScene = scene, canvas: np.ndarray = canvas) -> None:
                for index in range(scene.n_frames):
                    scene.frame(index, canvas)

            timed(f"{surroundings}: pictures", total, draw)
            print(f"{'':<28}{scene.n_decoded} frames decoded for {total}")
            scene.close()
            timed(
                f"{surroundings}: dance to mp4",
                total,
                lambda options=options: render(dance, folder / "a.mp4", options=options),
            )


if __name__ == "__main__":
    main()
