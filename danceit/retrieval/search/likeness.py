"""How far apart two movements are, joint by joint, once they face alike and keep the same time.

A movement is turned about the vertical and shifted along the floor as a whole until it lies
nearest on the other (Kovar, Gleicher and Pighin, *Motion Graphs*, 2002, section 3.1: the
closed form), so that travelling and turning within a move count and where on the stage it
was danced does not; in 2-D it is only shifted. Then one is laid on the other in time
(dynamic time warping with the symmetric weights of Sakoe and Chiba, 1978, and their band).
What is told is the root mean square distance of the joints, in canvas pixels, averaged over
that path: 0 is the same movement. Joints missing on either side are left out.

Many movements are told apart quickly by `even_distances`, in which time is not warped: the
best turn and shift need not be carried out to know how well they fit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.align.retiming import sampled
from danceit.data import CANVAS_PX, Bool, Float32, Float64

Complex128 = npt.NDArray[np.complex128]

BAND = 0.15
"""Share of a move by which its moments may be early or late beside the other's."""


@dataclass(frozen=True)
class Bodies:
    """Poses (..., 18, C) taken apart into what `even_distances` sums up; 0 where missing.

    Attributes
    ----------
    seen : float64 (..., 18)
        1 where the joint is there.
    floor : complex128 (..., 18)
        x + iz, px.
    height : float64 (..., 18)
    turns : bool
        Whether there is depth, and so a heading.
    """

    seen: Float64
    floor: Complex128
    height: Float64
    turns: bool

    @classmethod
    def of(cls, poses: Float32) -> "Bodies":
        """Take poses apart."""
        seen = np.isfinite(poses).all(axis=-1)
        # About the canvas's middle, so that squares lose no digits.
        known = np.where(seen[..., None], poses.astype(np.float64) - CANVAS_PX / 2, 0.0)
        turns = poses.shape[-1] == 3
        floor = (
            known[..., 0] + 1j * (known[..., 2] + CANVAS_PX / 2) if turns else known[..., 0] + 0j
        )
        return cls(seen.astype(np.float64), np.where(seen, floor, 0), known[..., 1], turns)

    def at(self, places: Any) -> "Bodies":
        """Index all of them alike."""
        return Bodies(self.seen[places], self.floor[places], self.height[places], self.turns)


def even_distances(move: Bodies, others: Bodies) -> Float64:
    """Root mean square joint distance (N,) of movements (N, T) and a move (T), turned and shifted.

    With w joints in common, a and b their places on the floor: the least of
    ``sum |a - (e^{it} b + s)|^2`` over t and s is ``sum |a - mean a|^2 + sum |b - mean b|^2 -
    2 |sum (a - mean a) conj(b - mean b)|``.
    """
    n = len(others.seen)
    seen_a, a, y_a = move.seen.ravel(), move.floor.ravel(), move.height.ravel()
    seen_b, b, y_b = (part.reshape(n, -1) for part in (others.seen, others.floor, others.height))
    count = np.maximum(seen_b @ seen_a, 1e-9)
    sum_a, sum_b = seen_b @ a, b @ seen_a
    product = np.conj(b) @ a - sum_a * np.conj(sum_b) / count
    square_a, square_b = np.abs(a) ** 2 + y_a**2, b.real**2 + b.imag**2 + y_b**2
    squares = seen_b @ square_a + square_b @ seen_a - 2 * (y_b @ y_a)
    squares -= (np.abs(sum_a) ** 2 + np.abs(sum_b) ** 2) / count
    squares -= 2 * (np.abs(product) if move.turns else product.real)
    return np.where(count >= 1, np.sqrt(np.maximum(squares, 0.0) / count), np.inf)


@dataclass(frozen=True)
class Fit:
    """N movements laid on one move.

    Attributes
    ----------
    laid : float64 (N, L, 18, C)
        The movements, turned and shifted.
    turn : float64 (N,)
        Radians about the vertical by which each was turned; 0 in 2-D.
    apart_px : float64 (N,)
        With both stretched evenly to one length; infinite where no joint is common.
    """

    laid: Float64
    turn: Float64
    apart_px: Float64


