"""Keeping what was danced live as a dance file, with the sound that it was danced to.

A file that was played to its end is the dance's song itself. Whatever else was heard (a
microphone, a pipe, half a file) is written beside the dance as ``.wav`` while it is heard: over
what an earlier recording wrote there, and over nothing else.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio.decoding import RATE
from danceit.closing import Closing
from danceit.dance_file import dance_path
from danceit.data import FPS, Dance, DanceSong, Float32
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.makers import is_replaceable
from danceit.retrieval.live.performer import Performer, Shown

MAKER = "sound of a live dance by danceit"
"""What such a file says of itself."""


class Recording(Closing):
    """Frames and sound as they come; `finish` makes a dance of them.

    Parameters
    ----------
    target : Path
        The dance file to be.
    song : Path or None
        The file that is played; None where it is no file.

    Raises
    ------
    InputError
        If the target is no dance file, or nothing can be written there.
    """

    def __init__(self, target: Path, song: Path | None) -> None:
        self.target, self._song = dance_path(target), song
        self.sound_file = _beside(self.target)
        self._shown: list[Shown] = []
        self._n_samples = 0
        self._part = self.sound_file.with_name(f".{self.sound_file.name}.part")
        self._sound = self._opened()

    def put(self, shown: Sequence[Shown], block: Float32) -> None:
        """Take frames that are fixed, and a block (n,) that was heard."""
        import soundfile

        self._shown += shown
        try:
            self._sound.write(np.clip(block, -1.0, 1.0))
        except (OSError, soundfile.LibsndfileError) as exc:
            raise InputError(
                f"what is heard cannot be kept at {self.sound_file} any more: is the disk full?"
            ) from exc
        self._n_samples += len(block)

    def finish(self, performer: Performer, index_id: str, encoder_id: str, *, whole: bool) -> Dance:
        """Write the dance; `whole` says that a file was played to its end.

        Raises
        ------
        InputError
            If less than two frames were danced.
        OSError
            If the disk is full.
        """
        self._sound.close()
        duration_s = self._n_samples / RATE
        n_frames = int(np.floor(duration_s * FPS + 1e-9))
        if n_frames < 2 or not self._shown:
            raise InputError("nothing was heard, so nothing was danced")
        if whole and self._song is not None:
            song = self._song
        else:
            song = self.sound_file
            os.replace(self._part, self.sound_file)
        noted = DanceSong(song.absolute(), sha256_of_file(song), duration_s)
        dance = danced(self._shown, performer, noted, n_frames, (index_id, encoder_id))
        dance.save(self.target)
        return dance

    def _opened(self) -> Any:
        import soundfile

        try:
            sound = soundfile.SoundFile(self._part, "w", RATE, 1, "PCM_16", format="WAV")
            sound.comment = MAKER
            return sound
        except (OSError, soundfile.LibsndfileError) as exc:
            raise InputError(f"cannot write {self.sound_file}: {exc}") from exc

    def close(self) -> None:
        """Close the sound; what was not kept of it is removed."""
        with suppress(RuntimeError):  # on a full disk its header cannot be completed
            self._sound.close()
        with suppress(FileNotFoundError):
            self._part.unlink()


def _beside(target: Path) -> Path:
    """Where what is heard to a dance is written: at what nobody else wrote."""
    stem = target.name.removesuffix(".npz").removesuffix(".dance")
    found, number = target.with_name(f"{stem}.wav"), 1
    while not is_replaceable(found, MAKER):
        found = target.with_name(f"{stem}.live{f'-{number}' if number > 1 else ''}.wav")
        number += 1
    return found


def danced(
    shown: Sequence[Shown],
    performer: Performer,
    song: DanceSong | None,
    n_frames: int,
    ids: tuple[str, str] = ("", ""),
) -> Dance:
    """The dance of the first `n_frames` frames that were shown; `ids` of index and encoder."""
    joints = np.concatenate([part.joints for part in shown])[:n_frames]
    seams = np.concatenate([part.seams for part in shown])
    beats = [beat for beat in performer.beats if beat[0] < n_frames / FPS]
    live = {**asdict(performer.options), **asdict(performer.live)}
    return Dance(
        joints=joints,
        seams=seams[(seams > 0) & (seams < n_frames)],
        beats_s=np.array([beat_s for beat_s, _ in beats]),
        numbers=np.array([number for _, number in beats], dtype=np.int32),
        source_index=np.concatenate([part.source_index for part in shown])[:n_frames],
        source_s=np.concatenate([part.source_s for part in shown])[:n_frames],
        fragments=tuple(performer.placements),
        song=song,
        index_id=ids[0],
        encoder_id=ids[1],
    ).with_step("query", "live", live)
