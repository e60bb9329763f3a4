"""Keeping what was danced live as a dance file, with the sound that it was danced to.

A file that was played to its end is the dance's song itself. Whatever else was heard (a
microphone, a pipe, half a file) is written beside the dance as ``.wav`` while it is heard.
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
from danceit.retrieval.live.performer import Performer, Shown


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
        self.sound_file = target.with_name(target.name.split(".")[0] + ".wav")
        if song is not None and self.sound_file.resolve() == song.resolve():
            self.sound_file = target.with_name(target.name.split(".")[0] + ".live.wav")
        self._shown: list[Shown] = []
        self._n_samples = 0
        self._part = self.sound_file.with_name(f".{self.sound_file.name}.part")
        self._sound = self._opened()

    def put(self, shown: Sequence[Shown], block: Float32) -> None:
        """Take frames that are fixed, and a block (n,) that was heard."""
        self._shown += shown
        self._n_samples += len(block)
        self._sound.write(np.clip(block, -1.0, 1.0))

    def finish(self, performer: Performer, index_id: str, encoder_id: str, *, whole: bool) -> Dance:
        """Write the dance; `whole` says that a file was played to its end.

        Raises
        ------
        InputError
            If less than two frames were danced.
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
            return soundfile.SoundFile(self._part, "w", RATE, 1, "PCM_16", format="WAV")
        except (OSError, soundfile.LibsndfileError) as exc:
            raise InputError(f"cannot write {self.sound_file}: {exc}") from exc

    def close(self) -> None:
        """Close the sound; what was not kept of it is removed."""
        self._sound.close()
        with suppress(FileNotFoundError):
            self._part.unlink()


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
