"""A motion with a formula, on which published measures have known values."""

import numpy as np
import pytest

from danceit.data import Float64
from danceit.index.synthetic import SyntheticLibrary, make_library


@pytest.fixture(scope="session")
def reference_motion() -> Float64:
    """240 frames at 60 fps of 24 joints (T, J, 3), in metres, y up."""
    return formula_motion(240, 60.0)


@pytest.fixture(scope="session")
def reference_beats_s() -> Float64:
    return np.arange(10, 221, 30) / 60.0


def formula_motion(n_frames: int, fps: float) -> Float64:
    t = (np.arange(n_frames) / fps)[:, None]
    j = np.arange(24)[None]
    x = 0.3 * np.cos(0.7 * j) + 0.05 * np.sin(2 * np.pi * (0.5 + 0.05 * j) * t)
    y = 0.9 - 0.04 * j + 0.03 * np.cos(2 * np.pi * (1 + 0.03 * j) * t)
    z = 0.2 * np.sin(0.5 * j) + 0.04 * np.sin(2 * np.pi * 0.75 * t + j)
    return np.stack([x, y, z], axis=2)


def walk(n_frames: int, seed: int = 0, dims: int = 2) -> Float64:
    """A smooth random motion of 18 joints in canvas pixels; eyes and ears are NaN."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n_frames, 18, dims))
    kernel = np.hanning(9) / np.hanning(9).sum()
    smooth = np.apply_along_axis(lambda s: np.convolve(s, kernel, "same"), 0, steps)
    motion = 256 + np.cumsum(2 * smooth, axis=0)
    motion[:, 14:] = np.nan
    return motion


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    """Three dances of 12 s in three styles, and a song that nobody danced to."""
    folder = tmp_path_factory.mktemp("bench-library")
    return make_library(folder, songs_per_style=1, seconds=12.0)
