"""Beats and 1s by Beat This! (Foscarin, Schlüter, Widmer, ISMIR 2024), a transformer.

Needs the package ``beat_this`` (MIT), which brings torchaudio, and its weights:
`DANCEIT_BEAT_THIS` names a checkpoint file; without it the package downloads its own, named
``final0``, on first use. There is no bar pointer behind it, so a bar may have any length.
"""

import os
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.counts import Float64, Int32
from danceit.errors import InputError, MissingDependencyError

WEIGHTS = "final0"
"""The authors' name for their best checkpoint."""
_CONFIDENCE = 0.8
"""The package gives times alone; this is about how often it is right (its paper's F-measure)."""


def track(sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
    """Beats and 1s of a sound; `bpm` and `metre` are not used.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    InputError
        If its weights cannot be loaded.
    """
    model = _model(os.environ.get("DANCEIT_BEAT_THIS") or WEIGHTS)
    beats, ones = model(sound.samples, sound.rate)
    beats_s = np.unique(np.asarray(beats, np.float64))
    if not beats_s.size:
        return Tracked()
    numbers = numbered(beats_s, np.asarray(ones, np.float64))
    last = numbers[:-1][numbers[1:] == 1]
    lengths = Counter(last[last > 0].tolist())
    most = int(lengths.most_common(1)[0][0]) if lengths else 0
    return Tracked(beats_s, numbers if most else np.zeros_like(numbers), most, _CONFIDENCE)


def numbered(beats_s: Float64, ones_s: Float64) -> Int32:
    """Places in the bar of beats of which some are 1s; those before the first 1 are 0."""
    is_one = np.zeros(beats_s.size, bool)
    if ones_s.size:
        is_one[np.abs(beats_s[:, None] - ones_s[None]).argmin(axis=0)] = True
    since = np.arange(beats_s.size) - np.maximum.accumulate(
        np.where(is_one, np.arange(beats_s.size), -1)
    )
    return np.where(np.cumsum(is_one) > 0, since + 1, 0).astype(np.int32)


@cache
def _model(weights: str) -> Any:
    try:
        from beat_this.inference import Audio2Beats  # type: ignore[import-not-found]
    except (ImportError, OSError) as exc:  # torchaudio made for another torch is an OSError
        raise MissingDependencyError(
            f"the tracker 'beat-this' needs its package: pip install beat_this ({exc})"
        ) from exc
    if weights != WEIGHTS and not os.path.isfile(weights):
        raise InputError(f"DANCEIT_BEAT_THIS names no file: {weights}")
    try:
        return Audio2Beats(weights, "cpu", dbn=False)
    except Exception as exc:  # what torch raises depends on which bytes are wrong
        raise InputError(
            f"the weights of 'beat-this', '{weights}', cannot be loaded ({exc}); "
            "DANCEIT_BEAT_THIS names a checkpoint file"
        ) from exc