def fitted(move: Float32, others: Float32) -> Fit:
    """Turn and shift movements (N, L, 18, C) so that they lie on a move (T, 18, C)."""
    wanted = evenly(move, others.shape[1]).astype(np.float64)[None]
    found = others.astype(np.float64)
    common = np.isfinite(wanted).all(axis=-1) & np.isfinite(found).all(axis=-1)
    weight = common.sum(axis=(1, 2)).clip(1)[:, None, None]
    laid = found.copy()
    turn = np.zeros(len(others))
    if others.shape[-1] == 3:
        here = np.where(common, wanted[..., 0] + 1j * wanted[..., 2], 0)
        there = np.where(common, found[..., 0] + 1j * found[..., 2], 0)
        here_mean = here.sum(axis=(1, 2), keepdims=True) / weight
        there_mean = there.sum(axis=(1, 2), keepdims=True) / weight
        product = np.where(common, (here - here_mean) * np.conj(there - there_mean), 0)
        turn = np.angle(product.sum(axis=(1, 2)))
        floor = found[..., 0] + 1j * found[..., 2]
        moved = (floor - there_mean) * np.exp(1j * turn)[:, None, None] + here_mean
        laid[..., 0], laid[..., 2] = moved.real, moved.imag
    else:
        off = np.where(common, wanted[..., 0] - found[..., 0], 0)
        laid[..., 0] += off.sum(axis=(1, 2), keepdims=True) / weight
    return Fit(laid, turn, _even_distance(wanted, laid, common))


def warped_distance(move: Float32, laid: Float64) -> Float64:
    """Mean distance (N,) in px along the best path in time, of movements laid on a move."""
    costs = _distances(move.astype(np.float64), laid)
    n, t, length = costs.shape
    total = np.full((n, t + 1, length + 1), np.inf)
    total[:, 0, 0] = 0.0
    allowed = _band(t, length)
    for step in range(t + length - 1):
        rows = np.arange(max(0, step - length + 1), min(t, step + 1))
        rows = rows[allowed[rows, step - rows]]
        columns = step - rows
        cost = costs[:, rows, columns]
        total[:, rows + 1, columns + 1] = np.minimum(
            total[:, rows, columns] + 2 * cost,
            np.minimum(total[:, rows, columns + 1], total[:, rows + 1, columns]) + cost,
        )
    return np.asarray(total[:, t, length] / (t + length), dtype=np.float64)


def evenly(poses: Float32, n_frames: int) -> Float32:
    """Poses (T, 18, C) stretched evenly to another number of frames."""
    if len(poses) == n_frames:
        return poses
    at = np.linspace(0.0, len(poses) - 1.0, n_frames)
    return sampled(poses, at, np.zeros(0, dtype=np.int64))


def _even_distance(wanted: Float64, laid: Float64, common: Bool) -> Float64:
    squares = np.where(common, ((wanted - laid) ** 2).sum(axis=-1), 0.0)
    count = common.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        frames = np.sqrt(squares.sum(axis=2) / count)
    known = count > 0
    mean = np.where(known, frames, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.where(known.any(axis=1), mean, np.inf), dtype=np.float64)


def _distances(move: Float64, laid: Float64) -> Float64:
    """Root mean square joint distance (N, T, L) of every frame of a move to every other."""
    seen_a, seen_b = np.isfinite(move).all(axis=-1), np.isfinite(laid).all(axis=-1)
    joints = np.flatnonzero(seen_a.any(axis=0) & seen_b.any(axis=(0, 1)))
    n, length, coordinates = laid.shape[0], laid.shape[1], laid.shape[3]
    if not len(joints):
        return np.full((n, len(move), length), np.inf)
    seen_a, seen_b = seen_a[:, joints], seen_b[..., joints]
    # About a common middle, so that the squares lose no digits.
    middle = np.nanmean(move[:, joints], axis=(0, 1))
    a = np.where(seen_a[..., None], move[:, joints] - middle, 0.0)
    b = np.where(seen_b[..., None], laid[:, :, joints] - middle, 0.0)
    flat_a = a.reshape(len(move), -1)
    flat_b = b.reshape(n, length, len(joints) * coordinates)
    products = np.matmul(flat_a, flat_b.transpose(0, 2, 1))
    if seen_a.all() and seen_b.all():
        own_a, own_b = (flat_a**2).sum(axis=1), (flat_b**2).sum(axis=2)
        squares = own_a[None, :, None] + own_b[:, None, :] - 2 * products
        return np.asarray(np.sqrt(np.maximum(squares, 0.0) / len(joints)))
    mask_a, mask_b = seen_a.astype(np.float64), seen_b.astype(np.float64).transpose(0, 2, 1)
    squares = np.matmul((a**2).sum(axis=-1), mask_b) - 2 * products
    squares += np.matmul(mask_a, (b**2).sum(axis=-1).transpose(0, 2, 1))
    count = np.matmul(mask_a, mask_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.sqrt(np.maximum(squares, 0.0) / count), np.inf)


def _band(t: int, length: int) -> Bool:
    """Which pairs of moments (T, L) may be the same moment; the diagonal is always among them."""
    a = np.arange(t)[:, None] / max(t - 1, 1)
    b = np.arange(length)[None, :] / max(length - 1, 1)
    # A frame on either side, so that a path exists however coarse the grids are.
    return np.asarray(np.abs(a - b) <= BAND + 1.0 / min(t, length))
