"""How much each frame sounds like a beat, and like a 1, to a small trained network.

A temporal convolutional network (Davies and Böck, EUSIPCO 2019) of 33 000 weights, trained by
`danceit.audio.counts.learning` on songs that are made there. It is run here by numpy alone:
a layer is a product of matrices for each of its taps.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from danceit.audio.counts.heard import BANDS, Heard
from danceit.audio.stretches import numbered
from danceit.data import Float32, Float64, Int64
from danceit.errors import InputError

WEIGHTS = Path(__file__).parent / "weights" / "pulse.safetensors"
FRONT = 2
"""Layers that read the features; those after them are residual, the last one is the head."""
_STRETCH = 60_000
"""Frames that are computed at a time: 20 minutes."""
_MOST_RISE = 3.0
"""Nepers above which a rise says no more: that of a stroke out of silence has no bounds."""


@dataclass(frozen=True)
class Activation:
    """Log odds that a frame is a beat, and a 1, float32 (n,) each."""

    beat: Float32
    one: Float32


@dataclass(frozen=True)
class _Layer:
    weight: Float32
    bias: Float32


def activation(heard: Heard, weights: Path = WEIGHTS) -> Activation:
    """Log odds of a song.

    Raises
    ------
    InputError
        If the weights are missing or are not those of this network.
    """
    layers = _layers(weights)
    reach = sum(
        len(layer.weight) // 2 * spread
        for layer, spread in zip(layers, _spreads(layers), strict=True)
    )
    n_frames = len(heard.features)
    odds = np.empty((n_frames, 2), np.float32)
    for start, stop in numbered(n_frames, _STRETCH):
        # With all that its frames hear, a stretch comes out as in the whole.
        low = max(0, start - reach)
        odds[start:stop] = _odds(heard.features[low : stop + reach], layers)[
            start - low : stop - low
        ]
    return Activation(np.ascontiguousarray(odds[:, 0]), np.ascontiguousarray(odds[:, 1]))


def peak(values: Float32, frames: Int64) -> Float32:
    """Largest value within a frame of each of some frames."""
    near = np.clip(frames + np.arange(-1, 2)[:, None], 0, len(values) - 1)
    return np.asarray(values[near].max(axis=0), np.float32)


def one_odds(heard: Activation, frames: Int64) -> Float64:
    """Log odds that a beat is a 1, given that it is a beat."""
    one, beat = (
        1 / (1 + np.exp(-peak(odds, frames).astype(np.float64))) for odds in (heard.one, heard.beat)
    )
    return np.asarray(np.clip(np.log(one / np.maximum(beat - one, 0.02 * one)), -4.0, 4.0))


def _odds(features: Float32, layers: tuple[_Layer, ...]) -> Float32:
    """Log odds (n, 2) of features (n, F)."""
    *convolutions, head = layers
    state = as_read(features)
    for depth, (layer, spread) in enumerate(zip(convolutions, _spreads(layers), strict=False)):
        change = _elu(_convolved(state, layer, spread))
        state = change if depth < FRONT else state + change
    return _convolved(state, head, 1)


def _spreads(layers: tuple[_Layer, ...]) -> list[int]:
    """Frames between the taps of each layer, the head last."""
    residual = range(len(layers) - 1 - FRONT)
    return [*[1] * FRONT, *(2**depth for depth in residual), 1]


def as_read(features: Float32) -> Float32:
    """Features as the network reads them: of one size, without the extremes of silence."""
    ready = features.astype(np.float32)
    ready[:, :BANDS] = np.clip(ready[:, :BANDS] / 2.0, -3.0, 2.0)
    ready[:, BANDS : 2 * BANDS] = np.minimum(ready[:, BANDS : 2 * BANDS], _MOST_RISE)
    ready[:, 2 * BANDS :] *= 5.0
    return ready


def _convolved(state: Float32, layer: _Layer, spread: int) -> Float32:
    """Convolve over frames; taps lie `spread` frames apart, silence around the song."""
    n_frames, taps = len(state), len(layer.weight)
    result = np.tile(layer.bias, (n_frames, 1))
    for tap, weight in enumerate(layer.weight):
        late = (tap - taps // 2) * spread
        start, stop = max(0, -late), min(n_frames, n_frames - late)
        if start < stop:
            result[start:stop] += state[start + late : stop + late] @ weight
    return result


def _elu(values: Float32) -> Float32:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


@cache
def _layers(path: Path) -> tuple[_Layer, ...]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
        count = len(tensors) // 2
        layers = tuple(
            _Layer(
                tensors[f"{number}.weight"].astype(np.float32),
                tensors[f"{number}.bias"].astype(np.float32),
            )
            for number in range(count)
        )
    except (OSError, SafetensorError, KeyError) as exc:
        raise InputError(f"{path} does not hold the pulse tracker's weights: {exc}") from exc
    return layers
