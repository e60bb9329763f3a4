"""Dances as `lee` learns from them: units in rows, the music beside them, and both scales."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from danceit.data import Clip, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.generate.lee.composer import Sequences
from danceit.generate.lee.music_style import mean_within, styles_at
from danceit.generate.lee.networks import MusicStyle
from danceit.generate.lee.units import UnitRow, units_of
from danceit.generate.material import Material
from danceit.generate.scale import Scale
from danceit.generate.songs import heard_songs
from danceit.generate.styles import labels_of

FEWEST_UNITS = 64
"""Under this the networks know every unit by heart after a few steps."""


@dataclass(frozen=True)
class Side:
    """Clips of one side with their units and, row by row, the music that they were danced to."""

    clips: tuple[Clip, ...]
    rows: tuple[UnitRow, ...]

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> "Side":
        """Cut clips into units."""
        return cls(tuple(clips), tuple(units_of(clip) for clip in clips))

    @property
    def units(self) -> Float32:
        """Units of all clips, (U, 32, 28)."""
        return np.concatenate([row.poses for row in self.rows])

    def sequences(
        self, n_units: int, songs: Mapping[Path, Float32], music: MusicStyle, device: str
    ) -> Sequences:
        """All sequences of a length; their rows count over all clips."""
        offset, units, heard, styles = 0, [], [], []
        for clip, row in zip(self.clips, self.rows, strict=True):
            found = row.sequences(n_units)
            if len(found) and clip.audio_path is not None:
                features = songs[clip.audio_path]
                starts, ends = self._span(clip, row, found)
                units.append(found + offset)
                heard.append(mean_within(features, starts, ends))
                styles.append(styles_at(music, features, (starts + ends) / 2, device))
            offset += len(row.poses)
        if not units:
            nothing = np.zeros((0, n_units), dtype=np.int64)
            return Sequences(nothing, torch.zeros(0, 28), torch.zeros(0, 30))
        audio = torch.from_numpy(np.concatenate(heard)).to(device)
        return Sequences(np.concatenate(units), audio, torch.cat(styles))

    @staticmethod
    def _span(clip: Clip, row: UnitRow, found: Int64) -> tuple[Float64, Float64]:
        return clip.start_s + row.start_s[found[:, 0]], clip.start_s + row.end_s[found[:, -1]]


@dataclass(frozen=True)
class Studied:
    """What all lessons see.

    Attributes
    ----------
    units : float32 (U, 32, 28)
        All that are learnt from, those of dances without music too.
    songs : mapping of path to float32 (S, 28)
        Features, standardised by `audio_scale`.
    labels : mapping of path to int
        Class of each song.
    note : str
        What was assumed of styles.
    """

    train: Side
    held_out: Side
    units: Float32
    scale: Scale
    audio_scale: Scale
    songs: Mapping[Path, Float32]
    labels: Mapping[Path, int]
    classes: tuple[str, ...]
    note: str

    @classmethod
    def of(cls, material: Material, seed: int) -> "Studied":
        """Cut material into units and listen to its songs.

        Raises
        ------
        InputError
            If there are too few units.
        """
        train, held_out = Side.of(material.train), Side.of(material.held_out)
        units = train.units
        if material.silent:
            units = np.concatenate([units, Side.of(material.silent).units])
        if len(units) < FEWEST_UNITS:
            raise InputError(
                f"lee needs {FEWEST_UNITS} dance units or more; {len(material.train)} clips have "
                f"{len(units)}: give more dances, some 20 s for each song at least"
            )
        songs, audio_scale = heard_songs(material)
        clips = (*material.train, *material.held_out)
        labels, classes, note = labels_of(clips, songs, seed)
        scale = Scale.of(units)
        return cls(train, held_out, units, scale, audio_scale, songs, labels, classes, note)

    @property
    def arrays(self) -> list[Float32 | Int64]:
        """All that is learnt from or judges."""
        labels = np.array([self.labels[path] for path in self.songs], dtype=np.int64)
        return [*self.songs.values(), labels, self.units, self.held_out.units]

    def labelled(self, side: Side) -> list[tuple[Float32, int]]:
        """Each song of a side once, with its class."""
        paths = dict.fromkeys(clip.audio_path for clip in side.clips if clip.audio_path)
        return [(self.songs[path], self.labels[path]) for path in paths]
