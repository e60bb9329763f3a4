"""How well a dance keeps time, by the counts that it carries of its song and of its sources."""

import numpy as np

from danceit.bench.measures import counts
from danceit.data import FPS, Dance, Float32, Float64, Int32

NAMES = (
    "timing_kept",
    "timing_offset",
    "timing_kept_bar",
    "bar_lock",
    "bar_lock_phase",
    "seams_on_1",
    "steps_on_count",
    "steps_on_count_chance",
)


def evaluate(dance: Dance) -> dict[str, float]:
    """Timing kept, bar lock, seams on a 1 and steps on a count by name; none where not counted.

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
    return {
        "timing_kept": by_beat.strength,
        "timing_offset": by_beat.offset_beats,
        "timing_kept_bar": counts.timing_kept(shown, song, metre).strength,
        "seams_on_1": counts.seams_on(dance.seams, dance.beats_s, dance.numbers, fps=dance.fps),
        **of_movement(dance.joints, dance.beats_s, dance.numbers, dance.fps),
    }


def of_movement(
    joints: Float32, beats_s: Float64, numbers: Int32, fps: float = FPS
) -> dict[str, float]:
    """What of these needs no source, for real dances too; none where bars are not counted."""
    metre = int(numbers.max(initial=0))
    if metre < 2 or len(beats_s) < 2:
        return {}
    found = counts.evaluate(joints, beats_s, numbers, metre, fps)
    return {name: found[name] for name in NAMES if name in found}


def source_phases(dance: Dance, metre: int | None = None) -> Float64:
    """Count phase (T,), in its source's own music, of what each frame shows.

    NaN where that is not known, the source is danced in another metre than `metre`, or a pose
    is held. Without a metre bars are not asked for: phases count from a fragment's first beat.
    """
    phases = np.full(dance.n_frames, np.nan)
    for number, placed in enumerate(dance.fragments):
        beats_s = np.array(placed.beats_s)
        bar, first = (metre, placed.number) if metre else (len(beats_s), 1)
        if len(beats_s) < 2 or (metre and placed.metre != metre) or not first:
            continue
        numbers = (first - 1 + np.arange(len(beats_s))) % bar + 1
        own = dance.source_index == number
        phases[own] = counts.count_phase(dance.source_s[own], beats_s, numbers, bar)
    held = np.diff(dance.source_s, prepend=np.nan) == 0
    return np.where(held, np.nan, phases)
