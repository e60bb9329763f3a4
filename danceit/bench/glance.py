"""A dance's seams and beats at a glance: what `danceit align` prints before and after."""

from danceit.bench import in_time
from danceit.bench.measures import beats, seams
from danceit.data import SEAM_PX, Dance
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
    found = in_time.evaluate(dance)
    names = ("timing kept, beat", "timing kept, bar", "bar lock", "seams on a 1")
    if not found:
        return dict.fromkeys(names, "-")
    kept = _number(found["timing_kept"], ".2f")
    if kept != "-":
        # Adding 0 takes the sign off a rounded -0.
        kept += f" at {round(found['timing_offset'], 2) + 0.0:+.2f} of a beat"
    texts = (
        kept,
        _number(found["timing_kept_bar"], ".2f"),
        _number(found["bar_lock"], ".2f"),
        _number(found["seams_on_1"], ".0%"),
    )
    return dict(zip(names, texts, strict=True))


def _number(value: float, form: str) -> str:
    return "-" if value != value else format(value, form)
