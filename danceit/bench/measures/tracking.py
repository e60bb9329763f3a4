"""How well a tracker's counts agree with annotated ones: the field's measures of beats.

Conventions
-----------
- Both are `danceit.counts.Counts` of the whole song. Nothing is cut off the start (mir_eval's
  `evaluate` leaves out the first 5 s): dancers start with the music.
- Beat F: beats within 70 ms of one another; CMLt: share of the song tracked at the annotated
  level; AMLt: the same, double, half, third or off-beat allowed (Davies, Degara, Plumbley 2009; as
  in mir_eval). All are larger when better and lie in [0, 1].
- A measure that needs what is not there (bars of a reference without them) is NaN; a
  tracker that gives no beats, or no bars where there are some, scores 0.
"""

from danceit.counts import Counts, Float64
from danceit.errors import InputError

NEAR_S = 0.07
TEMPO_SHARE = 0.04
"""Share by which a tempo may be off (Gouyon et al. 2006)."""
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
"""Times the annotated tempo that count where octaves are allowed (Gouyon et al. 2006)."""
MEASURES = (
    "beat_f", "cmlt", "amlt", "downbeat_f", "metre", "tempo", "tempo_octaves",
)  # fmt: skip


def validate(reference: Counts) -> None:
    """Check that there is something to measure by.

    Raises
    ------
    InputError
        If the reference has under two beats.
    """
    if len(reference.beats_s) < 2:
        raise InputError(f"a reference needs at least two beats; got {len(reference.beats_s)}")


def evaluate(found: Counts, reference: Counts) -> dict[str, float]:
    """Return all `MEASURES` of one song, by name."""
    import mir_eval

    validate(reference)
    correct, allowed = 0.0, 0.0
    if len(found.beats_s) >= 2:
        _, correct, _, allowed = mir_eval.beat.continuity(reference.beats_s, found.beats_s)
    return {
        "beat_f": _f_measure(reference.beats_s, found.beats_s),
        "cmlt": float(correct),
        "amlt": float(allowed),
        "downbeat_f": _f_measure(reference.downbeats_s, found.downbeats_s),
        "metre": float(found.metre == reference.metre) if reference.metre else float("nan"),
        "tempo": _tempo_right(found, reference, (1.0,)),
        "tempo_octaves": _tempo_right(found, reference, OCTAVES),
    }


def _f_measure(reference_s: Float64, found_s: Float64) -> float:
    import mir_eval

    if not reference_s.size:
        return float("nan")
    if not found_s.size:
        return 0.0
    return float(mir_eval.beat.f_measure(reference_s, found_s, NEAR_S))


def _tempo_right(found: Counts, reference: Counts, times: tuple[float, ...]) -> float:
    true_bpm = reference.tempo_bpm
    near = (abs(found.tempo_bpm / (true_bpm * level) - 1.0) <= TEMPO_SHARE for level in times)
    return float(any(near))
