"""Pieces of 5 s: sound in tenths of a second, and a pose for each.

Conventions
-----------
- T = 50 poses at 10 frames a second, V = 18 joints in 2-D, flat (T, 36): x and y by joint.
- Sound is mono at 16 kHz, 1600 samples a pose; a song as a whole is brought to one level.
- Poses lie within [-1, 1] (appendix F), but for one joint in 200: the whole library by one reach,
  so that bodies keep their proportions; its clips have one height already. Where on the stage a
  piece is danced is not learnt: across, each lies about the mean of its own hips.
- A joint that the library mostly lacks stands on the nose while learning and is NaN in dances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from danceit import audio
from danceit.data import FPS, JOINT, N_JOINTS, Clip, Float32, Float64
from danceit.errors import InputError
from danceit.generate.rates import features_at

PIECE, RATE_HZ, POSE_FPS = 50, 16_000, 10.0
SAMPLES = int(RATE_HZ / POSE_FPS)
FLAT = 2 * N_JOINTS
PIECE_S = PIECE / POSE_FPS
LEVEL = 0.16
"""RMS of a whole song, full scale 1: -16 dB, in the middle of mastered music."""
EDGE = 5
"""Rows at the ends of a piece, where the encoder's states have just begun: after a thousand steps
of training the first three of every piece still show a body that fills the whole picture."""
_MARGIN = 1.02
"""So that the largest pose learnt from is no place that a Tanh reaches only at infinity."""
_WITHIN = 99.5
"""Per cent of joints within the reach: a few strides across a ballroom would halve all bodies."""
_MOSTLY = 0.5
_HIPS = [JOINT["right_hip"], JOINT["left_hip"]]
_HIPS_X = [2 * joint for joint in _HIPS]


@dataclass(frozen=True)
class Frame:
    """What poses are measured by: `centre` (2,) and `reach` in canvas pixels, `known` joints."""

    centre: Float32
    reach: float
    known: tuple[int, ...]

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> "Frame":
        """Frame of a library."""
        poses = np.concatenate([_about_hips(clip.poses[..., :2]) for clip in clips])
        seen = np.isfinite(poses).all(axis=2).mean(axis=0) > _MOSTLY
        if not seen[JOINT["nose"]]:
            raise InputError("ren needs dances with a nose: joints that are missing stand on it")
        middle = float(np.nanmedian(poses[..., 1]))
        centre = np.array([0.0, middle], dtype=np.float32)
        far = np.nanpercentile(np.abs(poses - centre).max(axis=2), _WITHIN)
        known = tuple(int(joint) for joint in np.flatnonzero(seen))
        return cls(centre, max(float(far) * _MARGIN, 1.0), known)

    def within(self, poses: Float32) -> Float32:
        """Poses (T, 18, 2) of the canvas as flat rows (T, 36) without gaps."""
        filled = _without_gaps(poses)
        unknown = [joint for joint in range(N_JOINTS) if joint not in self.known]
        filled[:, unknown] = filled[:, [JOINT["nose"]]]
        flat = (filled - self.centre) / self.reach
        return np.asarray(flat.reshape(len(poses), FLAT), dtype=np.float32)

    def on_canvas(self, rows: Float32) -> Float32:
        """Undo `within`: (T, 18, 2) with NaN for joints that the library lacks."""
        poses = rows.reshape(-1, N_JOINTS, 2) * self.reach + self.centre
        poses[:, [joint for joint in range(N_JOINTS) if joint not in self.known]] = np.nan
        return np.asarray(poses, dtype=np.float32)


@dataclass(frozen=True)
class Take:
    """A clip with its sound, at the network's rates.

    Attributes
    ----------
    sound : float32 (T, 1600)
    poses : float32 (T, 36)
    label : int
        Class of its song.
    """

    sound: Float32
    poses: Float32
    label: int


def takes_of(
    clips: Sequence[Clip], frame: Frame, labels: dict[Path, int], level: float = LEVEL
) -> tuple[Take, ...]:
    """Clips with music that last a piece or longer, their songs at a level; see `sound_rows`."""
    takes = []
    for clip in clips:
        if clip.audio_path is None:
            continue
        n_poses = int(clip.n_frames / FPS * POSE_FPS)
        sound = sound_rows(clip.audio_path, level)
        first = round(clip.start_s * POSE_FPS)
        n_poses = min(n_poses, len(sound) - first)
        if n_poses < PIECE:
            continue
        rows = features_at(frame.within(clip.poses), FPS, POSE_FPS, n_poses)
        takes.append(Take(sound[first : first + n_poses], rows, labels[clip.audio_path]))
    return tuple(takes)


def sound_rows(path: Path, level: float = LEVEL) -> Float32:
    """Sound of a song in tenths of a second, (T, 1600); the last is filled with silence.

    Parameters
    ----------
    level : float
        RMS that the song as a whole is brought to, so that what is loud in it stays loud; 0 for
        as loud as it was recorded. What is louder than all that was learnt from drives the
        encoder, which nothing bounds, to bodies that burst.
    """
    samples = audio.read_sound(path, RATE_HZ).samples
    loud = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    if level and loud:
        samples = samples * np.float32(level / loud)
    n_rows = -(-len(samples) // SAMPLES)
    rows = np.zeros(n_rows * SAMPLES, dtype=np.float32)
    rows[: len(samples)] = samples
    return rows.reshape(n_rows, SAMPLES)


def centred(pieces: Float32) -> Float32:
    """Pieces (..., 50, 36) moved across so that the mean of their hips is at 0, within [-1, 1]."""
    moved = pieces.copy()
    moved[..., 0::2] -= pieces[..., _HIPS_X].mean(axis=(-2, -1))[..., None, None]
    return np.clip(moved, -1, 1)


def joined(pieces: Float32, hop: int) -> Float32:
    """Pieces (P, 50, 36), `hop` rows apart, moved across so that each goes on where it overlaps."""
    moved = pieces.copy()
    for before, after in pairwise(moved):
        gap = before[hop:, _HIPS_X].mean() - after[: PIECE - hop, _HIPS_X].mean()
        after[:, 0::2] += gap
    return moved


def even_pieces(takes: Sequence[Take]) -> list[tuple[Take, int]]:
    """Every take cut into pieces end to end: the take and its first row."""
    return [
        (take, start) for take in takes for start in range(0, len(take.poses) - PIECE + 1, PIECE)
    ]


def drawn_pieces(
    takes: Sequence[Take], size: int, rng: np.random.Generator
) -> list[tuple[Take, int]]:
    """Pieces from anywhere, each moment as likely as any other."""
    room = np.array([len(take.poses) - PIECE + 1 for take in takes], dtype=np.float64)
    chosen = rng.choice(len(takes), size=size, p=room / room.sum())
    return [(takes[i], int(rng.integers(room[i]))) for i in chosen]


def blended(pieces: Float32, hop: int, n_rows: int) -> Float32:
    """Put overlapping pieces (P, 50, F), `hop` rows apart, into rows (n_rows, F).

    Each counts by a triangle over its length, but for `EDGE` rows at both ends, which count only
    where no other piece has them.
    """
    total = np.zeros((hop * (len(pieces) - 1) + PIECE, pieces.shape[2]), dtype=np.float64)
    weight = np.zeros((len(total), 1))
    ramp: Float64 = 1 - np.abs(np.arange(PIECE) - (PIECE - 1) / 2) / (PIECE / 2)
    ramp[:EDGE] = ramp[PIECE - EDGE :] = 1e-9
    for number, piece in enumerate(pieces):
        span = slice(number * hop, number * hop + PIECE)
        total[span] += piece * ramp[:, None]
        weight[span] += ramp[:, None]
    return np.asarray((total / weight)[:n_rows], dtype=np.float32)


def smoothed(rows: Float32, by_s: float) -> Float32:
    """Rows (..., T, F) through a Gaussian in time of so many seconds; 0 leaves them alone."""
    if not by_s:
        return rows
    return np.asarray(gaussian_filter1d(rows, by_s * POSE_FPS, axis=-2, mode="nearest"))


def _about_hips(poses: Float32) -> Float32:
    """Poses (T, 18, 2) with each 5 s of them moved across to the mean of their hips."""
    moved, size = poses.copy(), round(PIECE_S * FPS)
    for start in range(0, len(poses), size):
        part = moved[start : start + size]
        hips = part[:, _HIPS, 0]
        if np.isfinite(hips).any():
            part[..., 0] -= np.nanmean(hips)
    return moved


def _without_gaps(poses: Float32) -> Float32:
    """Poses (T, J, C) with the gaps of each joint on straight lines between its neighbours."""
    filled = poses.astype(np.float32, copy=True)
    frames = np.arange(len(poses))
    for joint in range(poses.shape[1]):
        seen = np.isfinite(poses[:, joint]).all(axis=1)
        if seen.any() and not seen.all():
            for axis in range(poses.shape[2]):
                values = poses[seen, joint, axis]
                filled[:, joint, axis] = np.interp(frames, frames[seen], values)
        elif not seen.any():
            filled[:, joint] = filled[:, JOINT["nose"]]
    return filled
