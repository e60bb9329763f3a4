"""How well a dance keeps time, by the counts that it carries of its song and of its sources."""

import numpy as np

from danceit import audio
from danceit.bench.measures import counts
from danceit.counts import Counts
from danceit.data import FPS, Clip, Dance, Float32, Float64, Int32, Music

NAMES = (
    "timing_kept",
    "timing_offset",
    "timing_kept_bar",
    "bar_lock",
    "bar_lock_phase",
    "seams_on_1",
    "steps_on_count",
    "steps_on_count_chance",
    "energy_follows",
    "choreography_repeated",
)
_SAME_BEATS = 0.25
"""Beats within which two frames show the same moment of a dance."""


def evaluate(dance: Dance, music: Music | None = None) -> dict[str, float]:
    """Timing kept, bar lock, seams on a 1 and steps on a count by name; none where not counted.

    With the song at hand also whether movement follows its loudness and returns with its sections.
    Offsets and phases are in beats. What is not to be known of a dance is NaN: seams of one
    that has none, timing of sources that nobody counted.
    """
    metre = int(dance.numbers.max(initial=0))
    if metre < 2 or len(dance.beats_s) < 2:
        return {}
    shown, times_s = source_phases(dance, metre), np.arange(dance.n_frames) / dance.fps
    song = counts.count_phase(times_s, dance.beats_s, dance.numbers, metre)
    # Two danced in four keeps the beat though its bars are others.
    by_beat = counts.timing_kept(source_phases(dance), song, 1)
    heard = {} if music is None else _with_the_song(dance, music)
    return {
        "timing_kept": by_beat.strength,
        "timing_offset": by_beat.offset_beats,
        "timing_kept_bar": counts.timing_kept(shown, song, metre).strength,
        "seams_on_1": counts.seams_on(dance.seams, dance.beats_s, dance.numbers, fps=dance.fps),
        **of_movement(dance.joints, dance.beats_s, dance.numbers, dance.fps),
        **heard,
    }


def _with_the_song(dance: Dance, music: Music) -> dict[str, float]:
    beats_s, numbers = dance.beats_s, dance.numbers
    follows = counts.energy_follows(
        dance.joints, beats_s, numbers, audio.loudness(music.path), dance.fps
    )
    return {"energy_follows": follows, "choreography_repeated": repeated(dance, music.counts)}


def repeated(dance: Dance, song: Counts) -> float:
    """Share of the frames of sections that return that show what the first of their kind shows.

    That is the same moment of the same clip, within a quarter of a beat, at the same count of the
    section; mirrored or not. What a first hearing was too short for is not asked. NaN where no
    section of the song returns.
    """
    if len(song.beats_s) < 2 or not song.sections:
        return float("nan")
    times_s = np.arange(dance.n_frames) / dance.fps
    places = song.places(times_s)
    clips = np.array([placed.clip_id for placed in dance.fragments])[dance.source_index]
    gap_s = float(np.median(np.diff(song.beats_s)))
    first: dict[str, tuple[float, float]] = {}
    same = []
    for section in song.sections:
        begin, end = song.places(np.array([section.start_s, section.end_s]))
        if section.label not in first:
            first[section.label] = (begin, end)
            continue
        there, until = first[section.label]
        own = np.flatnonzero((places >= begin) & (places < min(end, begin + until - there)))
        like_s = song.times(places[own] - begin + there)
        like = np.minimum(np.round(like_s * dance.fps).astype(np.int64), dance.n_frames - 1)
        apart_s = np.abs(dance.source_s[own] - dance.source_s[like])
        same.append((clips[own] == clips[like]) & (apart_s <= _SAME_BEATS * gap_s))
    asked = np.concatenate(same) if same else np.zeros(0, dtype=bool)
    return float(asked.mean()) if asked.size else float("nan")


def of_movement(
    joints: Float32, beats_s: Float64, numbers: Int32, fps: float = FPS
) -> dict[str, float]:
    """What of these needs no source, for real dances too; none where bars are not counted."""
    metre = int(numbers.max(initial=0))
    if metre < 2 or len(beats_s) < 2:
        return {}
    found = counts.evaluate(joints, beats_s, numbers, metre, fps)
    return {name: found[name] for name in NAMES if name in found}


def of_clip(clip: Clip, beats_s: Float64, numbers: Int32) -> dict[str, float]:
    """`of_movement` of a real dance, and whether it follows the loudness of its own music."""
    found = of_movement(clip.poses, beats_s, numbers)
    if not found or clip.audio_path is None:
        return found
    loudness = audio.loudness(clip.audio_path)[max(0, round(clip.start_s * FPS)) :]
    follows = counts.energy_follows(clip.poses, beats_s, numbers, loudness)
    return {**found, "energy_follows": follows}


def source_phases(dance: Dance, metre: int | None = None) -> Float64:
    """Count phase (T,), in its source's own music, of what each frame shows.

    NaN where that is not known, the source is danced in another metre than `metre`, or a pose
    is held. Without a metre bars are not asked for: phases count from a fragment's first beat, in
    beats of the song where two of one make one of the other, as of a slow dance to a quick song.
    """
    phases = np.full(dance.n_frames, np.nan)
    song = Counts.of_beats(dance.beats_s)
    times_s = np.arange(dance.n_frames) / dance.fps
    for number, placed in enumerate(dance.fragments):
        beats_s = np.array(placed.beats_s)
        bar, first = (metre, placed.number) if metre else (len(beats_s), 1)
        if len(beats_s) < 2 or (metre and placed.metre != metre) or not first:
            continue
        numbers = (first - 1 + np.arange(len(beats_s))) % bar + 1
        own = dance.source_index == number
        phases[own] = counts.count_phase(dance.source_s[own], beats_s, numbers, bar)
        if not metre and own.sum() > 1:
            heard = song.places(times_s[own])
            danced = Counts.of_beats(beats_s).places(dance.source_s[own])
            phases[own] *= _level((heard[-1] - heard[0]) / max(danced[-1] - danced[0], 1e-6))
    held = np.diff(dance.source_s, prepend=np.nan) == 0
    return np.where(held, np.nan, phases)


def _level(pace: float) -> float:
    """Beats of the song for one of the source, by how far both went: 2, 1/2, or 1 for the rest."""
    return {-1: 0.5, 1: 2.0}.get(round(float(np.log2(max(pace, 1e-6)))), 1.0)
