"""A made-up video whose frames carry their number, with a dancer of dots."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from danceit.data import FPS, Dance, Float64
from danceit.render.footage.locating import Filmed
from tests.render.conftest import STANDING, make_dance, swaying

WIDTH, HEIGHT, BITS = 160, 208, 8
BLOCK = WIDTH // BITS
TOP = 16
"""Height of the strip that holds the number."""
BODY_SCALE = 0.4
"""Source pixels a canvas pixel: the body is 144 px tall."""


def numbered(index: int, joints: Float64) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), (70, 110, 90), dtype=np.uint8)
    for bit in range(BITS):
        picture[:TOP, bit * BLOCK : (bit + 1) * BLOCK] = 235 if index >> bit & 1 else 20
    for x, y in np.round(joints).astype(int).tolist():
        picture[max(0, y - 3) : y + 3, max(0, x - 3) : x + 3] = (230, 60, 40)
    return picture


def number_in(strip: np.ndarray) -> int:
    """Number carried by a strip (h, w, 3) of the source's width."""
    level = strip[2 : TOP - 4].mean(axis=(0, 2))
    return sum(1 << bit for bit in range(BITS) if level[int((bit + 0.5) * BLOCK)] > 128)


def write_video(
    path: Path,
    n_frames: int = 200,
    fps: int = 24,
    gop: int = 250,
    lag: float = 0.0,
    sway: float = 0.0,
    pixel_aspect: Fraction = Fraction(1),
) -> Filmed:
    """A dancer who drifts to the right, swaying by some pixels, at a fixed distance."""
    base = STANDING[:, :2].astype(np.float64) * BODY_SCALE
    base[:, 0] += 60 - base[0, 0]
    base[:, 1] += HEIGHT - 8 - base[:, 1].max()
    across = np.linspace(0, 40, n_frames) + sway * np.sin(0.5 * np.arange(n_frames))
    joints = base + np.stack([across, np.zeros(n_frames)], axis=1)[:, None]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "12", "g": str(gop)}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        for index in range(n_frames):
            frame = av.VideoFrame.from_ndarray(numbered(index, joints[index]), "rgb24")
            frame.pts, frame.time_base = index + round(lag * fps), Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    seen = joints.astype(np.float32)
    return Filmed(path, np.arange(n_frames) / fps, seen, size=(WIDTH, HEIGHT))


def footage_dance(song: Path | None = None, speed: float = 1.0) -> Dance:
    """Frames 96 on, then 24 on, of one source; `speed` as an aligner would have it."""
    dance = make_dance(swaying(60, dims=2), song=song, seams=(30,))
    within = np.concatenate([np.arange(30), np.arange(30)]) * speed / FPS
    source_s = np.repeat([4.0, 1.0], 30) + within
    placed = tuple(replace(p, source="one") for p in dance.fragments)
    return replace(dance, source_s=source_s, fragments=placed)
