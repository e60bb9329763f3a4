from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from danceit.render.footage.grading import FLATTEST, STEEPEST, curves_of, graded

LEVELS = np.linspace(0, 255, 64)


def ramp(gain: float, tint: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    """All levels, at another brightness."""
    row = LEVELS[:, None] * gain * np.array(tint)
    return np.repeat(np.clip(row, 0, 255).astype(np.uint8)[None], 48, axis=0)


def write_still(path: Path, picture: np.ndarray) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "10", "g": "12"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for index in range(36):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_dark_and_bright_come_closer_but_not_together(tmp_path: Path) -> None:
    dark, bright = ramp(0.5), ramp(1.0, (1, 0.95, 0.8))
    times_s = np.linspace(0, 1.4, 20)
    videos = {
        write_still(tmp_path / f"{name}.mp4", picture): times_s
        for name, picture in (("dark", dark), ("bright", bright))
    }
    curves = list(curves_of(videos).values())
    before = bright.mean(axis=(0, 1)) - dark.mean(axis=(0, 1))
    moved = [graded(p, c).mean(axis=(0, 1)) for p, c in zip((dark, bright), curves, strict=True)]
    after = moved[1] - moved[0]
    assert (after < 0.55 * before).all()
    assert (after > 0.1 * before).all()
    for curve in curves:
        steps = np.diff(curve[:, 0].astype(float), axis=0)
        assert steps.min() >= 0
        inside = (curve[:-1, 0] > 0) & (curve[1:, 0] < 255)
        assert np.convolve(steps[:, 0], np.ones(9) / 9, "valid").max() <= STEEPEST + 0.15
        assert steps[inside].mean() >= FLATTEST - 0.05


def test_one_video_alone_stays_as_it_is(tmp_path: Path) -> None:
    video = write_still(tmp_path / "only.mp4", ramp(0.8))
    curve = curves_of({video: np.array([0.0, 1.0])})[video]
    assert np.abs(curve[:, 0].astype(int) - np.arange(256)[:, None]).max() <= 1
