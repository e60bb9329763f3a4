"""Frames a second of the skeleton video, by step.

    python benchmarks/render.py [--seconds 60] [--size 512] [--dancers 1]

Draws a made-up dance to a made-up song, so it needs no data. Wall time depends on what
else the machine does; the processor time beside it hardly does.
"""

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from measured import timed

from danceit.data import FPS, Dance, DanceSong, Float32, Placement
from danceit.render import RenderOptions, render_many
from danceit.render.drawing.scene import Scene
from danceit.render.video.film import add_picture_stream, to_yuv
from danceit.render.video.sound import SOUND, encode_song

RATE = 44_100
STANCE = (
    (0, 100), (0, 160), (-40, 162), (-60, 226), (-70, 288), (40, 162), (60, 226), (70, 288),
    (-24, 288), (-26, 376), (-28, 464), (24, 288), (26, 376), (28, 464),
    (np.nan, np.nan), (np.nan, np.nan), (np.nan, np.nan), (np.nan, np.nan),
)  # fmt: skip


def wandering(n_frames: int, rng: np.random.Generator) -> Float32:
    """A body whose joints swing at their own speeds while it turns and walks about."""
    t = np.arange(n_frames)[:, None] / FPS
    joints = np.zeros((n_frames, 18, 3))
    joints[..., :2] = np.array(STANCE)
    speeds, phases = rng.uniform(2, 7, (18, 3)), rng.uniform(0, 6, (18, 3))
    joints += 18 * np.sin(speeds * t[..., None] + phases)
    turn = 0.8 * t
    x, z = joints[..., 0].copy(), joints[..., 2].copy()
    joints[..., 0] = np.cos(turn) * x + np.sin(turn) * z + 256 + 200 * np.sin(0.7 * t)
    joints[..., 2] = np.cos(turn) * z - np.sin(turn) * x + 200 * np.cos(0.5 * t)
    return joints.astype(np.float32)


def made_up(seconds: float, folder: Path) -> Dance:
    rng = np.random.default_rng(0)
    song = folder / "song.wav"
    noise = rng.normal(0, 0.1, (round(seconds * RATE), 2))
    noise *= np.exp(-8 * (np.arange(len(noise)) / RATE % 0.5))[:, None]
    soundfile.write(song, noise, RATE)
    n_frames = int(seconds * FPS)
    starts = np.arange(0, n_frames, 48)
    placed = tuple(
        Placement(f"c{i}:0+48", f"c{i % 7}", "", 0.0, 2.0, start / FPS, 0.1, 0, 0.0)
        for i, start in enumerate(starts)
    )
    return Dance(
        joints=wandering(n_frames, rng),
        seams=starts[1:].astype(np.int64),
        beats_s=np.arange(0.25, seconds, 0.5),
        source_index=(np.arange(n_frames) // 48).astype(np.int32),
        source_s=np.arange(n_frames) % 48 / FPS,
        fragments=placed,
        song=DanceSong(song),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--dancers", type=int, default=1)
    asked = parser.parse_args()
    options = RenderOptions(size=asked.size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dances = [made_up(asked.seconds, folder)] * asked.dancers
        scene = Scene(dances, options)
        width, height = options.frame_size
        canvas = np.empty((height, width, 3), dtype=np.uint8)
        total = scene.n_frames
        print(f"{total} frames of {width} x {height}, {asked.dancers} dancer(s)")
        timed("draw", total, lambda: [scene.frame(i, canvas) for i in range(total)])
        batch = [to_yuv(scene.frame(i, canvas)) for i in range(min(total, 480))]

        def encode() -> None:
            with av.open(str(folder / "encode.mp4"), "w") as container:
                stream = add_picture_stream(container, options)
                for index, frame in enumerate(batch):
                    frame.pts, frame.time_base = index, Fraction(1, options.fps)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))

        def sound() -> None:
            with av.open(str(folder / "sound.m4a"), "w") as container:
                stream = container.add_stream("aac", rate=RATE, layout="stereo", options=SOUND)
                encode_song(dances[0].song.path, stream, 0.0, None)

        timed("encode the picture", len(batch), encode)
        timed("encode the sound", total, sound)
        timed(
            "all: dance to mp4",
            total,
            lambda: render_many(dances, folder / "a.mp4", options=options),
        )
        print(f"{(folder / 'a.mp4').stat().st_size * 60 / asked.seconds / 1e6:.1f} MB a minute")


if __name__ == "__main__":
    main()
