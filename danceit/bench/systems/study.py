"""What `danceit study` asks people about: a folder for each row, a dance to each song in it.

The real dancers are a row of their own where the data hold a dance to a song.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.bench.cells import slug
from danceit.bench.systems.jobs import REAL, Work, flat, kept_file
from danceit.bench.systems.systems import System
from danceit.data import FPS, Clip, Dance, DanceSong, Music, Placement, Step
from danceit.files import replacing, sha256_of_file

SHORTEST_S = 5.0
"""A real dance that fills less of its song is not shown."""


def set_up_study(work: Work, systems: Sequence[System], files: Sequence[Path]) -> Path:
    """Lay the first dance of every row to every song out as contestants; returns the folder."""
    study = work.folder.path / "study"
    for system in systems:
        for file in files:
            kept = kept_file(work, file, system, 0)
            if kept.exists():
                _linked(kept, study / slug(system.name) / f"{slug(work.names[file])}.dance.npz")
    for file in files:
        clip = _danced_to(work, file)
        if clip is None:
            continue
        dance = as_danced(clip, audio.listen(file))
        if dance is not None:
            target = study / slug(REAL) / f"{slug(work.names[file])}.dance.npz"
            target.parent.mkdir(parents=True, exist_ok=True)
            dance.save(target)
    return study


def as_danced(clip: Clip, music: Music) -> Dance | None:
    """A real dance at its place in its song, unseen before and after; None where it is short."""
    times = np.arange(music.n_frames) / FPS
    frames = np.clip(np.round((times - clip.start_s) * FPS), 0, clip.n_frames - 1).astype(np.int64)
    inside = (times >= clip.start_s) & (times < clip.start_s + clip.n_frames / FPS)
    if inside.sum() < SHORTEST_S * FPS:
        return None
    joints = np.where(inside[:, None, None], flat(clip.poses)[frames], np.float32(np.nan))
    placed = Placement(
        fragment_id=clip.clip_id, clip_id=clip.clip_id, source=str(clip.path), start_s=0.0,
        end_s=clip.n_frames / FPS, window_start_s=0.0, distance=0.0, rank=0, join_cost=0.0,
        style=clip.style, licence=clip.licence,
    )  # fmt: skip
    return Dance(
        joints=joints,
        seams=np.zeros(0, dtype=np.int64),
        beats_s=music.beats_s,
        source_index=np.zeros(len(frames), dtype=np.int32),
        source_s=frames / FPS,
        fragments=(placed,),
        song=DanceSong(music.path.absolute(), music.sha256, music.duration_s),
        steps=(Step("read", "real dance", {"clip": clip.clip_id}),),
        numbers=music.counts.numbers,
    )


def _danced_to(work: Work, file: Path) -> Clip | None:
    """The longest real clip to a song."""
    asked = sha256_of_file(file)
    clips = [
        dance.clip
        for dance in work.material.dances
        if dance.clip.audio_path is not None and sha256_of_file(dance.clip.audio_path) == asked
    ]
    return max(clips, key=lambda clip: clip.n_frames, default=None)


def _linked(kept: Path, target: Path) -> None:
    """Show a kept dance under another name, without a second copy where the disk can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        temporary.unlink(missing_ok=True)
        try:
            os.link(kept, temporary)
        except OSError:
            shutil.copyfile(kept, temporary)
