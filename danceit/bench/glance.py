"""A dance's seams and beats at a glance: what `danceit align` prints before and after."""

import numpy as np

from danceit.bench.measures import beats, counts, seams
from danceit.data import SEAM_PX, Dance, Float64
from danceit.errors import InputError


def glance(dance: Dance) -> dict[str, str]:
    """A few measures of one dance, ready to print; a dash where there is nothing to measure.

    S_BA is the share of beats whose window moves most in the beat's own frame, exactly
    and within two frames; seams are judged by the joint that jumps farthest.
    """
    jumps = seams.seam_jumps(dance.joints, dance.seams)
    bent = seams.warp(dance.source_index, dance.source_s, dance.fps)
    over = int((jumps.jumps > SEAM_PX).sum())
    shown = {
        "seams": str(dance.seams.size),
        "seams over 10 px": str(over),
        "largest jump at a seam, px": _number(jumps.largest, ".1f"),
        "largest local stretch": _number(bent.largest, ".2f"),
    }
    shown |= _timing(dance)
    try:
        beats.validate(dance.joints, dance.beats_s, dance.fps)
    except InputError:
        return shown | {"movement on the beat (S_BA)": "-", "S_BA within 2 frames": "-"}
    aligned = beats.s_ba(dance.joints, dance.beats_s, dance.fps)
    return shown | {
        "movement on the beat (S_BA)": f"{aligned.exact:.2f}",
        "S_BA within 2 frames": f"{aligned.within_2:.2f}",
    }


def _timing(dance: Dance) -> dict[str, str]:
    """Timing kept, bar lock and seams on a 1, by the counts that the dance itself carries."""
    names = ("timing kept, beat", "timing kept, bar", "bar lock", "seams on a 1")
    metre = int(dance.numbers.max(initial=0))
    if metre < 2 or len(dance.beats_s) < 2:
        return dict.fromkeys(names, "-")
    shown, times_s = source_phases(dance, metre), np.arange(dance.n_frames) / dance.fps
    song = counts.count_phase(times_s, dance.beats_s, dance.numbers, metre)
    by_beat = counts.timing_kept(shown, song, 1)
    by_bar = counts.timing_kept(shown, song, metre)
    bar = counts.lock(dance.joints, dance.beats_s, dance.numbers, metre, fps=dance.fps)
    on_one = counts.seams_on(dance.seams, dance.beats_s, dance.numbers, fps=dance.fps)
    return {
        names[0]: _kept(by_beat),
        names[1]: _kept(by_bar),
        names[2]: _number(bar.strength, ".2f"),
        names[3]: "-" if on_one != on_one else f"{on_one:.0%}",
    }


def source_phases(dance: Dance, metre: int) -> Float64:
    """Count phase (T,), in its source's own music, of what each frame shows.

    NaN where that is not known, the source is danced in another metre, or a pose is held.
    """
    phases = np.full(dance.n_frames, np.nan)
    for number, placed in enumerate(dance.fragments):
        if len(placed.beats_s) < 2 or placed.metre != metre or not placed.number:
            continue
        beats_s = np.array(placed.beats_s)
        numbers = (placed.number - 1 + np.arange(len(beats_s))) % metre + 1
        own = dance.source_index == number
        phases[own] = counts.count_phase(dance.source_s[own], beats_s, numbers, metre)
    held = np.diff(dance.source_s, prepend=np.nan) == 0
    return np.where(held, np.nan, phases)


def _kept(kept: counts.Kept) -> str:
    if kept.strength != kept.strength:
        return "-"
    return f"{kept.strength:.2f} at {kept.offset_beats:+.2f} of a beat"


def _number(value: float, form: str) -> str:
    return "-" if value != value else format(value, form)
