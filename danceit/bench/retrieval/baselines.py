"""What retrieval has to beat, without any training.

Each baseline answers two questions, as the encoder does: how far is every held-out fragment
from a window by its *movement alone* (for the rank of the true one), and how far is every
fragment of the library, *its own music known* (for the style of the best). Distances are
(Q, N), smaller is nearer.
"""

import numpy as np

from danceit.bench.measures.ranking import squared_distances
from danceit.data import BODY_PX, FPS, Float32, Float64
from danceit.movement import bridged, movement

_TEMPI_BPM = np.arange(60.0, 181.0)


def octaves_apart(tempos_bpm: Float64, others_bpm: Float64) -> Float64:
    """How far tempi (Q,) are from others (N,) in octaves, modulo whole octaves: (Q, N), 0 to 0.5.

    Half or double time counts as the same; a tempo of 0 is unknown and 0.25 from all.
    """
    known = (tempos_bpm[:, None] > 0) & (others_bpm[None] > 0)
    ratio = np.log2(np.where(known, tempos_bpm[:, None], 1) / np.where(known, others_bpm[None], 1))
    return np.asarray(np.where(known, np.abs(ratio - np.round(ratio)), 0.25), dtype=np.float64)


def movement_tempo(poses: Float32) -> Float64:
    """Tempo (N,), in beats a minute, at which the speed of fragments (N, T, 18, C) repeats best.

    By the Fourier coefficient of the summed joint speed at 60 to 180 a minute.
    """
    speed = np.stack([bridged(moved) for moved in movement(poses)[:, 1:]])
    speed = (speed - speed.mean(axis=1, keepdims=True)) * np.hanning(speed.shape[1])
    turn = np.exp(-2j * np.pi * np.outer(np.arange(speed.shape[1]) / FPS, _TEMPI_BPM / 60))
    tempos: Float64 = _TEMPI_BPM[np.argmax(np.abs(speed @ turn), axis=1)]
    return tempos


def timbre_statistics(mfcc: Float32) -> Float64:
    """Mean and standard deviation of the coefficients of windows (N, T, 13): (N, 26)."""
    statistics = np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)], axis=1)
    return np.asarray(statistics, dtype=np.float64)


def timbre_distances(windows: Float64, library: Float64) -> Float64:
    """Distances of timbre statistics, each column in standard deviations of the library."""
    spread = np.maximum(library.std(axis=0), 1e-6)
    return squared_distances(
        (windows / spread).astype(np.float32), (library / spread).astype(np.float32)
    )


def borrowed(distances: Float64, library_poses: Float32, held_poses: Float32) -> Float64:
    """Distance of held-out movement to that of each window's nearest library fragment.

    Lets a baseline that only knows music ask for movement: it takes what was danced to the
    nearest music and looks for its like.

    Parameters
    ----------
    distances : float64 (Q, M)
        Of windows to library fragments.
    library_poses, held_poses : float32 (M, T, 18, C), (N, T, 18, C)

    Returns
    -------
    float64 (Q, N)
    """
    nearest = distances.argmin(axis=1)
    return squared_distances(_shape(library_poses)[nearest], _shape(held_poses))


def _shape(poses: Float32) -> Float32:
    """Fragments as flat vectors: joints relative to the frame's mean joint, in body heights."""
    known = ~np.isnan(poses).any(axis=-1, keepdims=True)
    count = np.maximum(known.sum(axis=2, keepdims=True), 1)
    centre = np.where(known, poses, 0).sum(axis=2, keepdims=True) / count
    relative = np.where(known, poses - centre, 0) / BODY_PX
    return np.asarray(relative[:, ::3].reshape(len(poses), -1), dtype=np.float32)
