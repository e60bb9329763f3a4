"""What a dance is made of, in five lines: what `danceit dance` tells of its result."""

from collections import Counter

import numpy as np

from danceit.bench.glance import glance
from danceit.bench.measures import seams
from danceit.clock import clock
from danceit.data import Dance
from danceit.retrieval.fitting import alike


def summary(dance: Dance) -> tuple[str, ...]:
    """Five lines on a dance that was chosen: material, timing, seams, style and metre, repeats."""
    shown = glance(dance)
    return (
        _material(dance),
        f"timing kept: {shown['timing kept, beat']}, of the bar {shown['timing kept, bar']}; "
        f"largest stretch {shown['largest local stretch']}",
        _seams(dance, shown["seams on a 1"]),
        _styles(dance),
        _repeats(dance),
    )


def _material(dance: Dance) -> str:
    clips = {placed.clip_id for placed in dance.fragments}
    takes = dance.seams.size + 1
    length = clock(dance.n_frames / dance.fps, 0)
    return f"{length} in {_of(takes, 'take')} from {_of(len(clips), 'clip')}"


def _seams(dance: Dance, on_one: str) -> str:
    if not dance.seams.size:
        return "seams: 0, one take"
    jumps = seams.seam_jumps(dance.joints, dance.seams)
    told = f"seams: {dance.seams.size}, jump {jumps.mean:.0f} px on average"
    return told if on_one == "-" else f"{told}, {on_one} on a 1"


def _styles(dance: Dance) -> str:
    frames = np.bincount(dance.source_index, minlength=len(dance.fragments))
    styles: Counter[str] = Counter()
    song: Counter[int] = Counter()
    same = unsure = 0
    asked = dance.counts.metre_at([placed.window_start_s for placed in dance.fragments]).tolist()
    for placed, metre, shown in zip(dance.fragments, asked, frames.tolist(), strict=True):
        styles[placed.style or "no style noted"] += shown
        song[metre] += shown
        same += shown if placed.metre and metre and alike(placed.metre, metre) else 0
        unsure += 0 if placed.metre else shown
    total = max(1, sum(styles.values()))
    told = ", ".join(f"{name} {shown / total:.0%}" for name, shown in styles.most_common(3))
    if not dance.counts.metre:
        return f"styles: {told}; nothing is counted in the song"
    counted = " and ".join(str(metre) for metre, _ in song.most_common())
    bars = f"danced in {counted}, as the song: {same / total:.0%}"
    return f"styles: {told}; {bars}" + (f", to bars unsure: {unsure / total:.0%}" if unsure else "")


def _repeats(dance: Dance) -> str:
    ids = [placed.fragment_id for placed in dance.fragments]
    again = len(ids) - len(set(ids))
    mirrored = sum(placed.mirrored for placed in dance.fragments)
    told = f"moves: {len(set(ids))} different, {again} of {len(ids)} windows bring one back"
    return told + (f", {mirrored} to the other side" if mirrored else "")


def _of(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
