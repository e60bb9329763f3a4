"""Why a dance shows what it shows, in words that need no explanation."""

from danceit.data import Choice, Dance, Placement

SMOOTH, WELL = 0.3, 0.8
"""Costs of a join under which a seam is hardly seen, and is seen by who looks for it: 10 and 27 px
of disagreement at the usual weight of 0.03 a pixel."""
SAME_TEMPO = "the same tempo"
_SAME_BPM = 1.0
"""Beats a minute that nobody tells apart."""


def reason(placed: Placement, choice: Choice, dance: Dance) -> str:
    """One sentence on a fragment of a dance; empty where nothing is on record."""
    if not choice.why:
        return ""
    first = placed is dance.fragments[0]
    parts = [_beginning(placed, choice), *_music(placed, dance)]
    if not (first or choice.goes_on):
        parts.append(joining(placed.join_cost))
    return "; ".join([parts[0], ", ".join(parts[1:])] if parts[1:] else parts) + "."


def joining(cost: float) -> str:
    """How a seam of this cost looks."""
    if cost < SMOOTH:
        return "joins smoothly"
    return "joins well" if cost < WELL else "a larger change of pose before it"


def tempo_gap(source_bpm: float, song_bpm: float) -> str:
    """By how much the source was danced faster or slower; half and double tempo are the same."""
    if source_bpm <= 0 or song_bpm <= 0:
        return ""
    while source_bpm / song_bpm > 2**0.5:
        source_bpm /= 2
    while source_bpm / song_bpm < 0.5**0.5:
        source_bpm *= 2
    gap = source_bpm - song_bpm
    if abs(gap) < _SAME_BPM:
        return SAME_TEMPO
    return f"{abs(gap):.0f} BPM {'faster' if gap > 0 else 'slower'}"


def _beginning(placed: Placement, choice: Choice) -> str:
    if choice.goes_on:
        return "Goes on from the move before"
    if choice.why == "you chose it":
        return "You chose it"
    if placed.rank == 0:
        return "The best match for the music"
    return "A good match for the music that follows on better than others"


def _music(placed: Placement, dance: Dance) -> list[str]:
    """Metre and tempo of what it was danced to, beside the song's."""
    told = []
    metre = int(dance.counts.metre_at(placed.window_start_s))
    if placed.metre and metre:
        told.append("same metre" if placed.metre == metre else f"danced in {placed.metre}")
    source_bpm, song_bpm = _bpm(placed.beats_s), _bpm(tuple(dance.beats_s.tolist()))
    gap = tempo_gap(source_bpm, song_bpm)
    return [*told, gap] if gap else told


def _bpm(beats_s: tuple[float, ...]) -> float:
    if len(beats_s) < 3:
        return 0.0
    return 60.0 * (len(beats_s) - 1) / (beats_s[-1] - beats_s[0])
