"""Clips and songs as generators learn from them, and which songs only judge.

Poses are 2-D canvas pixels; 3-D clips are projected (z dropped), as a camera would see them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from danceit.data import FPS, Clip
from danceit.errors import InputError
from danceit.retrieval.encoder.dataset import split_by_song

FEWEST_SONGS = 3
"""Under this a generator has nothing to tell songs apart by, nor one to be judged on."""
HELD_OUT_SHARE = 0.15
"""Share of each style's songs that only judge, as when encoders are trained."""


@dataclass(frozen=True)
class Material:
    """What a generator learns from.

    Attributes
    ----------
    train, held_out : tuple of Clip
        2-D; all clips of a recording are on one side.
    silent : tuple of Clip
        Without music: movement that can be learnt from, but not music.
    notes : tuple of str
        What was assumed.
    """

    train: tuple[Clip, ...]
    held_out: tuple[Clip, ...]
    silent: tuple[Clip, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def training_songs(self) -> tuple[str, ...]:
        """Recordings learnt from."""
        return tuple(dict.fromkeys(clip.recording_id for clip in self.train))

    @property
    def held_out_songs(self) -> tuple[str, ...]:
        """Recordings that only judge."""
        return tuple(dict.fromkeys(clip.recording_id for clip in self.held_out))


def material_of(clips: Sequence[Clip], seed: int) -> Material:
    """Project clips, part those with music by song, and say what was done.

    Raises
    ------
    InputError
        If there are fewer than three songs.
    """
    flat = [_projected(clip) for clip in clips if clip.n_frames >= FPS]
    sounding = [clip for clip in flat if clip.audio_path is not None]
    songs = {clip.recording_id for clip in sounding}
    if len(songs) < FEWEST_SONGS:
        raise InputError(
            f"a generator needs {FEWEST_SONGS} songs with dances or more, one of them to judge "
            f"by; got {len(songs)} from {len(clips)} clips"
        )
    split = split_by_song(sounding, HELD_OUT_SHARE, np.random.default_rng(seed))
    silent = tuple(clip for clip in flat if clip.audio_path is None)
    notes = []
    if any(clip.dims == 3 for clip in clips):
        notes.append("3-D dances are projected to the picture: generators dance in 2-D")
    if silent:
        clips_are = "clip has" if len(silent) == 1 else "clips have"
        notes.append(
            f"{len(silent)} {clips_are} no music: how to move can be learnt there (lee's units), "
            "dancing to music cannot"
        )
    return Material(
        train=tuple(sounding[part.performance] for part in split.train),
        held_out=tuple(sounding[part.performance] for part in split.held_out),
        silent=silent,
        notes=tuple(notes),
    )


def _projected(clip: Clip) -> Clip:
    return replace(clip, poses=np.ascontiguousarray(clip.poses[..., :2]))
