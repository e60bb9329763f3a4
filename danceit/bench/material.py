"""What a bench works on: real dances with their songs, and dances put together at random.

Real dances are one end of every scale, random concatenations of their fragments the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.data import (
    FPS,
    Clip,
    Dance,
    DanceSong,
    Float32,
    Float64,
    Int32,
    Music,
    Placement,
    Step,
)
from danceit.errors import DanceitError, InputError
from danceit.retrieval.placing import Stance, moved, stance

SHORTEST_FRAMES = 96
"""Clips under 4 s are too short to be judged as dances."""
PSEUDO_SEAM_FRAMES = 48
"""Real dances have no seams; every 48th frame stands in for one."""


@dataclass(frozen=True)
class RealDance:
    """One clip of real movement with the beats of its own song.

    Attributes
    ----------
    clip : Clip
    beats_s : float64 (B,)
        Seconds into the clip; empty where the clip has no music.
    tempo_bpm : float
        0 where unknown.
    numbers : int32 (B,)
        Places of the beats in the bar, 0 where not known; empty as `beats_s`.
    """

    clip: Clip
    beats_s: Float64
    tempo_bpm: float
    numbers: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def name(self) -> str:
        """Return the clip's id."""
        return self.clip.clip_id


@dataclass(frozen=True)
class Material:
    """Real dances, and a line for each recording or song that could not be read."""

    dances: tuple[RealDance, ...]
    problems: tuple[str, ...]

    @property
    def tempi_bpm(self) -> dict[str, float]:
        """Detected tempo of the song of each recording."""
        return {dance.clip.recording_id: dance.tempo_bpm for dance in self.dances}

    @property
    def motions(self) -> list[Float32]:
        """Poses of all dances."""
        return [dance.clip.poses for dance in self.dances]


def read_material(data: Path, *, dims: int | None = None) -> Material:
    """Read and clean every recording of a data folder, with the beats of its song.

    Raises
    ------
    InputError
        If the folder is missing, or fewer than two dances can be used.
    """
    from danceit.index.building.reading import Failure, each_done, read_one
    from danceit.index.sources import scan

    dances: list[RealDance] = []
    problems: list[str] = []
    for one in each_done(scan(data).found, lambda found: read_one(found, dims)):
        if isinstance(one, Failure):
            problems.append(f"{one.recording_id}: {one.reason}")
            continue
        clips = one.cleaned.clips
        for clip in clips:
            if clip.n_frames < SHORTEST_FRAMES:
                continue
            try:
                dances.append(_with_beats(clip))
            except DanceitError as exc:
                problems.append(f"{clip.audio_path}: {exc}")
                dances.append(RealDance(clip, np.zeros(0), 0.0))
    if len(dances) < 2:
        raise InputError(
            f"a bench needs at least two real dances of 4 s or more; {data} has {len(dances)}"
        )
    if len({dance.clip.dims for dance in dances}) > 1:
        raise InputError(f"{data} mixes 2-D and 3-D dances; `dims=2` drops the depth of the latter")
    return Material(tuple(dances), tuple(problems))


def random_dance(
    music: Music, clips: Sequence[Clip], n_frames: int, rng: np.random.Generator
) -> Dance:
    """Put fragments of a length together at random, each carried onto the last one's stance.

    Parameters
    ----------
    n_frames : int
        Frames of each fragment.

    Raises
    ------
    InputError
        If no clip is that long, or the song has no frame.
    """
    usable = [clip for clip in clips if clip.n_frames >= n_frames]
    if not usable or music.n_frames < 2:
        raise InputError(
            f"a random dance needs clips of at least {n_frames} frames and a song of two; "
            f"the longest clip has {max((clip.n_frames for clip in clips), default=0)}, "
            f"the song {music.n_frames}"
        )
    count = -(-music.n_frames // n_frames)
    room = np.array([clip.n_frames - n_frames + 1 for clip in usable])
    placed: list[Float32] = []
    placements, source_s = [], []
    for window in range(count):
        clip = usable[int(rng.choice(len(usable), p=room / room.sum()))]
        start = int(rng.integers(clip.n_frames - n_frames + 1))
        poses = clip.poses[start : start + n_frames]
        placed.append(_carried(poses, placed[-1]) if placed else poses)
        start_s = clip.start_s + start / FPS
        placements.append(_placement(clip, start, start_s, n_frames, window))
        source_s.append(start_s + np.arange(n_frames) / FPS)
    index = np.repeat(np.arange(count, dtype=np.int32), n_frames)
    return Dance(
        joints=np.concatenate(placed)[: music.n_frames],
        seams=np.arange(1, count, dtype=np.int64) * n_frames,
        beats_s=music.beats_s,
        source_index=index[: music.n_frames],
        source_s=np.concatenate(source_s)[: music.n_frames],
        fragments=tuple(placements),
        song=DanceSong(music.path, music.sha256, music.duration_s),
        steps=(Step("query", "random", {"n_frames": n_frames}),),
        numbers=music.counts.numbers,
    )


def _with_beats(clip: Clip) -> RealDance:
    if clip.audio_path is None:
        return RealDance(clip, np.zeros(0), 0.0)
    music = audio.listen(clip.audio_path)
    beats_s = music.beats_s - clip.start_s
    inside = (beats_s >= 0) & (beats_s < clip.n_frames / FPS)
    return RealDance(clip, beats_s[inside], music.tempo_bpm, music.counts.numbers[inside])


def _carried(poses: Float32, before: Float32) -> Float32:
    """Carry a fragment onto where the one before would go next, as `compose` does."""
    last = stance(before[-2:])
    onto = Stance(2 * last.floor[1:] - last.floor[:1], last.heading[1:])
    return np.asarray(moved(poses[None], stance(poses[:1]), onto)[0], dtype=np.float32)


def _placement(clip: Clip, start: int, start_s: float, n_frames: int, window: int) -> Placement:
    return Placement(
        fragment_id=f"{clip.clip_id}:{start}+{n_frames}",
        clip_id=clip.clip_id,
        source=str(clip.path),
        start_s=start_s,
        end_s=start_s + n_frames / FPS,
        window_start_s=window * n_frames / FPS,
        distance=float("nan"),
        rank=0,
        join_cost=0.0,
        style=clip.style,
        licence=clip.licence,
    )


def pseudo_seams(n_frames: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Frames of a real dance that stand in for seams."""
    return np.arange(PSEUDO_SEAM_FRAMES, n_frames, PSEUDO_SEAM_FRAMES, dtype=np.int64)
