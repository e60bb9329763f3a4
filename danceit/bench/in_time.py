"""How well a dance keeps time, by the counts that it carries of its song and of its sources."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danceit import audio
from danceit.bench.measures import counts
from danceit.counts import Counts, metre_of
from danceit.data import FPS, Clip, Dance, Float32, Float64, Int32, Music, Placement

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
CountsOf = Callable[[Placement], Counts]
"""Counts of a fragment's source, in seconds into it."""

_SAME_BEATS = 0.25
"""Beats within which two frames show the same moment of a dance."""


def evaluate(dance: Dance, music: Music | None = None) -> dict[str, float]:
    """Timing kept, bar lock, seams on a 1 and steps on a count by name; none where not counted.

    With the song at hand also whether movement follows its loudness and returns with its sections.
    Offsets and phases are in beats. What is not to be known of a dance is NaN: seams of one
    that has none, timing of sources that nobody counted.
    """
    metre = dance.counts.metre
    if metre < 2 or len(dance.beats_s) < 2:
        return {}
    times_s = np.arange(dance.n_frames) / dance.fps
    song = dance.counts.phase(times_s)
    shown = source_counts(dance)
    by_beat = counts.timing_kept(shown.beats, song, 1)
    heard = {} if music is None else _with_the_song(dance, music)
    return {
        "timing_kept": by_beat.strength,
        "timing_offset": by_beat.offset_beats,
        "timing_kept_bar": counts.timing_kept(shown.in_bar, song, shown.bar).strength,
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
    metre = metre_of(numbers)
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


@dataclass(frozen=True)
class SourceCounts:
    """What each frame (T,) shows of its own source's counts, told in beats of the song.

    NaN where that is not known, or a pose is held. Two beats of a slow dance to a quick song are
    one of its own, and the other way round.

    Attributes
    ----------
    beats : float64 (T,)
        Since the fragment's first.
    in_bar : float64 (T,)
        Since a 1 of the source.
    bar : float64 (T,)
        Length of the shorter of both bars; NaN where the metres do not agree, two and three say.
    """

    beats: Float64
    in_bar: Float64
    bar: Float64


def source_counts(
    dance: Dance, song: Counts | None = None, of: CountsOf | None = None
) -> SourceCounts:
    """Tell what a dance shows of its sources' counts.

    Parameters
    ----------
    dance : Dance
    song : Counts, optional
        What is counted in its song; default: what the dance carries.
    of : function of a Placement, optional
        Who knows the sources' counts; default: `carried`.
    """
    song, of = song or dance.counts, of or carried
    beats, in_bar, bar = np.full((3, dance.n_frames), np.nan)
    times_s = np.arange(dance.n_frames) / dance.fps
    places, metres = song.places(times_s), song.metre_at(times_s)
    for number, placed in enumerate(dance.fragments):
        own = np.flatnonzero(dance.source_index == number)
        source = of(placed)
        if len(source.beats_s) < 2 or not own.size:
            continue
        shown_s = dance.source_s[own]
        danced = source.places(shown_s)
        for_one = counts.beats_for_one(places[own[-1]] - places[own[0]], danced[-1] - danced[0])
        beats[own] = (danced - np.round(danced[0])) * for_one
        if source.metre:
            in_bar[own] = source.phase(shown_s) * for_one
            source_metre = int(source.metre_at(shown_s[:1])[0])
            bar[own] = counts.shorter_bar(int(metres[own[0]]), source_metre, for_one)
    held = np.diff(dance.source_s, prepend=np.nan) == 0
    return SourceCounts(np.where(held, np.nan, beats), np.where(held, np.nan, in_bar), bar)


def carried(placed: Placement) -> Counts:
    """Counts of a fragment's source in the stretch shown, as its dance carries them."""
    beats_s = np.array(placed.beats_s, dtype=np.float64)
    if not placed.number or not placed.metre:
        return Counts.of_beats(beats_s)
    numbers = (placed.number - 1 + np.arange(len(beats_s))) % placed.metre + 1
    return Counts(beats_s, numbers.astype(np.int32), placed.metre)
