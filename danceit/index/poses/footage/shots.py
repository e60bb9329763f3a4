"""Shot boundaries: where a film was cut, by the difference of histograms.

A picture's signature is its brightness histogram in each of 3 x 3 blocks, and two colour
histograms of the whole. At a cut it changes at once and stays changed; a flash comes
back, a fast dancer changes few blocks. Dissolves and wipes are not found.
"""

import numpy as np
import numpy.typing as npt

from danceit.data import Float64, Int64

Signature = npt.NDArray[np.uint8]

CUT = 0.36
"""Difference of signatures, 0 to 1, from which pictures are of different shots. Of real films
pictures that follow each other differ by 0.01 to 0.08, those of two films by 0.59 and more."""
STANDS_OUT = 2.2
"""And its least ratio to the differences within the half second around it."""
_BINS = 12
_SMALL = (48, 27)
_FLASH = 4
_AROUND = 12


def signature(picture: npt.NDArray[np.uint8]) -> Signature:
    """Histograms (132,) of an RGB picture, each scaled to a sum of 255."""
    import cv2

    small = cv2.cvtColor(
        cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb
    )
    blocks = [
        half
        for band in np.array_split(small[..., 0], 3, axis=0)
        for half in np.array_split(band, 3, axis=1)
    ]
    # Most films are near grey in colour, 128: the bins are laid where the pixels are.
    colours = [np.clip(small[..., c].astype(np.int32) - 80, 0, 95) * 2.6 for c in (1, 2)]
    counts = [_histogram(part) for part in (*blocks, *colours)]
    return np.concatenate(counts)


def difference(before: Signature, after: Signature) -> float:
    """Difference of two signatures, 0 to 1: mean over the blocks, and colours as one."""
    return float(_differences(np.stack([before, after]), 1)[0])


def boundaries(signatures: Signature) -> Int64:
    """Find the first picture of every shot but the first.

    Parameters
    ----------
    signatures : uint8 (T, 132)

    Returns
    -------
    int64 (B,)
        Increasing.
    """
    n_pictures = len(signatures)
    if n_pictures < 2:
        return np.empty(0, dtype=np.int64)
    step = _differences(signatures, 1)
    found = []
    for at in np.flatnonzero(step > CUT).tolist():
        nearby = np.delete(step[max(0, at - _AROUND) : at + _AROUND + 1], min(at, _AROUND))
        usual = float(np.median(nearby)) if len(nearby) else 0.0
        # A flash begins and ends like a cut, but has the same shot on both sides.
        earlier, later = max(0, at + 1 - _FLASH), min(at + _FLASH, n_pictures - 1)
        stays = difference(signatures[earlier], signatures[later]) > CUT
        if stays and step[at] > STANDS_OUT * usual:
            found.append(at + 1)
    return np.array(found, dtype=np.int64)


def _histogram(values: npt.NDArray[np.generic]) -> Signature:
    bins = np.minimum(values.astype(np.float64) * _BINS / 256, _BINS - 1).astype(np.int64)
    counts = np.bincount(bins.reshape(-1), minlength=_BINS)
    scaled: Signature = np.rint(255 * counts / bins.size).astype(np.uint8)
    return scaled


def _differences(signatures: Signature, lag: int) -> Float64:
    parts = signatures.reshape(len(signatures), -1, _BINS).astype(np.float64) / 255
    # Cumulated, so that a shift by one bin counts little and one by many bins much.
    sums = np.cumsum(parts, axis=2)
    apart: Float64 = np.abs(sums[lag:] - sums[:-lag]).sum(axis=2) / 2
    bounded = np.minimum(apart, 1.0)
    result: Float64 = bounded.mean(axis=1)
    return result
