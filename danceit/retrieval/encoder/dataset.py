"""Training material: dances with their songs, at several tempi, split by song or at random.

A `Performance` is a cleaned clip with what the encoder hears of its song; song frame
`first + i` sounds at pose frame i. A `Part` is a stretch of a performance that training or
testing may draw windows from. Splitting by song keeps all clips of a recording on one
side; the random split (the paper's 80/20) cuts every performance into blocks of 4 s and
deals them out, so that both sides hear the same songs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from danceit.data import FPS, MIRRORED, Clip, Float32, Int64
from danceit.errors import InputError
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.hearing import Heard, hear

BLOCK_FRAMES = 96
"""Length of the blocks that the random split deals out: the longest fragment."""
KEPT_SONGS = 2
"""Songs of a style that a split by song leaves to learn from before it holds one out."""
FeatureReader = Callable[[Path, str], Float32]


class Danced(Protocol):
    """What a split by song asks of a dance, be it a `Clip` or a `Performance`."""

    @property
    def recording_id(self) -> str:
        """Dances of one recording stay together."""

    @property
    def style(self) -> str:
        """Empty where unknown."""

    @property
    def n_frames(self) -> int:
        """Length."""


class TooLittleSoundError(InputError):
    """Clips hold too little dance with sound to learn from."""


@dataclass(frozen=True)
class Take:
    """A performance at one tempo: `tempo` times as fast as the original.

    `poses` is float32 (T, 18, C) canvas pixels; `first` the song frame of pose frame 0.
    """

    tempo: float
    poses: Float32
    heard: Heard
    first: int


@dataclass(frozen=True)
class Performance:
    """A clip that can be trained on; `takes` holds the original first."""

    clip_id: str
    recording_id: str
    style: str
    audio_path: Path
    takes: tuple[Take, ...]

    @property
    def n_frames(self) -> int:
        """T of the original."""
        return len(self.takes[0].poses)


@dataclass(frozen=True)
class Part:
    """Frames ``start`` to ``end`` (exclusive) of ``performances[performance]`` at its own tempo."""

    performance: int
    start: int
    end: int


@dataclass(frozen=True)
class Split:
    """Parts to learn from and parts to judge by."""

    train: tuple[Part, ...]
    held_out: tuple[Part, ...]


@dataclass(frozen=True)
class WindowBatch:
    """B windows and the fragments danced to them, all of one length L.

    Attributes
    ----------
    poses : float32 (B, L, 18, C)
    frames : float32 (B, L, F')
    around : float32 (B, K)
    performance, start : int64 (B,)
        Which performance, and the frame at the original tempo.
    """

    poses: Float32
    frames: Float32
    around: Float32
    performance: Int64
    start: Int64


def performances_of(
    clips: Sequence[Clip],
    config: EncoderConfig,
    *,
    tempi: Sequence[float] = (1.0,),
    read_features: FeatureReader | None = None,
) -> tuple[Performance, ...]:
    """Pair clips with what is heard of their songs; the original tempo comes first in each.

    Parameters
    ----------
    clips : sequence of Clip
        Those without audio or under one second are left out.
    config : EncoderConfig
        3-D clips are projected where it says ``dims=2``.
    tempi : sequence of float
        Further tempi to add, as factors of the original.
    read_features : callable, optional
        Replaces `danceit.audio.features`.

    Raises
    ------
    InputError
        If no clip can be used, or a 2-D clip meets a 3-D encoder.
    """
    from danceit.audio import features

    read = read_features or features
    factors = (1.0, *(tempo for tempo in tempi if tempo != 1.0))
    songs: dict[Path, tuple[Heard, ...]] = {}
    performances = []
    for clip in clips:
        if clip.audio_path is None or clip.n_frames < FPS:
            continue
        if clip.dims < config.dims:
            raise InputError(
                f"{clip.clip_id} is {clip.dims}-D but the encoder is {config.dims}-D: "
                "train with dims 2"
            )
        if clip.audio_path not in songs:
            sound = read(clip.audio_path, config.feature_set)
            songs[clip.audio_path] = tuple(
                hear(at_tempo(sound, factor), config.feature_set) for factor in factors
            )
        poses = np.ascontiguousarray(clip.poses[..., : config.dims])
        first = round(clip.start_s * FPS)
        takes = [
            Take(factor, at_tempo(poses, factor), heard, round(first / factor))
            for factor, heard in zip(factors, songs[clip.audio_path], strict=True)
        ]
        usable = tuple(take for take in takes if take.first < len(take.heard.frames))
        if not usable or usable[0].tempo != 1.0:
            raise InputError(f"{clip.clip_id} starts after the end of its sound {clip.audio_path}")
        performances.append(
            Performance(clip.clip_id, clip.recording_id, clip.style, clip.audio_path, usable)
        )
    if not performances:
        raise TooLittleSoundError(
            f"none of the {len(clips)} clips has sound and lasts a second: there is nothing to "
            "learn from; index them with the `encoder` of a library that has sound"
        )
    return tuple(performances)


def at_tempo(rows: Float32, tempo: float) -> Float32:
    """Resample rows (T, ...) linearly to sound or move `tempo` times as fast."""
    if tempo == 1.0:
        return rows
    n_rows = int(len(rows) / tempo)
    position = np.arange(n_rows) * tempo
    before = np.minimum(position.astype(np.int64), len(rows) - 1)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (position - before).astype(np.float32).reshape(-1, *[1] * (rows.ndim - 1))
    mixed: Float32 = rows[before] * (1 - share) + rows[after] * share
    return mixed


def song_folds(
    performances: Sequence[Performance], n_folds: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Deal recordings into folds, style by style, so that every fold resembles the whole.

    Returns
    -------
    list of tuple of int
        For each fold, indices into `performances`; each performance is in one fold.

    Raises
    ------
    InputError
        If there are fewer recordings than folds.
    """
    styles = {item.recording_id: item.style for item in performances}
    if len(styles) < n_folds:
        raise InputError(f"{n_folds} folds need as many songs; there {_are(len(styles), 'song')}")
    fold_of: dict[str, int] = {}
    for style in sorted(set(styles.values())):
        names = sorted(name for name, its_style in styles.items() if its_style == style)
        for name in rng.permutation(names):
            fold_of[str(name)] = len(fold_of) % n_folds
    return [
        tuple(i for i, item in enumerate(performances) if fold_of[item.recording_id] == fold)
        for fold in range(n_folds)
    ]


def split_by_song(performances: Sequence[Danced], share: float, rng: np.random.Generator) -> Split:
    """Hold out about `share` of each style's songs, at least one song in all.

    A style keeps `KEPT_SONGS` to learn from: to hold out one of two rumbas costs more than
    it tells. Where all styles are that rare, one song of the commonest goes.

    Raises
    ------
    InputError
        If there are fewer than two songs.
    """
    styles = {item.recording_id: item.style for item in performances}
    if len(styles) < 2:
        raise InputError("a split by song needs two songs or more; split at random instead")
    songs: dict[str, list[str]] = {style: [] for style in sorted(set(styles.values()))}
    for name in sorted(styles):
        songs[styles[name]].append(name)
    held: list[str] = []
    for names in songs.values():
        count = min(max(1, round(share * len(names))), max(0, len(names) - KEPT_SONGS))
        held += rng.permutation(names)[:count].tolist()
    if not held:
        held.append(str(rng.choice(max(songs.values(), key=len))))
    return split_of(
        performances, {i for i, item in enumerate(performances) if item.recording_id in held}
    )


def split_of(performances: Sequence[Danced], held: set[int]) -> Split:
    """Whole performances, those in `held` held out."""
    parts = [Part(i, 0, item.n_frames) for i, item in enumerate(performances)]
    return Split(
        tuple(part for part in parts if part.performance not in held),
        tuple(part for part in parts if part.performance in held),
    )


def split_at_random(
    performances: Sequence[Performance], share: float, rng: np.random.Generator
) -> Split:
    """Hold out `share` of all 4 s blocks, whatever the song: the paper's split; it leaks songs."""
    blocks = [
        Part(i, start, min(start + BLOCK_FRAMES, item.n_frames))
        for i, item in enumerate(performances)
        for start in range(0, item.n_frames, BLOCK_FRAMES)
    ]
    held = set(rng.permutation(len(blocks))[: max(1, round(share * len(blocks)))].tolist())
    return Split(
        tuple(block for i, block in enumerate(blocks) if i not in held),
        tuple(block for i, block in enumerate(blocks) if i in held),
    )


def gather(
    performances: Sequence[Performance], parts: Sequence[Part], n_frames: int
) -> WindowBatch:
    """All non-overlapping windows of `parts` at the original tempo, in order.

    Raises
    ------
    InputError
        If no part is `n_frames` long.
    """
    which, starts = [], []
    for part in parts:
        places = np.arange(part.start, part.end - n_frames + 1, n_frames)
        which.append(np.full(len(places), part.performance))
        starts.append(places)
    if not sum(len(places) for places in starts):
        raise InputError(f"no stretch of the held-out dances is {n_frames} frames long")
    performance = np.concatenate(which).astype(np.int64)
    start = np.concatenate(starts).astype(np.int64)
    return _batch(performances, performance, start, n_frames)


def draw(
    performances: Sequence[Performance],
    parts: Sequence[Part],
    n_frames: int,
    *,
    size: int,
    per_song: int,
    mirror: bool,
    balance: float,
    rng: np.random.Generator,
) -> WindowBatch:
    """Draw a training batch: `per_song` windows from each of ``size / per_song`` performances.

    Performances are drawn in proportion to their length over the length of all of their
    style to the power of `balance`, each at one of its tempi and, with `mirror`, half of the
    time left for right. Windows of one song at different
    times are each other's delayed negatives (Fig. 7).
    """
    fitting = [part for part in parts if part.end - part.start >= n_frames]
    if not fitting:
        raise InputError(f"no stretch of the training dances is {n_frames} frames long")
    room = np.array([part.end - part.start - n_frames + 1 for part in fitting], np.float64)
    owner = np.array([part.performance for part in fitting])
    owners = np.unique(owner)
    chance = np.array([room[owner == one].sum() for one in owners])
    styles = np.array([performances[one].style for one in owners])
    common = np.array([chance[styles == style].sum() for style in styles])
    chance = chance / common**balance
    drawn = rng.choice(owners, max(2, size // per_song), p=chance / chance.sum())
    rows = []
    for one in drawn:
        of_owner = np.flatnonzero(owner == one)
        chosen = rng.choice(of_owner, per_song, p=room[of_owner] / room[of_owner].sum())
        start = np.array([fitting[i].start for i in chosen]) + (
            rng.random(per_song) * room[chosen]
        ).astype(np.int64)
        take = int(rng.integers(len(performances[one].takes)))
        flipped = mirror and rng.random() < 0.5
        rows.append(_windows(performances, int(one), start, n_frames, take, flipped))
    return _stacked(rows)


def _batch(
    performances: Sequence[Performance], performance: Int64, start: Int64, n_frames: int
) -> WindowBatch:
    return _stacked(
        [
            _windows(performances, int(one), start[performance == one], n_frames, 0, False)
            for one in dict.fromkeys(performance.tolist())
        ]
    )


def _windows(
    performances: Sequence[Performance],
    which: int,
    start: Int64,
    n_frames: int,
    take_index: int,
    flipped: bool,
) -> WindowBatch:
    take = performances[which].takes[take_index]
    first = np.minimum((start / take.tempo).astype(np.int64), len(take.poses) - n_frames)
    if int(first.min()) < 0:  # a slow dance, sped up, can be too short: take the original
        return _windows(performances, which, start, n_frames, 0, flipped)
    poses = take.poses[first[:, None] + np.arange(n_frames)[None]]
    if flipped:
        poses = poses[:, :, list(MIRRORED)]
        poses[..., 0] *= -1
    frames, around = take.heard.windows(
        np.minimum(first + take.first, len(take.heard.frames) - 1), n_frames
    )
    return WindowBatch(poses, frames, around, np.full(len(start), which, np.int64), start)


def _stacked(rows: list[WindowBatch]) -> WindowBatch:
    return WindowBatch(
        np.concatenate([row.poses for row in rows]),
        np.concatenate([row.frames for row in rows]),
        np.concatenate([row.around for row in rows]),
        np.concatenate([row.performance for row in rows]),
        np.concatenate([row.start for row in rows]),
    )


def _are(count: int, noun: str) -> str:
    return f"is {count} {noun}" if count == 1 else f"are {count} {noun}s"
