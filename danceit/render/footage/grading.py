"""Light and colours of several videos brought closer together.

A gentle histogram match: for each video and channel, the levels below which a twentieth, two
twentieths... of its pixels lie are moved part of the way to those of all footage of the dance,
weighted by how long each is seen. The curve is steep or flat only within limits, so that noise
is not made visible and a dark room stays one.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import Float64
from danceit.render.footage.reel import key_pictures

Picture = npt.NDArray[np.uint8]
Curves = npt.NDArray[np.uint8]

LOOKS = 5
"""Pictures of each video that its levels are taken from."""
SHARE = 0.6
"""Of the way to the common levels: at 1, dusk and noon would be the same grey."""
FLATTEST, STEEPEST = 0.6, 1.5
"""Slope of a curve; levels a level."""
_QUANTILES = np.linspace(0.05, 0.95, 19)


def curves_of(shown_s: Mapping[Path, Float64]) -> dict[Path, Curves]:
    """Curve (256, 1, 3) of red, green and blue by which each video is graded.

    Parameters
    ----------
    shown_s : mapping of Path to float64 (N,)
        Seconds of each video that the dance shows, from its first frame, evenly spaced.

    Raises
    ------
    InputError
        If a video cannot be read.
    """
    levels = {
        video: _levels(key_pictures(video, np.quantile(times_s, np.linspace(0.1, 0.9, LOOKS))))
        for video, times_s in shown_s.items()
    }
    weights = np.array([len(shown_s[video]) for video in levels], dtype=np.float64)
    common = np.average(np.stack(list(levels.values())), axis=0, weights=weights)
    return {video: _curve(own, common) for video, own in levels.items()}


def graded(picture: Picture, curve: Curves) -> Picture:
    """`picture` (height, width, 3) seen through a curve."""
    import cv2

    return np.asarray(cv2.LUT(picture, curve), dtype=np.uint8)


def _levels(pictures: list[Picture]) -> Float64:
    """Quantiles (19, 3) of the channels of all pictures together."""
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    levels: Float64 = np.quantile(pixels, _QUANTILES, axis=0)
    return levels


def _curve(own: Float64, common: Float64) -> Curves:
    columns = [_channel(own[:, channel], common[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1)[:, None].astype(np.uint8)


def _channel(own: Float64, common: Float64) -> Float64:
    """Curve (256,) of one channel; its ends run on as steeply as a level a level."""
    every = np.arange(256.0)
    # A video of few levels has equal quantiles; a hair apart they are a function again.
    own = np.maximum.accumulate(own + 1e-3 * np.arange(len(own)))
    moved = np.interp(every, own, SHARE * (common - own))
    steps = np.clip(np.diff(every + moved), FLATTEST, STEEPEST)
    middle = int(np.clip(round(float(own[len(own) // 2])), 0, 255))
    curve = np.concatenate([[0.0], np.cumsum(steps)])
    curve += middle + moved[middle] - curve[middle]
    rounded: Float64 = np.round(np.clip(curve, 0, 255))
    return rounded
